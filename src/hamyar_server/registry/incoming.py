"""Households and persons as they come in, by hand or by the hundred thousand: what is wrong with each, and the rows they become."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.db import models
from django.utils import timezone

from hamyar.errors import Fault
from hamyar.persian import latin_digits, national_id
from hamyar.tables import CONTRACTS, Column
from hamyar_server.areas.models import Area
from hamyar_server.core import bulk
from hamyar_server.core.encryption import Indexes, bound_to
from hamyar_server.core.ids import uuid7s
from hamyar_server.core.keys import store
from hamyar_server.core.keys.store import DataKey, nonces
from hamyar_server.registry.models import (
    Cover,
    Household,
    Identifier,
    IdentifierKind,
    Membership,
    Person,
    Provenance,
    Role,
    identifier_indexes,
)
from hamyar_server.registry.names import Name, mask, name_key, sealed_text

NATIONAL_ID = "national_id"  # the document whose check digit is known
OLDEST = 125  # years
UNNUMBERED = (IdentifierKind.ADDRESS, IdentifierKind.POINT)
FACTS = {
    name: column
    for name, column in CONTRACTS["household"].by_name.items()
    if column.privacy == "personal" and name != "members"
}  # what a household's `facts` may hold; sensitive columns belong to a person who agreed


@dataclass(frozen=True)
class NewIdentifier:
    """document: of an identity number, what it stands on; kept sealed. index: its blind index, where it was made already."""

    kind: str
    text: str
    document: str = NATIONAL_ID
    index: bytes | None = field(default=None, compare=False)


@dataclass(frozen=True)
class NewPerson:
    """row: where it stood in a file, for faults; source_key: the person's key in the source."""

    name: Name
    role: str = Role.OTHER
    sex: str = ""
    birth_date: date | None = None
    identifiers: Sequence[NewIdentifier] = ()
    source_key: str = ""
    row: int | None = None


@dataclass(frozen=True)
class NewHousehold:
    """facts: columns of the contract `household`; decile, covered_by: what others already do, with its source and date."""

    area: Area
    people: Sequence[NewPerson]
    facts: Mapping[str, Any] = field(default_factory=dict)
    decile: int | None = None
    covered_by: str = ""
    source_key: str = ""
    row: int | None = None


@dataclass(frozen=True)
class People:
    """Persons who come, column by column, since what is made for each of a million costs.

    numbers: of the identifiers, the person's place in the columns, kind, document, text, and the blind index where it was made already.
    """

    given: Sequence[str]
    family: Sequence[str]
    father: Sequence[str]
    roles: Sequence[str]
    sexes: Sequence[str]
    births: Sequence[date | None]
    keys: Sequence[str]
    numbers: Sequence[tuple[int, str, str, str, bytes | None]] = ()


def people_of(persons: Sequence[NewPerson]) -> People:
    rows = [(p.name.given, p.name.family, p.name.father, p.role, p.sex, p.birth_date, p.source_key) for p in persons]
    numbers = [(at, i.kind, i.document, i.text, i.index) for at, p in enumerate(persons) for i in p.identifiers]
    return People(*(list(zip(*rows, strict=True)) or [()] * 7), numbers)


@dataclass(frozen=True)
class Origin:
    """Where a batch comes from: source names it («فهرست بهزیستی»), as_of is its date, batch the import's id."""

    provenance: str = Provenance.DECLARED
    source: str = ""
    as_of: date = field(default_factory=timezone.localdate)
    batch: UUID | None = None


def faults_of(new: NewHousehold, today: date) -> Iterator[Fault]:
    """Everything that is wrong with the household; what is wrong with a national id is kept and flagged instead."""
    heads = sum(person.role == Role.HEAD for person in new.people)
    if heads != 1:
        yield Fault(
            "HY-H001",
            row=new.row,
            en=f"{heads} heads in one household. Name exactly one.",
            fa=f"{heads} سرپرست در یک خانوار. دقیقاً یک نفر را سرپرست کنید.",
        )
    yield from facts_faults(new.facts, new.row)
    if new.decile is not None and not 1 <= new.decile <= 10:
        yield _decile(new.decile, new.row)
    for person in new.people:
        yield from person_faults(person, today)


