"""The decision: a public category, an internal reason, and where each accepted need goes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from hamyar.errors import HamyarError
from hamyar_server.core.models import AuditEvent
from hamyar_server.intake import actions as intake
from hamyar_server.intake.models import Candidate, PublicCategory
from hamyar_server.organisations.actions import add_member
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import NotAllowed
from hamyar_server.organisations.models import Job
from hamyar_server.programmes.actions import ACCEPTING, DECLINING, decide
from hamyar_server.programmes.models import Programme, ProgrammeNeed, Route
from tests.hamyar_server.cast import nomination

INSIDE = "در فهرست محرمانهٔ سال آینده است."


@pytest.fixture
def verified(cast):
    candidate = nomination(cast.mayor, cast.areas["margin"], "school", "livelihood")
    return intake.verify(by=cast.officer, candidate=candidate, version=1)


def decided(by, candidate, category=PublicCategory.PRIORITY, accept=True):
    return decide(
        by=by, candidate=candidate, version=2, accept=accept, public_category=category, internal_reason=INSIDE
    )


def test_each_category_says_one_way():
    assert set(ACCEPTING) | set(DECLINING) == set(PublicCategory)
    assert not set(ACCEPTING) & set(DECLINING)


def test_an_accepted_need_goes_to_its_programme_and_one_event_says_so(cast, verified):
    before = AuditEvent.objects.count()
    found = decided(cast.director, verified)
    assert (found.state, found.public_category, found.decided_by) == ("accepted", "priority", cast.director.user)
    routes = {route.need_id: route.programme.organisation for route in Route.objects.all()}
    assert routes == {"school": cast.organisations["infrastructure"], "livelihood": cast.organisations["social"]}
    assert AuditEvent.objects.count() == before + 1
    event = AuditEvent.objects.of(found).last()
    assert event.action == "candidate.accepted"
    assert set(event.fields["routes"]) == {"school", "livelihood"}
    assert INSIDE not in str(event.fields)


def test_what_is_declined_goes_nowhere(cast, verified):
    before = AuditEvent.objects.count()
    assert decided(cast.director, verified, PublicCategory.COVERED, accept=False).state == "declined"
    assert not Route.objects.exists()
    assert AuditEvent.objects.count() == before + 1


@pytest.mark.parametrize(("category", "accept"), [("covered", True), ("priority", False), ("", True), ("x", False)])
def test_a_category_of_the_other_kind_is_refused(cast, verified, category, accept):
    with pytest.raises(HamyarError, match="HY-W001"):
        decided(cast.director, verified, category, accept)
    assert Candidate.objects.get().state == "verified"


@pytest.mark.parametrize("name", ["mayor", "officer", "statistician", "social_manager", "governor", "outsider"])
def test_nobody_else_decides(cast, verified, name):
    before = AuditEvent.objects.count()
    with pytest.raises(NotAllowed):
        decided(cast.actors[name], verified)
    assert (Candidate.objects.get().state, AuditEvent.objects.count()) == ("verified", before)


@pytest.mark.parametrize("hat", ["nominator", "verifier"])
def test_nobody_decides_on_what_they_put_forward_or_verified(cast, verified, hat):
    user = getattr(verified, hat)
    seat = add_member(by=None, user=user, organisation=cast.organisations["foundation"], job=Job.DIRECTOR)
    with pytest.raises(NotAllowed):
        decided(Actor(user, seat), verified)
    assert Candidate.objects.get().state == "verified"


@pytest.mark.parametrize("state", ["nominated", "returned", "accepted", "declined"])
def test_only_what_is_verified_is_decided_on(cast, verified, state):
    Candidate.objects.update(state=state)
    with pytest.raises(HamyarError, match="HY-N004"):
        decided(cast.director, verified)
    assert (Candidate.objects.get().state, Route.objects.count()) == (state, 0)


@pytest.mark.parametrize(
    ("since", "until", "serves"),
    [(0, None, True), (1, None, False), (-9, 0, True), (-9, -1, False), (0, 0, True), (-9, 9, True), (1, 9, False)],
)
def test_a_need_goes_where_the_row_of_that_day_says(cast, verified, since, until, serves):
    today = timezone.localdate()
    ProgrammeNeed.objects.filter(need="school").update(
        since=today + timedelta(days=since), until=None if until is None else today + timedelta(days=until)
    )
    if serves:
        decided(cast.director, verified)
        assert Route.objects.filter(need="school").count() == 1
        return
    before = AuditEvent.objects.count()
    with pytest.raises(HamyarError, match="HY-W002"):
        decided(cast.director, verified)
    assert (Candidate.objects.get().state, Route.objects.count(), AuditEvent.objects.count()) == ("verified", 0, before)


def test_a_need_that_two_programmes_serve_goes_to_both_once(cast, verified):
    both = Programme.objects.get(organisation=cast.organisations["social"])
    for days in (0, 5):
        since = timezone.localdate() - timedelta(days=days)
        ProgrammeNeed.objects.create(programme=both, need_id="school", since=since)
    decided(cast.director, verified)
    assert Route.objects.filter(need="school").count() == 2


def test_the_nominator_reads_state_category_and_date_and_no_internal_reason(cast, verified, signed_in):
    decided(cast.director, verified, PublicCategory.COVERED, accept=False)
    for name, reads in [
        ("mayor", False),
        ("deputy", False),
        ("officer", False),
        ("statistician", False),
        ("assessor", False),
        ("social_manager", False),
        ("director", True),
    ]:
        page = signed_in(cast.actors[name]).get(f"/nominations/{verified.pk}/")
        assert page.status_code == 200
        assert "پذیرفته نشد" in page.text
        assert "تحت پوشش سازمانی دیگر" in page.text  # the public category
        assert (INSIDE in page.text) is reads, name


def test_the_director_decides_on_a_page_and_the_second_is_told(cast, verified, signed_in):
    client = signed_in(cast.director)
    address = f"/nominations/{verified.pk}/decide/"
    assert client.get(address).status_code == 200
    form = {"public_category": "urgent", "internal_reason": INSIDE, "version": 2}
    assert client.post(address, form | {"public_category": "both"}).status_code == 200
    assert client.post(address, form | {"internal_reason": ""}).status_code == 200
    assert Candidate.objects.get().state == "verified"
    assert client.post(address, form | {"version": "999999999999999999999"}).status_code == 302
    assert Candidate.objects.get().state == "verified"
    assert client.post(address, form).url == f"/nominations/{verified.pk}/"
    assert Candidate.objects.get().state == "accepted"
    assert client.post(address, form | {"public_category": "covered"}).status_code == 302
    assert Candidate.objects.get().public_category == "urgent"


@pytest.mark.parametrize(
    ("name", "status"),
    [("director", 200), ("statistician", 200), ("social_manager", 200), ("outsider", 200), ("mayor", 403)]
    + [("officer", 403), ("assessor", 403), ("administrator", 403)],
)
def test_the_joint_list_is_for_those_who_decide_deliver_or_analyse(cast, verified, signed_in, name, status):
    page = signed_in(cast.actors[name]).get("/places/")
    assert page.status_code == status
    assert ("باغ‌های پایین" in page.text) is (status == 200 and name != "outsider")
