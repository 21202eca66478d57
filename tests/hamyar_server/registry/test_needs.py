"""Needs of a household: recorded, closed with a reason, seen by whom the gate lets, written to the audit."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from hamyar.errors import HamyarError
from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations.mandates import NotAllowed
from hamyar_server.registry import actions
from hamyar_server.registry.incoming import Origin
from hamyar_server.registry.models import Household, HouseholdNeed, Need

LIST = "/households/"
TYPED = {"need": "road", "since": "۱۴۰۳/۰۳/۱۲", "provenance": "assessed", "note": "پل روستا شکسته است"}
CLOSED = {"ending": "met", "on": "1405/09/01", "reason": "پل ساخته شد"}


@pytest.fixture
def road(db) -> Need:
    return Need.objects.get(pk="road")


@pytest.fixture
def lacking(cast, household, road) -> HouseholdNeed:
    """The household lacks a road, recorded by the assessor."""
    return actions.record_need(
        by=cast.assessor, household=household, version=1, need=road, since=date(2024, 6, 1), note="پل شکسته است"
    )


def test_a_need_is_recorded_with_its_day_note_and_where_it_comes_from(cast, household, signed_in):
    client = signed_in(cast.assessor)
    assert "نیازی باز نیست" in client.get(f"{LIST}{household.pk}/").content.decode()
    answer = client.post(f"{LIST}{household.pk}/need/", TYPED | {"version": household.version})
    assert answer.url == f"{LIST}{household.pk}/"
    kept = household.needs.get()
    assert (kept.need_id, kept.since, kept.until) == ("road", date(2024, 6, 1), None)
    assert (kept.provenance, kept.source) == ("assessed", "بنیاد سپیدار")
    page = client.get(answer.url).content.decode()
    for text in ("راه", "پل روستا شکسته است", "ارزیابی‌شده", "ثبت نیاز"):
        assert text in page, text


def test_the_audit_holds_kind_day_and_source_and_of_the_note_that_there_is_one(cast, lacking):
    event = AuditEvent.objects.last()
    assert (event.action, event.changed, event.household_id) == ("need.recorded", ["note"], lacking.household_id)
    assert event.fields == {"need": "road", "since": "2024-06-01", "provenance": "declared", "source": ""}
    actions.close_need(by=cast.assessor, need=lacking, version=2, ending="met", reason="نامهٔ ۱۲ دهیاری")
    event = AuditEvent.objects.last()
    assert (event.action, event.changed) == ("need.closed", ["reason"])
    assert event.fields == {"need": "road", "until": timezone.localdate().isoformat(), "ending": "met"}
    assert "نامهٔ" not in str(AuditEvent.objects.values())


def test_what_is_refused_leaves_neither_row_nor_event_nor_version(cast, household, lacking, road):
    before, events = Household.objects.get().version, AuditEvent.objects.count()
    tomorrow = timezone.localdate() + timedelta(days=1)
    record = {"by": cast.assessor, "household": household, "version": before, "need": road}
    close = {"by": cast.assessor, "need": lacking, "version": before, "ending": "met", "reason": "x"}
    for act, given, code in (
        (actions.record_need, record, "HY-H021"),
        (actions.record_need, record | {"since": tomorrow}, "HY-H023"),
        (actions.record_need, record | {"version": before - 1}, "HY-H010"),
        (actions.close_need, close | {"on": tomorrow}, "HY-H024"),
        (actions.close_need, close | {"on": date(2024, 5, 31)}, "HY-H024"),
        (actions.close_need, close | {"version": before - 1}, "HY-H010"),
    ):
        with pytest.raises(HamyarError, match=code):
            act(**given)
    assert (HouseholdNeed.objects.get().until, Household.objects.get().version) == (None, before)
    assert AuditEvent.objects.count() == events


def test_closed_is_closed_once_and_may_be_open_again_later(cast, household, lacking, road, signed_in):
    client = signed_in(cast.assessor)
    address = f"/needs/{lacking.pk}/close/"
    assert client.post(address, CLOSED | {"version": 2}).url == f"{LIST}{household.pk}/"
    lacking.refresh_from_db()
    assert (lacking.ending, lacking.reason) == ("met", "پل ساخته شد")
    assert "پل ساخته شد" in client.get(f"{LIST}{household.pk}/").content.decode()
    assert "پیش‌تر بسته شده" in client.post(address, CLOSED | {"version": 3}).content.decode()
    actions.record_need(by=cast.assessor, household=Household.objects.get(), version=3, need=road)
    assert household.needs.count() == 2


def test_a_need_is_not_closed_without_a_reason(cast, lacking, signed_in):
    client, address = signed_in(cast.assessor), f"/needs/{lacking.pk}/close/"
    for missing in ("reason", "ending", "on"):
        assert client.post(address, CLOSED | {"version": 2, missing: " "}).status_code == 200, missing
    lacking.refresh_from_db()
    assert lacking.until is None


def test_who_comes_second_reads_who_was_faster_and_what_is_open_and_decides(cast, household, lacking, signed_in):
    client, address = signed_in(cast.assessor), f"{LIST}{household.pk}/need/"
    typed = TYPED | {"need": "school", "version": 1}  # the page was opened before the road was recorded
    page = client.post(address, typed).content.decode()
    assert "نقش assessor" in page
    assert "تغییر داده است" in page
    assert "اکنون باز است: راه" in page
    assert 'name="version" value="2"' in page, "saving again is a decision"
    assert household.needs.count() == 1
    assert client.post(address, typed | {"version": 2}).status_code == 302
    assert household.needs.count() == 2


@pytest.mark.parametrize("name", ["mayor", "officer", "director", "statistician", "outsider", "other_mayor"])
def test_only_who_assesses_there_records_and_closes(cast, household, lacking, road, signed_in, name):
    client, actor = signed_in(cast.actors[name]), cast.actors[name]
    for address, typed in ((f"{LIST}{household.pk}/need/", TYPED), (f"/needs/{lacking.pk}/close/", CLOSED)):
        for answer in (client.get(address), client.post(address, typed | {"version": 2})):
            assert answer.status_code in (403, 404), address
    with pytest.raises(NotAllowed):
        actions.record_need(by=actor, household=household, version=2, need=road)
    with pytest.raises(NotAllowed):
        actions.close_need(by=actor, need=lacking, version=2, ending="met", reason="x")
    lacking.refresh_from_db()
    assert lacking.until is None
    assert household.needs.count() == 1


def test_the_list_is_filtered_by_an_open_need(cast, household, lacking, register, signed_in):
    client = signed_in(cast.assessor)
    shown = {need: "س. ح." in client.get(f"{LIST}?need={need}").content.decode() for need in ("road", "school", "")}
    assert shown == {"road": True, "school": False, "": True}
    actions.close_need(by=cast.assessor, need=lacking, version=2, ending="withdrawn", reason="از خانوار دیگری بود")
    assert "س. ح." not in client.get(f"{LIST}?need=road").content.decode()
    client.post("/households/filters/?need=road", {"name": "بی‌راه"})
    assert "?need=road" in client.get(LIST).content.decode()


def test_words_about_a_household_go_with_whoever_is_erased(cast, household, road):
    for need, closed in ((road, False), (Need.objects.get(pk="school"), True)):
        version = Household.objects.get().version
        made = actions.record_need(
            by=None, household=household, version=version, need=need, note="رضا", origin=Origin()
        )
        if closed:
            actions.close_need(by=None, need=made, version=version + 1, ending="met", reason="زهرا")
    spouse = household.memberships.get(role="spouse").person
    actions.erase_person(by=cast.director, person=spouse, ground="request")
    assert list(household.needs.values_list("note", "reason")) == [("", "")] * 2


def test_the_pages_speak_english_too(cast, household, lacking, signed_in):
    client = signed_in(cast.assessor)
    client.cookies["language"] = "en"
    page = client.get(f"{LIST}{household.pk}/").content.decode()
    assert "road" in page
    assert "Record a need" in page
    page = client.get(f"/needs/{lacking.pk}/close/").content.decode()
    assert "it is met" in page
    assert "livelihood package" in client.get(f"{LIST}{household.pk}/need/").content.decode()