def person_faults(person: NewPerson, today: date) -> Iterator[Fault]:
    if not person.name.given.strip():
        yield Fault(
            "HY-H002", row=person.row, column="given", en="the given name is missing.", fa="نام نوشته نشده است."
        )
    if fault := birth_fault(person.birth_date, today, person.row):
        yield fault
    for identifier in person.identifiers:
        if not identifier.text.strip():
            yield Fault(
                "HY-H005",
                row=person.row,
                column=identifier.kind,
                en="it is empty. Leave it out.",
                fa="خالی است. آن را ننویسید.",
            )


def birth_fault(born: date | None, today: date, row: int | None = None) -> Fault | None:
    """A date in the future, or one so long ago that its calendar was mistaken."""
    if born is None:
        return None
    if born > today:
        return Fault(
            "HY-H003",
            row=row,
            column="birth_date",
            en=f"{born} lies in the future. Write the day of birth.",
            fa=f"{born} در آینده است. روز تولد را بنویسید.",
        )
    if today.year - born.year > OLDEST:
        return Fault(
            "HY-H004",
            row=row,
            column="birth_date",
            en=f"{born} is more than {OLDEST} years ago. If it is a Jalali date, say so; dates are kept as Gregorian.",
            fa=f"{born} بیش از {OLDEST} سال پیش است. اگر تاریخ خورشیدی است آن را خورشیدی وارد کنید؛ تاریخ‌ها به میلادی نگه داشته می‌شوند.",
        )
    return None


def facts_faults(facts: Mapping[str, Any], row: int | None = None) -> Iterator[Fault]:
    for name, value in facts.items():
        column = FACTS.get(name)
        if column is None or (value is not None and not _fits(column, value)):
            yield Fault(
                "HY-H006",
                row=row,
                column=name,
                en="this is no fact of a household, or the value is not one that the contract `household` allows. See `hamyar contract household`.",
                fa="این ستون جزو اطلاعات خانوار نیست یا مقدار آن با قرارداد household نمی‌خواند.",
            )


def _fits(column: Column, value: Any) -> bool:
    kinds = {"integer": int, "number": (int, float), "boolean": bool}.get(column.type, str)
    if not isinstance(value, kinds) or (isinstance(value, bool) and column.type != "boolean"):
        return False
    if column.values:
        return value in column.values
    low, high = column.minimum, column.maximum
    return isinstance(value, str) or ((low is None or value >= low) and (high is None or value <= high))


def _decile(decile: int, row: int | None) -> Fault:
    return Fault(
        "HY-H007",
        row=row,
        column="decile",
        en=f"{decile} is no decile. Write 1 to 10.",
        fa=f"{decile} دهک نیست. عددی از ۱ تا ۱۰ بنویسید.",
    )


def source_index(source: str, key: str) -> bytes | None:
    """The keyed index of a source's own key, which may be an identity number. None without a key."""
    return source_indexes(source, [key], Indexes())[0]


def source_indexes(source: str, keys: Sequence[str], indexes: Indexes) -> list[bytes | None]:
    typed = [latin_digits(key).strip() for key in keys]
    made = iter(indexes.many("source key", [f"{source}\n{key}" for key in typed if key]))
    return [next(made) if key else None for key in typed]


def number_mask(kind: str, text: str) -> str:
    """The last two digits, behind dots of one length; of an address or a point nothing."""
    if kind in UNNUMBERED:
        return "•••"
    return "••••••" + latin_digits(text).strip()[-2:]


