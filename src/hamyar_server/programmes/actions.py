"""Decisions, and where an accepted need goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone

from hamyar.errors import error
from hamyar_server.core import audit, references
from hamyar_server.intake import actions as intake
from hamyar_server.intake.models import Candidate, PublicCategory
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function
from hamyar_server.organisations.models import Organisation
from hamyar_server.programmes.models import Programme, ProgrammeNeed, Route
from hamyar_server.registry.models import Need

ACCEPTING = (PublicCategory.PRIORITY, PublicCategory.URGENT)
DECLINING = tuple(category for category in PublicCategory if category not in ACCEPTING)


@transaction.atomic
def open_programme(
    *, by: Actor | None, organisation: Organisation, name_fa: str, name_en: str, needs: Sequence[Need], since: date
) -> Programme:
    """A programme and the needs that it serves from a day on; by None is the operator at the server's own command line."""
    if by is not None:
        mandates.require(by, Function.ADMINISTER, organisation.area)
    made = Programme.objects.create(organisation=organisation, name_fa=name_fa, name_en=name_en)
    ProgrammeNeed.objects.bulk_create(ProgrammeNeed(programme=made, need=need, since=since) for need in needs)
    audit.record(by, "programme.opened", made, area=organisation.area, needs=[need.pk for need in needs], since=since)
    return made


@transaction.atomic
def rename_programme(
    *, by: Actor, programme: Programme, name_fa: str | None = None, name_en: str | None = None
) -> None:
    """Change what is given and leave the rest."""
    mandates.require(by, Function.ADMINISTER, programme.organisation.area)
    given = {"name_fa": name_fa, "name_en": name_en}
    changes = {name: value for name, value in given.items() if value is not None}
    before = {name: getattr(programme, name) for name in changes}
    Programme.objects.filter(pk=programme.pk).update(**changes)
    said = {"which": sorted(changes), "before": before, "after": changes}
    audit.record(by, "reference.changed", programme, area=programme.organisation.area, **said)


@transaction.atomic
def remove_programme(*, by: Actor, programme: Programme) -> None:
    """Raises HamyarError HY-K050 where a need goes to it, or went."""
    area = programme.organisation.area
    mandates.require(by, Function.ADMINISTER, area)
    audit.record(by, "reference.removed", programme, area=area, name_fa=programme.name_fa, name_en=programme.name_en)
    references.remove(programme)


@transaction.atomic
def serve_need(*, by: Actor, programme: Programme, need: Need, since: date) -> ProgrammeNeed:
    """From a day on this need goes to this programme."""
    mandates.require(by, Function.ADMINISTER, programme.organisation.area)
    made = ProgrammeNeed.objects.create(programme=programme, need=need, since=since)
    said = {"programme": str(programme.pk), "need": need.pk, "since": since}
    audit.record(by, "reference.added", made, area=programme.organisation.area, **said)
    return made


@transaction.atomic
def end_serving(*, by: Actor, serving: ProgrammeNeed, until: date | None) -> None:
    """The need goes to the programme until this day, the day included. Raises HamyarError HY-W003."""
    area = serving.programme.organisation.area
    mandates.require(by, Function.ADMINISTER, area)
    if until is not None and until < serving.since:
        raise error(
            "HY-W003",
            column="until",
            en="it ends before it begins. Write a later day.",
            fa="پایان پیش از آغاز است. روز دیرتری بنویسید.",
        )
    ProgrammeNeed.objects.filter(pk=serving.pk).update(until=until)
    audit.record(by, "reference.changed", serving, area=area, which=["until"], before=serving.until, after=until)


def served(serving: ProgrammeNeed) -> bool:
    """Whether a decision sent this need to this programme; such a row ends, and is not removed."""
    return Route.objects.filter(need=serving.need_id, programme=serving.programme_id).exists()


@transaction.atomic
def remove_serving(*, by: Actor, serving: ProgrammeNeed) -> None:
    """A row that was entered by mistake. Raises HamyarError HY-W004 where a decision rests on it."""
    area = serving.programme.organisation.area
    mandates.require(by, Function.ADMINISTER, area)
    if served(serving):
        raise error(
            "HY-W004",
            en="a decision rests on this row, which is not removed. Give it a last day instead.",
            fa="تصمیمی بر این ردیف استوار است و ردیف حذف نمی‌شود. به جای آن روز پایان بنویسید.",
        )
    said = {"programme": str(serving.programme_id), "need": serving.need_id, "since": serving.since}
    audit.record(by, "reference.removed", serving, area=area, **said)
    serving.delete()


@transaction.atomic
def decide(
    *, by: Actor, candidate: Candidate, version: int, accept: bool, public_category: str, internal_reason: str
) -> Candidate:
    """Accept or decline a verified candidate; each accepted need goes to the programmes that serve it today.

    Raises HamyarError HY-W001 for a category of the other kind, HY-W002 where no programme serves a need today.
    """
    mandates.require(by, Function.DECIDE, candidate.area)
    if public_category not in (ACCEPTING if accept else DECLINING):
        raise error(
            "HY-W001",
            column="public_category",
            en="this category does not fit the decision. Choose one of the other group.",
            fa="این دسته با تصمیم سازگار نیست. یکی از دسته‌های گروه دیگر را برگزینید.",
        )
    routes = _routes(candidate) if accept else []
    goes_to: dict[str, list[str]] = {}
    for route in routes:
        goes_to.setdefault(route.need_id, []).append(str(route.programme_id))
    decided = intake.record_decision(
        by=by,
        candidate=candidate,
        version=version,
        accept=accept,
        public_category=public_category,
        internal_reason=internal_reason,
        routes=goes_to,
    )
    Route.objects.bulk_create(routes)
    return decided


def _routes(candidate: Candidate) -> list[Route]:
    serving = ProgrammeNeed.objects.in_force(timezone.localdate())
    found: list[Route] = []
    for need in candidate.needs.all():
        programmes = Programme.objects.filter(serves__in=serving.filter(need=need)).distinct()
        if not programmes:
            raise error(
                "HY-W002",
                en=f"no programme serves “{need.name_en}” today. Add a dated row that says which does; nothing was decided.",
                fa=f"امروز هیچ برنامه‌ای به «{need.name_fa}» نمی‌رسد. ردیفی تاریخ‌دار برای آن بیفزایید؛ تصمیمی ثبت نشد.",
            )
        found += [Route(candidate=candidate, need=need, programme=programme) for programme in programmes]
    return found
