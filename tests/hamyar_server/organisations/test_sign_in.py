"""Sign-in, its lock, the choice for whom one acts, and the end of a membership."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from hamyar.errors import HamyarError
from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations import actions
from hamyar_server.organisations.actors import CHOSEN
from hamyar_server.organisations.models import Job, Membership, SignInFailure

PASSWORD = "آب و نان، هر روز"
WRONG, LOCKED = "نام کاربری یا گذرواژه درست نیست", 429


@pytest.fixture
def mayor(cast):
    user = cast.mayor.user
    user.password = make_password(PASSWORD)
    user.save()
    return user


def enter(client, name="mayor", password=PASSWORD, **more):
    return client.post("/sign-in/", {"name": name, "password": password} | more)


def test_who_knows_the_password_comes_in_and_it_is_recorded(client, mayor):
    answer = enter(client)
    assert (answer.status_code, answer.url) == (302, "/")
    assert client.get("/").context["area"].code == "7701012000"
    events = AuditEvent.objects.filter(action="user.signed_in")
    assert [event.subject_id for event in events] == [str(mayor.pk)]


def test_a_wrong_password_and_an_unknown_name_are_answered_alike(client, mayor):
    answers = [enter(client, password="not this"), enter(client, name="nobody-here")]
    texts = [answer.text.replace("nobody-here", "mayor") for answer in answers]
    import re

    plain = [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text) for text in texts]
    assert plain[0] == plain[1]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert not AuditEvent.objects.filter(action="user.signed_in").exists()


def test_an_unknown_name_costs_the_same_work_as_a_known_one(client, mayor, monkeypatch):
    """Otherwise the time of the answer says which names exist."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    hashed = []
    encode, verify = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify
    monkeypatch.setattr(Argon2PasswordHasher, "encode", lambda *a, **k: hashed.append("x") or encode(*a, **k))
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda *a, **k: hashed.append("x") or verify(*a, **k))
    work = {}
    for name in ("mayor", "nobody-here", "officer"):  # the officer has no usable password
        hashed.clear()
        enter(client, name=name, password="not this")
        work[name] = len(hashed)
    assert set(work.values()) == {1}, work


def test_passwords_are_kept_as_argon2(mayor):
    assert mayor.password.startswith("argon2$argon2id$")


def test_five_wrong_passwords_lock_the_name_for_a_quarter_of_an_hour(client, mayor):
    for _ in range(actions.FAILURES):
        assert enter(client, password="not this").status_code == 200
    assert enter(client).status_code == LOCKED  # even with the right one
    assert client.get("/").status_code == 302
    SignInFailure.objects.update(at=timezone.now() - actions.WINDOW - timedelta(seconds=1))
    assert enter(client).status_code == 302


def test_one_address_cannot_try_many_names(client, mayor):
    SignInFailure.objects.bulk_create(
        SignInFailure(name=f"name-{i}", address="127.0.0.1") for i in range(10 * actions.FAILURES)
    )
    assert enter(client).status_code == LOCKED
    assert enter(Client(REMOTE_ADDR="10.0.0.9")).status_code == 302


def test_a_success_forgets_failures_and_a_failure_those_that_lock_no_longer(client, mayor):
    enter(client, password="not this")
    enter(client)
    assert not SignInFailure.objects.exists()
    old = SignInFailure.objects.create(name="other")
    SignInFailure.objects.filter(pk=old.pk).update(at=timezone.now() - actions.WINDOW - timedelta(seconds=1))
    enter(client, password="not this")
    assert [failure.name for failure in SignInFailure.objects.all()] == ["mayor"]


def test_who_is_no_longer_active_does_not_come_in_nor_stay(client, mayor):
    enter(client)
    mayor.is_active = False
    mayor.save()
    assert client.get("/").status_code == 302
    assert enter(Client()).status_code == 200


@pytest.mark.parametrize("digits", ["mayor1405", "mayor۱۴۰۵", "mayor١٤٠٥"])
def test_a_name_in_any_digits(client, mayor, digits):
    mayor.username = "mayor1405"
    mayor.save()
    assert enter(client, name=digits).status_code == 302


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        ("/nominations/?state=verified", "/nominations/?state=verified"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("\\\\evil.example/", "/"),
        ("http:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("https://testserver@evil.example/", "/"),
        ("/%09/evil.example", "/%09/evil.example"),
        ("\t//evil.example/", "/"),
        (" //evil.example/", "/"),
        ("", "/"),
    ],
)
def test_sign_in_leads_nowhere_else(client, mayor, wanted, taken):
    assert enter(client, next=wanted).url == taken


