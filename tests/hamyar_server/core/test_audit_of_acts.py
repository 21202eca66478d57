"""The audit is written in the transaction of its act, once, and the database refuses to change it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from hamyar_server.areas.models import Area
from hamyar_server.core import audit
from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations.actions import found


def first():
    return AuditEvent.objects.order_by("number").values().first()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_auditevent SET user_name = 'somebody else'",
        "UPDATE core_auditevent SET at = '2001-01-01' WHERE number = {number}",
        "DELETE FROM core_auditevent",
        "DELETE FROM core_auditevent WHERE number = {number}",
        "REPLACE INTO core_auditevent SELECT * FROM core_auditevent WHERE number = {number}",
        "INSERT OR REPLACE INTO core_auditevent SELECT * FROM core_auditevent",
        "UPDATE OR REPLACE core_auditevent SET number = number + 1",
    ],
)
def test_the_database_refuses_to_change_or_remove_an_event(cast, statement):
    before, count = first(), AuditEvent.objects.count()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(number=before["number"]))
    assert (first(), AuditEvent.objects.count()) == (before, count)


def test_an_event_cannot_be_put_in_the_place_of_another(cast):
    """SQLite's REPLACE removes the old row without asking a trigger on DELETE."""
    before = first()
    columns = ", ".join(column for column in (f.column for f in AuditEvent._meta.fields) if column != "user_name")
    for copied in (columns, columns.replace("number, ", "")):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT OR REPLACE INTO core_auditevent ({copied}, user_name) "
                f"SELECT {copied}, 'somebody else' FROM core_auditevent WHERE number = {before['number']}"
            )
    assert first() == before


def test_the_orm_is_refused_too(cast):
    event = AuditEvent.objects.first()
    for act in (event.delete, AuditEvent.objects.all().delete, lambda: AuditEvent.objects.update(action="nothing")):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    event.user_name = "somebody else"
    with pytest.raises(DatabaseError), transaction.atomic():
        event.save()
    assert first()["user_name"] != "somebody else"


def test_what_is_rolled_back_leaves_no_event(cast):
    count = AuditEvent.objects.count()
    with transaction.atomic():
        found(by=None, kind="municipality", name_fa="شهرداری", name_en="Municipality", area=cast.areas["city"])
        assert AuditEvent.objects.count() == count + 1
        transaction.set_rollback(True)
    assert AuditEvent.objects.count() == count


def test_an_event_outside_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError, match=r"outside the transaction"):
        audit.record(None, "nothing.done", Area())


def test_an_event_names_who_on_whose_behalf_and_where(cast):
    with transaction.atomic():
        audit.record(cast.mayor, "place.seen", cast.areas["margin"], area=cast.areas["margin"], counted=3)
    event = AuditEvent.objects.of(cast.areas["margin"]).get()
    assert (event.user_id, event.organisation_name) == (str(cast.mayor.user.pk), "شهرداری مهردشت")
    assert event.area_path == "77/7701/770101/7701012000/770101200001"
    assert event.fields == {"counted": 3}
