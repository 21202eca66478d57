"""One person: identity in full, consent, sensitive matters, moving, erasing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from hamyar.errors import HamyarError
from hamyar_server.core.forms import text_of
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import actor_required
from hamyar_server.organisations.mandates import Function
from hamyar_server.registry import actions, revealing
from hamyar_server.registry.forms import ConsentForm, EraseForm, MoveForm, ReasonForm, SensitiveForm
from hamyar_server.registry.household_views import acting, done, origin, person_of
from hamyar_server.registry.models import Consent, Household, Person


def home_of(person: Person) -> Household:
    assert person.household is not None  # person_of gives nobody else
    return person.household


@actor_required
def identity(request: HttpRequest, pk: Any) -> HttpResponse:
    """Name and numbers in full, once, after a reason: written down before anything is opened."""
    return revealed(request, pk, revealing.reveal_identity, "identity", gettext_lazy("Show the identity in full"))


@actor_required
def sensitive(request: HttpRequest, pk: Any) -> HttpResponse:
    """Sensitive matters, once, after a reason; nothing stands there without a living consent."""
    return revealed(request, pk, revealing.reveal_sensitive, "matters", gettext_lazy("Show sensitive matters"))


def revealed(request: HttpRequest, pk: Any, reveal: Any, name: str, title: Any) -> HttpResponse:
    person = person_of(request, pk)
    home = home_of(person)
    mandates.require(request.actor, Function.SEE_IDENTITIES, home.area)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        opened = done(form, reveal, by=request.actor, person=person, reason=form.cleaned_data["reason"])
        if opened is not None:
            shown = {name: opened, "person": person, "crumb": home, "title": title}
            answer = render(request, "registry/revealed.html", shown)
            answer.headers["Cache-Control"] = "no-store"
            return answer
    seen, budget = revealing.seen_today(request.actor), revealing.BUDGET
    lead = gettext_lazy("It is written down who saw it, when and why. Nothing of it is kept by the browser.")
    return acting(request, home, form, title=title, lead=lead, person=person, seen=seen, budget=budget)


@actor_required
def move(request: HttpRequest, pk: Any) -> HttpResponse:
    """To another household."""
    person = person_of(request, pk)
    home = home_of(person)
    mandates.require(request.actor, Function.ASSESS, home.area)
    form = MoveForm(request.POST or None, actor=request.actor, person=person)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        given = {"to": typed["other"], "role": typed["role"], "version": typed["version"], "head": typed["head"]}
        if done(form, actions.move_person, by=request.actor, person=person, **given):
            return redirect("registry:household", typed["other"].pk)
    return acting(request, home, form, title=gettext_lazy("Move to another household"), person=person)


@actor_required
def consent(request: HttpRequest, pk: Any) -> HttpResponse:
    person = person_of(request, pk)
    home = home_of(person)
    mandates.require(request.actor, Function.ASSESS, home.area)
    form = ConsentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        done(form, actions.give_consent, by=request.actor, person=person, **form.cleaned_data)
        return redirect("registry:household", home.pk)
    return acting(request, home, form, title=gettext_lazy("Record consent"), person=person)


@actor_required
@require_POST
def withdraw(request: HttpRequest, pk: Any) -> HttpResponse:
    """The person changed their mind; what was kept on this ground goes."""
    seen = Consent.objects.visible_to(request.actor).select_related("person__household__area")
    found = get_object_or_404(seen, pk=pk, withdrawn_on=None)
    try:
        actions.withdraw_consent(by=request.actor, consent=found)
        messages.success(request, _("Withdrawn. What was kept on this ground is removed."))
    except HamyarError as refusal:
        messages.error(request, text_of(refusal))
    return redirect("registry:household", found.person.household_id)


@actor_required
def record_sensitive(request: HttpRequest, pk: Any) -> HttpResponse:
    person = person_of(request, pk)
    home = home_of(person)
    mandates.require(request.actor, Function.ASSESS, home.area)
    form = SensitiveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {"by": request.actor, "person": person, "origin": origin(request.actor)}
        if done(form, actions.record_vulnerability, **given, **form.cleaned_data):
            return redirect("registry:household", home.pk)
    lead = gettext_lazy("Kept sealed, and only while the person's consent holds.")
    return acting(request, home, form, title=gettext_lazy("Record a sensitive matter"), lead=lead, person=person)


@actor_required
def erase(request: HttpRequest, pk: Any) -> HttpResponse:
    """For good: every copy, the audit's included."""
    person = person_of(request, pk)
    home = home_of(person)
    mandates.require(request.actor, Function.ADMINISTER, home.area)
    form = EraseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.erase_person(by=request.actor, person=person, ground=form.cleaned_data["ground"])
        except HamyarError as refusal:
            messages.error(request, text_of(refusal))
        else:
            messages.success(request, _("Erased: nothing of this person can be read any more, by anybody."))
        return redirect("registry:household", home.pk)
    lead = gettext_lazy("The key of this person is destroyed. Name, numbers and history become unreadable everywhere.")
    return acting(request, home, form, title=gettext_lazy("Erase the person"), lead=lead, person=person)
