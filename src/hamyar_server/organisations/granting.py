"""Agreements and the mandates under them: granted, revoked, ended. Nobody grants more than they hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from hamyar.errors import HamyarError, error
from hamyar_server.areas.models import Area
from hamyar_server.core import audit
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import (
    Agreement,
    Capacity,
    Contribution,
    Function,
    Mandate,
    Organisation,
    OrganisationKind,
    User,
)

REPRESENTATIVE = (Function.NOMINATE, Function.ASSESS, Function.VERIFY)  # what a representative gets by default
ALWAYS = date(1970, 1, 1)
SINGLY = frozenset({Function.DECIDE, Function.SEE_IDENTITIES})
BOUND = frozenset({OrganisationKind.MUNICIPALITY, OrganisationKind.VILLAGE, OrganisationKind.GOVERNOR})


def establish(organisation: Organisation) -> list[Mandate]:
    """All functions in its own area, held by itself and always: the root of every chain of grants."""
    given = {"holder": organisation, "area": organisation.area, "path": organisation.area.path, "since": ALWAYS}
    return Mandate.objects.bulk_create(Mandate(function=function, **given) for function in Function)


def functions_held(organisation: Organisation) -> set[Function]:
    """What an organisation holds somewhere, and could grant."""
    held = Mandate.objects.living().filter(holder=organisation)
    return {Function(name) for name in held.values_list("function", flat=True).distinct()}


@transaction.atomic
def sign(
    *,
    by: Actor,
    number: str,
    date: date,
    title_fa: str,
    parties: Sequence[Organisation],
    until: date | None = None,
    title_en: str = "",
) -> Agreement:
    """Keep an agreement of the acting organisation with others. Raises HamyarError HY-G021, HY-G022."""
    mandates.require(by, Function.MANAGE_PEOPLE, by.area)
    if date > timezone.localdate() or (until is not None and until < date):
        raise error(
            "HY-G021",
            column="date",
            en="an agreement is dated today or earlier, and ends after its date. Mend the dates.",
            fa="تاریخ تفاهم‌نامه امروز یا پیش از آن است و پایان آن پس از تاریخ آن. تاریخ‌ها را اصلاح کنید.",
        )
    others = [party for party in parties if party.pk != by.organisation.pk]
    if not others:
        raise error(
            "HY-G022",
            column="parties",
            en="an agreement has another party. Choose at least one.",
            fa="تفاهم‌نامه طرف دیگری هم دارد. دست‌کم یک سازمان را انتخاب کنید.",
        )
    made = Agreement.objects.create(number=number, date=date, title_fa=title_fa, title_en=title_en, until=until)
    made.parties.set([by.organisation, *others])
    audit.record(by, "agreement.signed", made, area=by.area, number=number, parties=[str(p.pk) for p in others])
    return made


@transaction.atomic
def promise(
    *, by: Actor, agreement: Agreement, organisation: Organisation, promised: str, due: date | None = None
) -> Contribution:
    """What a party contributes."""
    require_party(by, agreement)
    if not agreement.parties.filter(pk=organisation.pk).exists():
        raise mandates.NotAllowed(_("%s is no party to this agreement.") % organisation)
    made = Contribution.objects.create(agreement=agreement, organisation=organisation, promised=promised, due=due)
    audit.record(by, "contribution.promised", agreement, area=by.area, contribution=made.pk)
    return made


@transaction.atomic
def fulfil(*, by: Actor, contribution: Contribution, done: str, done_on: date) -> Contribution:
    """What was done of a promise."""
    require_party(by, contribution.agreement)
    contribution.done, contribution.done_on = done, done_on
    contribution.save()
    audit.record(by, "contribution.done", contribution.agreement, area=by.area, contribution=contribution.pk)
    return contribution


def require_party(by: Actor, agreement: Agreement) -> None:
    mandates.require(by, Function.MANAGE_PEOPLE, by.area)
    if not agreement.parties.filter(pk=by.organisation.pk).exists():
        raise mandates.NotAllowed(_("Your organisation is no party to this agreement."))


@transaction.atomic
def grant(
    *,
    by: Actor,
    holder: Organisation,
    functions: Sequence[Function],
    area: Area,
    reason: str,
    agreement: Agreement | None = None,
    since: date | None = None,
    until: date | None = None,
) -> list[Mandate]:
    """Give functions that the acting organisation holds to another, in an area and everything below it.

    Raises NotAllowed where the actor may not grant there, HamyarError HY-G010 to HY-G018 for what must not be granted.
    """
    mandates.require(by, Function.MANAGE_PEOPLE, area)
    since = since or timezone.localdate()
    until = _within_agreement(by, holder, agreement, since, until)
    _may_be_given(by, holder, functions, area)
    sources = [_source(by, function, area, since, until) for function in functions]
    _no_circle(holder, sources)
    made = [
        Mandate(
            holder=holder,
            function=source.function,
            area=area,
            path=area.path,
            granted_from=source,
            agreement=agreement,
            since=since,
            until=_earlier(until, source.until),
            reason=reason,
            granted_by=by.user,
        )
        for source in sources
    ]
    _no_clash(holder, functions)
    Mandate.objects.bulk_create(made)
    audit.record(
        by, "mandate.granted", holder, area=area, functions=list(functions), mandates=[str(m.pk) for m in made]
    )
    return made


def _earlier(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)


def _within_agreement(
    by: Actor, holder: Organisation, agreement: Agreement | None, since: date, until: date | None
) -> date | None:
    """The last day, which is the agreement's at the latest; own organisations need no agreement."""
    if until is not None and until < since:
        raise error(
            "HY-G010",
            column="until",
            en="the last day lies before the first. Mend the dates.",
            fa="روز پایان پیش از روز آغاز است. تاریخ‌ها را اصلاح کنید.",
        )
    if agreement is None:
        if not Organisation.objects.tree(by.organisation).filter(pk=holder.pk).exists():
            raise error(
                "HY-G011",
                column="agreement",
                en=f"{holder} is not below your organisation: a mandate needs an agreement to which both are parties. Choose one, or keep it first.",
                fa=f"«{holder}» زیرمجموعهٔ سازمان شما نیست: واگذاری اختیار به تفاهم‌نامه‌ای نیاز دارد که هر دو طرف آن باشند. آن را انتخاب یا نخست ثبت کنید.",
            )
        return until
    parties = set(agreement.parties.values_list("pk", flat=True))
    if not agreement.is_living or not {by.organisation.pk, holder.pk} <= parties:
        raise error(
            "HY-G012",
            column="agreement",
            en=f"agreement {agreement} has ended, or one of the two organisations is no party to it. Choose another.",
            fa=f"تفاهم‌نامهٔ {agreement} پایان یافته یا یکی از دو سازمان طرف آن نیست. تفاهم‌نامهٔ دیگری انتخاب کنید.",
        )
    return _earlier(until, agreement.until)


