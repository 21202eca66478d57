"""The one gate: who may do what, where. Nothing else in the record decides it.

An organisation holds mandates: functions in an area and everything below it, from a day to a day, granted from what another holds. A
person does what their job does of what their organisation holds. `require`, `holds` and `inside` are the only rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import reduce
from operator import or_
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Concat, StrIndex
from django.utils import timezone
from django.utils.translation import gettext

from hamyar_server.areas.models import Area
from hamyar_server.core.fields import under
from hamyar_server.core.questions import Question
from hamyar_server.organisations.actors import Actor, once
from hamyar_server.organisations.models import Function, Job, Mandate, MandateQuerySet, Membership, User

__all__ = [
    "ANY",
    "APART",
    "JOBS",
    "Function",
    "NotAllowed",
    "functions_of",
    "holds",
    "inside",
    "require",
    "require_somewhere",
]

ANY = frozenset(Function)
MOST_RANGES = 100  # ranges of an index in one query
JOBS: dict[str, frozenset[Function]] = {
    Job.DIRECTOR: frozenset(
        {Function.DECIDE, Function.SEE_IDENTITIES, Function.ADMINISTER, Function.AUDIT, Function.MANAGE_PEOPLE}
    ),
    Job.OFFICER: frozenset({Function.VERIFY, Function.DELIVER, Function.SEE_IDENTITIES, Function.MANAGE_PEOPLE}),
    Job.MAYOR: frozenset({Function.NOMINATE, Function.MANAGE_PEOPLE}),
    Job.GOVERNOR: frozenset({Function.VERIFY, Function.MANAGE_PEOPLE}),
    Job.ADMINISTRATOR: frozenset({Function.NOMINATE}),
    Job.ASSESSOR: frozenset({Function.ASSESS}),
    Job.STATISTICIAN: frozenset({Function.ANALYSE}),
}
APART = ((Function.NOMINATE, Function.VERIFY), (Function.DECIDE, Function.DELIVER))  # never in one person


class NotAllowed(PermissionDenied):
    """Said in the reader's language; the page says it with status 403."""


def mandates_of(actor: Actor) -> MandateQuerySet:
    """The living mandates that the actor exercises."""
    return exercised(actor.membership)


def exercised(membership: Membership) -> MandateQuerySet:
    return _exercised(*_given(membership))


def _exercised(holder: UUID, functions: list[str], day: date) -> MandateQuerySet:
    return Mandate.objects.living(day).filter(holder=holder, function__in=functions)


def _given(membership: Membership) -> tuple[UUID, list[str], date]:
    """Who holds, what the job does of it, and today."""
    functions = sorted(map(str, JOBS.get(membership.job, ())))
    return membership.organisation_id, functions, timezone.localdate()


_HELD: Question[tuple[str, str]] = Question(lambda *given: _exercised(*given).values_list("function", "path"))


def functions_of(actor: Actor) -> frozenset[Function]:
    """What the actor may do somewhere."""
    return frozenset(Function(name) for name, _ in _held(actor))


def _held(actor: Actor) -> frozenset[tuple[str, str]]:
    """Function and path of each living mandate; read once for a page that changes nothing."""
    kept = once.get()
    if kept is None or actor.membership.pk not in kept:
        found = frozenset(_HELD(*_given(actor.membership)))
        if kept is None:
            return found
        kept[actor.membership.pk] = found
    return kept[actor.membership.pk]


def paths(actor: Actor, functions: Iterable[Function]) -> list[str]:
    """Roots of the areas in which the actor may do one of the functions."""
    wanted = set(functions)
    found = {path for function, path in _held(actor) if function in wanted}
    shortest: list[str] = []
    for path in sorted(found):
        if not any(path.startswith(f"{root}/") for root in shortest):
            shortest.append(path)
    return shortest


def inside(actor: Actor, functions: Iterable[Function] = ANY, field: str = "path") -> Q:
    """Rows whose area path lies where the actor may do one of the functions; none where there is no mandate."""
    roots = paths(actor, functions)
    if len(roots) <= MOST_RANGES:
        return reduce(or_, (under(path, field) for path in roots), Q(pk__in=[]))
    held = mandates_of(actor).filter(function__in=list(functions))
    below = StrIndex(Concat(OuterRef(field), Value("/")), Concat(F("path"), Value("/")))
    return Q(Exists(held.annotate(at=below).filter(at=1)))


def holds(actor: Actor, function: Function, area: Area) -> bool:
    """Whether a living chain of grants gives the actor the function in the area."""
    return mandates_of(actor).filter(function=function).covering(area).exists()


def require_somewhere(actor: Actor, function: Function) -> None:
    """Pass where the actor may do it in some area, or raise NotAllowed."""
    if function not in functions_of(actor):
        raise NotAllowed(gettext("Your organisation has not been given the function “%s”.") % function.label)


def require(actor: Actor, function: Function, area: Area) -> None:
    """Pass, or raise NotAllowed."""
    if holds(actor, function, area):
        return
    require_somewhere(actor, function)
    raise NotAllowed(gettext("%s lies outside your organisation's area.") % area)


def clash(user: User, more: dict[str, Iterable[str]] | None = None) -> tuple[Function, Function] | None:
    """Two functions that would meet in the person and must not.

    more: organisation's id → functions that it is about to hold besides.
    """
    held: set[str] = set()
    for membership in user.memberships.living():
        mine = JOBS.get(membership.job, frozenset())
        of_organisation = set(
            Mandate.objects.living().filter(holder=membership.organisation_id).values_list("function", flat=True)
        )
        held |= mine & (of_organisation | set((more or {}).get(str(membership.organisation_id), ())))
    return next((pair for pair in APART if held.issuperset(pair)), None)
