"""The back office: reference tables for whoever administers, saved by the record's own actions."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.contrib.admin import site as of_django
from django.contrib.admin.models import LogEntry
from django.test import Client

from hamyar.errors import HamyarError
from hamyar_server.back_office.admin import site
from hamyar_server.core.encryption import EncryptedTextField
from hamyar_server.core.models import AuditEvent
from hamyar_server.core.security import POLICY
from hamyar_server.organisations.mandates import NotAllowed
from hamyar_server.organisations.models import SecondFactor
from hamyar_server.programmes import actions as programmes
from hamyar_server.programmes.models import Programme, ProgrammeNeed, Route
from hamyar_server.registry import actions
from hamyar_server.registry.incoming import NewHousehold
from hamyar_server.registry.models import Need
from tests.hamyar_server.cast import nomination
from tests.hamyar_server.registry.conftest import FAMILY

BACK = "/back-office/"
NEEDS = f"{BACK}registry/need/"
PROGRAMMES = f"{BACK}programmes/programme/"
SERVING = f"{BACK}programmes/programmeneed/"
INTERNET = {
    "code": "internet", "kind": "infrastructure", "name_fa": "اینترنت", "name_en": "internet", "order": "20"
}  # fmt: skip
REFERENCE = {"registry.Need", "programmes.Programme", "programmes.ProgrammeNeed"}


def test_nothing_with_personal_data_is_registered():
    """A table that is registered is named above, is not about people, and points at none that could be."""
    assert of_django._registry == {}, "Django's own site is not served"
    assert {model._meta.label for model in site._registry} == REFERENCE
    for model in site._registry:
        pointed = {field.related_model._meta.label for field in model._meta.concrete_fields if field.is_relation}
        assert pointed <= REFERENCE | {"organisations.Organisation"}, model
        sealed = [field.name for field in model._meta.fields if isinstance(field, EncryptedTextField)]
        assert sealed == [], model


@pytest.fixture
def client(cast, signed_in):
    return signed_in(cast.director)


PAGES = (BACK, f"{BACK}registry/", f"{BACK}programmes/", NEEDS, f"{NEEDS}add/", f"{NEEDS}road/change/", f"{NEEDS}road/delete/", f"{NEEDS}road/history/", PROGRAMMES, f"{PROGRAMMES}add/", SERVING, f"{SERVING}add/")  # fmt: skip


@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_page_opens_without_a_script_under_the_policy_of_all(client, language):
    client.cookies["language"] = language
    rows = [f"{PROGRAMMES}{Programme.objects.first().pk}/", f"{SERVING}{ProgrammeNeed.objects.first().pk}/"]
    for address in [*PAGES, *(f"{row}{page}/" for row in rows for page in ("change", "delete", "history"))]:
        answer = client.get(address)
        page = answer.content.decode()
        assert (answer.status_code, answer.headers["Content-Security-Policy"]) == (200, POLICY), address
        assert not re.search(r"<script|\son\w+=|\sstyle=", page), address
        assert f'dir="{"rtl" if language == "fa" else "ltr"}"' in page, address
        if language == "fa":
            assert "Delete" not in page, address


@pytest.mark.parametrize("name", ["mayor", "officer", "statistician", "assessor", "governor", "administrator"])
def test_who_administers_nothing_is_refused_and_sees_no_link(cast, signed_in, name):
    other = signed_in(cast.actors[name])
    assert BACK not in other.get("/").content.decode()
    for address in PAGES:
        assert other.get(address).status_code == 403, address
    assert other.post(f"{NEEDS}add/", INTERNET).status_code == 403
    for act, given in ((actions.add_need, INTERNET), (actions.remove_need, {"need": Need.objects.get(pk="dowry")})):
        with pytest.raises(NotAllowed):
            act(by=cast.actors[name], **given)
    assert not Need.objects.filter(pk="internet").exists()


def test_it_has_no_sign_in_of_its_own_and_asks_for_the_second_factor(cast, client):
    assert Client().get(NEEDS).url == f"/sign-in/?next={NEEDS}"
    for own in ("login", "logout", "password_change", "r/1/1", "autocomplete"):
        assert client.get(f"{BACK}{own}/").status_code == 404, own
    assert BACK in client.get("/").content.decode()
    SecondFactor.objects.filter(user=cast.director.user).delete()
    assert "second-factor" in client.get(NEEDS).url
    assert client.post(f"{NEEDS}add/", INTERNET).status_code == 302
    assert not Need.objects.filter(pk="internet").exists()


def test_a_need_is_added_changed_and_removed_with_an_event_each(cast, client):
    assert client.post(f"{NEEDS}add/", INTERNET).url == NEEDS
    assert client.post(f"{NEEDS}internet/change/", INTERNET | {"name_fa": "اینترنت پرسرعت"}).url == NEEDS
    row = Need.objects.get(pk="internet")
    assert (row.name_fa, row.order) == ("اینترنت پرسرعت", 20)
    page = client.get(f"{NEEDS}internet/history/").content.decode()
    assert "نقش director" in page
    assert client.post(f"{NEEDS}internet/delete/", {"post": "yes"}).url == NEEDS
    events = list(AuditEvent.objects.of(row).values_list("action", "user_id"))
    who = str(cast.director.user.pk)
    assert events == [(f"reference.{act}", who) for act in ("added", "changed", "removed")]
    changed = AuditEvent.objects.of(row).get(action="reference.changed")
    assert (changed.changed, changed.fields["before"]) == (["name_fa"], {"name_fa": "اینترنت"})
    assert not LogEntry.objects.exists(), "the audit is the one log"


def test_a_code_that_is_there_and_a_form_without_a_name_are_refused(client):
    for wrong in ({"code": "road"}, {"name_fa": ""}, {"kind": "other"}):
        assert client.post(f"{NEEDS}add/", INTERNET | wrong).status_code == 200, wrong
    assert not Need.objects.filter(pk="internet").exists()
    assert Need.objects.get(pk="road").name_en == "road"


def test_what_is_referred_to_is_not_removed(cast, client):
    household = actions.register_household(by=None, new=NewHousehold(cast.areas["city"], FAMILY))
    actions.add_need(by=cast.director, **INTERNET)
    row = Need.objects.get(pk="internet")
    for refer in (
        lambda: actions.record_need(by=None, household=household, version=1, need=row),
        lambda: nomination(cast.mayor, cast.areas["margin"], "internet"),
        lambda: programmes.serve_need(
            by=cast.director, programme=Programme.objects.first(), need=row, since=date(2026, 1, 1)
        ),
    ):
        made = refer()
        assert "ردیف‌هایی که به آن اشاره دارند" in client.get(f"{NEEDS}internet/delete/").content.decode()
        client.post(f"{NEEDS}internet/delete/", {"post": "yes"})
        with pytest.raises(HamyarError, match="HY-K050"):
            actions.remove_need(by=cast.director, need=row)
        assert Need.objects.filter(pk="internet").exists()
        made.delete()
    assert AuditEvent.objects.filter(action="reference.removed").count() == 0
    actions.remove_need(by=cast.director, need=row)


def test_programmes_are_opened_renamed_and_serve_needs_from_a_day_to_a_day(cast, client):
    names = {"name_fa": "برنامهٔ راه", "name_en": "Roads"}
    client.post(f"{PROGRAMMES}add/", names | {"organisation": cast.organisations["infrastructure"].pk})
    made = Programme.objects.get(name_en="Roads")
    client.post(f"{PROGRAMMES}{made.pk}/change/", names | {"name_en": "Rural roads"})
    client.post(f"{SERVING}add/", {"programme": made.pk, "need": "road", "since": "1405/01/01"})
    row = ProgrammeNeed.objects.get(programme=made)
    assert row.since == date(2026, 3, 21)
    assert client.post(f"{SERVING}{row.pk}/change/", {"until": "1404/01/01"}, follow=True).status_code == 200
    row.refresh_from_db()
    assert row.until is None, "it would end before it begins"
    client.post(f"{SERVING}{row.pk}/change/", {"until": "۱۴۰۵/۰۶/۳۱"})
    row.refresh_from_db()
    made.refresh_from_db()
    assert (made.name_fa, made.name_en, row.until) == ("برنامهٔ راه", "Rural roads", date(2026, 9, 22))
    assert 'value="1405/06/31"' in client.get(f"{SERVING}{row.pk}/change/").content.decode()
    client.post(f"{PROGRAMMES}{made.pk}/delete/", {"post": "yes"})
    assert Programme.objects.filter(pk=made.pk).exists(), "a need goes to it"
    candidate = nomination(cast.mayor, cast.areas["margin"], "road")
    route = Route.objects.create(candidate=candidate, need=row.need, programme=made)
    client.post(f"{SERVING}{row.pk}/delete/", {"post": "yes"})
    with pytest.raises(HamyarError, match="HY-W004"):
        programmes.remove_serving(by=cast.director, serving=row)
    assert ProgrammeNeed.objects.filter(pk=row.pk).exists(), "a decision rests on it"
    route.delete()
    client.post(f"{SERVING}{row.pk}/delete/", {"post": "yes"})
    client.post(f"{PROGRAMMES}{made.pk}/delete/", {"post": "yes"})
    assert not Programme.objects.filter(pk=made.pk).exists()
    acts = list(AuditEvent.objects.of(made).values_list("action", flat=True))
    assert acts == ["programme.opened", "reference.changed", "reference.removed"]


def test_programmes_of_another_province_are_neither_seen_nor_touched(cast, signed_in):
    outside, made = signed_in(cast.outsider), Programme.objects.first()
    assert made.name_fa not in outside.get(PROGRAMMES).content.decode()
    assert made.name_fa not in outside.get(f"{SERVING}add/").content.decode()
    for page in ("change", "delete", "history"):
        assert outside.get(f"{PROGRAMMES}{made.pk}/{page}/").status_code in (302, 404), page
    outside.post(f"{PROGRAMMES}{made.pk}/delete/", {"post": "yes"})
    given = {"organisation": cast.organisations["social"].pk, "name_fa": "x", "name_en": "x"}
    assert outside.post(f"{PROGRAMMES}add/", given).status_code == 200
    assert Programme.objects.count() == 2
    with pytest.raises(NotAllowed):
        programmes.rename_programme(by=cast.outsider, programme=made, name_fa="x")