@dataclass
class Rows:
    """Rows of one batch; ids are their hexadecimal digits."""

    households: list[tuple[Any, ...]] = field(default_factory=list)
    people: list[tuple[Any, ...]] = field(default_factory=list)
    memberships: list[tuple[Any, ...]] = field(default_factory=list)
    identifiers: list[tuple[Any, ...]] = field(default_factory=list)
    covers: list[tuple[Any, ...]] = field(default_factory=list)
    indexes: Indexes = field(default_factory=Indexes)
    _names: dict[tuple[str, str], tuple[str, bytes | None, bytes | None]] = field(default_factory=dict)
    _said: dict[tuple[str, ...], bulk.Dumped] = field(default_factory=dict)

    def named(self, given: str, family: str) -> tuple[str, bytes | None, bytes | None]:
        """Mask and blind indexes; names come again and again in a batch."""
        if (given, family) not in self._names:
            indexes = (("given name", given), ("family name", family))
            made = [self.indexes.of_typed(label, typed, name_key) for label, typed in indexes]
            self._names[given, family] = (mask(given, family), made[0], made[1])
        return self._names[given, family]

    def said(self, columns: Sequence[str], origin: Origin) -> bulk.Dumped:
        """Provenance of the columns; most rows of a batch say the same."""
        key = tuple(columns)
        if key not in self._said:
            told = [origin.provenance, origin.as_of.isoformat(), origin.source]
            self._said[key] = bulk.Dumped(json.dumps(dict.fromkeys(columns, told), ensure_ascii=False))
        return self._said[key]

    def sealed(self) -> Sealed:
        tables = (self.households, self.people, self.memberships, self.identifiers, self.covers)
        ready = [bulk.ready(model, columns, rows) for (model, columns), rows in zip(TABLES, tables, strict=True)]
        return Sealed(ready, self.digest(), len(self.households), len(self.people))

    def digest(self) -> str:
        """SHA-256 over the ids and sealed values of the batch, in order."""
        whole = hashlib.sha256()
        for rows in (self.people, self.identifiers):
            whole.update(b"".join([bytes.fromhex(row[0]) + row[3] for row in rows]))
        return whole.hexdigest()


@dataclass(frozen=True)
class Sealed:
    """What the database is given of a batch: rows of each of TABLES, sealed, as its driver takes them. Another process may have made it."""

    rows: list[bulk.Ready]
    digest: str
    households: int
    persons: int

    def insert(self) -> None:
        for (model, columns), rows in zip(TABLES, self.rows, strict=True):
            bulk.put(model, columns, rows)


HOUSEHOLD = [
    *("id", "area", "path", "state", "members", "decile", "facts", "provenance", "source_key", "batch", "retention"),
    *("version", "made_at", "changed_at"),
]
PERSON = [
    *("id", "household", "path", "name", "mask", "given_index", "family_index", "sex", "birth_date", "provenance"),
    *("source_key", "batch", "version", "made_at", "changed_at"),
]
MEMBERSHIP = ["household", "person", "role", "since"]
IDENTIFIER = ["id", "person", "kind", "value", "mask", "index", "fault", "provenance", "as_of"]
COVER = ["household", "decile", "organisation", "source", "as_of"]
TABLES: Sequence[tuple[type[models.Model], list[str]]] = (
    (Household, HOUSEHOLD),
    (Person, PERSON),
    (Membership, MEMBERSHIP),
    (Identifier, IDENTIFIER),
    (Cover, COVER),
)


def rows_of(households: Sequence[NewHousehold], origin: Origin) -> Rows:
    """The rows. Makes the persons' keys, which are kept before this returns."""
    people = people_of([person for household in households for person in household.people])
    return rows_of_columns(households, [len(household.people) for household in households], people, origin, Indexes())


def rows_of_columns(
    households: Sequence[NewHousehold], sizes: Sequence[int], people: People, origin: Origin, indexes: Indexes
) -> Rows:
    """As `rows_of`; of each household as many of the people as its size, and its own `people` are not looked at."""
    rows, now = Rows(indexes=indexes), timezone.now()
    persons, homes = uuid7s(sum(sizes)), uuid7s(len(households))
    keys = store.make_for(persons)
    _add_households(rows, households, sizes, homes, origin, now)
    places = [
        place
        for household, home, size in zip(households, homes, sizes, strict=True)
        for place in [(home, household.area.path)] * size
    ]
    add_people(rows, people, persons, keys, places, origin, now)
    return rows


