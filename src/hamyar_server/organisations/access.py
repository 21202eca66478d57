"""How a user enters and leaves: password, second factor, sessions, and what to do when one of them is lost."""

from __future__ import annotations

import hmac
import secrets
import time
from base64 import b32encode
from datetime import timedelta
from hashlib import sha256
from importlib import import_module

import pyotp
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils import timezone

from hamyar_server.areas.models import Area
from hamyar_server.core import audit
from hamyar_server.organisations import granting, mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import SecondFactor, SignedIn, SignInFailure, User

BACKEND = "django.contrib.auth.backends.ModelBackend"
HALF = "half_signed_in"  # the user whose password was right and whose code is awaited, since when, and where they go
PATIENCE = timedelta(minutes=5)
STEP = 30  # seconds of a code
CODES = 8  # for the day the authenticator is lost
WRONG_CODES, WINDOW = 5, timedelta(minutes=15)


def enter(request: HttpRequest, user: User, wanted: str) -> str:
    """Sign in, or ask for the code first; the address to go to."""
    if not has_second_factor(user):
        begin(request, user)
        return wanted
    request.session.cycle_key()
    request.session[HALF] = [str(user.pk), time.time(), wanted]
    return resolve_url("organisations:code")


def has_second_factor(user: User) -> bool:
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


def begin(request: HttpRequest, user: User) -> None:
    """Open the session and keep from where it began."""
    login(request, user, backend=BACKEND)
    SignedIn.objects.create(
        user=user,
        session_key=request.session.session_key or "",
        address=request.META.get("REMOTE_ADDR") or None,
        agent=request.headers.get("User-Agent", "")[:200],
    )


def half_signed_in(request: HttpRequest) -> User | None:
    """Whose code is awaited; nobody's after five minutes."""
    name, since, _wanted = request.session.get(HALF, ("", 0.0, ""))
    if time.time() - since > PATIENCE.total_seconds():
        return None
    return User.objects.filter(pk=name, is_active=True).first()


@transaction.atomic
def answer(*, request: HttpRequest, user: User, code: str) -> str | None:
    """The address to go to where the code is right; None where it is wrong, or too many were."""
    counted = f"code:{user.pk}"
    recent = SignInFailure.objects.filter(name=counted, at__gte=timezone.now() - WINDOW)
    if recent.count() >= WRONG_CODES:
        return None
    factor = SecondFactor.objects.select_for_update().get(user=user)
    if not (_accepts(factor, code) or _spends(factor, code)):
        SignInFailure.objects.create(name=counted, address=request.META.get("REMOTE_ADDR") or None)
        return None
    SignInFailure.objects.filter(name=counted).delete()
    wanted: str = request.session.pop(HALF)[2]
    begin(request, user)
    audit.record(None, "user.second_factor_used", user)
    return wanted


def _cipher() -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=b"hamyar second factor").derive(settings.SECRET_KEY.encode()))


def _seal(user: User, secret: str) -> bytes:
    nonce = secrets.token_bytes(12)
    return nonce + _cipher().encrypt(nonce, secret.encode(), str(user.pk).encode())


def secret_of(factor: SecondFactor) -> str:
    sealed = bytes(factor.sealed)
    return _cipher().decrypt(sealed[:12], sealed[12:], str(factor.user_id).encode()).decode()


def _step_of(secret: str, code: str) -> int | None:
    """The step whose code it is: that of now, or the one before or after."""
    now = int(time.time()) // STEP
    generator = pyotp.TOTP(secret)
    return next(
        (step for step in (now, now - 1, now + 1) if hmac.compare_digest(generator.at(step * STEP), code)), None
    )


def _accepts(factor: SecondFactor, code: str) -> bool:
    """Whether it is a code of about now; each is taken once."""
    step = _step_of(secret_of(factor), code)
    if step is None or step <= factor.last_step:
        return False
    factor.last_step = step
    factor.save(update_fields=["last_step"])
    return True


def _spends(factor: SecondFactor, code: str) -> bool:
    """Whether it is an unused recovery code, which is spent by this."""
    hashed = _hashed(factor.user_id, code)
    if hashed not in factor.recovery:
        return False
    factor.recovery = [one for one in factor.recovery if one != hashed]
    factor.save(update_fields=["recovery"])
    return True


def _hashed(user: object, code: str) -> str:
    return sha256(f"{user}:{code.replace('-', '').lower()}".encode()).hexdigest()


def offered(request: HttpRequest) -> str:
    """The secret that this session offers its user: derived from it, so that a page which shows it writes nothing."""
    info = f"hamyar offered factor:{request.user.pk}:{request.session.session_key}"
    return b32encode(HKDF(SHA256(), 20, salt=None, info=info.encode()).derive(settings.SECRET_KEY.encode())).decode()


def address_of(user: User, secret: str) -> str:
    """What an authenticator reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name="Hamyar")


@transaction.atomic
def confirm(*, user: User, secret: str, code: str) -> list[str] | None:
    """Take the second factor into use with its first code; gives the recovery codes, which are shown once."""
    step = _step_of(secret, code)
    if step is None or has_second_factor(user):
        return None
    codes = [f"{part[:5]}-{part[5:]}" for part in (secrets.token_hex(5) for _ in range(CODES))]
    kept = {"sealed": _seal(user, secret), "last_step": step, "recovery": [_hashed(user.pk, one) for one in codes]}
    SecondFactor.objects.update_or_create(user=user, defaults=kept | {"confirmed_at": timezone.now()})
    audit.record(None, "user.second_factor_taken", user)
    return codes


@transaction.atomic
def change_password(*, request: HttpRequest, user: User, new: str) -> None:
    """By the user; every other session of theirs ends."""
    user.set_password(new)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    end_sessions(user)
    begin(request, user)
    audit.record(None, "user.password_changed", user)


@transaction.atomic
def reset(*, by: Actor, user: User, second_factor: bool) -> str:
    """A password for the next sign-in, by whoever manages the user's people; their sessions end, and the authenticator is forgotten where it was lost."""
    area = require_reset(by, user)
    password = secrets.token_urlsafe(9)
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    if second_factor:
        SecondFactor.objects.filter(user=user).delete()
    end_sessions(user)
    audit.record(by, "user.password_reset", user, area=area, second_factor_forgotten=second_factor)
    return password


def require_reset(by: Actor, user: User) -> Area:
    """Pass where the actor manages all that the user acts for, and is somebody else; the area of the first of them."""
    memberships = list(user.memberships.living().select_related("organisation__area"))
    if not memberships or user.pk == by.user.pk:
        raise mandates.NotAllowed
    for membership in memberships:
        granting.require_over(by, membership.organisation)
    return memberships[0].organisation.area


def _store(key: str) -> SessionBase:
    return import_module(settings.SESSION_ENGINE).SessionStore(key)


def forget(request: HttpRequest) -> None:
    """The session is about to end by the user's own hand."""
    SignedIn.objects.filter(session_key=request.session.session_key).delete()


def sessions_of(user: User) -> list[SignedIn]:
    """Those that still live; the rows of ended ones go."""
    found = list(user.sessions.order_by("-at", "-id"))
    living = [one for one in found if _store(one.session_key).exists(one.session_key)]
    SignedIn.objects.filter(pk__in=[one.pk for one in found if one not in living]).delete()
    return living


@transaction.atomic
def end_session(*, user: User, session: SignedIn) -> None:
    """One of the user's own."""
    _store(session.session_key).delete()
    session.delete()
    audit.record(None, "user.session_ended", user)


def end_sessions(user: User) -> None:
    for session in user.sessions.all():
        _store(session.session_key).delete()
    user.sessions.all().delete()
