from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from hamyar.errors import HamyarError
from hamyar_server.core import audit
from hamyar_server.core.encryption import read, read_many
from hamyar_server.core.ids import uuid7
from hamyar_server.core.keys import store
from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations.mandates import NotAllowed
from hamyar_server.registry import actions, revealing
from hamyar_server.registry.apps import forbidden_columns, nothing_forbidden
from hamyar_server.registry.models import Alarm, Consent, Household, Identifier, Person, Vulnerability
from hamyar_server.registry.names import Name, name_key, readings
from tests.hamyar_server.registry.conftest import NATIONAL_ID


def everything():
    """All that the record's database holds, as bytes in one text."""
    with connection.cursor() as cursor:
        cells = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            cells += [
                bytes(cell) if isinstance(cell, memoryview) else cell for row in cursor.fetchall() for cell in row
            ]
    return "\n".join(map(str, cells)) + b"\n".join(c for c in cells if isinstance(c, bytes)).decode("utf-8", "replace")


IDENTITIES = [NATIONAL_ID, NATIONAL_ID[1:], "1234567", "۱۲۳ ۴۵۶۷", "حسینی", "محمود", "کوچهٔ سوم", "زهرا", "national_id"]


def test_the_database_holds_no_identity_in_the_open(household):
    held = everything()
    assert "ز. م." in held
    assert [text for text in IDENTITIES if text in held] == []


@pytest.mark.parametrize(
    "typed",
    [
        "سید رضا حسینی نژاد",
        "رضا حسینی‌نژاد",
        "رضا حسيني نژاد",
        "رضاحسینی‌نژاد حسینی نژاد",
        "حسینی نژاد",
        "سيّد رضا",
        "رضا",
    ],
)
def test_a_person_is_found_by_name_in_any_spelling(household, typed):
    found = Person.objects.named(typed)
    if typed.startswith("رضاحسینی"):
        assert not found.exists()
    else:
        assert household.head in found


def test_a_name_is_not_found_by_another(household):
    assert not Person.objects.named("رضا محمدی").exists()
    assert not Person.objects.named("").exists()
    assert not Person.objects.named("سید").exists()
    assert Person.objects.named("حسینی نژاد").count() == 2


@given(st.text(max_size=30))
def test_every_name_has_readings_and_a_key_without_spaces(text):
    assert " " not in name_key(text)
    assert all(given or family for given, family in readings(text))


def test_a_name_that_is_an_honorific_alone_stays_a_name():
    assert name_key("سید") == "سید"
    assert name_key("سيّد محمّد‌علی") == name_key("محمد علی") == name_key("محمدعلي") == "محمدعلی"


@pytest.mark.parametrize("typed", [NATIONAL_ID, "۰۴۹۹۳۷۰۸۹۹", "049-937089-9", "499370899"])
def test_a_person_is_found_by_the_national_id_however_it_is_written(household, typed):
    assert Person.objects.identified(typed).get() == household.head


@pytest.mark.parametrize("typed", ["09151234567", "+98 915 123 4567", "۰۰۹۸۹۱۵۱۲۳۴۵۶۷", "9151234567"])
def test_a_person_is_found_by_phone_however_it_is_written(household, typed):
    assert Person.objects.identified(typed, "phone").get() == household.head
    assert not Person.objects.identified(typed).exists()


def test_everybody_sees_the_people_of_their_area_alone(cast, household, register):
    there = register("other_city")
    seen = {name: set(Household.objects.visible_to(actor)) for name, actor in cast.actors.items()}
    assert seen["mayor"] == {household}
    assert seen["other_mayor"] == {there}
    assert seen["officer"] == seen["director"] == seen["assessor"] == {household, there}
    assert seen["governor"] == {household}
    assert seen["outsider"] == seen["statistician"] == seen["other_governor"] == seen["administrator"] == set()
    assert set(Person.objects.visible_to(cast.mayor)) == set(household.people.all())
    assert set(Identifier.objects.visible_to(cast.mayor)) == set(household.head.identifiers.all())


def test_an_identity_is_shown_for_a_reason_and_the_audit_knows(cast, household):
    head = household.head
    shown = actions.reveal_identity(by=cast.director, person=head, reason="letter 12 for رضا")
    assert shown.name == Name("سیّد رضا", "حسینی‌نژاد", "محمود")
    assert shown.values == {
        "identity": [NATIONAL_ID],
        "phone": ["۰۹۱۵ ۱۲۳ ۴۵۶۷"],
        "address": ["کوچهٔ سوم، پلاک ۷"],
    }
    event = AuditEvent.objects.about(person=head.pk).last()
    assert (event.action, event.user_name) == ("identity.revealed", str(cast.director.user))
    assert audit.values_of(event) == {"reason": "letter 12 for رضا"}


def test_nobody_sees_an_identity_without_a_reason_or_a_mandate(cast, household):
    before = AuditEvent.objects.count()
    with pytest.raises(HamyarError, match="HY-H031"):
        actions.reveal_identity(by=cast.director, person=household.head, reason=" ")
    for name in ("mayor", "assessor", "outsider", "statistician"):
        with pytest.raises(NotAllowed):
            actions.reveal_identity(by=cast.actors[name], person=household.head, reason="x")
    assert AuditEvent.objects.count() == before


