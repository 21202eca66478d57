"""The list of households, a household, a person: what each of the cast sees and does there."""

from __future__ import annotations

import time
from datetime import date

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from hamyar_server.core import audit
from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations.models import Mandate
from hamyar_server.registry import actions, lists
from hamyar_server.registry.models import Alarm, Cover, Household, Import, Need, SavedFilter
from tests.hamyar_server.registry.conftest import FAMILY, NATIONAL_ID

LIST = "/households/"


def searched(client: Client, q: str, address: str = LIST) -> str:
    answer = client.post(address, {"q": q})
    assert answer.status_code == 302
    assert q not in answer.url, "what names a person stands in no address"
    return client.get(answer.url).content.decode()


@pytest.fixture
def assessor(cast, signed_in) -> Client:
    return signed_in(cast.assessor)


def test_the_list_shows_masks_of_the_own_area_alone(cast, register, signed_in):
    register("city")
    register("other_city", people=[FAMILY[1].__class__(name=FAMILY[1].name, role="head")])
    page = signed_in(cast.mayor).get(LIST).content.decode()
    assert "س. ح." in page
    assert "ز. م." not in page
    assert "حسینی" not in page
    assert NATIONAL_ID not in page
    everything = signed_in(cast.director).get(LIST).content.decode()
    assert "س. ح." in everything
    assert "ز. م." in everything


@pytest.mark.parametrize("typed", ["رضا حسینی نژاد", "رضا حسيني‌نژاد", "حسینی‌نژاد", "زهرا محمدي", NATIONAL_ID, "۰۴۹۹۳۷۰۸۹۹", "499370899", "+98 915 123 4567"])  # fmt: skip
def test_somebody_is_found_by_name_in_any_spelling_and_by_number(household, assessor, typed):
    assert "س. ح." in searched(assessor, typed)


def test_a_name_that_many_bear_is_gathered_once_and_not_asked_of_each_household(cast, register, monkeypatch):
    for _ in range(3):
        register()
    monkeypatch.setattr(lists, "FEW", 2)
    rows = lists.found(cast.director, {"q": "رضا"}, date(2026, 9, 1))
    assert rows.count() == 3
    assert "CORRELATED" not in rows.explain().upper(), "minutes at 60,000 persons"


def test_what_was_typed_into_a_filter_stands_there_again_as_text(cast, household, signed_in):
    client = signed_in(cast.director)
    for typed in ('"><script>alert(1)</script>', "@area@", "{pk}", "الف & ب"):
        for _again in range(2):  # drawn, and drawn before
            page = client.get(LIST, {"organisation": typed, "decile": "3"}).content.decode()
            assert f'value="{escape(typed)}"' in page
            assert "<script" not in page
            assert '<option value="3" selected>' in page
    wrong = client.get(LIST, {"area": "<b>nowhere</b>", "organisation": "x"}).content.decode()
    assert "<b>nowhere" not in wrong
    assert "errorlist" in wrong
    assert "errorlist" not in client.get(LIST, {"organisation": "x"}).content.decode()


def test_names_of_covers_and_places_are_shown_as_text(cast, household, signed_in):
    Cover.objects.filter(household=household).update(organisation="<script>alert(1)</script>{pk}")
    page = signed_in(cast.director).get(LIST).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{pk}" in page
    assert "<script" not in page


def test_a_new_need_is_in_the_filter_within_a_minute(cast, household, signed_in, monkeypatch):
    client, now = signed_in(cast.director), time.time()
    monkeypatch.setattr("hamyar_server.registry.list_views.time.time", lambda: now)
    assert "پل عابر" not in client.get(LIST).content.decode()
    Need.objects.create(code="bridge", kind="infrastructure", name_fa="پل عابر", name_en="bridge")
    monkeypatch.setattr("hamyar_server.registry.list_views.time.time", lambda: now + 60)
    assert "پل عابر" in client.get(LIST).content.decode()


def test_a_large_count_is_a_minute_old_for_whoever_sees_the_same_places_alone(cast, register, monkeypatch):
    monkeypatch.setattr(lists, "MANY", 1)
    day = date(2026, 9, 1)

    def counted(actor, **wanted) -> int:
        return lists.listed(actor, wanted, day, None, 50, Household.objects.visible_to(actor)).count

    for _ in range(2):
        register("city")
    assert [counted(cast.director), counted(cast.mayor), counted(cast.other_mayor)] == [2, 2, 0]
    register("city")
    assert counted(cast.director) == 2, "as it was"
    assert counted(cast.director, decile="3") == Household.objects.filter(decile=3).count(), "other filters"
    Mandate.objects.filter(holder=cast.mayor.organisation).update(revoked_at=timezone.now())
    assert counted(cast.mayor) == 0, "a revoked mandate counts nothing"
    cache.clear()
    assert counted(cast.director) == 3