def _may_be_given(by: Actor, holder: Organisation, functions: Sequence[Function], area: Area) -> None:
    if not functions or len(set(functions)) < len(functions):
        raise error(
            "HY-G013",
            column="functions",
            en="choose functions, each once.",
            fa="اختیارها را، هر یک یک بار، انتخاب کنید.",
        )
    if len(functions) > 1 and SINGLY.intersection(functions):
        raise error(
            "HY-G014",
            column="functions",
            en="deciding and seeing identities are granted singly, each with its own reason. Grant them one by one.",
            fa="تصمیم‌گیری و دیدن هویت افراد تک‌به‌تک و هر یک با دلیل خود واگذار می‌شود. آن‌ها را جداگانه واگذار کنید.",
        )
    if holder.kind in BOUND and not holder.area.contains(area):
        raise error(
            "HY-G015",
            column="area",
            en=f"{holder} acts within its own bounds only: {holder.area}. Choose an area inside.",
            fa=f"«{holder}» تنها در محدودهٔ خود، {holder.area}، عمل می‌کند. محدوده‌ای درون آن انتخاب کنید.",
        )
    if holder.pk == by.organisation.pk:
        raise error(
            "HY-G016", column="holder", en="nobody grants to themselves.", fa="هیچ‌کس به خود اختیار واگذار نمی‌کند."
        )


def _source(by: Actor, function: Function, area: Area, since: date, until: date | None) -> Mandate:
    """What the acting organisation holds, and grants from: the one that lasts longest."""
    held = Mandate.objects.living().filter(holder=by.organisation, function=function, since__lte=since).covering(area)
    lasting = held.filter(Q(until=None) | Q(until__gte=until or since))
    found = lasting.order_by(F("until").desc(nulls_first=True), "path", "id").first()
    if found is None:
        raise error(
            "HY-G017",
            column="functions",
            en=f"your organisation does not hold “{function.label}” in {area} over that time. Nobody grants more than they hold.",
            fa=f"سازمان شما اختیار «{function.label}» را در {area} و در آن مدت ندارد. هیچ‌کس بیش از آنچه دارد واگذار نمی‌کند.",
        )
    return found


def _no_circle(holder: Organisation, sources: Sequence[Mandate]) -> None:
    for source in sources:
        if any(step.holder_id == holder.pk for step in source.chain()):
            raise error(
                "HY-G018",
                column="holder",
                en=f"your organisation holds “{source.get_function_display()}” from {holder} itself: it cannot be granted back.",
                fa=f"سازمان شما اختیار «{source.get_function_display()}» را از خودِ «{holder}» دارد و نمی‌تواند آن را بازواگذار کند.",
            )


def _no_clash(holder: Organisation, functions: Sequence[Function]) -> None:
    for user in User.objects.filter(memberships__organisation=holder).distinct():
        if pair := mandates.clash(user, {str(holder.pk): functions}):
            raise clashing(user, pair)


