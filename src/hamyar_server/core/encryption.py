"""Values that only a person's own key opens, and the keyed indexes that find them again.

A sealed value is bound to its model, field, row and person: moved elsewhere it does not open. Reading from the database opens
nothing; `read` and `read_many` do, and those who call them ask the gate and write the audit first. docs/adr/0001-person-keys.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import FieldError
from django.db import models

from hamyar.errors import HamyarError, error
from hamyar_server.core.keys import store
from hamyar_server.core.keys.store import DataKey

INDEX = 16  # bytes of a blind index
REMEMBERED = 50_000  # names


class Sealed(bytes):
    """What the database holds. It prints as dots, so that a page which forgot to open it shows nothing."""

    __slots__ = ()

    def __str__(self) -> str:
        return "•••"

    def __repr__(self) -> str:
        return "<Sealed>"


BLOCK = 64  # bytes of SHA-256's, to which an HMAC's key is filled up


def bound(label: str, field: str, row: UUID, person: UUID) -> bytes:
    return bound_to(label, field, row.hex, person.hex)


def bound_to(label: str, field: str, row: str, person: str) -> bytes:
    """As `bound`, of hexadecimal digits."""
    return f"{label}.{field}:{row}:{person}".encode()


def seal(key: DataKey, label: str, field: str, row: UUID, person: UUID, text: str) -> Sealed:
    """The text under the person's key, for this field of this row; label: `registry.person`."""
    return Sealed(key.seal(text.encode(), bound(label, field, row, person)))


class EncryptedTextField(models.BinaryField):
    """Text that is assigned as str, kept sealed under the key of the person whom the attribute `person` names.

    From the database comes a `Sealed`. The row's primary key is a UUID made before the insert.
    """

    def __init__(self, *args: Any, person: str = "person_id", **kwargs: Any) -> None:
        self.person = person
        super().__init__(*args, **{"blank": True, "null": True, **kwargs})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, kwargs | {"person": self.person}

    def from_db_value(self, value: Any, *_: Any) -> Sealed | None:
        return None if value is None else Sealed(bytes(value))

    def pre_save(self, row: models.Model, add: bool) -> Any:
        value = super().pre_save(row, add)
        if isinstance(value, str):
            person = getattr(row, self.person)
            key = key_of(person)
            value = seal(key, row._meta.label_lower, self.attname, row.pk, person, value)
            setattr(row, self.attname, value)
        if value is not None and not isinstance(value, Sealed):
            raise FieldError(f"{self.name} takes text, or what it held before")
        return value

    def get_lookup(self, name: str) -> Any:
        """Nothing is found by what is sealed, but whether there is anything."""
        if name != "isnull":
            raise FieldError(f"{self.name} is sealed; look for its blind index")
        return super().get_lookup(name)


class BlindIndexField(models.BinaryField):
    """A keyed index of a sealed value: equal values have equal indexes, and nothing else is told without the key."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"blank": True, "null": True, "max_length": INDEX, **kwargs})

    def from_db_value(self, value: Any, *_: Any) -> bytes | None:
        return None if value is None else bytes(value)


class Indexes:
    """Makes blind indexes under the key file as it now stands; one for each batch, since asking for the file takes its time."""

    def __init__(self) -> None:
        self._masters = store.current()
        self._keys: dict[str, tuple[Any, Any]] = {}
        self._known: dict[tuple[str, str], bytes | None] = {}

    def of_typed(self, label: str, typed: str, key: Callable[[str], str]) -> bytes | None:
        """As `of`, of the key of what was typed, and none where that is empty; remembered, since names come again and again."""
        if (label, typed) not in self._known:
            if len(self._known) == REMEMBERED:
                self._known.clear()
            text = key(typed)
            self._known[label, typed] = self.of(label, text) if text else None
        return self._known[label, typed]

    def of(self, label: str, text: str) -> bytes:
        """HMAC-SHA256 of the text, cut to 16 bytes, under a key of its own for each label. Give a text key, never what was typed."""
        return self.many(label, [text])[0]

    def many(self, label: str, texts: Iterable[str]) -> list[bytes]:
        """As `of`, one for each text."""
        if label not in self._keys:
            self._keys[label] = _begun(self._masters.derived(label))
        copy_inner, copy_outer = (begun.copy for begun in self._keys[label])
        made = []
        for text in texts:
            inner, outer = copy_inner(), copy_outer()
            inner.update(text.encode())
            outer.update(inner.digest())
            made.append(outer.digest()[:INDEX])
        return made


def _begun(key: bytes) -> tuple[Any, Any]:
    """The two hashes of an HMAC-SHA256 that have read their key: a copy of them costs a third of an HMAC. Source: RFC 2104."""
    filled = key.ljust(BLOCK, b"\0")
    inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in filled)) for pad in (0x36, 0x5C))
    return inner, outer


def blind_index(label: str, text: str) -> bytes:
    """One blind index; see Indexes."""
    return Indexes().of(label, text)


def key_of(person: UUID) -> DataKey:
    """The person's key. Raises HamyarError HY-K005."""
    if key := store.opened([person]).get(person):
        return key
    raise gone()


def gone() -> HamyarError:
    return error(
        "HY-K005",
        en="this person was erased: nothing of theirs can be read, and nothing can be kept.",
        fa="این فرد پاک شده است: چیزی از او خوانده نمی‌شود و چیزی نگه داشته نمی‌شود.",
    )


def read(row: models.Model, field: str) -> str | None:
    """The opened value; None where there is none or the person was erased. Raises InvalidTag where the value was tampered with."""
    return read_many([row], field)[0]


def read_many(rows: Sequence[models.Model], field: str) -> list[str | None]:
    """The opened values of one field of many rows of one model, with one query for their keys."""
    if not rows:
        return []
    described = rows[0]._meta.get_field(field)
    assert isinstance(described, EncryptedTextField)
    keys = store.opened(getattr(row, described.person) for row in rows)
    return [_opened(keys.get(getattr(row, described.person)), row, described) for row in rows]


def _opened(key: DataKey | None, row: models.Model, field: EncryptedTextField) -> str | None:
    value = getattr(row, field.attname)
    if value is None or key is None:
        return None
    if isinstance(value, str):
        return value
    return key.open(value, bound(row._meta.label_lower, field.attname, row.pk, getattr(row, field.person))).decode()
