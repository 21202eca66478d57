"""Showing an identity in full: an act with a reason, written down before anything is opened, within a daily budget."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from hamyar.errors import error
from hamyar_server.core import audit
from hamyar_server.core.encryption import read, read_many
from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function
from hamyar_server.organisations.models import Organisation
from hamyar_server.registry.models import Alarm, IdentifierKind, Person
from hamyar_server.registry.names import Name, name_of

BUDGET = 50  # persons a day and user, beyond which another organisation is told
REVEALED = "identity.revealed"


@dataclass(frozen=True)
class Identity:
    """name: None where nobody knows it; values: kind → what was written; an identity number without its document's type."""

    name: Name | None
    values: dict[str, list[str]] = field(default_factory=dict)


@transaction.atomic
def reveal_identity(*, by: Actor, person: Person, reason: str) -> Identity:
    """The name and numbers in full. Raises NotAllowed, HamyarError HY-H031; beyond the budget it is shown, and others are told."""
    household = person.household
    if household is None or not reason.strip():
        raise error(
            "HY-H031",
            column="reason",
            en="say why you need to see it; a person who was erased cannot be shown.",
            fa="بنویسید چرا به دیدن آن نیاز دارید؛ فرد پاک‌شده نشان‌دادنی نیست.",
        )
    mandates.require(by, Function.SEE_IDENTITIES, household.area)
    identifiers = list(person.identifiers.order_by("kind", "pk"))
    event = audit.record(
        by,
        REVEALED,
        person,
        area=household.area,
        person=person.pk,
        household=household.pk,
        which=["name", *(identifier.kind for identifier in identifiers)],
        values={"reason": reason},
    )
    if (count := seen_today(by)) > BUDGET:
        _tell(by, event, count)
    values: dict[str, list[str]] = {}
    for identifier, text in zip(identifiers, read_many(identifiers, "value"), strict=True):
        shown = (text or "").split(" ", 1)[-1] if identifier.kind == IdentifierKind.IDENTITY else text or ""
        values.setdefault(identifier.kind, []).append(shown)
    name = read(person, "name")
    return Identity(name_of(name) if name else None, values)


def seen_today(by: Actor) -> int:
    """How many persons the user has seen in full since midnight."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    mine = AuditEvent.objects.filter(user_id=str(by.user.pk), action=REVEALED, at__gte=midnight)
    return mine.values("person_id").distinct().count()


def _tell(by: Actor, event: AuditEvent, count: int) -> None:
    """The organisation above the user's own; of one at the top, another at the top, else one below."""
    own = by.organisation
    others = Organisation.objects.exclude(pk=own.pk).order_by("pk")
    told = own.parent or others.filter(parent=None).first() or others.filter(parent=own).first()
    if told is None:
        return
    alarm = Alarm.objects.create(told=told, event=event.number, count=count)
    audit.record(by, "identities.over_budget", alarm, count=count, told=str(told.pk))
