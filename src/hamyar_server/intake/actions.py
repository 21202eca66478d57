"""What is done with a candidate, each step one act with its audit event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from hamyar.errors import HamyarError, error
from hamyar_server.areas.models import PLACES, Area
from hamyar_server.core import audit
from hamyar_server.intake.models import BRANCH, Candidate, State
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function
from hamyar_server.organisations.models import Organisation
from hamyar_server.registry.models import Need

DAYS_TO_DECIDE = 30  # from verification; the date that binds the foundation


@transaction.atomic
def nominate(
    *, by: Actor, area: Area, needs: Sequence[Need], reason: str, letter_number: str, letter_date: date
) -> Candidate:
    """Put a place forward on behalf of the acting user's organisation. Raises HamyarError HY-N001 to HY-N003, HY-N006."""
    mandates.require(by, Function.NOMINATE, area)
    _lived_in(area)
    _sound(needs, letter_date)
    try:
        with transaction.atomic():
            candidate = Candidate.objects.create(
                area=area,
                nominated_by=by.organisation,
                nominator=by.user,
                reason=reason,
                letter_number=letter_number,
                letter_date=letter_date,
            )
    except IntegrityError:
        raise _already(area) from None
    candidate.needs.set(needs)
    audit.record(
        by, "candidate.nominated", candidate, area=area, needs=[need.pk for need in needs], letter=letter_number
    )
    return candidate


def _lived_in(area: Area) -> None:
    if area.kind not in PLACES or not area.inhabited:
        raise error(
            "HY-N006",
            column="area",
            en=f"{area} is no place where people live. Put forward a city, a neighbourhood or an inhabited village.",
            fa=f"{area} محل سکونت نیست. شهر، محله یا روستای دارای سکنه را معرفی کنید.",
        )


def _sound(needs: Sequence[Need], letter_date: date) -> None:
    if not needs:
        raise error(
            "HY-N001",
            column="needs",
            en="no need is ticked. Tick at least one.",
            fa="هیچ نیازی انتخاب نشده است. دست‌کم یکی را انتخاب کنید.",
        )
    if letter_date > timezone.localdate():
        raise error(
            "HY-N002",
            column="letter_date",
            en="the letter's date lies in the future. Write the date on the letter.",
            fa="تاریخ نامه در آینده است. تاریخ درج‌شده در نامه را بنویسید.",
        )


def _already(area: Area) -> HamyarError:
    return error(
        "HY-N003",
        column="area",
        en=f"your organisation has put {area} forward already and it is still open. See it in the list of nominations.",
        fa=f"سازمان شما {area} را پیش‌تر معرفی کرده و هنوز در جریان است. آن را در فهرست معرفی‌ها ببینید.",
    )


@transaction.atomic
def verify(*, by: Actor, candidate: Candidate, version: int, decide_by: date | None = None) -> Candidate:
    """Confirm a nomination; from now on a date binds the foundation."""
    require_verifier(by, candidate)
    _change(candidate, version, [State.NOMINATED])
    candidate.state = State.VERIFIED
    candidate.verified_by, candidate.verifier, candidate.verified_at = by.organisation, by.user, timezone.now()
    candidate.decide_by = decide_by or timezone.localdate() + timedelta(days=DAYS_TO_DECIDE)
    candidate.save()
    audit.record(by, "candidate.verified", candidate, area=candidate.area, decide_by=candidate.decide_by)
    return candidate


@transaction.atomic
def return_to_nominator(*, by: Actor, candidate: Candidate, version: int, note: str) -> Candidate:
    """Give it back with what is missing; the nominator mends and sends it again."""
    require_verifier(by, candidate)
    if not note.strip():
        raise error("HY-N005", column="note", en="say what is missing.", fa="بنویسید چه چیزی کم است.")
    _change(candidate, version, [State.NOMINATED])
    candidate.state, candidate.note = State.RETURNED, note
    candidate.save()
    audit.record(by, "candidate.returned", candidate, area=candidate.area)
    return candidate


@transaction.atomic
def send_again(*, by: Actor, candidate: Candidate, version: int, reason: str) -> Candidate:
    """The nominator answers what was missing."""
    mandates.require(by, Function.NOMINATE, candidate.area)
    if candidate.nominated_by_id != by.organisation.pk:
        raise mandates.NotAllowed(_("Another organisation put this place forward."))
    _change(candidate, version, [State.RETURNED])
    candidate.state, candidate.reason = State.NOMINATED, reason
    candidate.save()
    audit.record(by, "candidate.sent_again", candidate, area=candidate.area)
    return candidate


@transaction.atomic
def record_decision(
    *,
    by: Actor,
    candidate: Candidate,
    version: int,
    accept: bool,
    public_category: str,
    internal_reason: str,
    routes: dict[str, list[str]],
) -> Candidate:
    """The decision on a verified candidate; called by the action of the programmes, which routes what was accepted.

    routes: need → ids of the programmes that it goes to, for the audit.
    """
    mandates.require(by, Function.DECIDE, candidate.area)
    if by.user.pk in (candidate.nominator_id, candidate.verifier_id):
        raise mandates.NotAllowed(_("Nobody decides on what they nominated or verified."))
    _change(candidate, version, [State.VERIFIED])
    candidate.state = State.ACCEPTED if accept else State.DECLINED
    candidate.public_category, candidate.internal_reason = public_category, internal_reason
    candidate.decided_by, candidate.decided_at = by.user, timezone.now()
    candidate.save()
    audit.record(
        by,
        f"candidate.{candidate.state}",
        candidate,
        area=candidate.area,
        public_category=public_category,
        routes=routes,
    )
    return candidate


def verifies(organisation: Organisation, candidate: Candidate) -> bool:
    """Each branch verifies its own: the cooperation organisation municipalities, the district governor village administrations."""
    return BRANCH.get(organisation.kind) == candidate.nominated_by.kind


def require_verifier(by: Actor, candidate: Candidate) -> None:
    mandates.require(by, Function.VERIFY, candidate.area)
    if not verifies(by.organisation, candidate):
        raise mandates.NotAllowed(_("This nomination belongs to another branch."))
    if candidate.nominator_id == by.user.pk:
        raise mandates.NotAllowed(_("Nobody verifies their own nomination."))


def _change(candidate: Candidate, version: int, expected: Sequence[str]) -> None:
    """Take the row for this change, or say that somebody was faster."""
    moved = Candidate.objects.filter(pk=candidate.pk, version=version, state__in=expected).update(version=version + 1)
    if not moved:
        raise error(
            "HY-N004",
            en="somebody else has changed this nomination meanwhile. Look at it again; nothing of yours was saved.",
            fa="در این میان شخص دیگری این معرفی را تغییر داده است. دوباره آن را ببینید؛ تغییر شما ذخیره نشد.",
        )
    candidate.refresh_from_db()
