"""The map and the scales of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.cache import cache
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from hamyar_server.analysis.models import AreaResult, AreaResultQuerySet, Round
from hamyar_server.areas.models import Area
from hamyar_server.core.templatetags.hamyar import pair


def top(results: Sequence[AreaResult], high: str, estimate: str) -> float:
    """The end of the scale on which a list's intervals are drawn, from 0."""
    return max((getattr(row, high) or getattr(row, estimate) or 0 for row in results), default=0) or 1


def tier_map(kept: Round, results: AreaResultQuerySet, language: str) -> SafeString | None:
    """The round's areas in tiers, drawn once for a round, a language and a part of the province."""
    found = list(results.filter(round=kept))
    if len(found) < 3:
        return None
    name = f"map:{kept.pk}:{language}:{len(found)}:{min(result.path for result in found)}"
    return mark_safe(cache.get_or_set(name, lambda: _drawn(kept, found, language)))  # noqa: S308 SVG that the library made; it escapes names


def _drawn(kept: Round, results: list[AreaResult], language: str) -> str:
    from hamyar import figures

    areas = {result.area.code: result.area for result in results}
    schematic = any(area.boundary is None for area in areas.values())
    return figures.choropleth(
        _cells(areas) if schematic else _boundaries(areas),
        {result.area.code: result.tier for result in results},
        title=pair(kept, "title"),
        language=language,
        schematic=schematic,
        links={code: reverse("analysis:place", args=[code]) for code in areas},
        names={code: {"fa": area.name, "en": area.name_en or area.name} for code, area in areas.items()},
    )


def _cells(areas: dict[str, Area]) -> Any:
    """A cell around the point of each area."""
    from hamyar import figures

    return figures.schematic_cells({code: (area.lon, area.lat) for code, area in areas.items()})


def _boundaries(areas: dict[str, Area]) -> Any:
    return {code: area.boundary for code, area in areas.items()}
