"""Households of a file against the record: sound or refused, new or known, or suspected to be there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from hamyar.errors import Fault
from hamyar_server.areas.models import Area
from hamyar_server.core import bulk
from hamyar_server.core.encryption import Indexes
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function
from hamyar_server.registry import columns
from hamyar_server.registry.incoming import (
    FACTS,
    NewHousehold,
    NewIdentifier,
    NewPerson,
    Origin,
    faults_of,
    source_index,
)
from hamyar_server.registry.models import Household, Identifier, IdentifierKind, Import, Person, identifier_index
from hamyar_server.registry.names import Name, name_key

IDENTITY = IdentifierKind.IDENTITY


@dataclass
class Judged:
    """households: sound, each new or known; counts and reasons of the rest."""

    new: list[NewHousehold] = field(default_factory=list)
    known: list[tuple[NewHousehold, Household]] = field(default_factory=list)
    refused: list[tuple[list[dict[str, Any]], list[Fault]]] = field(default_factory=list)
    suspected: int = 0


class Reading:
    """One pass over a batch's file: its rows as households, judged against the record in chunks."""

    def __init__(self, batch: Import, actor: Actor | None) -> None:
        self.batch, self.actor = batch, actor
        self.origin = origin_of(batch)
        self.roots = mandates.paths(actor, [Function.ASSESS]) if actor else None
        self.areas: dict[str, Area | None] = {}
        self.within: dict[bytes, str] = {}  # of numbers that may be shared, the household that has it
        self.indexes = Indexes()
        self.numbers = [(name, str(kind)) for name, kind in columns.NUMBERS if name in batch.mapping.values()]
        self.facts = [name for name in FACTS if name in batch.mapping.values()]

    def household(self, rows: Sequence[dict[str, Any]]) -> NewHousehold:
        first = rows[0]
        facts = {name: row[name] for row in reversed(rows) for name in self.facts if row[name] is not None}
        area = self.area(first["area_code"])
        assert area
        return NewHousehold(
            area,
            [self.person(row) for row in rows],
            facts,
            next((row["decile"] for row in rows if row.get("decile")), None),
            next((row["covered_by"] for row in rows if row.get("covered_by")), ""),
            first["household_key"],
            first["row"],
        )

    def person(self, row: dict[str, Any]) -> NewPerson:
        numbers = [
            NewIdentifier(kind, row[name], index=identifier_index(kind, row[name], self.indexes))
            for name, kind in self.numbers
            if row[name]
        ]
        return NewPerson(
            Name(row["given"].strip(), (row.get("family") or "").strip(), (row.get("father") or "").strip()),
            row["role"],
            row.get("sex") or "",
            row.get("birth_date"),
            numbers,
            row["person_key"],
            row["row"],
        )

    def area(self, code: str) -> Area | None:
        if code not in self.areas:
            self.areas[code] = Area.objects.filter(code=code).first()
        return self.areas[code]

    def place_fault(self, rows: Sequence[dict[str, Any]]) -> Fault | None:
        code, row = rows[0]["area_code"], rows[0]["row"]
        area = self.area(code)
        if area is None:
            return Fault(
                "HY-Z110",
                row=row,
                column="area_code",
                en=f"no place has the code {code}. Correct it, or import the place first.",
                fa=f"محدوده‌ای با کد {code} نیست. آن را اصلاح یا نخست محدوده را بارگذاری کنید.",
            )
        if self.roots is not None and not any(f"{area.path}/".startswith(f"{root}/") for root in self.roots):
            return Fault(
                "HY-Z111",
                row=row,
                column="area_code",
                en=f"{area} lies outside your organisation's mandate. Leave the row to whoever holds it.",
                fa=f"«{area}» بیرون از محدودهٔ اختیار سازمان شماست. این ردیف را به دارندهٔ اختیار بسپارید.",
            )
        return None

    def judge(self, chunk: Sequence[Sequence[dict[str, Any]]]) -> Judged:
        """Sound or refused, new or known, or suspected to be somebody else's entry."""
        found, sound, today = Judged(), [], timezone.localdate()
        for rows in chunk:
            if fault := self.place_fault(rows):
                found.refused.append((list(rows), [fault]))
                continue
            household = self.household(rows)
            if faults := list(faults_of(household, today)):
                found.refused.append((list(rows), faults))
            else:
                key = source_index(self.batch.source, household.source_key, self.indexes)
                sound.append((rows, household, key))
        there = bulk.present(Household, "source_key", [key for _, _, key in sound])
        known = {
            bytes(h.source_key): h
            for h in Household.objects.filter(source_key__in=there).select_related("area")
            if h.source_key
        }
        taken = self._numbers_taken([(rows, household) for rows, household, key in sound if key not in known])
        for rows, household, key in sound:
            if key in known:
                found.known.append((household, known[key]))
            elif (who := taken.get(household.source_key)) and not self.batch.take_suspected:
                found.suspected += 1
                found.refused.append((list(rows), [who]))
            else:
                found.new.append(household)
        return found

    def _numbers_taken(self, households: Sequence[tuple[Sequence[dict[str, Any]], NewHousehold]]) -> dict[str, Fault]:
        """Households of which somebody's identity number stands in the record or earlier in the file already."""
        indexes: dict[bytes, NewHousehold] = {}
        suspected: dict[str, Fault] = {}
        for rows, household in households:
            for row, person in zip(rows, household.people, strict=True):
                for number in person.identifiers:
                    if number.kind != IDENTITY:
                        continue
                    index = number.index
                    assert index
                    if row["shared"] and self.within.setdefault(index, household.source_key) != household.source_key:
                        suspected[household.source_key] = _suspect(person.row)
                    indexes[index] = household
        for index in bulk.present(Identifier, "index", list(indexes)):
            household = indexes[index]
            suspected.setdefault(household.source_key, _suspect(household.row))
        return suspected