def clashing(user: User, pair: tuple[Function, Function]) -> HamyarError:
    one, other = (function.label for function in pair)
    return error(
        "HY-G019",
        en=f"“{one}” and “{other}” would meet in {user}; they must stand in two persons. Give one of the jobs to somebody else first.",
        fa=f"«{one}» و «{other}» در {user} جمع می‌شود؛ این دو باید در دو نفر باشد. نخست یکی از دو سمت را به شخص دیگری بدهید.",
    )


@transaction.atomic
def revoke(*, by: Actor, mandate: Mandate, reason: str) -> list[Mandate]:
    """Take a mandate back, and at once everything that was granted from it. Whoever stands above it in the chain may."""
    mandates.require(by, Function.MANAGE_PEOPLE, mandate.area)
    if by.organisation.pk not in {step.holder_id for step in mandate.chain()[:-1]}:
        raise mandates.NotAllowed(_("Only those from whom this mandate comes may revoke it."))
    ended = _revoked([mandate], by, reason)
    audit.record(
        by, "mandate.revoked", mandate.holder, area=mandate.area, mandates=[str(m.pk) for m in ended], reason=reason
    )
    return ended


def _revoked(roots: Sequence[Mandate], by: Actor, reason: str) -> list[Mandate]:
    """What is over stays as it was; what is yet to begin is taken back too."""
    unended = Mandate.objects.unended(timezone.localdate())
    ended: list[Mandate] = []
    level = list(unended.filter(pk__in=[root.pk for root in roots]))
    while level:
        ended += level
        level = list(unended.filter(granted_from__in=level))
    values: dict[str, Any] = {"revoked_at": timezone.now(), "revoked_by": by.user, "revoked_reason": reason}
    Mandate.objects.filter(pk__in=[m.pk for m in ended]).update(**values)
    return ended


@transaction.atomic
def end_agreement(*, by: Actor, agreement: Agreement, reason: str) -> list[Mandate]:
    """End an agreement today, and with it every mandate under it and what was granted from those."""
    require_party(by, agreement)
    _no_mandate_of_others(by, agreement)
    if agreement.ended_on is not None:
        raise error("HY-G020", en="this agreement has ended already.", fa="این تفاهم‌نامه پیش‌تر پایان یافته است.")
    agreement.ended_on, agreement.ended_reason = timezone.localdate(), reason
    agreement.save()
    ended = _revoked(list(agreement.mandates.all()), by, reason)
    audit.record(by, "agreement.ended", agreement, area=by.area, mandates=[str(m.pk) for m in ended], reason=reason)
    return ended


def _no_mandate_of_others(by: Actor, agreement: Agreement) -> None:
    """One party does not cut off another: every mandate under the agreement comes from the acting organisation or is its own."""
    for mandate in Mandate.objects.unended(timezone.localdate()).filter(agreement=agreement):
        if by.organisation.pk not in {step.holder_id for step in mandate.chain()}:
            raise mandates.NotAllowed(
                _("Other organisations act under this agreement; only whoever granted it to them ends it.")
            )


@transaction.atomic
def state_capacity(*, by: Actor, organisation: Organisation, kind: str, number: int, note: str = "") -> Capacity:
    """What an organisation can bring; its own people say it, or those above."""
    require_over(by, organisation)
    made, _created = Capacity.objects.update_or_create(
        organisation=organisation,
        kind=kind,
        defaults={"number": number, "note": note, "as_of": timezone.localdate()},
    )
    audit.record(by, "capacity.stated", organisation, area=organisation.area, kind=kind, number=number)
    return made


def require_over(by: Actor, organisation: Organisation) -> None:
    """Manages people there, and the organisation is the own one, below it, or acts by what it was granted from here.

    A refusal does not say where it works: one may have been asked about a person or a membership by its key alone.
    """
    mandates.require_somewhere(by, Function.MANAGE_PEOPLE)
    if not mandates.holds(by, Function.MANAGE_PEOPLE, organisation.area):
        raise mandates.NotAllowed
    if not answers_to(organisation, by.organisation):
        raise mandates.NotAllowed(_("%s does not act on your organisation's behalf.") % organisation)


def knows(by: Actor, user: User) -> bool:
    """Whether the user acts, or has acted, for the actor's organisation or for one that answers to it."""
    return any(
        answers_to(membership.organisation, by.organisation)
        for membership in user.memberships.select_related("organisation")
    )


def answers_to(organisation: Organisation, above: Organisation) -> bool:
    if Organisation.objects.tree(above).filter(pk=organisation.pk).exists():
        return True
    living = Mandate.objects.living().filter(holder=organisation).select_related("granted_from")
    return any(above.pk in {step.holder_id for step in mandate.chain()[:-1]} for mandate in living)
