"""Which households a list shows, and what it shows of them: masks, never an identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from hamyar.persian import latin_digits
from hamyar_server.organisations.actors import Actor
from hamyar_server.registry.models import (
    Cover,
    Household,
    HouseholdQuerySet,
    IdentifierKind,
    Membership,
    Person,
    Role,
    State,
)

ORDER = ["path", "id"]
COUNTED = 10_000  # beyond it a list says “more than”
FEW = 1_000  # matches that are taken by their ids; more are gathered by the database


def found(by: Actor, wanted: Mapping[str, Any], today: date) -> HouseholdQuerySet:
    """The households that the actor sees and wants. wanted: as `forms.FilterForm` gives it; what is missing filters nothing."""
    rows = Household.objects.filter(state=wanted.get("state") or State.LIVING)
    rows = rows.visible_in(by, wanted["area"]) if wanted.get("area") else rows.visible_to(by)
    if text := wanted.get("q"):
        rows = rows.filter(_of(somebody(by, text)))
    if stratum := wanted.get("stratum"):
        rows = rows.filter(area__stratum=stratum)
    if decile := wanted.get("decile"):
        rows = rows.filter(decile=decile)
    covers = Cover.objects.in_force(today).exclude(organisation="")
    if name := wanted.get("organisation"):
        rows = rows.filter(_of(covers.filter(organisation=name)))
    if cover := wanted.get("cover"):
        covered = Exists(covers.filter(household=OuterRef("pk")))
        rows = rows.filter(covered if cover == "yes" else ~covered)
    return rows


def somebody(by: Actor, text: str) -> QuerySet[Person]:
    """Persons with this name in any spelling, or with this identity number or telephone."""
    people = Person.objects.living().visible_to(by)
    if any(character.isdigit() for character in latin_digits(text)):
        return people.identified(text, IdentifierKind.IDENTITY, IdentifierKind.PHONE)
    return people.named(text)


def _of(matches: QuerySet[Any]) -> Q:
    """Households that the rows belong to."""
    ids = list(matches.values_list("household", flat=True)[: FEW + 1])
    return Q(pk__in=ids if len(ids) <= FEW else matches.values("household"))


def counted(rows: QuerySet[Any]) -> tuple[int, bool]:
    """How many, and whether there are more than that."""
    count = rows.order_by()[: COUNTED + 1].count()
    return min(count, COUNTED), count > COUNTED


def heads(households: Sequence[Household]) -> dict[UUID, str]:
    """Household's id → the mask of its head."""
    rows = Membership.objects.living().filter(household__in=households, role=Role.HEAD)
    return dict(rows.values_list("household", "person__mask"))


def covering(households: Sequence[Household], today: date) -> dict[UUID, list[str]]:
    """Household's id → the organisations that cover it."""
    names: dict[UUID, list[str]] = {}
    rows = Cover.objects.in_force(today).filter(household__in=households).exclude(organisation="")
    for household, name in rows.values_list("household", "organisation").order_by("pk"):
        names.setdefault(household, []).append(name)
    return names
