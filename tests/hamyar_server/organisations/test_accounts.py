"""Signing in with a second factor, sessions, and what is lost and reset."""

from __future__ import annotations

import re
import time

import pyotp
import pytest
from django.test import Client
from django.urls import reverse

from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations import access
from hamyar_server.organisations.actors import NEED_SECOND_FACTOR
from hamyar_server.organisations.mandates import JOBS, Function
from hamyar_server.organisations.models import SecondFactor, SignedIn

PASSWORD = "کوهستان-بلند-۱۴۰۵"
SIGN_IN, CODE = "/sign-in/", "/sign-in/code/"


@pytest.fixture
def director(cast):
    """A director with a password and no second factor yet."""
    user = cast.director.user
    SecondFactor.objects.filter(user=user).delete()
    user.set_password(PASSWORD)
    user.save()
    return user


def enter(user, client: Client | None = None):
    client = client or Client()
    return client, client.post(SIGN_IN, {"name": user.username, "password": PASSWORD})


def enrol(user) -> tuple[pyotp.TOTP, list[str]]:
    client, _ = enter(user)
    totp = pyotp.TOTP(client.get("/account/second-factor/").context["secret"])
    page = client.post("/account/second-factor/", {"code": totp.now()})
    return totp, page.context["codes"]


def test_the_jobs_that_decide_need_a_second_factor():
    assert {job for job, functions in JOBS.items() if Function.DECIDE in functions} == NEED_SECOND_FACTOR


def test_a_decider_is_led_to_a_second_factor_before_anything_else(director):
    client, answer = enter(director)
    assert answer.url == "/"
    assert client.get("/").url == "/account/second-factor/"
    assert client.get(reverse("organisations:list")).url == "/account/second-factor/"


def test_others_need_none(cast):
    cast.mayor.user.set_password(PASSWORD)
    cast.mayor.user.save()
    client, answer = enter(cast.mayor.user)
    assert client.get(answer.url).status_code == 200


def test_after_the_password_comes_the_code(director):
    totp, _ = enrol(director)
    client, answer = enter(director)
    assert answer.url == CODE
    assert client.get("/").url.startswith(SIGN_IN), "the password alone opens nothing"
    assert client.post(CODE, {"code": "000000"}).status_code == 200
    assert client.post(CODE, {"code": later(totp)}).url == "/"
    assert client.get("/").status_code == 200


def later(totp: pyotp.TOTP) -> str:
    """The code of the next step: the one of now was used to enrol."""
    return totp.at(int(time.time()) + access.STEP)


def test_persian_digits_of_a_code_are_read(director):
    from hamyar.persian import persian_digits

    totp, _ = enrol(director)
    client, _ = enter(director)
    assert client.post(CODE, {"code": persian_digits(later(totp))}).status_code == 302


def test_a_code_is_taken_once(director):
    totp, _ = enrol(director)
    code = later(totp)
    assert enter(director)[0].post(CODE, {"code": code}).status_code == 302
    assert enter(director)[0].post(CODE, {"code": code}).status_code == 200


def test_a_recovery_code_is_taken_once(director):
    _, codes = enrol(director)
    assert len(set(codes)) == access.CODES
    assert enter(director)[0].post(CODE, {"code": codes[0]}).status_code == 302
    assert enter(director)[0].post(CODE, {"code": codes[0]}).status_code == 200
    assert enter(director)[0].post(CODE, {"code": codes[1].upper()}).status_code == 302


def test_after_five_wrong_codes_the_right_one_waits(director):
    totp, codes = enrol(director)
    client, _ = enter(director)
    for _ in range(access.WRONG_CODES):
        client.post(CODE, {"code": "000000"})
    assert client.post(CODE, {"code": later(totp)}).status_code == 200
    assert client.post(CODE, {"code": codes[0]}).status_code == 200


def test_the_code_is_awaited_for_five_minutes(director, monkeypatch):
    totp, _ = enrol(director)
    client, _ = enter(director)
    now = time.time()
    monkeypatch.setattr(access.time, "time", lambda: now + 301)
    assert client.post(CODE, {"code": later(totp)}).url == SIGN_IN