def _add_households(
    rows: Rows, households: Sequence[NewHousehold], sizes: Sequence[int], ids: Sequence[str], origin: Origin, now: Any
) -> None:
    sources = source_indexes(origin.source, [household.source_key for household in households], rows.indexes)
    for new, id_, size, source in zip(households, ids, sizes, sources, strict=True):
        facts = {name: value for name, value in new.facts.items() if value is not None}
        provenance = rows.said((*facts, "area"), origin)
        rows.households.append(
            (
                *(id_, new.area.pk, new.area.path, "living", size, new.decile, facts, provenance, source),
                *(origin.batch, "applicant", 1, now, now),
            )
        )
        if new.decile or new.covered_by:
            rows.covers.append((id_, new.decile, new.covered_by, origin.source, origin.as_of))


def add_people(
    rows: Rows,
    people: People,
    ids: Sequence[str],
    keys: Sequence[DataKey],
    places: Sequence[tuple[str, str]],
    origin: Origin,
    now: Any,
) -> None:
    """Rows of the people and of what hangs on them; places: of each one the household's id and the path."""
    sources = source_indexes(origin.source, people.keys, rows.indexes)
    known = {
        (sex, born): rows.said(("name", *["sex"][:sex], *["birth_date"][:born]), origin)
        for sex in (False, True)
        for born in (False, True)
    }
    names = zip(people.given, people.family, people.father, people.sexes, people.births, strict=True)
    drawn = nonces(len(ids) + len(people.numbers))
    batch = origin.batch
    rows.people += [
        (
            *(pk, *place, key.seal(sealed_text(given, family, father).encode(), _name_bound(pk), nonce)),
            *(*rows.named(given, family), sex, born, known[bool(sex), born is not None], source, batch, 1, now, now),
        )
        for pk, key, place, (given, family, father, sex, born), source, nonce in zip(
            ids,
            keys,
            places,
            names,
            sources,
            drawn,
            strict=False,  # nonces are more
        )
    ]
    day = origin.as_of
    rows.memberships += [(place[0], pk, role, day) for pk, place, role in zip(ids, places, people.roles, strict=True)]
    for (at, kind, document, text, index), number, nonce in zip(
        people.numbers, uuid7s(len(people.numbers)), drawn[len(ids) :], strict=True
    ):
        kind, value, *rest = _identifier_values(kind, document, text, index, origin, rows.indexes)
        sealed = keys[at].seal(value.encode(), bound_to("registry.identifier", "value", number, ids[at]), nonce)
        rows.identifiers.append((number, ids[at], kind, sealed, *rest))


def _name_bound(person: str) -> bytes:
    return bound_to("registry.person", "name", person, person)


def identifier_columns(new: NewIdentifier, origin: Origin) -> dict[str, Any]:
    """Columns of an identifier; the value still open."""
    values = _identifier_values(new.kind, new.document, new.text, new.index, origin, Indexes())
    return dict(zip(IDENTIFIER[2:], values, strict=True))


def _identifier_values(
    kind: str, document: str, text: str, index: bytes | None, origin: Origin, indexes: Indexes
) -> tuple[Any, ...]:
    """In the order of IDENTIFIER, from the kind on; the value still open.

    Of an identity number the value is “document number”, so that the document's type stands nowhere else.
    """
    value, fault, number = text.strip(), "", text
    if kind == IdentifierKind.IDENTITY:
        if document == NATIONAL_ID:
            read = national_id(value)
            value, fault, number = read.text, read.fault or "", read.text
        value = f"{document} {value}"
    if index is None and kind not in UNNUMBERED:
        (index,) = identifier_indexes(kind, [number], indexes)
    return str(kind), value, number_mask(kind, number), index, fault, str(origin.provenance), origin.as_of