def test_signing_out_ends_the_session_and_asks_for_a_post(client, mayor):
    enter(client)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/").url.startswith("/sign-in/")


def test_the_session_changes_its_key_when_somebody_signs_in(client, mayor):
    client.get("/sign-in/")
    session = client.session
    session["planted"] = True
    session.save()
    before = client.cookies["sessionid"].value if "sessionid" in client.cookies else session.session_key
    enter(client)
    assert client.session.session_key != before


def test_pages_of_somebody_who_signed_in_are_kept_by_nobody(cast, signed_in, client):
    assert signed_in(cast.mayor).get("/").headers["Cache-Control"] == "private, no-store"
    assert "no-store" in client.get("/sign-in/").headers["Cache-Control"]


def test_with_two_memberships_one_is_chosen_for_the_session(cast, client):
    user = cast.mayor.user
    other = actions.add_member(
        by=None, user=user, organisation=cast.organisations["other_municipality"], job=Job.ASSESSOR
    )
    client.force_login(user)
    assert client.get("/").url == "/acting-for/"
    assert str(other.pk) in client.get("/acting-for/").text
    assert client.post("/acting-for/", {"membership": str(other.pk)}).status_code == 302
    assert client.get("/").context["area"].code == "7702012000"


@pytest.mark.parametrize("given", ["", "not-a-uuid", "{officer}", "{ended}", None])
def test_nobody_chooses_a_membership_that_is_not_theirs_or_has_ended(cast, client, given):
    ended = actions.add_member(
        by=None, user=cast.mayor.user, organisation=cast.organisations["other_municipality"], job=Job.MAYOR
    )
    Membership.objects.filter(pk=ended.pk).update(since="2020-01-01", until="2021-01-01")
    client.force_login(cast.mayor.user)
    posted = {} if given is None else {"membership": given.format(officer=cast.officer.membership.pk, ended=ended.pk)}
    assert client.post("/acting-for/", posted).status_code == 404
    assert CHOSEN not in client.session


def test_who_belongs_to_nobody_acts_for_nobody(cast, client):
    client.force_login(cast.unattached)
    assert client.get("/").url == "/acting-for/"
    assert "عضویت" in client.get("/acting-for/").text


@pytest.mark.parametrize(
    ("since", "until", "lives"),
    [(0, None, True), (0, 0, True), (-9, 0, True), (-9, -1, False), (1, None, False), (1, 9, False), (-9, 9, True)],
)
def test_a_membership_holds_from_its_first_to_its_last_day(cast, signed_in, since, until, lives):
    today = timezone.localdate()
    Membership.objects.filter(pk=cast.mayor.membership.pk).update(
        since=today + timedelta(days=since), until=None if until is None else today + timedelta(days=until)
    )
    assert (signed_in(cast.mayor).get("/").status_code == 200) is lives


def test_a_membership_that_ends_during_the_session_ends_the_acting(cast, signed_in):
    client = signed_in(cast.mayor)
    assert client.get("/nominations/new/").status_code == 200
    Membership.objects.filter(pk=cast.mayor.membership.pk).update(until=timezone.localdate() - timedelta(days=1))
    assert client.get("/nominations/new/").url == "/acting-for/"


def test_a_deputy_acts_as_long_as_the_one_they_stand_in_for(cast, signed_in):
    client = signed_in(cast.deputy)
    assert client.get("/nominations/new/").status_code == 200
    Membership.objects.filter(pk=cast.mayor.membership.pk).update(until=timezone.localdate() - timedelta(days=1))
    assert client.get("/nominations/new/").url == "/acting-for/"


def test_a_deputy_is_named_in_the_same_organisation_and_job_and_not_for_a_deputy(cast):
    wrong = [
        {"organisation": cast.organisations["other_municipality"], "job": Job.MAYOR},
        {"organisation": cast.organisations["municipality"], "job": Job.ASSESSOR},
    ]
    for changes in wrong:
        with pytest.raises(HamyarError, match="HY-O002"):
            actions.add_member(by=None, user=cast.unattached, deputy_of=cast.mayor.membership, **changes)
    with pytest.raises(HamyarError, match="HY-O002"):
        actions.add_member(
            by=None,
            user=cast.unattached,
            organisation=cast.organisations["municipality"],
            job=Job.MAYOR,
            deputy_of=cast.deputy.membership,
        )
    assert not cast.unattached.memberships.exists()


def test_a_membership_does_not_end_before_it_begins(cast):
    today = timezone.localdate()
    with pytest.raises(HamyarError, match="HY-O001"):
        actions.add_member(
            by=None,
            user=cast.unattached,
            organisation=cast.organisations["municipality"],
            job=Job.ASSESSOR,
            until=today - timedelta(days=1),
        )
