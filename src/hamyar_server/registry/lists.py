"""Which households a list shows, and what it shows of them: masks, never an identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from hashlib import sha256
from operator import or_
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q, QuerySet

from hamyar.persian import latin_digits
from hamyar_server.areas.models import Area
from hamyar_server.core.paging import Page, Position, ordered, page, read
from hamyar_server.core.questions import Question
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.registry.models import (
    WITH_PEOPLE,
    Cover,
    Household,
    HouseholdNeed,
    HouseholdQuerySet,
    IdentifierKind,
    Membership,
    Person,
    PersonQuerySet,
    Role,
    SavedFilter,
    State,
)

ORDER = ["path", "id"]
MATCHED = ["path", "household"]  # the same order, of persons
SHOWN = ["area_id", "path", "state", "members", "decile", "changed_at"]  # columns that the list reads
COUNTED = 10_000  # beyond it a list says “more than”
BESIDE = ("stratum", "organisation", "cover", "need")  # filters by what stands in other tables
MANY = 1_000  # households of which a minute old count is good enough
SEVERAL = 200  # beyond it a list of several filters says “more than”
PIECE = 200  # households that are looked up by their ids in one question
FEW = 1_000  # households whose ids are gathered; beyond it a search says “more than”


@dataclass(frozen=True)
class Listed:
    """A page of households; how many there are in all, and whether there are more than that."""

    page: Page[Household]
    count: int
    more: bool


def listed(
    by: Actor, wanted: Mapping[str, Any], today: date, after: str | None, size: int, base: HouseholdQuerySet
) -> Listed:
    """A page of what `found` gives; base: all households with the columns that are read.

    Of a name that many bear the households that come next are gathered by their ids, and only where a filter leaves too few of
    them is the whole asked.
    """
    rows = _filtered(base, by, wanted, today)
    if not wanted.get("q"):
        return Listed(page(rows, ORDER, after, size), *_counted_of_late(by, wanted, today, rows))
    matches = somebody(by, wanted)
    ids, position = gathered(matches), read(after, ORDER)
    filtered = (
        any(map(wanted.get, (*BESIDE, "decile", "up_to"))) or (wanted.get("state") or State.LIVING) != State.LIVING
    )
    kept = _kept(rows, ids) if filtered or len(ids) <= FEW else []
    near = _kept(rows, gathered(matches, position), size + 1) if position else kept or _kept(rows, ids, size + 1)
    shown = page(rows.filter(pk__in=near[: size + 1]), ORDER, after, size)
    if len(ids) <= FEW:
        return Listed(shown, len(kept), False)
    whole = rows.filter(_of_some(matches))
    if not (shown.previous if position and position.backward else shown.next):  # there may be some farther on
        shown = page(whole, ORDER, after, size)
    if not filtered:
        return Listed(shown, FEW, True)
    return Listed(shown, *(((len(kept) - 1) // 10 * 10, True) if len(kept) > size else counted(whole, FEW)))


def _kept(rows: HouseholdQuerySet, ids: Sequence[UUID], enough: int = FEW) -> list[UUID]:
    """Of the ids those of the rows, as far as they are enough; by few at a time, which a database looks up and does not search for."""
    kept: list[UUID] = []
    for first in range(0, len(ids), PIECE):
        piece = ids[first : first + PIECE]
        there = set(rows.filter(pk__in=piece).values_list("pk", flat=True))
        kept += [pk for pk in piece if pk in there]
        if len(kept) >= enough:
            break
    return kept


def found(by: Actor, wanted: Mapping[str, Any], today: date) -> HouseholdQuerySet:
    """The households that the actor sees and wants. wanted: as `forms.FilterForm` gives it; what is missing filters nothing."""
    rows = _filtered(Household.objects.all(), by, wanted, today)
    if not wanted.get("q"):
        return rows
    matches = somebody(by, wanted)
    ids = gathered(matches)
    return rows.filter(pk__in=ids) if len(ids) <= FEW else rows.filter(_of_some(matches))


def _of_some(matches: Sequence[PersonQuerySet]) -> Q:
    """Households that the persons belong to, gathered by the database."""
    return Q(pk__in=reduce(or_, matches).values("household"))


def _filtered(base: HouseholdQuerySet, by: Actor, wanted: Mapping[str, Any], today: date) -> HouseholdQuerySet:
    rows: HouseholdQuerySet = _seen(base.filter(state=wanted.get("state") or State.LIVING), by, wanted)
    covers = Cover.objects.in_force(today)
    if name := wanted.get("organisation"):
        rows = rows.filter(_having(rows, covers.filter(organisation=name)))
    if need := wanted.get("need"):
        rows = rows.filter(_having(rows, HouseholdNeed.objects.filter(need=need, until=None)))
    if cover := wanted.get("cover"):
        covered = _having(rows, covers.filter(organisation__gt=""))
        rows = rows.filter(covered if cover == "yes" else ~covered)
    if stratum := wanted.get("stratum"):
        rows = rows.filter(area__in=Area.objects.filter(stratum=stratum).values("pk"))
    if deciles := [each for name in ("decile", "up_to") if (each := wanted.get(name))]:
        rows = rows.filter(decile__range=(min(deciles) if wanted.get("decile") else 1, max(deciles)))
    return rows


def _seen(rows: Any, by: Actor, wanted: Mapping[str, Any]) -> Any:
    return rows.visible_in(by, wanted["area"]) if wanted.get("area") else rows.visible_to(by)


def somebody(by: Actor, wanted: Mapping[str, Any]) -> list[PersonQuerySet]:
    """Persons with the name that is looked for, in any spelling, or with the identity number or telephone; each reading of it apart."""
    people = _seen(Person.objects.living(), by, wanted)
    text = wanted["q"]
    if any(character.isdigit() for character in latin_digits(text)):
        return [people.identified(text, IdentifierKind.IDENTITY, IdentifierKind.PHONE)]
    return people.read_as(text) or [people.none()]


def gathered(matches: Sequence[PersonQuerySet], position: Position | None = None) -> list[UUID]:
    """Their households past the position, in the order of the list: at most one more than FEW."""
    together: set[tuple[str, UUID]] = set()
    for each in matches:
        walked = ordered(each, MATCHED, position, nulls=False)
        together.update(walked.values_list(*MATCHED).distinct()[: FEW + 1])
    nearest = sorted(together, reverse=position is not None and position.backward)
    return [household for _, household in nearest[: FEW + 1]]


def _having(rows: HouseholdQuerySet, wanted: QuerySet[Any]) -> Q:
    """Of the rows those with one of the wanted covers or needs: by their ids where these are few, else asked of each as the list is walked."""
    _, many = counted(rows, COUNTED)
    ids = list(wanted.values_list("household", flat=True)[: FEW + 1]) if many else []
    return Q(pk__in=ids) if many and len(ids) <= FEW else Q(Exists(wanted.filter(household=OuterRef("pk"))))


def counted(rows: QuerySet[Any], most: int) -> tuple[int, bool]:
    """How many, and whether there are more than that."""
    count = rows.order_by()[: most + 1].count()
    return min(count, most), count > most


def _counted_of_late(by: Actor, wanted: Mapping[str, Any], today: date, rows: HouseholdQuerySet) -> tuple[int, bool]:
    """The same, where it is more than MANY as it was within the last minute for whoever sees the same places and wants the same."""
    asked = [f"{name}={getattr(value, 'pk', value)}" for name, value in wanted.items() if value]
    places = mandates.paths(by, WITH_PEOPLE)
    name = f"households:{sha256(repr((places, asked, today)).encode()).hexdigest()}"
    count: tuple[int, bool] = cache.get(name) or counted(rows, _worth_counting(wanted))
    if count[0] > MANY:
        cache.add(name, count, 60)
    return count


def _worth_counting(wanted: Mapping[str, Any]) -> int:
    """How many households a list counts: the fewer, the more of them its filters pass over."""
    beside = sum(bool(wanted.get(name)) for name in BESIDE)
    if not beside:
        return COUNTED
    return FEW if beside == 1 and not wanted.get("decile") and not wanted.get("up_to") else SEVERAL


def areas(households: Sequence[Household]) -> dict[UUID, tuple[str, str, str, str | None, str | None]]:
    """Area's id → its name in Persian and in English, its kind, the names of the area above it."""
    return {pk: tuple(known) for pk, *known in _AREAS(list({row.area_id for row in households}))}


