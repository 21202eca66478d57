"""What was done, to be read by whoever audits: by person, by household, by area. And alarms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from hamyar_server.areas.models import Area
from hamyar_server.core import audit as chain
from hamyar_server.core.models import AuditEvent
from hamyar_server.core.paging import page
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor, actor_required
from hamyar_server.organisations.mandates import Function
from hamyar_server.registry.forms import AuditForm
from hamyar_server.registry.models import Alarm, Household, Person

SIZE = 50
WATCHERS = (Function.AUDIT, Function.ADMINISTER, Function.MANAGE_PEOPLE)  # who is told of an alarm


@actor_required
def by_area(request: HttpRequest) -> HttpResponse:
    """Events of an area and everything below it, newest first."""
    mandates.require_somewhere(request.actor, Function.AUDIT)
    form = AuditForm(request.GET or None, actor=request.actor)
    events = AuditEvent.objects.filter(mandates.inside(request.actor, [Function.AUDIT], "area_path"))
    keep = ""
    if form.is_bound and form.is_valid() and form.cleaned_data["area"]:
        area: Area = form.cleaned_data["area"]
        events, keep = AuditEvent.objects.under(area.path), f"area={area.code}&"
    return listed(request, events, gettext_lazy("What was done"), form=form, keep=keep)


@actor_required
def by_household(request: HttpRequest, pk: Any) -> HttpResponse:
    found = get_object_or_404(Household.objects.visible_to(request.actor, Function.AUDIT).select_related("area"), pk=pk)
    events = AuditEvent.objects.about(household=found.pk, batch=found.batch)
    return listed(request, events, gettext_lazy("What was done with this household"), household=found)


@actor_required
def by_person(request: HttpRequest, pk: Any) -> HttpResponse:
    """Also of somebody erased, or gone with an import that was undone, in so far as their events lie in the auditor's area."""
    mandates.require_somewhere(request.actor, Function.AUDIT)
    person = Person.objects.filter(pk=pk).first()
    inside = mandates.inside(request.actor, [Function.AUDIT], "area_path")
    events = AuditEvent.objects.about(person=UUID(str(pk))).filter(inside)
    at_home = Household.objects.visible_to(request.actor, Function.AUDIT)
    home = at_home.filter(pk=person.household_id).first() if person else None
    if home is None and not events.exists():
        raise Http404
    return listed(request, events, gettext_lazy("What was done with this person"), person=person, household=home)


def listed(request: HttpRequest, events: Any, title: Any, **shown: Any) -> HttpResponse:
    found = page(events.order_by(), ["-number"], request.GET.get("after"), size=SIZE)
    return render(request, "registry/audit.html", {"page": found, "title": title, **shown})


def require_watcher(actor: Actor) -> None:
    if not mandates.functions_of(actor) & frozenset(WATCHERS):
        mandates.require_somewhere(actor, Function.AUDIT)


@actor_required
def alarms(request: HttpRequest) -> HttpResponse:
    """Who saw more identities in a day than their budget, told to the actor's organisation."""
    require_watcher(request.actor)
    found = page(Alarm.objects.filter(told=request.actor.organisation), ["-at", "id"], request.GET.get("after"), SIZE)
    events = AuditEvent.objects.in_bulk([alarm.event for alarm in found.rows])
    rows = [(alarm, events.get(alarm.event)) for alarm in found.rows]
    return render(request, "registry/alarms.html", {"page": found, "rows": rows})


@actor_required
@require_POST
def see_alarm(request: HttpRequest, pk: Any) -> HttpResponse:
    """Somebody of the organisation took note."""
    require_watcher(request.actor)
    alarm = get_object_or_404(Alarm, pk=pk, told=request.actor.organisation)
    with transaction.atomic():
        if Alarm.objects.filter(pk=alarm.pk, seen_at=None).update(seen_at=timezone.now()):
            chain.record(request.actor, "alarm.seen", alarm)
    return redirect("registry:alarms")
