"""The persons' keys: made in batches, opened in batches, wrapped anew while the server runs, destroyed for good."""

from __future__ import annotations

import fcntl
import hmac
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import DatabaseError, connections, transaction
from django.db.models import Count

from hamyar.errors import error
from hamyar_server.core.bulk import insert, slices
from hamyar_server.core.keys import masters
from hamyar_server.core.keys.masters import Masters
from hamyar_server.core.keys.models import Erased, PersonKey

ALIAS = "keys"
KEY, NONCE = 32, 12  # bytes
BATCH = 5000
FEW = 900  # parameters of one query


class DataKey:
    """The opened key of one person: seals, opens, and makes digests that nobody can test once it is destroyed."""

    __slots__ = ("_aes", "_key")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._aes = AESGCM(key)

    def seal(self, text: bytes, bound: bytes, nonce: bytes = b"") -> bytes:
        """nonce: drawn for this text alone, where many were drawn in one go."""
        nonce = nonce or os.urandom(NONCE)
        return nonce + self._aes.encrypt(nonce, text, bound)

    def open(self, sealed: bytes, bound: bytes) -> bytes:
        """Raises cryptography's InvalidTag where a byte, the row, the field or the person is another."""
        return self._aes.decrypt(sealed[:NONCE], sealed[NONCE:], bound)

    def digest(self, text: bytes) -> bytes:
        return hmac.digest(hmac.digest(self._key, b"hamyar digest", "sha256"), text, "sha256")


def nonces(count: int) -> list[bytes]:
    drawn = os.urandom(NONCE * count)
    return [drawn[at : at + NONCE] for at in range(0, len(drawn), NONCE)]


def make(persons: Collection[UUID]) -> dict[UUID, DataKey]:
    """A key for each new person, kept before the caller writes anything under it."""
    return dict(zip(persons, make_for([person.hex for person in persons]), strict=True))


def make_for(persons: Sequence[str]) -> list[DataKey]:
    """As `make`, by the hexadecimal digits of the persons' ids, in their order."""
    keep, drawn = current(), os.urandom(KEY * len(persons))
    keys = [drawn[at : at + KEY] for at in range(0, len(drawn), KEY)]
    encrypt, version = keep.cipher(keep.current).encrypt, keep.current
    rows = [
        (person, version, nonce + encrypt(nonce, key, _bound(person, version)))
        for person, key, nonce in zip(persons, keys, nonces(len(persons)), strict=True)
    ]
    insert(PersonKey, ["person_id", "version", "wrapped"], rows, using=ALIAS)
    return [DataKey(key) for key in keys]


def current() -> Masters:
    """The master keys; the first ones are made in a record that never held a person. Raises HamyarError HY-K001, HY-K002."""
    if masters.exist():
        return masters.masters()
    if _used():
        raise masters.lost()
    return masters.make()


def _used() -> bool:
    """Whether the store holds, or ever held, a person; a store without tables does not."""
    try:
        return PersonKey.objects.using(ALIAS).exists() or Erased.objects.using(ALIAS).exists()
    except DatabaseError:
        return False


def _bound(person: str, version: int) -> bytes:
    return f"person key:{person}:{version}".encode()


