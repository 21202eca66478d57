"""Erasing a person: the key is destroyed, then every row forgets them. What is sealed, the audit's too, is noise from then on."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from hamyar.errors import error
from hamyar_server.core import audit
from hamyar_server.core.audit import Entry
from hamyar_server.core.bulk import slices
from hamyar_server.core.keys import store
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function
from hamyar_server.registry.models import Household, Membership, Person, Role, State

BATCH = 500
GROUNDS = ("request", "mistake", "order")


def erase_person(*, by: Actor | None, person: Person, ground: str) -> None:
    """Erase somebody for good; ground: one of GROUNDS, since free text might name them. Raises HamyarError HY-H030.

    The key goes first: cut off after that, `finish_erasures` does the rest at the next start.
    """
    if by:
        mandates.require(by, Function.ADMINISTER, Household.objects.select_related("area").get(people=person).area)
    if ground not in GROUNDS:
        raise error(
            "HY-H030",
            column="ground",
            en=f"say on which ground: {', '.join(GROUNDS)}.",
            fa=f"بگویید به چه دلیل: {'، '.join(GROUNDS)}.",
        )
    store.destroy([person.pk])
    forget([person.pk], by, ground)


def finish_erasures() -> int:
    """Forget everybody who stands on the list of erased persons and is still remembered: after a restore, or a kill. How many."""
    listed = sorted(store.erased())
    store.destroy(listed)
    left = [
        one
        for some in slices(listed, BATCH)
        for one in Person.objects.filter(pk__in=some, erased_at=None).values_list("pk", flat=True)
    ]
    for some in slices(left, BATCH):
        forget(some, None, "listed")
    return len(left)


@transaction.atomic
def forget(persons: Sequence[UUID], by: Actor | None, ground: str) -> None:
    """Remove every value of persons whose keys are destroyed; ids and moments remain, so that numbers still add up."""
    rows = list(Person.objects.filter(pk__in=persons, erased_at=None).select_related("household__area"))
    homes = {row.household for row in rows if row.household}
    Membership.objects.filter(person__in=rows).delete()
    for row in rows:
        row.identifiers.all().delete()
        row.vulnerabilities.all().delete()
        row.consents.all().delete()
    Person.objects.filter(pk__in=[row.pk for row in rows]).update(
        household=None,
        path="",
        name=None,
        mask="",
        given_index=None,
        family_index=None,
        sex="",
        birth_date=None,
        died_on=None,
        provenance={},
        source_key=None,
        batch=None,
        erased_at=timezone.now(),
    )
    for home in homes:
        _settle(home)
    audit.record_many(by, [_entry(row, ground) for row in rows])


def _entry(row: Person, ground: str) -> Entry:
    home = row.household
    fields = {"ground": ground}
    return Entry("person.erased", row, home.area if home else None, row.pk, home.pk if home else None, fields=fields)


def _settle(home: Household) -> None:
    """The rest keeps one head: the spouse, else the eldest. A household of nobody keeps nothing."""
    rest = home.memberships.living()
    members = rest.count()
    if members and not rest.filter(role=Role.HEAD).exists():
        heir = rest.filter(role=Role.SPOUSE).first() or rest.order_by("person__birth_date", "pk").first()
        if heir:
            rest.filter(pk=heir.pk).update(role=Role.HEAD)
    changes = (
        {} if members else {"state": State.CLOSED, "facts": {}, "provenance": {}, "decile": None, "source_key": None}
    )
    if not members:
        home.covers.all().delete()
        home.needs.all().delete()
    home.needs.update(note="", reason="")  # words about the household may be about who is erased
    Household.objects.filter(pk=home.pk).update(
        members=members, version=home.version + 1, changed_at=timezone.now(), **changes
    )