def origin_of(batch: Import) -> Origin:
    return Origin(batch.provenance, batch.source, batch.as_of, batch.pk)


def _suspect(row: int | None) -> Fault:
    return Fault(
        "HY-Z120",
        row=row,
        column="national_id",
        en="somebody with this identity number is in the record or in the file already. See whether it is the same person; if not, correct the number, or take suspected ones in too.",
        fa="کسی با این شمارهٔ هویتی پیش‌تر در سامانه یا در همین پرونده هست. ببینید همان شخص است یا نه؛ اگر نیست شماره را اصلاح کنید یا موردهای مشکوک را هم بپذیرید.",
    )


def differences(new: NewHousehold, old: Household, reading: Reading) -> dict[str, Any]:
    """What the file says otherwise than the record, of a household that came before from the same source."""
    found: dict[str, Any] = {}
    if facts := {name: value for name, value in new.facts.items() if old.facts.get(name) != value}:
        found["facts"] = facts
    if new.area.pk != old.area_id:
        found["area"] = new.area
    if new.decile and new.decile != old.decile:
        found["decile"] = new.decile
    if new.covered_by and new.covered_by not in {cover.organisation for cover in old.covers.all()}:
        found["organisation"] = new.covered_by
    people = {bytes(p.source_key): p for p in old.people.all() if p.source_key}
    for person in new.people:
        there = people.get(source_index(reading.batch.source, person.source_key, reading.indexes) or b"")
        if there is None:
            found.setdefault("added", []).append(person)
        elif changes := _of_person(person, there, reading.indexes):
            found.setdefault("people", []).append((there, changes))
    return found


def _of_person(new: NewPerson, old: Person, indexes: Indexes) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    if new.sex and new.sex != old.sex:
        changes["sex"] = new.sex
    if new.birth_date and new.birth_date != old.birth_date:
        changes["birth_date"] = new.birth_date
    family = name_key(new.name.family)
    keys = (
        indexes.of("given name", name_key(new.name.given)),
        indexes.of("family name", family) if family else None,
    )
    if keys != (old.given_index, old.family_index):
        changes["name"] = new.name
    return changes
