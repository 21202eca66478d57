"""Who may do what, and why; and where nobody may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Count, Q, QuerySet

from hamyar_server.areas.models import PLACES, Area, Kind
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Function, Job, Mandate, Membership, Organisation

DEEPEST = 7  # levels from the root to a neighbourhood or a village


@dataclass(frozen=True)
class Power:
    """One thing that a person may do, by which job, and the chain of grants from which it comes."""

    membership: Membership
    mandate: Mandate
    chain: list[Mandate]


def powers_of(memberships: Iterable[Membership]) -> list[Power]:
    """What a person may do today by these memberships, and why."""
    return [
        Power(membership, mandate, mandate.chain())
        for membership in memberships
        for mandate in mandates.exercised(membership)
        .select_related("area", "holder", "agreement")
        .order_by("function", "path")
    ]


@dataclass(frozen=True)
class Holding:
    """A mandate that reaches an area, and the people who exercise it there."""

    mandate: Mandate
    people: list[Membership]


def who_may(area: Area) -> dict[Function, list[Holding]]:
    """Of each function: who holds it in an area today, and by whom it is exercised."""
    reaching = (
        Mandate.objects.living().covering(area).select_related("holder", "area", "granted_from__holder", "agreement")
    )
    people: dict[object, list[Membership]] = {}
    holders = {mandate.holder_id for mandate in reaching}
    for membership in (
        Membership.objects.living().filter(organisation__in=holders).select_related("user", "deputy_of__user")
    ):
        people.setdefault(membership.organisation_id, []).append(membership)
    found: dict[Function, list[Holding]] = {function: [] for function in Function}
    for mandate in reaching.order_by("-path", "holder__name_fa"):
        acting = [m for m in people.get(mandate.holder_id, []) if mandate.function in mandates.JOBS[Job(m.job)]]
        found[Function(mandate.function)].append(Holding(mandate, acting))
    return found


def inhabited(actor: Actor) -> QuerySet[Area]:
    """Inhabited places that the actor sees."""
    return Area.objects.filter(mandates.inside(actor), kind__in=PLACES, inhabited=True)


def gaps(actor: Actor, function: Function) -> QuerySet[Area]:
    """Inhabited places that the actor sees where nobody to whom it was granted may do this."""
    reached = Mandate.objects.living().delegated().filter(function=function).values("area")
    upwards = ("__".join(["parent"] * steps) or "pk" for steps in range(DEEPEST))
    return inhabited(actor).exclude(reduce(or_, (Q(**{f"{step}__in": reached}) for step in upwards)))


@dataclass(frozen=True)
class CountyGap:
    area: Area
    places: int
    without: int

    @property
    def share(self) -> float:
        return self.without / self.places if self.places else 0.0


def gaps_by_county(actor: Actor, function: Function) -> list[CountyGap]:
    """Of each county: how many inhabited places, and in how many nobody may do this; the most first."""
    counties = list(Area.objects.filter(mandates.inside(actor), kind=Kind.COUNTY))
    everywhere, open_places = _counted(inhabited(actor), counties), _counted(gaps(actor, function), counties)
    found = [CountyGap(county, everywhere[county.path], open_places[county.path]) for county in counties]
    return sorted(found, key=lambda gap: (-gap.without, gap.area.name))


def _counted(places: QuerySet[Area], counties: Iterable[Area]) -> dict[str, int]:
    parts = {county.path: Count("pk", filter=Q(path__startswith=f"{county.path}/")) for county in counties}
    named = {f"c{number}": count for number, count in enumerate(parts.values())}
    counts = places.order_by().aggregate(**named) if named else {}
    return {path: counts[f"c{number}"] for number, path in enumerate(parts)}


def organisations_seen_by(actor: Actor) -> QuerySet[Organisation]:
    """The own one, and those whose area lies where the actor may do something."""
    return Organisation.objects.filter(mandates.inside(actor, field="area__path") | Q(pk=actor.organisation.pk))