def test_the_secret_is_not_in_the_database(director):
    totp, codes = enrol(director)
    row = SecondFactor.objects.get(user=director)
    assert totp.secret.encode() not in bytes(row.sealed)
    assert codes[0] not in str(row.recovery)


def test_sessions_are_listed_and_ended(cast):
    user = cast.mayor.user
    user.set_password(PASSWORD)
    user.save()
    (one, _), (other, _) = enter(user), enter(user)
    rows = one.get("/account/").context["sessions"]
    assert len(rows) == 2
    there = SignedIn.objects.get(session_key=other.session.session_key)
    assert cast.officer.user.pk != user.pk
    one.post(f"/account/sessions/{there.pk}/end/")
    assert other.get("/").url.startswith(SIGN_IN)
    assert one.get("/").status_code == 200


def test_nobody_ends_a_session_of_another(cast, signed_in):
    row = SignedIn.objects.create(user=cast.mayor.user, session_key="x" * 32)
    assert signed_in(cast.officer).post(f"/account/sessions/{row.pk}/end/").status_code == 404


def test_a_new_password_ends_the_other_sessions(cast):
    user = cast.mayor.user
    user.set_password(PASSWORD)
    user.save()
    (one, _), (other, _) = enter(user), enter(user)
    assert "new" in one.post("/account/password/", {"now": PASSWORD, "new": "short"}).context["form"].errors
    assert "now" in one.post("/account/password/", {"now": "wrong", "new": PASSWORD + "۲"}).context["form"].errors
    assert one.post("/account/password/", {"now": PASSWORD, "new": PASSWORD + "۲"}).status_code == 302
    assert one.get("/").status_code == 200
    assert other.get("/").url.startswith(SIGN_IN)


def test_a_reset_gives_a_password_once_that_must_be_changed(cast, signed_in):
    mayor = cast.mayor.user
    page = signed_in(cast.officer).post(f"/people/{mayor.pk}/reset/").content.decode()
    password = re.search(r"<code>([^<]+)</code></dd></dl>", page)[1]
    client = Client()
    client.post(SIGN_IN, {"name": mayor.username, "password": password})
    assert client.get("/").url == "/account/password/"
    assert AuditEvent.objects.filter(action="user.password_reset").count() == 1


def test_a_lost_phone_is_forgotten_only_when_said(director, cast, signed_in):
    enrol(director)
    other = cast.mayor.user
    SecondFactor.objects.create(user=other, sealed=b"x")
    officer = signed_in(cast.officer)
    officer.post(f"/people/{other.pk}/reset/")
    assert SecondFactor.objects.filter(user=other).exists()
    officer.post(f"/people/{other.pk}/reset/", {"second_factor": "1"})
    assert not SecondFactor.objects.filter(user=other).exists()


def test_nobody_resets_who_does_not_act_for_them(cast, signed_in):
    for actor, target in ((cast.officer, cast.director), (cast.governor, cast.mayor), (cast.officer, cast.officer)):
        assert signed_in(actor).post(f"/people/{target.user.pk}/reset/").status_code == 403


def test_the_page_that_offers_a_second_factor_writes_nothing_and_offers_the_same_again(director):
    client, _ = enter(director)
    before = AuditEvent.objects.count(), client.session.items()
    offered = [client.get("/account/second-factor/").context["secret"] for _ in range(2)]
    assert offered[0] == offered[1]
    assert not SecondFactor.objects.filter(user=director).exists()
    assert (AuditEvent.objects.count(), client.session.items()) == before
    assert enter(director)[0].get("/account/second-factor/").context["secret"] != offered[0], "another session, another"
    client.post("/account/second-factor/", {"code": "000000"})
    assert not SecondFactor.objects.filter(user=director).exists()


def test_a_refusal_says_why_and_not_where_the_person_works(cast, signed_in):
    page = signed_in(cast.director).post(f"/people/{cast.outsider.user.pk}/reset/")
    assert page.status_code == 403
    assert "سازمان شما برای این محدوده یا این کار اختیاری ندارد" in page.content.decode()
    assert "دریابار" not in page.content.decode()


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
            "Chrome · Linux",
        ),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome · Android"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge · Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18 Safari/604",
            "Safari · iOS",
        ),
        ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Windows"),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)
def test_a_session_names_its_browser(agent, said):
    assert SignedIn(agent=agent).browser == said
