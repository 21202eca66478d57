from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from hamyar_server.core import audit, guards
from hamyar_server.core.audit import Entry, record, record_many, values_of, verify
from hamyar_server.core.ids import uuid7
from hamyar_server.core.keys import store
from hamyar_server.core.models import FIRST, HASHED, AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def subject():
    return get_user_model().objects.create(username="subject")


@pytest.fixture
def person():
    (one,) = store.make([uuid7()])
    return one


def unguarded(statement, *values):
    """What somebody does who has the database's own password."""
    with connection.schema_editor(atomic=True) if connection.vendor == "postgresql" else connection.cursor() as by:
        guards.allow(None, SimpleNamespace(connection=connection, execute=by.execute))
        by.execute(statement, values)
        guards.refuse(None, SimpleNamespace(connection=connection, execute=by.execute))


def test_the_chain_holds_from_the_first_event_without_a_gap(subject):
    assert verify() == audit.Verified(0, FIRST)
    for n in range(3):
        record(None, "thing.done", subject, n=n, share=0.1 + 0.2, far=1e300, nested={"floats": [1.0, 1e-7]})
    record_many(None, [Entry("thing.done", subject, fields={"n": n}) for n in range(4)])
    events = list(AuditEvent.objects.order_by("number"))
    assert [event.number for event in events] == [1, 2, 3, 4, 5, 6, 7]
    assert events[0].previous == FIRST
    assert all(b.previous == a.hash for a, b in zip(events, events[1:], strict=False))
    assert verify() == audit.Verified(7, events[-1].hash)


def test_every_column_but_the_hash_is_hashed():
    assert {*HASHED, "hash"} == {field.attname for field in AuditEvent._meta.concrete_fields}


CHANGES = {
    "number": 50,
    "id": uuid7(),
    "at": timezone.now(),
    "person_id": uuid7(),
    "household_id": uuid7(),
    "fields": {"n": 8},
    "changed": ["x"],
    "sealed": b"x",
    "digest": b"x",
}


@pytest.mark.parametrize("column", [*HASHED, "hash"])
def test_a_change_of_any_column_is_found_and_named(subject, column):
    for n in range(5):
        record(None, "thing.done", subject, n=n)
    field = AuditEvent._meta.get_field(column)
    value = field.get_db_prep_save(CHANGES.get(column, "x"), connection)
    unguarded(f"UPDATE core_auditevent SET {column} = %s WHERE number = 3", value)
    found = verify()
    assert (found.events, found.fault.code) == (2, "HY-K010" if column == "number" else "HY-K011")
    with pytest.raises(CommandError, match="event 3 "):
        call_command("audit", "verify")


def test_an_event_that_was_removed_is_found(subject):
    for n in range(5):
        record(None, "thing.done", subject, n=n)
    unguarded("DELETE FROM core_auditevent WHERE number = 3")
    assert "event 3 is missing" in verify().fault.en


def test_a_rewritten_tail_has_another_head(subject):
    """Who rewrites the end of the chain makes a chain that holds; its head is not the one that was told before."""
    for n in range(3):
        record(None, "thing.done", subject, n=n)
    head = verify().head
    unguarded("DELETE FROM core_auditevent WHERE number = 3")
    record(None, "thing.done", subject, n="other")
    assert verify().fault is None
    assert verify().head != head


@pytest.mark.parametrize("statement", ["UPDATE core_auditevent SET action = 'x'", "DELETE FROM core_auditevent"])
def test_the_database_refuses(subject, statement):
    record(None, "thing.done", subject)
    with pytest.raises(DatabaseError, match="only added to"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert verify().events == 1


def test_postgresql_refuses_to_empty_the_table(subject):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(DatabaseError, match="only added to"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE core_auditevent")


def test_a_trigger_that_is_gone_is_said(subject):
    tail = " ON core_auditevent" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER audit_refuses_delete{tail}")
    assert verify().fault.code == "HY-K012"
    assert "audit_refuses_delete" in verify().fault.en


def test_values_are_kept_under_the_persons_key_alone(subject, person):
    event = record(
        None,
        "person.changed",
        subject,
        person=person,
        values={"family": "رضایی"},
        hidden={"illness": "دیابت"},
        place="x",
    )
    kept = AuditEvent.objects.get(pk=event.pk)
    assert values_of(kept) == {"family": "رضایی"}
    assert kept.changed == ["family", "illness"]
    row = AuditEvent.objects.filter(pk=event.pk).values().get()
    assert not any(word in repr(value) for value in row.values() for word in ("رضایی", "دیابت"))
    key = store.opened([person])[person]
    assert bytes(kept.digest) == key.digest('{"family":"رضایی","illness":"دیابت"}'.encode())


def test_erasing_a_person_erases_them_from_the_audit_and_the_chain_still_holds(subject, person):
    event = record(None, "person.changed", subject, person=person, values={"family": "رضایی"})
    store.destroy([person])
    assert values_of(AuditEvent.objects.get(pk=event.pk)) is None
    assert verify().fault is None


def test_an_event_is_found_by_person_household_batch_and_area(subject, person):
    home, area = uuid7(), SimpleNamespace(path="77/7701")
    record(None, "a", subject, person=person, household=home)
    record(None, "b", subject, household=home, area=area)
    record(None, "c", subject, area=SimpleNamespace(path="77/77010"))
    found = AuditEvent.objects
    assert [e.action for e in found.about(person=person)] == ["a"]
    assert [e.action for e in found.about(household=home)] == ["a", "b"]
    assert [e.action for e in found.about(batch=subject.pk, person=person)] == ["a", "b", "c"]
    assert [e.action for e in found.under("77/7701")] == ["b"]
    assert [e.action for e in found.under("77").order_by("number")] == ["b", "c"]
    assert not found.about().exists()


def test_the_request_says_from_where(client, subject, rf):
    from hamyar_server.core.origin import OriginMiddleware

    def view(request):
        record(None, "thing.done", subject)

    OriginMiddleware(view)(rf.get("/", REMOTE_ADDR="192.0.2.7"))
    record(None, "thing.done", subject)
    assert list(AuditEvent.objects.order_by("number").values_list("origin", flat=True)) == ["192.0.2.7", ""]


def test_an_event_outside_a_transaction_is_refused(subject, monkeypatch):
    monkeypatch.setattr(connections["default"], "in_atomic_block", False)
    with pytest.raises(transaction.TransactionManagementError):
        record(None, "thing.done", subject)


def test_the_command_says_the_head(subject, capsys):
    for n in range(3):
        record(None, "thing.done", subject, n=n)
    call_command("audit", "verify")
    assert verify().head in capsys.readouterr().out
