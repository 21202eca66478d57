"""Writes the event of an act, in the act's transaction, as the next link of a chain of hashes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction
from django.utils import timezone

from hamyar.errors import Fault
from hamyar_server.core import encryption
from hamyar_server.core.ids import uuid7
from hamyar_server.core.keys import store
from hamyar_server.core.keys.store import DataKey
from hamyar_server.core.models import FIRST, HASHED, AuditEvent, event_hash
from hamyar_server.core.origin import origin

LOCK = 0x48414D59  # PostgreSQL's advisory lock of the chain
LABEL = AuditEvent._meta.label_lower


class Acting(Protocol):
    """Whoever acts: what the audit needs to know of an actor."""

    @property
    def audit_user(self) -> tuple[str, str]: ...
    @property
    def audit_organisation(self) -> tuple[str, str]: ...
    @property
    def audit_membership(self) -> tuple[str, str]: ...


@dataclass(frozen=True)
class Entry:
    """One event to be written.

    person, household: whom it concerns. which: names of the fields that changed. values: what they hold now or held, of one
    person; kept under that person's key alone. hidden: values of which only the digest is kept (health and the like).
    """

    action: str
    subject: models.Model
    area: models.Model | None = None
    person: UUID | None = None
    household: UUID | None = None
    which: Sequence[str] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    hidden: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)


def record(
    by: Acting | None,
    action: str,
    subject: models.Model,
    *,
    area: models.Model | None = None,
    person: UUID | None = None,
    household: UUID | None = None,
    which: Sequence[str] = (),
    values: Mapping[str, Any] | None = None,
    hidden: Mapping[str, Any] | None = None,
    **fields: Any,
) -> AuditEvent:
    """Add the event; `by` is None for what the machine does by itself. Call it last in an act: from here on until the
    transaction ends, nobody else writes an event. `fields` are kept as they are: no value of a person among them.
    """
    entry = Entry(action, subject, area, person, household, which, values or {}, hidden or {}, fields)
    return record_many(by, [entry])[0]


def record_many(by: Acting | None, entries: Sequence[Entry]) -> list[AuditEvent]:
    """Add many events in one go, in order. Refused outside a transaction."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            f"{entries[0].action} is recorded outside the transaction of its act"
        )
    keys = store.opened(entry.person for entry in entries if entry.person and (entry.values or entry.hidden))
    number, previous = last_link()
    events = []
    for entry in entries:
        number += 1
        event = _event(by, entry, keys)
        event.number, event.previous = number, previous
        event.hash = previous = event.computed_hash()
        events.append(event)
    return AuditEvent.objects.bulk_create(events, batch_size=500)


def last_link() -> tuple[int, str]:
    """Number and hash of the last event, which nobody else can follow until this transaction ends."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    return AuditEvent.objects.order_by("-number").values_list("number", "hash").first() or (0, FIRST)


def _event(by: Acting | None, entry: Entry, keys: Mapping[UUID, DataKey]) -> AuditEvent:
    nobody = ("", "")
    user, organisation, membership = (
        (by.audit_user, by.audit_organisation, by.audit_membership) if by else (nobody, nobody, nobody)
    )
    event = AuditEvent(
        id=uuid7(),
        at=timezone.now(),
        user_id=user[0],
        user_name=user[1],
        organisation_id=organisation[0],
        organisation_name=organisation[1],
        membership_id=membership[0],
        deputy_of=membership[1],
        origin=origin.get(),
        action=entry.action,
        subject_kind=entry.subject._meta.label_lower,
        subject_id=str(entry.subject.pk),
        person_id=entry.person,
        household_id=entry.household,
        area_path=getattr(entry.area, "path", ""),
        fields=plain(entry.fields),
        changed=sorted({*entry.which, *entry.values, *entry.hidden}),
    )
    if entry.values or entry.hidden:
        _keep(event, entry, keys)
    return event


def _keep(event: AuditEvent, entry: Entry, keys: Mapping[UUID, DataKey]) -> None:
    key = keys.get(entry.person) if entry.person else None
    if key is None or entry.person is None:
        raise encryption.gone()
    if entry.values:
        event.sealed = encryption.seal(key, LABEL, "sealed", event.id, entry.person, canonical(entry.values))
    event.digest = key.digest(canonical({**entry.values, **entry.hidden}).encode())


def values_of(event: AuditEvent) -> dict[str, Any] | None:
    """What the event keeps of the person; None where it keeps nothing or the person was erased. Ask the gate first."""
    key = store.opened([event.person_id]).get(event.person_id) if event.person_id else None
    if key is None or event.sealed is None:
        return None
    return json.loads(key.open(event.sealed, encryption.bound(LABEL, "sealed", event.id, event.person_id)))


def canonical(values: Mapping[str, Any]) -> str:
    return json.dumps(plain(values), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON that comes back the same from every database: a float is its text."""
    return _floatless(json.loads(DjangoJSONEncoder(ensure_ascii=False).encode(values)))


def _floatless(value: Any) -> Any:
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {name: _floatless(inner) for name, inner in value.items()}
    return [_floatless(inner) for inner in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Verified:
    """events: how many follow from the first without a fault; head: the last one's hash; fault: the first that is wrong."""

    events: int
    head: str
    fault: Fault | None = None


def verify(using: str = "default") -> Verified:
    """Walk the whole chain, reading as it goes. An event that was changed, removed or put in is named; so is a missing trigger."""
    number, head = 0, FIRST
    for row in _rows(using):
        if fault := _fault(row, number + 1, head):
            return Verified(number, head, fault)
        number, head = row["number"], row["hash"]
    return Verified(number, head, _unguarded(using))


def _rows(using: str) -> Iterator[dict[str, Any]]:
    return AuditEvent.objects.using(using).order_by("number").values("hash", *HASHED).iterator(chunk_size=2000)


def _fault(row: dict[str, Any], number: int, previous: str) -> Fault | None:
    if row["number"] != number:
        return Fault(
            "HY-K010",
            en=f"event {number} is missing: the next one is {row['number']}.",
            fa=f"رویداد {number} نیست: رویداد بعدی {row['number']} است.",
        )
    if row["previous"] != previous or row["hash"] != event_hash({name: row[name] for name in HASHED}):
        return Fault(
            "HY-K011",
            en=f"event {number} ({row['action']}, {row['at']:%Y-%m-%d %H:%M}) is not what was written, or does not follow from the one before. Compare with a backup.",
            fa=f"رویداد {number} ({row['action']}، {row['at']:%Y-%m-%d %H:%M}) همان نیست که نوشته شده بود، یا دنبالهٔ رویداد پیش از خود نیست. با پشتیبان مقایسه کنید.",
        )
    return None


def _unguarded(using: str) -> Fault | None:
    from hamyar_server.core.guards import missing

    if names := ", ".join(missing(using)):
        return Fault(
            "HY-K012",
            en=f"the chain holds, but the database no longer refuses changes to it: {names} is gone. Run `hamyar-server migrate`, and ask who removed it.",
            fa=f"زنجیره درست است، ولی پایگاه داده دیگر جلوی تغییر آن را نمی‌گیرد: {names} برداشته شده است. `hamyar-server migrate` را اجرا کنید و بپرسید چه کسی آن را برداشته است.",
        )
    return None
