"""The map and the scales of a page."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.cache import cache
from django.db.models import Count, Min
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from hamyar_server.analysis.models import AreaResult, AreaResultQuerySet, Round
from hamyar_server.areas.models import Kind
from hamyar_server.core.templatetags.hamyar import pair


def top(results: Sequence[AreaResult], high: str, estimate: str) -> float:
    """The end of the scale on which a list's intervals are drawn, from 0."""
    return max((getattr(row, high) or getattr(row, estimate) or 0 for row in results), default=0) or 1


def tier_map(kept: Round, results: AreaResultQuerySet, language: str) -> SafeString | None:
    """The round's areas in tiers, drawn once for a round, a language and a part of the province; None where nothing can be drawn."""
    part = results.filter(round=kept)
    held = part.order_by().aggregate(areas=Count("pk"), first=Min("path"))
    if held["areas"] < 3:
        return None
    name = f"map:{kept.pk}:{language}:{held['areas']}:{held['first']}"
    drawn = cache.get_or_set(name, lambda: _drawn(kept, list(part), language))
    return mark_safe(drawn) if drawn else None  # nosec B308 B703  # noqa: S308 SVG that the library made; it escapes names


def _drawn(kept: Round, results: list[AreaResult], language: str) -> str:
    """From boundaries; else cells around the points; dots where a point is missing or the places are many."""
    from hamyar import figures

    areas = {result.area.code: result.area for result in results}
    tiers = {result.area.code: result.tier for result in results}
    said = {"title": pair(kept, "title"), "language": language}
    schematic = any(area.boundary is None for area in areas.values())
    points = {code: (area.lon, area.lat) for code, area in areas.items() if None not in (area.lon, area.lat)}
    if schematic and (not points or {area.kind for area in areas.values()} == {Kind.NEIGHBOURHOOD}):
        return ""  # a ring of points around a city shows nothing
    if schematic and (len(points) < len(areas) or len(points) > figures.MANY):
        return figures.dots(points, tiers, **said)
    return figures.choropleth(
        figures.schematic_cells(points) if schematic else {code: area.boundary for code, area in areas.items()},
        tiers,
        schematic=schematic,
        links={code: reverse("analysis:place", args=[code]) for code in areas},
        names={code: {"fa": area.name, "en": area.name_en or area.name} for code, area in areas.items()},
        **said,
    )
