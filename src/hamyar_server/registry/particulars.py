"""Acts on what is known of a person or household: numbers, consent, sensitive matters, needs, cover by others."""

from __future__ import annotations

import json
from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone

from hamyar.errors import HamyarError, error
from hamyar_server.core import audit
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function
from hamyar_server.registry.incoming import NewIdentifier, Origin, identifier_columns
from hamyar_server.registry.models import (
    Consent,
    Cover,
    Household,
    HouseholdNeed,
    Identifier,
    Person,
    Purpose,
    Vulnerability,
)


def household_of(by: Actor | None, person: Person) -> Household:
    """The person's household, once the gate let the actor pass. Raises HamyarError HY-H013."""
    household = person.household
    if household is None:
        raise error("HY-H013", en="this person is in no household any more.", fa="این فرد دیگر در هیچ خانواری نیست.")
    if by:
        mandates.require(by, Function.ASSESS, household.area)
    return household


@transaction.atomic
def add_identifier(*, by: Actor | None, person: Person, new: NewIdentifier, origin: Origin | None = None) -> Identifier:
    """A number, address or point of the person. A wrong national id is kept and flagged. Raises HamyarError HY-H005."""
    household = household_of(by, person)
    made = Identifier.objects.create(person=person, **identifier_columns(new, origin or Origin()))
    audit.record(
        by,
        "identifier.added",
        made,
        area=household.area,
        person=person.pk,
        household=household.pk,
        values={new.kind: new.text},
    )
    return made


@transaction.atomic
def give_consent(
    *, by: Actor | None, person: Person, purpose: str, evidence: str, given_on: date | None = None
) -> Consent:
    """The person agreed to a purpose. Given already: the same row."""
    household = household_of(by, person)
    made, new = Consent.objects.get_or_create(
        person=person,
        purpose=purpose,
        withdrawn_on=None,
        defaults={"given_on": given_on or timezone.localdate(), "evidence": evidence},
    )
    if new:
        audit.record(
            by, "consent.given", made, area=household.area, person=person.pk, household=household.pk, purpose=purpose
        )
    return made


@transaction.atomic
def withdraw_consent(*, by: Actor | None, consent: Consent) -> None:
    """The person changed their mind: what was kept on this ground is removed, and the audit never held it."""
    household = household_of(by, consent.person)
    removed, _ = consent.vulnerabilities.all().delete()
    Consent.objects.filter(pk=consent.pk, withdrawn_on=None).update(withdrawn_on=timezone.localdate())
    audit.record(
        by,
        "consent.withdrawn",
        consent,
        area=household.area,
        person=consent.person_id,
        household=household.pk,
        purpose=consent.purpose,
        removed=removed,
    )


def record_vulnerability(
    *, by: Actor | None, person: Person, kind: str, detail: str = "", origin: Origin | None = None
) -> Vulnerability:
    """Something sensitive, sealed whole. Raises HamyarError HY-H020 without a living consent."""
    household = household_of(by, person)
    origin = origin or Origin()
    consent = person.consents.living().filter(purpose=Purpose.SENSITIVE).first()
    if consent is None:
        raise _no_consent()
    text = json.dumps({"kind": kind, "detail": detail}, ensure_ascii=False)
    with transaction.atomic():
        made = Vulnerability.objects.create(
            person=person, consent=consent, value=text, provenance=origin.provenance, as_of=origin.as_of
        )
        audit.record(
            by,
            "vulnerability.recorded",
            made,
            area=household.area,
            person=person.pk,
            household=household.pk,
            hidden={"value": text},
        )
    return made


def _no_consent() -> HamyarError:
    return error(
        "HY-H020",
        en="the person has not agreed to keeping sensitive matters. Record the consent first.",
        fa="این فرد با نگه‌داری اطلاعات حساس موافقت نکرده است. نخست رضایت او را ثبت کنید.",
    )


def record_need(*, by: Actor | None, household: Household, need: str, origin: Origin | None = None) -> HouseholdNeed:
    """The household lacks something. Raises HamyarError HY-H021 where the same need is open."""
    origin = origin or Origin()
    if by:
        mandates.require(by, Function.ASSESS, household.area)
    try:
        with transaction.atomic():
            made = HouseholdNeed.objects.create(
                household=household, need=need, since=origin.as_of, provenance=origin.provenance, source=origin.source
            )
            audit.record(by, "need.recorded", made, area=household.area, household=household.pk, need=need)
    except IntegrityError:
        raise error(
            "HY-H021", en="this need is recorded and still open.", fa="این نیاز ثبت شده و هنوز باز است."
        ) from None
    return made


@transaction.atomic
def close_need(*, by: Actor | None, need: HouseholdNeed, on: date | None = None) -> None:
    """The need is met, or was none."""
    if by:
        mandates.require(by, Function.ASSESS, need.household.area)
    HouseholdNeed.objects.filter(pk=need.pk, until=None).update(until=on or timezone.localdate())
    audit.record(by, "need.closed", need, area=need.household.area, household=need.household_id, need=need.need)


def record_cover(
    *,
    by: Actor | None,
    household: Household,
    source: str,
    as_of: date,
    decile: int | None = None,
    organisation: str = "",
    since: date | None = None,
    until: date | None = None,
) -> Cover:
    """What others say or do: a decile, an organisation that covers the household, with its source and date.

    The newest decile stands on the household. Raises HamyarError HY-H022.
    """
    if by:
        mandates.require(by, Function.ASSESS, household.area)
    if not (organisation or decile) or (decile is not None and not 1 <= decile <= 10):
        raise error(
            "HY-H022",
            en="say a decile from 1 to 10, or the organisation that covers the household.",
            fa="دهکی از ۱ تا ۱۰ یا سازمانی را که خانوار تحت پوشش آن است بنویسید.",
        )
    with transaction.atomic():
        made = Cover.objects.create(
            household=household,
            decile=decile,
            organisation=organisation,
            since=since,
            until=until,
            source=source,
            as_of=as_of,
        )
        newest = (
            household.covers.exclude(decile=None).order_by("-as_of", "-pk").values_list("decile", flat=True).first()
        )
        Household.objects.filter(pk=household.pk).update(decile=newest)
        audit.record(
            by,
            "cover.recorded",
            made,
            area=household.area,
            household=household.pk,
            which=["decile"] * (decile is not None) + ["organisation"] * bool(organisation),
            source=source,
        )
    return made