def walked(cast, wanted, step="next", after=None) -> list[list[object]]:
    """The pages of three that the director meets, household by household."""
    shown = lists.listed(cast.director, wanted, date(2026, 9, 1), after, 3, Household.objects.all()).page
    following = getattr(shown, step)
    return [[row.pk for row in shown], *(walked(cast, wanted, step, following) if following else [])]


@pytest.mark.parametrize("deciles", [{}, {"decile": 1}, {"decile": 2, "up_to": 9}, {"cover": "yes"}, {"cover": "no"}])
@pytest.mark.parametrize("few", [4, 1000])
def test_pages_of_a_name_that_many_bear_hold_every_household_once(cast, register, monkeypatch, deciles, few):
    for n in range(14):
        where = ("city", "village", "other_city")[n % 3]
        register(where, decile=(1, 2, 9, 1, 3)[n % 5], covered_by="a charity" if n % 4 else "")
    register(people=[FAMILY[1].__class__(name=FAMILY[1].name, role="head")], decile=1)  # nobody of this name
    monkeypatch.setattr(lists, "FEW", few)
    monkeypatch.setattr(lists, "PIECE", 2)
    wanted = {"q": "رضا", **deciles}
    every = [row.pk for row in lists.found(cast.director, wanted, date(2026, 9, 1)).order_by(*lists.ORDER)]
    pages = walked(cast, wanted)
    assert [pk for page in pages for pk in page] == every
    said = lists.listed(cast.director, wanted, date(2026, 9, 1), None, 3, Household.objects.all())
    assert said.count < len(every) if said.more else said.count == len(every)
    assert len(every) == (14 if not deciles else len(every)) > 0
    last = lists.listed(cast.director, wanted, date(2026, 9, 1), None, 3, Household.objects.all()).page
    while last.next:
        last = lists.listed(cast.director, wanted, date(2026, 9, 1), last.next, 3, Household.objects.all()).page
    if last.previous:
        back = walked(cast, wanted, "previous", last.previous)
        assert [pk for page in reversed(back) for pk in page] == every[: len(every) - len(last)]


def test_what_is_more_than_the_list_counts_is_said(cast, register, signed_in, monkeypatch):
    for _ in range(3):
        register(covered_by="a charity", decile=2)
    director = signed_in(cast.director)
    assert "۳ خانوار" in searched(director, "رضا")
    monkeypatch.setattr(lists, "FEW", 2)
    assert "بیش از ۲ خانوار" in searched(director, "رضا")
    assert "بیش از ۲ خانوار" in director.get(f"{LIST}?cover=yes").content.decode()
    monkeypatch.setattr(lists, "SEVERAL", 1)
    assert "بیش از ۱ خانوار" in director.get(f"{LIST}?cover=yes&decile=2").content.decode()
    assert "۳ خانوار" in director.get(LIST).content.decode()


@pytest.mark.parametrize("typed", ["رضا رضایی", "0499370898", "؟"])
def test_who_is_not_there_is_not_found(household, assessor, typed):
    assert "س. ح." not in searched(assessor, typed)


def test_a_search_token_serves_nobody_else(cast, household, assessor, signed_in):
    address = assessor.post(LIST, {"q": "رضا"}).url
    assert signed_in(cast.director).get(address).status_code == 400
    assert assessor.get(f"{LIST}?who=AAAA").status_code == 400


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("decile=2", True),
        ("decile=3", False),
        ("cover=yes", True),
        ("cover=no", False),
        ("organisation=a+charity", True),
    ]
    + [("decile=1&up_to=2", True), ("decile=3&up_to=5", False), ("up_to=2", True), ("up_to=1", False)]
    + [("organisation=nobody", False), ("stratum=small_city", True), ("stratum=village", False), ("area=7701", True)]
    + [("area=۷۷۰۲", False), ("state=merged", False), ("area=7701&decile=2&cover=yes&stratum=small_city", True)],
)
def test_filters(household, assessor, wanted, shown):
    assert ("س. ح." in assessor.get(f"{LIST}?{wanted}").content.decode()) is shown


