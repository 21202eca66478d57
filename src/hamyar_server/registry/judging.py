"""Households of a file against the record: sound or refused, new or known, or suspected to be there already."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
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
    NATIONAL_ID,
    NewHousehold,
    NewIdentifier,
    NewPerson,
    Origin,
    People,
    Sealed,
    faults_of,
    rows_of_columns,
    source_indexes,
)
from hamyar_server.registry.models import Household, Identifier, IdentifierKind, Import, Person, identifier_indexes
from hamyar_server.registry.names import Name, name_key
from hamyar_server.registry.staging import Households

IDENTITY = IdentifierKind.IDENTITY
PERSON = {c.name for c in columns.PEOPLE if c.type in ("text", "code")}  # columns of texts


@dataclass
class Judged:
    """Households of a chunk: sound, each new (its number there) or known; counts and reasons of the rest."""

    chunk: Households
    new: list[int] = field(default_factory=list)
    known: list[tuple[NewHousehold, Household]] = field(default_factory=list)
    refused: list[tuple[list[dict[str, Any]], list[Fault]]] = field(default_factory=list)
    suspected: int = 0
    identities: dict[int, bytes] = field(default_factory=dict)  # place in the chunk → blind index

    @property
    def persons(self) -> int:
        return sum(len(self.chunk.places(one)) for one in self.new)


class Reading:
    """One pass over a batch's file: its rows as households, judged against the record in chunks, and sealed.

    What a row by itself may hold was asked when it was staged; here it is asked what its household needs.
    """

    def __init__(self, batch: Import, actor: Actor | None) -> None:
        self.batch, self.actor = batch, actor
        self.origin = origin_of(batch)
        self.roots = mandates.paths(actor, [Function.ASSESS]) if actor else None
        self.areas: dict[str, Area | None] = {}
        self.within: dict[bytes, str] = {}  # of numbers that may be shared, the household that has it
        self.indexes = Indexes()
        self.numbers = [(name, str(kind)) for name, kind in columns.NUMBERS if name in batch.mapping.values()]
        self.facts = [name for name in FACTS if name in batch.mapping.values()]

    def household(self, chunk: Households, number: int) -> NewHousehold:
        """Without its people."""
        places = slice(chunk.starts[number], chunk.starts[number + 1])

        def said(name: str) -> Any:
            return next((value for value in chunk.columns.get(name, ())[places] if value is not None), None)

        facts = {name: value for name in self.facts if (value := said(name)) is not None}
        area = self.area(chunk.columns["area_code"][places.start])
        assert area
        key, row = chunk.columns["household_key"][places.start], chunk.columns["row"][places.start]
        return NewHousehold(area, (), facts, said("decile"), said("covered_by") or "", key, row)

    def whole(self, chunk: Households, number: int) -> NewHousehold:
        return replace(self.household(chunk, number), people=[self.person(row) for row in chunk.rows(number)])

    def person(self, row: dict[str, Any]) -> NewPerson:
        numbers = [NewIdentifier(kind, row[name]) for name, kind in self.numbers if row[name]]
        return NewPerson(
            Name(row["given"].strip(), (row.get("family") or "").strip(), (row.get("father") or "").strip()),
            row["role"],
            row.get("sex") or "",
            row.get("birth_date"),
            numbers,
            row["person_key"],
            row["row"],
        )

    def sealed(self, judged: Judged) -> Sealed:
        """The rows of those that are new. Makes the persons' keys."""
        chunk = judged.chunk
        places = [place for number in judged.new for place in chunk.places(number)]
        texts = {name: [column[at] or "" for at in places] for name, column in chunk.columns.items() if name in PERSON}
        nothing = [""] * len(places)
        names = [[text.strip() for text in texts.get(name, nothing)] for name in ("given", "family", "father")]
        numbers = [
            (at, kind, NATIONAL_ID, text, judged.identities.get(places[at]) if kind == IDENTITY else None)
            for name, kind in self.numbers
            for at, text in enumerate(texts[name])
            if text
        ]
        births = chunk.columns.get("birth_date")
        born = [births[at] for at in places] if births else [None] * len(places)
        people = People(*names, texts["role"], texts.get("sex", nothing), born, texts["person_key"], numbers)
        households = [self.household(chunk, number) for number in judged.new]
        sizes = [len(chunk.places(number)) for number in judged.new]
        return rows_of_columns(households, sizes, people, self.origin, self.indexes).sealed()

    def areas_of(self, judged: Judged) -> list[Area]:
        codes = judged.chunk.columns["area_code"]
        return [
            area for code in {codes[judged.chunk.starts[number]] for number in judged.new} if (area := self.area(code))
        ]

    def area(self, code: str) -> Area | None:
        if code not in self.areas:
            self.areas[code] = Area.objects.filter(code=code).first()
        return self.areas[code]

    def place_fault(self, code: str, row: int) -> Fault | None:
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

    def judge(self, chunk: Households) -> Judged:
        """Sound or refused, new or known, or suspected to be somebody else's entry."""
        found, sound, today = Judged(chunk), [], timezone.localdate()
        plain = self._plain(chunk)
        for number, (code, row) in enumerate(zip(chunk.first("area_code"), chunk.first("row"), strict=True)):
            if fault := self.place_fault(code, row):
                found.refused.append((chunk.rows(number), [fault]))
            elif not plain[number] and (faults := list(faults_of(self.whole(chunk, number), today))):
                found.refused.append((chunk.rows(number), faults))
            else:
                sound.append(number)
        keys = source_indexes(self.batch.source, chunk.first("household_key"), self.indexes)
        there = bulk.present(Household, "source_key", [keys[number] for number in sound])
        known = {
            bytes(h.source_key): h
            for h in Household.objects.filter(source_key__in=there).select_related("area")
            if h.source_key
        }
        taken = self._numbers_taken(found, [number for number in sound if keys[number] not in known])
        for number in sound:
            if there and (old := known.get(keys[number] or b"")):
                found.known.append((self.whole(chunk, number), old))
            elif (who := taken.get(number)) and not self.batch.take_suspected:
                found.suspected += 1
                found.refused.append((chunk.rows(number), [who]))
            else:
                found.new.append(number)
        return found

    def _plain(self, chunk: Households) -> list[bool]:
        """Of each household, whether `faults_of` has nothing to find: one head, and no text that is only space."""
        roles, starts = chunk.columns["role"], chunk.starts
        plain = [roles[first:end].count("head") == 1 for first, end in pairwise(starts)]
        for name in ("given", *(name for name, _ in self.numbers)):
            for at, text in enumerate(chunk.columns[name]):
                if text and text.isspace():
                    plain[bisect_right(starts, at) - 1] = False
        return plain

    def _numbers_taken(self, judged: Judged, households: Sequence[int]) -> dict[int, Fault]:
        """Households of which somebody's identity number stands in the record or earlier in the file already."""
        chunk, suspected, whose = judged.chunk, dict[int, Fault](), dict[bytes, int]()
        if "national_id" not in chunk.columns:
            return suspected
        texts, shared = chunk.columns["national_id"], chunk.columns["shared"]
        keys, rows = chunk.columns["household_key"], chunk.columns["row"]
        places = [(at, number) for number in households for at in chunk.places(number) if texts[at]]
        indexes = identifier_indexes(IDENTITY, [texts[at] for at, _ in places], self.indexes)
        for (at, number), index in zip(places, indexes, strict=True):
            judged.identities[at] = index
            if shared[at] and self.within.setdefault(index, keys[at]) != keys[at]:
                suspected[number] = _suspect(rows[at])
            whose[index] = number
        for index in bulk.present(Identifier, "index", list(whose)):
            number = whose[index]
            suspected.setdefault(number, _suspect(rows[chunk.starts[number]]))
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
    keys = source_indexes(reading.batch.source, [person.source_key for person in new.people], reading.indexes)
    for person, key in zip(new.people, keys, strict=True):
        there = people.get(key or b"")
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
    keys = (
        indexes.of_typed("given name", new.name.given, name_key),
        indexes.of_typed("family name", new.name.family, name_key),
    )
    if keys != (old.given_index, old.family_index):
        changes["name"] = new.name
    return changes
