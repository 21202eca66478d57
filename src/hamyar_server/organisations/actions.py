"""What changes organisations, people and sessions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, timedelta

from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from hamyar.errors import error
from hamyar_server.areas.models import Area
from hamyar_server.core import audit
from hamyar_server.organisations import granting, mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.imports import import_areas, import_boundaries, undo_import
from hamyar_server.organisations.models import Membership, Organisation, OrganisationKind, SignInFailure, User

__all__ = ["add_member", "found", "import_areas", "import_boundaries", "sign_in", "undo_import"]

FAILURES = 5  # of one name or from one address, within the window
WINDOW = timedelta(minutes=15)


class LockedOutError(Exception):
    """Wait: too many wrong passwords for this name or from this address."""


def sign_in(*, request: HttpRequest, name: str, password: str) -> User | None:
    """The user with this name and password, or None, whichever of the two was wrong. Raises LockedOutError."""
    address = request.META.get("REMOTE_ADDR") or None
    recent = SignInFailure.objects.filter(at__gte=timezone.now() - WINDOW)
    if recent.filter(name=name[:150]).count() >= FAILURES or (
        address and recent.filter(address=address).count() >= 10 * FAILURES
    ):
        raise LockedOutError
    user = authenticate(request, username=name, password=password)
    if user is None:
        SignInFailure.objects.filter(at__lt=timezone.now() - WINDOW).delete()
        SignInFailure.objects.create(name=name[:150], address=address)
        return None
    with transaction.atomic():
        SignInFailure.objects.filter(name=name[:150]).delete()
        audit.record(None, "user.signed_in", user)
    return user


@transaction.atomic
def found(
    *, by: Actor | None, kind: str, name_fa: str, name_en: str, area: Area, parent: Organisation | None = None
) -> Organisation:
    """Add an organisation with its area; by None is the operator at the server's own command line."""
    if by is not None:
        mandates.require(by, mandates.Function.ADMINISTER, area)
    made = Organisation.objects.create(kind=kind, name_fa=name_fa, name_en=name_en, area=area, parent=parent)
    if kind == OrganisationKind.FOUNDATION and by is None:
        granting.establish(made)
    audit.record(by, "organisation.founded", made, area=area, kind=kind)
    return made


@transaction.atomic
def place_under(*, by: Actor, organisation: Organisation, parent: Organisation | None) -> Organisation:
    """Move an organisation in the tree. Raises HamyarError HY-G030 for a circle."""
    mandates.require(by, mandates.Function.ADMINISTER, organisation.area)
    if parent is not None and Organisation.objects.tree(organisation).filter(pk=parent.pk).exists():
        raise error(
            "HY-G030",
            column="parent",
            en=f"{parent} stands below {organisation}: the tree would become a circle. Choose another.",
            fa=f"«{parent}» خود زیرمجموعهٔ «{organisation}» است و درخت سازمان‌ها دور می‌شود. سازمان دیگری انتخاب کنید.",
        )
    organisation.parent = parent
    organisation.save()
    audit.record(by, "organisation.moved", organisation, area=organisation.area, parent=str(parent and parent.pk))
    return organisation


@transaction.atomic
def add_member(
    *,
    by: Actor | None,
    user: User,
    organisation: Organisation,
    job: str,
    deputy_of: Membership | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Membership:
    """Give a user a job in an organisation, or make them the named deputy of one who holds it. Raises HamyarError HY-O001, HY-O002."""
    if by is not None:
        granting.require_over(by, organisation)
    since = since or timezone.localdate()
    _sound(organisation, job, deputy_of, since, until)
    made = Membership.objects.create(
        user=user, organisation=organisation, job=job, deputy_of=deputy_of, since=since, until=until
    )
    if pair := mandates.clash(user):
        raise granting.clashing(user, pair)
    audit.record(by, "membership.added", made, area=organisation.area, user=str(user.pk), job=job)
    return made


@dataclass(frozen=True)
class Engaged:
    """membership: the new one; password: for the first sign-in, shown once, where the user is new."""

    membership: Membership
    password: str | None


@transaction.atomic
def engage(
    *, by: Actor, organisation: Organisation, user_name: str, job: str, title_fa: str = "", until: date | None = None
) -> Engaged:
    """Give the person with this user name a job, making the user where there is none.

    Raises HamyarError HY-G031 where they hold it already, HY-G032 where nobody within the acting organisation knows them.
    """
    granting.require_over(by, organisation)
    user, password = User.objects.filter(username=user_name).first(), None
    if user is None:
        password = secrets.token_urlsafe(9)
        user = User.objects.create_user(user_name, password=password, title_fa=title_fa, must_change_password=True)
        audit.record(by, "user.made", user, area=organisation.area)
    elif not granting.knows(by, user):
        raise error(
            "HY-G032",
            column="user_name",
            en="this user name belongs to somebody outside your organisations. Choose another name, or ask an organisation above both.",
            fa="این نام کاربری از آنِ کسی بیرون از سازمان‌های شماست. نام دیگری برگزینید یا از سازمانی که بالادست هر دو است بخواهید.",
        )
    elif user.memberships.living().filter(organisation=organisation, job=job).exists():
        raise error(
            "HY-G031",
            column="user_name",
            en=f"{user} holds this job here already.",
            fa=f"{user} همین سمت را در این سازمان دارد.",
        )
    return Engaged(add_member(by=by, user=user, organisation=organisation, job=job, until=until), password)


@transaction.atomic
def end_membership(*, by: Actor, membership: Membership) -> Membership:
    """From today on the person no longer acts for the organisation, nor do their deputies."""
    granting.require_over(by, membership.organisation)
    today = timezone.localdate()
    ended = Membership.objects.filter(Q(pk=membership.pk) | Q(deputy_of=membership.pk))
    ended.update(until=today - timedelta(days=1))
    audit.record(by, "membership.ended", membership, area=membership.organisation.area, user=str(membership.user_id))
    membership.refresh_from_db()
    return membership


def _sound(organisation: Organisation, job: str, deputy_of: Membership | None, since: date, until: date | None) -> None:
    if until and until < since:
        raise error(
            "HY-O001",
            column="until",
            en="the membership would end before it begins. Mend one of the dates.",
            fa="پایان عضویت پیش از آغاز آن است. یکی از دو تاریخ را اصلاح کنید.",
        )
    if deputy_of and (deputy_of.organisation_id, deputy_of.job, deputy_of.deputy_of_id) != (organisation.pk, job, None):
        raise error(
            "HY-O002",
            column="deputy_of",
            en="a deputy stands in for one who holds the same job in the same organisation, and not for a deputy. Choose that person.",
            fa="جانشین فقط به جای کسی می‌نشیند که همان سمت را در همان سازمان دارد و خود جانشین نیست. همان شخص را برگزینید.",
        )
