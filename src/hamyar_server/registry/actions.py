"""What is done with households and persons, each one act with its audit event.

by is None for the operator at the server's own command line. `version` is the one that the user saw: who comes second reads of
the conflict, and nothing is written over. Values of persons reach the audit sealed under their own keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from hamyar.errors import HamyarError, error
from hamyar_server.areas.models import Area
from hamyar_server.core import audit
from hamyar_server.core.audit import Entry
from hamyar_server.core.bulk import Turn, without_garbage
from hamyar_server.core.encryption import blind_index, key_of, seal
from hamyar_server.core.ids import uuid7
from hamyar_server.core.keys import store
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function
from hamyar_server.registry.erasure import erase_person, finish_erasures
from hamyar_server.registry.incoming import (
    FACTS,
    NewHousehold,
    NewPerson,
    Origin,
    Rows,
    Sealed,
    add_people,
    birth_fault,
    facts_faults,
    faults_of,
    people_of,
    person_faults,
    rows_of,
)
from hamyar_server.registry.models import Household, Membership, Person, Role, State
from hamyar_server.registry.names import Name, name_key
from hamyar_server.registry.particulars import (
    add_identifier,
    close_need,
    give_consent,
    household_of,
    record_cover,
    record_need,
    record_vulnerability,
    withdraw_consent,
)
from hamyar_server.registry.reference import add_need, change_need, remove_need
from hamyar_server.registry.revealing import reveal_identity
from hamyar_server.registry.versions import take

__all__ = [
    "add_identifier",
    "add_need",
    "add_person",
    "change_household",
    "change_need",
    "change_person",
    "close_need",
    "erase_person",
    "finish_erasures",
    "give_consent",
    "merge_households",
    "move_person",
    "record_cover",
    "record_need",
    "record_vulnerability",
    "register_household",
    "register_many",
    "remove_need",
    "reveal_identity",
    "split_household",
    "withdraw_consent",
]


def register_many(
    *, by: Actor | None, households: Sequence[NewHousehold], origin: Origin, subject: models.Model
) -> list[list[UUID]]:
    """Keep a batch that was checked with `faults_of`, at 10,000 persons a second; ids of the persons, household by household.

    Keep a batch to some thousand persons: it is one transaction with one audit event, on `subject` (the import). A source key
    that is there already raises IntegrityError: ask `Household.objects.filter(source_key=source_index(…))` before.
    """
    for area in {household.area for household in households}:
        _gate(by, area)
    with transaction.atomic(), without_garbage():
        rows = rows_of(households, origin)
        register_sealed(by=by, sealed=rows.sealed(), subject=subject)
    ids = iter(rows.people)
    return [[UUID(next(ids)[0]) for _ in household.people] for household in households]


def register_sealed(
    *, by: Actor | None, sealed: Sealed, subject: models.Model, areas: Iterable[Area] = (), turn: Turn | None = None
) -> None:
    """Keep what is sealed already; areas: where its households live; turn: called before what has to be in order (`bulk.in_turn`)."""
    _gate(by, *areas)
    with transaction.atomic():
        sealed.insert()
        if turn:
            turn()
        told = {"households": sealed.households, "persons": sealed.persons, "digest": sealed.digest}
        audit.record(by, "households.registered", subject, **told)


def register_household(*, by: Actor | None, new: NewHousehold, origin: Origin | None = None) -> Household:
    """Keep one household with its persons. Raises HamyarError HY-H001 to HY-H007, with every fault."""
    _gate(by, new.area)
    if faults := list(faults_of(new, timezone.localdate())):
        raise HamyarError(*faults)
    with transaction.atomic():
        rows = rows_of([new], origin or Origin())
        rows.sealed().insert()
        persons = [UUID(row[0]) for row in rows.people]
        made = Household.objects.get(pk=rows.households[0][0])
        entries = [Entry("household.registered", made, new.area, household=made.pk, which=sorted(new.facts))]
        people = Person.objects.in_bulk(persons)
        entries += [
            _registered(people[pk], person, made, new.area) for pk, person in zip(persons, new.people, strict=True)
        ]
        audit.record_many(by, entries)
    return made


def _registered(row: Person, new: NewPerson, household: Household, area: Area) -> Entry:
    values = _name_values(new.name) | {"sex": new.sex, "birth_date": new.birth_date}
    values |= {identifier.kind: identifier.text for identifier in new.identifiers}
    kept = {name: value for name, value in values.items() if value}
    return Entry("person.registered", row, area, row.pk, household.pk, values=kept)


def _name_values(name: Name) -> dict[str, Any]:
    return {"given": name.given, "family": name.family, "father": name.father}


def _gate(by: Actor | None, *areas: Area) -> None:
    for area in areas if by else ():
        mandates.require(by, Function.ASSESS, area)


def add_person(
    *, by: Actor | None, household: Household, version: int, new: NewPerson, origin: Origin | None = None
) -> Person:
    """Somebody joins the household: a birth, a marriage, a return."""
    _gate(by, household.area)
    if faults := list(person_faults(new, timezone.localdate())):
        raise HamyarError(*faults)
    with transaction.atomic():
        take(household, version, members=F("members") + 1)
        if new.role == Role.HEAD:
            _no_head(household)
        pk, rows = uuid7(), Rows()
        key = store.make([pk])[pk]
        place = household.pk.hex, household.path
        add_people(rows, people_of([new]), [pk.hex], [key], [place], origin or Origin(), timezone.now())
        rows.sealed().insert()
        made = Person.objects.get(pk=pk)
        audit.record_many(by, [_registered(made, new, household, household.area)])
    return made


def change_household(
    *,
    by: Actor | None,
    household: Household,
    version: int,
    area: Area | None = None,
    facts: Mapping[str, Any] | None = None,
    head: Person | None = None,
    retention: str | None = None,
    origin: Origin | None = None,
) -> Household:
    """Change what is given and leave the rest; a fact of None is taken away. Raises HamyarError HY-H006, HY-H010."""
    _gate(by, household.area, *([area] if area else []))
    if faults := list(facts_faults(facts or {})):
        raise HamyarError(*faults)
    with transaction.atomic():
        changes = _household_changes(household, area, facts or {}, origin or Origin())
        changes |= {"retention": retention} if retention else {}
        which = sorted({*(facts or {}), *(["area"] if area else []), *(["retention"] if retention else [])})
        take(household, version, **changes)
        if area:
            household.people.update(path=area.path)
        if head:
            _make_head(household, head)
        audit.record(
            by,
            "household.changed",
            household,
            area=area or household.area,
            household=household.pk,
            which=which + (["head"] if head else []),
        )
    household.refresh_from_db()
    return household


def _household_changes(
    household: Household, area: Area | None, facts: Mapping[str, Any], origin: Origin
) -> dict[str, Any]:
    said = [origin.provenance, origin.as_of.isoformat(), origin.source]
    together = household.facts | dict(facts)
    kept = {name: value for name, value in together.items() if value is not None and name in FACTS}
    sources = household.provenance | dict.fromkeys(facts, said) | ({"area": said} if area else {})
    changes: dict[str, Any] = {
        "facts": kept,
        "provenance": {name: source for name, source in sources.items() if name in kept or name == "area"},
    }
    return changes | ({"area": area, "path": area.path} if area else {})


def change_person(
    *,
    by: Actor | None,
    person: Person,
    version: int,
    name: Name | None = None,
    sex: str | None = None,
    birth_date: date | None = None,
    died_on: date | None = None,
    origin: Origin | None = None,
) -> Person:
    """Change what is given and leave the rest. Raises HamyarError HY-H003, HY-H004, HY-H010."""
    household = household_of(by, person)
    if fault := birth_fault(birth_date, timezone.localdate()):
        raise HamyarError(fault)
    given = {"sex": sex, "birth_date": birth_date, "died_on": died_on}
    changes = {column: value for column, value in given.items() if value is not None}
    values = changes | (_name_values(name) if name else {})
    origin = origin or Origin()
    said = [origin.provenance, origin.as_of.isoformat(), origin.source]
    with transaction.atomic():
        sources = person.provenance | dict.fromkeys([*changes, *(["name"] if name else [])], said)
        take(person, version, **changes, provenance=sources, **(_name_columns(person, name) if name else {}))
        audit.record(
            by, "person.changed", person, area=household.area, person=person.pk, household=household.pk, values=values
        )
    person.refresh_from_db()
    return person


def _name_columns(person: Person, name: Name) -> dict[str, Any]:
    family = name_key(name.family)
    return {
        "name": seal(key_of(person.pk), "registry.person", "name", person.pk, person.pk, name.sealed_text()),
        "mask": name.mask,
        "given_index": blind_index("given name", name_key(name.given)),
        "family_index": blind_index("family name", family) if family else None,
    }


def move_person(
    *,
    by: Actor | None,
    person: Person,
    to: Household,
    role: str = Role.OTHER,
    version: int,
    head: Person | None = None,
    on: date | None = None,
) -> Person:
    """The person leaves one household for another; head: who heads the old one where the head leaves and others stay."""
    old = household_of(by, person)
    _gate(by, to.area)
    with transaction.atomic():
        if role == Role.HEAD:
            _no_head(to)
        take(person, version)
        _leave(old, [person], head, on)
        _join(to, {person: role}, on)
        audit.record(
            by, "person.moved", person, area=to.area, person=person.pk, household=to.pk, old=str(old.pk), new=str(to.pk)
        )
    person.refresh_from_db()
    return person


def split_household(
    *,
    by: Actor | None,
    household: Household,
    version: int,
    people: Sequence[Person],
    head: Person,
    area: Area | None = None,
    old_head: Person | None = None,
    on: date | None = None,
) -> Household:
    """Some of its people found a household of their own under `head`; old_head: who heads the rest where the head leaves."""
    where = area or household.area
    _gate(by, household.area, where)
    _all_of(household, people)
    if head not in people or len(people) == household.memberships.living().count():
        raise error(
            "HY-H011",
            en="choose some of the household's people, and one of them as head of the new one.",
            fa="چند نفر از اعضای خانوار را انتخاب کنید و یکی از آنان را سرپرست خانوار تازه کنید.",
        )
    with transaction.atomic():
        take(household, version)
        made = Household.objects.create(area=where, path=where.path, retention=household.retention)
        roles = dict(household.memberships.living().values_list("person", "role"))
        _leave(household, people, old_head, on)
        _join(made, {one: Role.HEAD if one == head else _follower(roles[one.pk]) for one in people}, on)
        audit.record_many(
            by,
            [
                Entry(
                    "household.split", household, household.area, household=household.pk, fields={"new": str(made.pk)}
                ),
                *_moves(people, household, made, where),
            ],
        )
    made.refresh_from_db()
    return made


def _follower(role: str) -> str:
    return Role.OTHER if role == Role.HEAD else role


def _moves(people: Iterable[Person], old: Household, new: Household, area: Area) -> list[Entry]:
    fields = {"old": str(old.pk), "new": str(new.pk)}
    return [Entry("person.moved", one, area, one.pk, new.pk, fields=fields) for one in people]


def merge_households(
    *, by: Actor | None, kept: Household, version: int, gone: Household, gone_version: int, on: date | None = None
) -> Household:
    """Everybody of `gone` joins `kept`, whose head stays; `gone` remains as a sign to it."""
    _gate(by, kept.area, gone.area)
    if kept == gone:
        raise error("HY-H012", en="these are one household already.", fa="این دو یک خانوارند.")
    with transaction.atomic():
        take(kept, version)
        take(gone, gone_version)
        roles = {m.person: _follower(m.role) for m in gone.memberships.living().select_related("person")}
        _close(gone, list(roles), on)
        _join(kept, roles, on)
        gone.covers.update(household=kept)
        taken = kept.needs.filter(until=None).values_list("need", flat=True)
        gone.needs.filter(until=None).exclude(need__in=list(taken)).update(household=kept)
        facts = gone.facts | kept.facts
        Household.objects.filter(pk=kept.pk).update(
            facts=facts, provenance=gone.provenance | kept.provenance, decile=kept.decile or gone.decile
        )
        Household.objects.filter(pk=gone.pk).update(state=State.MERGED, merged_into=kept, members=0, facts={})
        entry = Entry("household.merged", kept, kept.area, household=kept.pk, fields={"gone": str(gone.pk)})
        audit.record_many(by, [entry, *_moves(roles, gone, kept, kept.area)])
    kept.refresh_from_db()
    return kept


def _all_of(household: Household, people: Iterable[Person]) -> None:
    strangers = [one for one in people if one.household_id != household.pk]
    if strangers:
        raise error(
            "HY-H014",
            en=f"{strangers[0]} is not of this household.",
            fa=f"{strangers[0]} عضو این خانوار نیست.",
        )


def _no_head(household: Household) -> None:
    if household.memberships.living().filter(role=Role.HEAD).exists():
        raise error(
            "HY-H015",
            en="this household has a head already. Change the head of the household instead.",
            fa="این خانوار سرپرست دارد. سرپرست خانوار را تغییر دهید.",
        )


def _make_head(household: Household, head: Person) -> None:
    """The old head becomes another member."""
    _all_of(household, [head])
    living = household.memberships.living()
    living.filter(role=Role.HEAD).exclude(person=head).update(role=Role.OTHER)
    living.filter(person=head).update(role=Role.HEAD)


def _close(household: Household, people: Sequence[Person], on: date | None) -> None:
    household.memberships.living().filter(person__in=people).update(until=on or timezone.localdate())


def _leave(household: Household, people: Sequence[Person], head: Person | None, on: date | None) -> None:
    """They go; the rest keeps exactly one head. Raises HamyarError HY-H016."""
    _close(household, people, on)
    rest = household.memberships.living()
    if head and head not in people:
        _make_head(household, head)
    count = rest.count()
    if count and not rest.filter(role=Role.HEAD).exists():
        raise error(
            "HY-H016",
            column="head",
            en="the head leaves and others stay. Say who heads them now.",
            fa="سرپرست می‌رود و دیگران می‌مانند. بگویید اکنون چه کسی سرپرست آنان است.",
        )
    Household.objects.filter(pk=household.pk).update(
        members=count,
        state=State.LIVING if count else State.CLOSED,
        version=F("version") + 1,
        changed_at=timezone.now(),
    )


def _join(household: Household, roles: Mapping[Person, str], on: date | None) -> None:
    since = on or timezone.localdate()
    Membership.objects.bulk_create(
        Membership(household=household, person=person, role=role, since=since) for person, role in roles.items()
    )
    Person.objects.filter(pk__in=[one.pk for one in roles]).update(household=household, path=household.path)
    Household.objects.filter(pk=household.pk).update(
        members=household.memberships.living().count(), version=F("version") + 1, changed_at=timezone.now()
    )
