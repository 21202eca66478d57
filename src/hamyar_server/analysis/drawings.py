"""The map and the scales of a page."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.cache import cache
from django.db.models import Count, Min
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from hamyar_server.analysis.models import AreaResult, AreaResultQuerySet, Round
from hamyar_server.areas.drawings import area_map
from hamyar_server.core.templatetags.hamyar import pair


def top(results: Sequence[AreaResult], high: str, estimate: str) -> float:
    """The end of the scale on which a list's intervals are drawn, from 0."""
    return max((getattr(row, high) or getattr(row, estimate) or 0 for row in results), default=0) or 1


def tier_map(kept: Round, results: AreaResultQuerySet) -> SafeString | None:
    """The round's areas in tiers, drawn once for a round, a language and a part of the province; None where nothing can be drawn."""
    part = results.filter(round=kept)
    held = part.order_by().aggregate(areas=Count("pk"), first=Min("path"))
    if held["areas"] < 3:
        return None
    name = f"map:{kept.pk}:{get_language()}:{held['areas']}:{held['first']}"
    return cache.get_or_set(name, lambda: _drawn(kept, list(part)))


def _drawn(kept: Round, results: list[AreaResult]) -> SafeString | None:
    tiers = {result.area.code: result.tier for result in results}
    return area_map(
        (result.area for result in results),
        tiers,
        title=pair(kept, "title"),
        link=lambda code: reverse("analysis:place", args=[code]),
    )
