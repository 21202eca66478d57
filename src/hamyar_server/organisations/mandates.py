"""The one gate: who may do what, where. Nothing else in the record decides it.

What an organisation may do follows from its kind and its area; agreements with dated mandates take this table's place without a
change to `require` and `holds`.
"""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hamyar_server.areas.models import Area
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Job, OrganisationKind


class Function(models.TextChoices):
    NOMINATE = "nominate", _("nominate")
    ASSESS = "assess", _("assess")
    VERIFY = "verify", _("verify")
    DECIDE = "decide", _("decide")
    DELIVER = "deliver", _("deliver")
    SEE_IDENTITIES = "see_identities", _("see identities")
    ANALYSE = "analyse", _("analyse")
    AUDIT = "audit", _("audit")
    ADMINISTER = "administer", _("administer")
    MANAGE_PEOPLE = "manage_people", _("manage people")


F, K, J = Function, OrganisationKind, Job
FUNCTIONS: dict[tuple[str, str], frozenset[Function]] = {
    (K.FOUNDATION, J.DIRECTOR): frozenset({F.DECIDE, F.ADMINISTER, F.AUDIT, F.MANAGE_PEOPLE}),
    (K.FOUNDATION, J.STATISTICIAN): frozenset({F.ANALYSE}),
    (K.FOUNDATION, J.ASSESSOR): frozenset({F.ASSESS}),
    (K.PROGRAMME, J.OFFICER): frozenset({F.DELIVER}),
    (K.COOPERATION, J.OFFICER): frozenset({F.VERIFY}),
    (K.COOPERATION, J.ASSESSOR): frozenset({F.ASSESS}),
    (K.MUNICIPALITY, J.MAYOR): frozenset({F.NOMINATE}),
    (K.MUNICIPALITY, J.ASSESSOR): frozenset({F.ASSESS}),
    (K.GOVERNOR, J.GOVERNOR): frozenset({F.VERIFY}),
    (K.VILLAGE, J.ADMINISTRATOR): frozenset({F.NOMINATE}),
}


class NotAllowed(PermissionDenied):
    """Said in the reader's language; the page says it with status 403."""


def functions_of(actor: Actor) -> frozenset[Function]:
    membership = actor.membership
    return FUNCTIONS.get((membership.organisation.kind, membership.job), frozenset())


def holds(actor: Actor, function: Function, area: Area) -> bool:
    """Whether the actor's organisation holds the function in the area."""
    return function in functions_of(actor) and actor.area.contains(area)


def require(actor: Actor, function: Function, area: Area) -> None:
    """Pass, or raise NotAllowed."""
    if function not in functions_of(actor):
        raise NotAllowed(gettext("Your organisation has not been given the function “%s”.") % function.label)
    if not actor.area.contains(area):
        raise NotAllowed(gettext("%s lies outside your organisation's area.") % area)
