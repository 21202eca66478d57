"""Acts on what is known of a person or household: numbers, consent, sensitive matters, needs, cover by others."""

from __future__ import annotations

import json
from datetime import date

from django.db import transaction
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
    Need,
    Person,
    Purpose,
    Vulnerability,
)
from hamyar_server.registry.versions import take


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


def record_need(
    *,
    by: Actor | None,
    household: Household,
    version: int,
    need: Need,
    since: date | None = None,
    note: str = "",
    origin: Origin | None = None,
) -> HouseholdNeed:
    """The household lacks something. The audit keeps the kind of need, and of the note that there is one.

    Raises HamyarError HY-H010, HY-H021 where the same need is open, HY-H023.
    """
    origin = origin or Origin()
    since = since or origin.as_of
    if by:
        mandates.require(by, Function.ASSESS, household.area)
    if since > timezone.localdate():
        raise error(
            "HY-H023",
            column="since",
            en="this day lies in the future. Write since when the household lacks it.",
            fa="این روز در آینده است. بنویسید خانوار از چه روزی این نیاز را دارد.",
        )
    with transaction.atomic():
        take(household, version)
        if household.needs.filter(need=need, until=None).exists():
            raise error(
                "HY-H021",
                column="need",
                en="this need is recorded and still open. Close that one first.",
                fa="این نیاز ثبت شده و هنوز باز است. نخست همان را ببندید.",
            )
        made = HouseholdNeed.objects.create(
            household=household,
            need=need,
            since=since,
            note=note,
            provenance=origin.provenance,
            source=origin.source,
        )
        said = {"need": need.pk, "since": since, "provenance": origin.provenance, "source": origin.source}
        which = ["note"] if note else []
        audit.record(by, "need.recorded", made, area=household.area, household=household.pk, which=which, **said)
    return made


def close_need(
    *, by: Actor | None, need: HouseholdNeed, version: int, ending: str, reason: str, on: date | None = None
) -> HouseholdNeed:
    """The need is met, or withdrawn; it stays readable with its reason, of which the audit keeps that it was given.

    Raises HamyarError HY-H010, HY-H024, HY-H025.
    """
    household, until = need.household, on or timezone.localdate()
    if by:
        mandates.require(by, Function.ASSESS, household.area)
    if until > timezone.localdate() or (need.since and until < need.since):
        raise error(
            "HY-H024",
            column="on",
            en="a need ends between the day since when it is known and today. Write another day.",
            fa="پایان نیاز میان روز آغاز آن و امروز است. روز دیگری بنویسید.",
        )
    with transaction.atomic():
        take(household, version)
        ended = {"until": until, "ending": ending, "reason": reason}
        if not HouseholdNeed.objects.filter(pk=need.pk, until=None).update(**ended):
            raise error("HY-H025", en="this need was closed before.", fa="این نیاز پیش‌تر بسته شده است.")
        said = {"need": need.need_id, "until": until, "ending": ending}
        audit.record(by, "need.closed", need, area=household.area, household=household.pk, which=["reason"], **said)
    need.refresh_from_db()
    return need


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