def heads(households: Sequence[Household]) -> dict[UUID, str]:
    """Household's id → the mask of its head."""
    return dict(_HEADS([row.pk for row in households]))


def covering(households: Sequence[Household], today: date) -> dict[UUID, list[str]]:
    """Household's id → the organisations that cover it."""
    names: dict[UUID, list[str]] = {}
    for household, name in _COVERS([row.pk for row in households], today):
        names.setdefault(household, []).append(name)
    return names


def saved(by: Actor) -> list[SavedFilter]:
    return _SAVED(by.membership.pk)


_AREAS: Question[Any] = Question(
    lambda areas: Area.objects.filter(pk__in=areas).values_list(
        "pk", "name", "name_en", "kind", "parent__name", "parent__name_en"
    )
)
_HEADS: Question[tuple[UUID, str]] = Question(
    lambda households: (
        Membership.objects.living()
        .filter(household__in=households, role=Role.HEAD)
        .values_list("household", "person__mask")
    )
)
_COVERS: Question[tuple[UUID, str]] = Question(
    lambda households, day: (
        Cover.objects.in_force(day)
        .filter(household__in=households)
        .exclude(organisation="")
        .order_by("pk")
        .values_list("household", "organisation")
    )
)
_SAVED: Question[SavedFilter] = Question(lambda membership: SavedFilter.objects.filter(membership=membership))