def test_beyond_the_daily_budget_another_organisation_is_told(cast, household, monkeypatch):
    monkeypatch.setattr(revealing, "BUDGET", 2)
    people = list(household.people.all())
    for one in [*people[:2], people[0]]:
        actions.reveal_identity(by=cast.director, person=one, reason="x")
    assert not Alarm.objects.exists()
    actions.reveal_identity(by=cast.director, person=people[2], reason="x")
    alarm = Alarm.objects.get()
    assert alarm.count == 3
    assert alarm.told != cast.director.organisation
    assert AuditEvent.objects.get(number=alarm.event).action == "identity.revealed"


def test_values_that_were_swapped_between_rows_do_not_open(household):
    from cryptography.exceptions import InvalidTag

    a, b = household.head.identifiers.all()[:2]
    Identifier.objects.filter(pk=a.pk).update(value=b.value)
    with pytest.raises(InvalidTag):
        read(Identifier.objects.get(pk=a.pk), "value")


def test_a_list_opens_nothing(household, django_assert_num_queries):
    with django_assert_num_queries(0, using="keys"):
        shown = [(str(one), str(one.name), one.sex) for one in Person.objects.all()]
    assert all(name == "•••" for _, name, _ in shown)


@pytest.fixture
def agreed(household):
    return actions.give_consent(by=None, person=household.head, purpose="sensitive", evidence="form 7, shelf 2")


def test_sensitive_matters_need_a_living_consent(household, agreed):
    head = household.head
    kept = actions.record_vulnerability(by=None, person=head, kind="disability", detail="نابینا")
    assert read(kept, "value") == '{"kind": "disability", "detail": "نابینا"}'
    assert not any(word in everything() for word in ("disability", "نابینا"))
    event = AuditEvent.objects.about(person=head.pk).last()
    assert (event.changed, event.sealed, len(bytes(event.digest))) == (["value"], None, 32)
    spouse = Person.objects.get(memberships__role="spouse")
    with pytest.raises(HamyarError, match="HY-H020"):
        actions.record_vulnerability(by=None, person=spouse, kind="disability")
    for wrong in ({"person": spouse, "consent": agreed}, {"person": head, "consent": other_purpose(head)}):
        with pytest.raises(DatabaseError, match="living consent"), transaction.atomic():
            Vulnerability.objects.create(value="x", provenance="declared", **wrong)


def other_purpose(person):
    return actions.give_consent(by=None, person=person, purpose="sharing", evidence="")


def test_who_withdraws_consent_leaves_nothing(household, agreed):
    actions.record_vulnerability(by=None, person=household.head, kind="addiction")
    actions.withdraw_consent(by=None, consent=agreed)
    assert not Vulnerability.objects.exists()
    with pytest.raises(HamyarError, match="HY-H020"):
        actions.record_vulnerability(by=None, person=household.head, kind="addiction")
    agreed.refresh_from_db()
    with pytest.raises(DatabaseError, match="living consent"), transaction.atomic():
        Vulnerability.objects.create(person=household.head, consent=agreed, value="x", provenance="declared")
    assert actions.give_consent(by=None, person=household.head, purpose="sensitive", evidence="") != agreed
    assert Consent.objects.count() == 2


def test_what_is_never_asked_has_no_column():
    from django.db import models

    assert nothing_forbidden() == []

    class Asked(models.Model):  # noqa: DJ008  never shown
        religion = models.TextField()
        Nationality = models.TextField()

        class Meta:
            app_label = "registry"
            managed = False

    assert forbidden_columns(Asked) == ["religion", "Nationality"]
    from django.apps import apps

    assert [found.id for found in nothing_forbidden()] == ["hamyar.HY-H000"] * 2
    del apps.all_models["registry"]["asked"]
    apps.clear_cache()


def test_who_was_erased_is_nowhere(household):
    head = household.head
    actions.erase_person(by=None, person=head, ground="request")
    assert [text for text in IDENTITIES if text in everything() and text != "زهرا"] == []
    gone = Person.objects.get(pk=head.pk)
    assert (gone.name, gone.mask, gone.household, gone.birth_date, gone.source_key) == (None, "", None, None, None)
    assert gone.erased_at
    assert not Person.objects.named("رضا حسینی نژاد").exists()
    assert not Person.objects.identified(NATIONAL_ID).exists()
    events = AuditEvent.objects.about(person=head.pk)
    assert [event.action for event in events] == ["person.registered", "person.erased"]
    assert [audit.values_of(event) for event in events] == [None, None]
    assert audit.verify().fault is None
    household.refresh_from_db()
    assert household.members == 2
    assert household.head.mask == "ز. م."


def test_the_last_one_of_a_household_who_is_erased_takes_its_facts_along(household):
    for one in list(household.people.all()):
        actions.erase_person(by=None, person=one, ground="request")
    household.refresh_from_db()
    assert (household.state, household.members, household.facts, household.decile) == ("closed", 0, {}, None)
    assert not household.covers.exists()


def test_an_erasure_that_was_cut_off_is_finished(household):
    head = household.head
    store.destroy([head.pk])
    assert read_many([head], "name") == [None]
    assert actions.finish_erasures() == 1
    assert actions.finish_erasures() == 0
    assert Person.objects.get(pk=head.pk).mask == ""


def test_erasing_needs_a_ground_and_the_mandate(cast, household):
    with pytest.raises(HamyarError, match="HY-H030"):
        actions.erase_person(by=cast.director, person=household.head, ground="because رضا asked")
    with pytest.raises(NotAllowed):
        actions.erase_person(by=cast.assessor, person=household.head, ground="request")
    actions.erase_person(by=cast.director, person=household.head, ground="request")
    assert store.erased()


def test_an_id_that_nobody_has_opens_nothing(db):
    assert store.opened([uuid7()]) == {}
