"""What changes organisations, people and sessions."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib.auth import authenticate
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from hamyar_server.areas.models import Area
from hamyar_server.core import audit
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.imports import import_areas, import_boundaries, undo_import
from hamyar_server.organisations.models import Membership, Organisation, SignInFailure, User

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
    audit.record(by, "organisation.founded", made, area=area, kind=kind)
    return made


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
    """Give a user a job in an organisation, or make them the named deputy of one who holds it."""
    if by is not None:
        mandates.require(by, mandates.Function.MANAGE_PEOPLE, organisation.area)
    made = Membership.objects.create(
        user=user,
        organisation=organisation,
        job=job,
        deputy_of=deputy_of,
        since=since or timezone.localdate(),
        until=until,
    )
    audit.record(by, "membership.added", made, area=organisation.area, user=str(user.pk), job=job)
    return made