def test_an_area_outside_is_no_filter_and_says_so(cast, register, signed_in):
    register("other_city")
    page = signed_in(cast.mayor).get(f"{LIST}?area=7702").content.decode()
    assert "در محدودهٔ شما محلی با این کد نیست" in page
    assert "س. ح." not in page


def test_a_filter_is_kept_without_the_name_that_was_searched_for(cast, household, assessor, signed_in):
    token = assessor.post(LIST, {"q": "رضا"}).url.split("who=")[1]
    assessor.post(f"/households/filters/?decile=2&who={token}", {"name": "دهک دو"})
    assert SavedFilter.objects.get().wanted == {"decile": "2"}
    assert "دهک دو" in assessor.get(LIST).content.decode()
    assert "دهک دو" not in signed_in(cast.director).get(LIST).content.decode()
    pk = SavedFilter.objects.get().pk
    assert signed_in(cast.director).post(f"/households/filters/{pk}/remove/").status_code == 404
    assessor.post(f"/households/filters/{pk}/remove/")
    assert not SavedFilter.objects.exists()


def test_who_works_with_no_people_has_no_list(cast, signed_in):
    assert signed_in(cast.statistician).get(LIST).status_code == 403


def test_the_list_asks_as_many_questions_for_one_household_as_for_thirty(
    register, assessor, django_assert_num_queries, django_assert_max_num_queries
):
    register()
    with django_assert_max_num_queries(25) as first:
        assessor.get(LIST)
    for _ in range(29):
        register(people=[FAMILY[0]])
    with django_assert_num_queries(len(first)):
        assessor.get(LIST)


def test_a_household_shows_facts_with_their_source_and_no_identity(cast, household, signed_in):
    page = signed_in(cast.director).get(f"{LIST}{household.pk}/").content.decode()
    for text in ("تعداد اتاق", "charity list", "a charity", "س. ح.", "••••••۹۹", "household"):
        assert text in page, text
    assert "حسینی" not in page
    assert "national_id" not in page
    assert page.count("charity list") == 2, "of the cover, and once of all facts"
    assert signed_in(cast.other_mayor).get(f"{LIST}{household.pk}/").status_code == 404


@pytest.mark.parametrize(("language", "income", "area"), [("fa", "۶۸۷٬۰۰۰٬۰۰۰ ریال در ماه", "۹۴٫۵۰ متر مربع"), ("en", "687,000,000 rials a month", "94.50 m²")])  # fmt: skip
def test_amounts_are_grouped_and_have_their_unit(cast, household, signed_in, language, income, area):
    facts = {"income": 687000000.0, "floor_area": 94.5}
    actions.change_household(by=cast.assessor, household=household, version=household.version, facts=facts)
    page = signed_in(cast.director).get(f"{LIST}{household.pk}/?language={language}", follow=True).content.decode()
    assert income in page
    assert area in page
    assert page.count("charity list") == 3, "each fact says where it comes from, where they differ"


def test_a_list_in_many_pieces_is_one_line_of_a_households_history(cast, household, signed_in):
    batch = Import.objects.create(file_name="x.csv", source="x")
    Household.objects.filter(pk=household.pk).update(batch=batch.pk)
    for _ in range(3):
        audit.record(None, "households.registered", batch, households=700)
    page = signed_in(cast.director).get(f"{LIST}{household.pk}/").content.decode()
    assert page.count("با بارگذاری فهرست آمد") == 1


def changed(client: Client, household: Household, **facts: str):
    form = {name: str(value).lower() for name, value in household.facts.items()}
    return client.post(f"{LIST}{household.pk}/facts/", form | {"version": household.version} | facts)


def test_facts_are_changed_with_the_version_that_was_seen(household, assessor):
    assert changed(assessor, household, rooms="۴").status_code == 302
    household.refresh_from_db()
    assert household.facts == {"rooms": 4, "piped_water": False}
    event = AuditEvent.objects.last()
    assert (event.action, event.changed) == ("household.changed", ["rooms"])