def _wrap(keep: Masters, version: int, person: UUID, key: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + keep.cipher(version).encrypt(nonce, key, _bound(person.hex, version))


def _unwrap(keep: Masters, version: int, person: UUID, wrapped: bytes) -> bytes:
    """Raises HamyarError HY-K004."""
    try:
        return keep.cipher(version).decrypt(bytes(wrapped[:NONCE]), bytes(wrapped[NONCE:]), _bound(person.hex, version))
    except InvalidTag:
        raise error(
            "HY-K004",
            file=str(masters.path()),
            en="this key file does not open the persons' keys of this record. Put back the file that belongs to it.",
            fa="این پروندهٔ کلیدها کلید افراد این سامانه را باز نمی‌کند. پروندهٔ خود این سامانه را بازگردانید.",
        ) from None


def opened(persons: Iterable[UUID]) -> dict[UUID, DataKey]:
    """The keys of these persons, in one query for each 900; those who were erased are not in it."""
    wanted = list(dict.fromkeys(persons))
    found: dict[UUID, DataKey] = {}
    for some in slices(wanted, FEW):
        keep = masters.masters()
        rows = PersonKey.objects.using(ALIAS).filter(pk__in=some).values_list("person_id", "version", "wrapped")
        for person, version, wrapped in rows:
            found[person] = DataKey(_unwrap(keep, version, person, wrapped))
    return found


def destroy(persons: Collection[UUID]) -> None:
    """Destroy their keys and remember that they were erased. No copy of their data can be read from now on."""
    with transaction.atomic(using=ALIAS):
        for some in slices(list(persons), FEW):
            Erased.objects.using(ALIAS).bulk_create([Erased(person_id=one) for one in some], ignore_conflicts=True)
            PersonKey.objects.using(ALIAS).filter(pk__in=some).delete()
    _sweep()


def _sweep() -> None:
    """Leave no copy of a destroyed key in the write-ahead log or in a dead row."""
    connection = connections[ALIAS]
    if connection.in_atomic_block:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM keys_personkey")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def erased(persons: Iterable[UUID] | None = None) -> set[UUID]:
    """Those of the persons who were erased, or all who ever were."""
    listed = Erased.objects.using(ALIAS)
    if persons is None:
        return set(listed.values_list("person_id", flat=True))
    wanted = list(persons)
    return {
        one for some in slices(wanted, FEW) for one in listed.filter(pk__in=some).values_list("person_id", flat=True)
    }


def require_sound() -> None:
    """Pass where the key file opens a key of each version in the store, or where both are new. Raises HY-K001 to HY-K004."""
    try:
        versions = list(PersonKey.objects.using(ALIAS).values_list("version", flat=True).distinct())
    except DatabaseError:
        versions = []
    if not versions and not masters.exist():
        if _used():
            raise masters.lost()
        return
    keep = masters.masters()
    for version in versions:
        one = PersonKey.objects.using(ALIAS).filter(version=version).first()
        if one:
            _unwrap(keep, version, one.person_id, one.wrapped)


def status() -> dict[str, Any]:
    """current: the version that wraps; persons: how many keys stand under each version; erased: how many were destroyed."""
    counted = PersonKey.objects.using(ALIAS).values_list("version").annotate(n=Count("pk")).order_by("version")
    return {
        "current": masters.masters().current if masters.exist() else None,
        "persons": dict(counted),
        "erased": Erased.objects.using(ALIAS).count(),
    }


@contextmanager
def _alone() -> Iterator[None]:
    """One rotation at a time."""
    with masters.path().with_suffix(".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def rotate(progress: Callable[[int], object] | None = None, batch: int = BATCH) -> int:
    """Wrap every person's key under a new master version; a rotation that was cut off is finished instead. How many were wrapped.

    A batch is one short transaction, so that the server goes on meanwhile; a key that is destroyed in between stays so.
    """
    require_sound()
    with _alone():
        keep = masters.masters()
        behind = PersonKey.objects.using(ALIAS).filter(version__lt=keep.current)
        if not behind.exists():
            keep = masters.add_version()
        done = 0
        while wrapped := _rewrap(keep, batch):
            done += wrapped
            if progress:
                progress(done)
    return done


def _rewrap(keep: Masters, batch: int) -> int:
    behind = PersonKey.objects.using(ALIAS).filter(version__lt=keep.current)[:batch]
    with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
        rows = list(behind)
        vendor = connections[ALIAS].vendor
        cursor.executemany(
            "UPDATE keys_personkey SET wrapped = %s, version = %s WHERE person_id = %s AND version = %s",
            [_rewrapped(keep, row, vendor) for row in rows],
        )
    return len(rows)


def _rewrapped(keep: Masters, row: PersonKey, vendor: str) -> tuple[bytes, int, Any, int]:
    person = row.person_id
    key = _unwrap(keep, row.version, person, row.wrapped)
    wrapped = _wrap(keep, keep.current, person, key)
    return wrapped, keep.current, person if vendor == "postgresql" else person.hex, row.version
