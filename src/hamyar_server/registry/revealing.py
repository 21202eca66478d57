"""Showing an identity or a sensitive matter: an act with a reason, written down before anything is opened, within a daily budget."""

from __future__ import annotations

import json
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
from hamyar_server.registry.models import Alarm, Household, IdentifierKind, Person, Vulnerability
from hamyar_server.registry.names import Name, name_of

BUDGET = 50  # persons a day and user, beyond which another organisation is told
REVEALED = "identity.revealed"
SENSITIVE = "sensitive.revealed"


@dataclass(frozen=True)
class Identity:
    """name: None where nobody knows it; values: kind → what was written; an identity number without its document's type."""

    name: Name | None
    values: dict[str, list[str]] = field(default_factory=dict)

    @property
    def labelled(self) -> list[tuple[str, list[str]]]:
        return [(str(IdentifierKind(kind).label), texts) for kind, texts in self.values.items()]


@dataclass(frozen=True)
class Matter:
    """Something sensitive: what, its detail, and on which consent it is kept."""

    kind: str
    detail: str
    kept: Vulnerability


@transaction.atomic
def reveal_identity(*, by: Actor, person: Person, reason: str) -> Identity:
    """The name and numbers in full. Raises NotAllowed, HamyarError HY-H031; beyond the budget it is shown, and others are told."""
    identifiers = list(person.identifiers.order_by("kind", "pk"))
    _write_down(by, REVEALED, person, reason, ["name", *(identifier.kind for identifier in identifiers)])
    values: dict[str, list[str]] = {}
    for identifier, text in zip(identifiers, read_many(identifiers, "value"), strict=True):
        shown = (text or "").split(" ", 1)[-1] if identifier.kind == IdentifierKind.IDENTITY else text or ""
        values.setdefault(identifier.kind, []).append(shown)
    name = read(person, "name")
    return Identity(name_of(name) if name else None, values)


@transaction.atomic
def reveal_sensitive(*, by: Actor, person: Person, reason: str) -> list[Matter]:
    """What is kept of sensitive matters while the consent holds. Raises NotAllowed, HamyarError HY-H031."""
    kept = list(person.vulnerabilities.filter(consent__withdrawn_on=None).select_related("consent").order_by("pk"))
    _write_down(by, SENSITIVE, person, reason, ["value"] * bool(kept))
    texts = [json.loads(text or "{}") for text in read_many(kept, "value")]
    return [Matter(text.get("kind", ""), text.get("detail", ""), row) for text, row in zip(texts, kept, strict=True)]


def _write_down(by: Actor, action: str, person: Person, reason: str, which: list[str]) -> None:
    household: Household | None = person.household
    if household is None or not reason.strip():
        raise error(
            "HY-H031",
            column="reason",
            en="say why you need to see it; a person who was erased cannot be shown.",
            fa="بنویسید چرا به دیدن آن نیاز دارید؛ فرد پاک‌شده نشان‌دادنی نیست.",
        )
    mandates.require(by, Function.SEE_IDENTITIES, household.area)
    told = {"area": household.area, "person": person.pk, "household": household.pk}
    event = audit.record(by, action, person, **told, which=which, values={"reason": reason})
    if (count := seen_today(by)) > BUDGET:
        _tell(by, event, count)


def seen_today(by: Actor) -> int:
    """How many persons the user has seen in full since midnight."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    mine = AuditEvent.objects.filter(user_id=str(by.user.pk), action__in=(REVEALED, SENSITIVE), at__gte=midnight)
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