def test_who_comes_second_reads_of_the_conflict_and_overwrites_nothing(household, assessor):
    changed(assessor, household, rooms="4")
    second = changed(assessor, household, rooms="5")  # the version of before
    page = second.content.decode()
    assert "HY" not in page
    assert "تغییر داده است" in page
    assert "<td>۴</td><td>۵</td>" in page
    household.refresh_from_db()
    assert household.facts["rooms"] == 4
    assert f'name="version" value="{household.version}"' in page, "saving again is a decision"
    assert changed(assessor, household, rooms="5").status_code == 302


def test_members_come_move_and_part(cast, household, register, assessor):
    address = f"{LIST}{household.pk}/"
    typed = {"version": household.version, "given": "مینا", "role": "child", "birth_date": "1403/01/15"}
    assert assessor.post(f"{address}add/", typed).status_code == 302
    household.refresh_from_db()
    assert household.members == 4
    spouse = household.memberships.get(role="spouse").person
    mina = household.memberships.last().person
    typed = {"version": household.version, "people": [str(spouse.pk), str(mina.pk)], "head": str(spouse.pk)}
    answer = assessor.post(f"{address}split/", typed)
    made = Household.objects.get(pk=answer.url.split("/")[-2])
    household.refresh_from_db()
    assert (household.members, made.members, made.head) == (2, 2, spouse)
    mina.refresh_from_db()
    typed = {"version": mina.version, "other": str(household.pk), "role": "child"}
    assert assessor.post(f"/persons/{mina.pk}/move/", typed).url == address
    household.refresh_from_db()
    typed = {"version": household.version, "other": str(made.pk)}
    assert assessor.post(f"{address}merge/", typed).status_code == 302
    household.refresh_from_db()
    made.refresh_from_db()
    assert (household.members, made.state) == (4, "merged")


def test_the_head_leaves_only_when_another_is_named(household, register, assessor):
    other = register("city", people=[FAMILY[1].__class__(name=FAMILY[1].name, role="head")])
    head = household.head
    typed = {"version": head.version, "other": str(other.pk), "role": "other"}
    assert "سرپرست می‌رود" in assessor.post(f"/persons/{head.pk}/move/", typed).content.decode()
    spouse = household.memberships.get(role="spouse").person
    assert assessor.post(f"/persons/{head.pk}/move/", typed | {"head": str(spouse.pk)}).status_code == 302


def test_a_household_is_registered_by_hand(cast, assessor):
    typed = {"area": "7701012000", "given": "رضا", "family": "کاظمی", "identity": "123", "birth_date": "1360/01/01"}
    made = Household.objects.get(pk=assessor.post(f"{LIST}new/", typed).url.split("/")[-2])
    assert (made.head.mask, made.head.identifiers.get().fault) == ("ر. ک.", "length")
    assert made.provenance["area"][2] == "بنیاد سپیدار"


def test_cover_and_the_newest_decile(household, assessor):
    typed = {"decile": "4", "source": "فهرست دهک‌ها", "as_of": "1405/07/01"}
    assert assessor.post(f"{LIST}{household.pk}/cover/", typed).status_code == 302
    household.refresh_from_db()
    assert household.decile == 4


def test_only_assessors_change(cast, household, signed_in):
    for name in ("mayor", "director", "officer"):
        assert signed_in(cast.actors[name]).get(f"{LIST}{household.pk}/facts/").status_code == 403, name


def test_an_identity_is_shown_once_with_a_reason_and_written_down(cast, household, signed_in):
    client, head = signed_in(cast.director), household.head
    address = f"/persons/{head.pk}/identity/"
    assert "حسینی" not in client.get(address).content.decode()
    assert "حسینی" not in client.post(address, {"reason": " "}).content.decode()
    answer = client.post(address, {"reason": "تماس برای بازدید"})
    page = answer.content.decode()
    assert "سیّد رضا حسینی‌نژاد" in page
    assert "۰۴۹۹۳۷۰۸۹۹" in page
    assert "کوچهٔ سوم" in page
    assert answer.headers["Cache-Control"] == "no-store"
    event = AuditEvent.objects.last()
    assert (event.action, event.person_id) == ("identity.revealed", head.pk)
    assert signed_in(cast.mayor).post(address, {"reason": "x"}).status_code == 403
    assert signed_in(cast.outsider).post(address, {"reason": "x"}).status_code == 404


