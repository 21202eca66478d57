"""Who acts: a user and the one membership chosen for this session."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from hamyar_server.areas.models import Area
from hamyar_server.core import walls
from hamyar_server.core.questions import Question
from hamyar_server.organisations.models import (
    Job,
    Membership,
    MembershipQuerySet,
    Organisation,
    SecondFactor,
    User,
)

CHOSEN = "membership"
NEED_SECOND_FACTOR = frozenset({Job.DIRECTOR})  # jobs that decide
once: ContextVar[dict[UUID, Any] | None] = ContextVar(
    "once", default=None
)  # what a reading request asked of a membership


@dataclass(frozen=True)
class Actor:
    user: User
    membership: Membership

    @property
    def organisation(self) -> Organisation:
        return self.membership.organisation

    @property
    def area(self) -> Area:
        return self.membership.organisation.area

    @property
    def audit_user(self) -> tuple[str, str]:
        return str(self.user.pk), str(self.user)

    @property
    def audit_organisation(self) -> tuple[str, str]:
        return str(self.organisation.pk), str(self.organisation)

    @property
    def audit_membership(self) -> tuple[str, str]:
        """The membership, and whom a deputy stands in for."""
        principal = self.membership.deputy_of
        return str(self.membership.pk), str(principal.user) if principal else ""


def actor_of(request: HttpRequest) -> Actor | None:
    """The chosen membership, or the only one; none where the choice is open or has ended."""
    if not request.user.is_authenticated:
        return None
    chosen, given = request.session.get(CHOSEN), (request.user.pk, timezone.localdate())
    found = _CHOSEN(*given, UUID(chosen)) if chosen else _ANY_TWO(*given)
    if len(found) != 1:
        return None
    found[0].user = request.user
    return Actor(found[0].user, found[0])


def _living(user: UUID, day: date) -> MembershipQuerySet:
    rows = Membership.objects.living(day).filter(user=user).select_related("organisation__area", "deputy_of")
    return rows.defer("organisation__area__boundary")


_ANY_TWO: Question[Membership] = Question(lambda user, day: _living(user, day)[:2])
_CHOSEN: Question[Membership] = Question(lambda user, day, pk: _living(user, day).filter(pk=pk))


class ActorMiddleware:
    """Puts `request.actor`: an Actor or None. What somebody who signed in was shown is kept by no browser and no proxy."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = actor_of(request)
        walls.act_as(request.actor.membership.pk if request.actor else None)
        reset = once.set({} if request.method in ("GET", "HEAD") else None)
        try:
            response = self.get_response(request)
        finally:
            once.reset(reset)
        if not response.streaming:  # what streams is read behind this line; the next request says anew for whom it acts
            walls.open_again()
        if request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def lacks_second_factor(actor: Actor) -> bool:
    """Whoever decides or sees identities signs in with a second factor; the accounts of a demonstration do without."""
    if settings.DEMONSTRATION or actor.membership.job not in NEED_SECOND_FACTOR:
        return False
    return not SecondFactor.objects.filter(user=actor.user, confirmed_at__isnull=False).exists()


def actor_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for those who act: others sign in first, change a password that is not theirs alone, choose for whom they act, or take a second factor."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.must_change_password:
            return redirect("organisations:password")
        if request.actor is None:
            return redirect("organisations:choose-membership")
        if lacks_second_factor(request.actor):
            return redirect("organisations:second-factor")
        return view(request, *args, **kwargs)

    return guarded
