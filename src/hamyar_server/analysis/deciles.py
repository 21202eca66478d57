"""Our order beside the welfare deciles: households by the tier of their place, as the newest round of places has it, and by decile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hamyar_server.analysis.models import AreaResult, Kind, Round, Tier
from hamyar_server.organisations.actors import Actor, actor_required
from hamyar_server.registry.list_views import require_people
from hamyar_server.registry.models import Household

DECILES = tuple(range(1, 11))
UNKNOWN = "none"


@dataclass(frozen=True)
class Line:
    """Households of one tier: how many in each decile, without one, and in all; shares are of those whose decile is known."""

    tier: str
    counts: Sequence[int]
    without: int

    @property
    def known(self) -> int:
        return sum(self.counts)

    @property
    def total(self) -> int:
        return self.known + self.without

    @property
    def cells(self) -> list[tuple[int, float | None]]:
        return [(count, count / self.known if self.known else None) for count in self.counts]

    @property
    def label(self) -> str:
        return str(Tier(self.tier).label) if self.tier in Tier.values else ""


def crossed(actor: Actor, round_: Round) -> list[Line]:
    """A line for each tier in our order, then one for households whose place the round says nothing of."""
    result = AreaResult.objects.filter(round=round_, area=OuterRef("area")).values("tier")[:1]
    seen: QuerySet[Any] = Household.objects.visible_to(actor).living()
    by_place = seen.values("area", "decile").annotate(n=Count("pk"), tier=Subquery(result))
    table: dict[str, dict[int | None, int]] = {}
    for row in by_place:
        line = table.setdefault(row["tier"] or UNKNOWN, {})
        line[row["decile"]] = line.get(row["decile"], 0) + row["n"]
    return [
        Line(tier, [table[tier].get(decile, 0) for decile in DECILES], table[tier].get(None, 0))
        for tier in (*Tier.values, UNKNOWN)
        if tier in table
    ]


@actor_required
def deciles(request: HttpRequest) -> HttpResponse:
    """Where the two orders agree and where they do not: a place surely among the worst whose households stand in high deciles."""
    require_people(request.actor)
    kept = Round.objects.current(request.actor).filter(kind=Kind.INDEX).first()
    lines = crossed(request.actor, kept) if kept else []
    whole = Line(
        "",
        [sum(each) for each in zip(*(line.counts for line in lines), strict=True)],
        sum(line.without for line in lines),
    )
    shown = {"round": kept, "lines": lines, "whole": whole, "deciles": DECILES}
    return render(request, "analysis/deciles.html", shown)