def test_beyond_the_budget_another_organisation_reads_of_it(cast, household, signed_in, monkeypatch):
    monkeypatch.setattr("hamyar_server.registry.revealing.BUDGET", 1)
    client = signed_in(cast.social_manager)
    monkeypatch.setitem(
        __import__("hamyar_server.organisations.mandates", fromlist=["JOBS"]).JOBS,
        "officer",
        frozenset({"deliver", "see_identities"}),
    )
    from hamyar_server.organisations.granting import grant

    grant(
        by=cast.director, holder=cast.organisations["social"], functions=["see_identities"],
        area=cast.areas["province"], reason="پیگیری",
    )  # fmt: skip
    for membership in household.memberships.all()[:2]:
        client.post(f"/persons/{membership.person_id}/identity/", {"reason": "تماس"})
    director = signed_in(cast.director)
    page = director.get("/alarms/").content.decode()
    assert "نقش social_manager" in page
    assert "نقش social_manager" not in signed_in(cast.outsider).get("/alarms/").content.decode()
    alarm = Alarm.objects.get()
    assert signed_in(cast.outsider).post(f"/alarms/{alarm.pk}/seen/").status_code == 404
    director.post(f"/alarms/{alarm.pk}/seen/")
    alarm.refresh_from_db()
    assert alarm.seen_at
    assert AuditEvent.objects.last().action == "alarm.seen"


def test_sensitive_matters_need_consent_and_go_with_it(cast, household, assessor, signed_in):
    head = household.head
    typed = {"kind": "بیماری", "detail": "دیالیز"}
    assert "نخست رضایت" in assessor.post(f"/persons/{head.pk}/sensitive/new/", typed).content.decode()
    consent = {"purpose": "sensitive", "evidence": "فرم ۱۲", "given_on": "1405/01/01"}
    assert assessor.post(f"/persons/{head.pk}/consent/", consent).status_code == 302
    assert assessor.post(f"/persons/{head.pk}/sensitive/new/", typed).status_code == 302
    director = signed_in(cast.director)
    assert "دیالیز" not in director.get(f"{LIST}{household.pk}/").content.decode()
    assert "دیالیز" in director.post(f"/persons/{head.pk}/sensitive/", {"reason": "کمک درمان"}).content.decode()
    assert AuditEvent.objects.last().action == "sensitive.revealed"
    assert assessor.post(f"/persons/{head.pk}/sensitive/", {"reason": "x"}).status_code == 403
    assessor.post(f"/consents/{head.consents.get().pk}/withdraw/")
    assert "دیالیز" not in director.post(f"/persons/{head.pk}/sensitive/", {"reason": "باز"}).content.decode()


def test_a_person_is_erased_by_the_director_who_confirms(cast, household, assessor, signed_in):
    director, head = signed_in(cast.director), household.head
    address = f"/persons/{head.pk}/erase/"
    assert assessor.post(address, {"ground": "request", "sure": "on"}).status_code == 403
    director.post(address, {"ground": "request"})
    head.refresh_from_db()
    assert head.erased_at is None, "not confirmed"
    assert director.post(address, {"ground": "request", "sure": "on"}).status_code == 302
    head.refresh_from_db()
    assert head.erased_at
    assert str(head) == str(head.pk)
    assert "س. ح." not in searched(director, "رضا حسینی نژاد")
    assert "پاک شد" in director.get(f"/audit/persons/{head.pk}/").content.decode()


def test_the_audit_is_read_by_person_household_and_area(cast, household, assessor, signed_in):
    changed(assessor, household, rooms="4")
    director = signed_in(cast.director)
    for address in (f"/audit/households/{household.pk}/", "/audit/", "/audit/?area=7701"):
        assert "تعداد اتاق" in director.get(address).content.decode(), address
    assert "تعداد اتاق" not in director.get("/audit/?area=7702").content.decode()
    assert "ثبت فرد" in director.get(f"/audit/persons/{household.head.pk}/").content.decode()
    for address in ("/audit/", f"/audit/persons/{household.head.pk}/"):
        assert assessor.get(address).status_code == 403
    assert "تعداد اتاق" not in signed_in(cast.outsider).get("/audit/").content.decode()
    assert signed_in(cast.outsider).get(f"/audit/persons/{household.head.pk}/").status_code == 404


def test_history_says_who_and_which_fields(cast, household, assessor, signed_in):
    changed(assessor, household, rooms="4")
    page = signed_in(cast.director).get(f"{LIST}{household.pk}/").content.decode()
    assert "نقش assessor" in page
    assert "بنیاد سپیدار" in page
    assert actions.FACTS["rooms"].title in page
