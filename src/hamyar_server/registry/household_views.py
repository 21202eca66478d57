"""One household: what is known of it and from where, and everything that is done with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hamyar.errors import HamyarError
from hamyar_server.core.forms import say
from hamyar_server.core.models import AuditEvent
from hamyar_server.core.templatetags.hamyar import pair
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor, actor_required
from hamyar_server.organisations.mandates import Function
from hamyar_server.registry import actions
from hamyar_server.registry.forms import (
    CloseNeedForm,
    CoverForm,
    FactsForm,
    HeadForm,
    MergeForm,
    NeedForm,
    PersonForm,
    PlaceForm,
    RegisterForm,
    SplitForm,
)
from hamyar_server.registry.incoming import NewHousehold, Origin
from hamyar_server.registry.models import Household, HouseholdNeed, Person, Role
from hamyar_server.registry.words import fact, fact_value

CONFLICT = "HY-H010"
HISTORY = 20  # newest events on the page


def visible(request: HttpRequest, pk: UUID) -> Household:
    seen = Household.objects.visible_to(request.actor).select_related("area__parent", "merged_into")
    return get_object_or_404(seen, pk=pk)


def to_change(request: HttpRequest, pk: UUID) -> Household:
    """The household, for whoever may change it. Raises NotAllowed."""
    found = visible(request, pk)
    mandates.require(request.actor, Function.ASSESS, found.area)
    return found


def done(form: forms.Form, act: Callable[..., Any], **given: Any) -> Any:
    """What the action gave, or None with its refusal beside the fields; a conflict is told by its code."""
    try:
        return act(**given)
    except HamyarError as refusal:
        say(form, refusal)
        form.conflict = any(fault.code == CONFLICT for fault in refusal.faults)  # type: ignore[attr-defined]
        return None


def origin(by: Actor) -> Origin:
    """What somebody enters by hand is declared, and comes from their organisation."""
    return Origin(source=by.organisation.name_fa)


@actor_required
def household(request: HttpRequest, pk: Any) -> HttpResponse:
    """Members masked; facts with where each comes from; cover, needs, consents; what was done, by whom."""
    found, actor = visible(request, pk), request.actor
    memberships = found.memberships.select_related("person").prefetch_related(
        "person__identifiers", "person__consents", "person__vulnerabilities"
    )
    history = AuditEvent.objects.about(household=found.pk, batch=found.batch).order_by("-number")
    held = {function: mandates.holds(actor, function, found.area) for function in Function}
    said = [found.provenance.get(name) for name in found.facts]
    same = said[0] if said and all(one == said[0] for one in said) else None
    facts = [
        (name, fact_value(name, found.facts[name]), found.provenance.get(name))
        for name in sorted(found.facts, key=list(actions.FACTS).index)
    ]
    shown = {
        "household": found,
        "members": memberships.filter(until=None).order_by("pk"),
        "past": memberships.exclude(until=None).order_by("-until", "pk")[:50],
        "facts": facts,
        "facts_said": same,
        "place_said": found.provenance.get("area"),
        "covers": found.covers.order_by("-as_of", "-pk"),
        "needs": found.needs.filter(until=None).select_related("need").order_by("need__order", "pk"),
        "past_needs": found.needs.exclude(until=None).select_related("need").order_by("-until", "-pk")[:50],
        "merged": Household.objects.visible_to(actor).filter(pk=found.merged_into_id).first(),
        "history": history[:HISTORY],
        "may_change": held[Function.ASSESS] and found.state == "living",
        "may_reveal": held[Function.SEE_IDENTITIES],
        "may_erase": held[Function.ADMINISTER],
        "may_audit": held[Function.AUDIT],
    }
    return render(request, "registry/household.html", shown)


@actor_required
def register(request: HttpRequest) -> HttpResponse:
    """A household with its head."""
    mandates.require_somewhere(request.actor, Function.ASSESS)
    form = RegisterForm(request.POST or None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        new = NewHousehold(form.cleaned_data["area"], [form.person(Role.HEAD)])
        if made := done(form, actions.register_household, by=request.actor, new=new, origin=origin(request.actor)):
            messages.success(request, _("Registered. Add the other members here."))
            return redirect("registry:household", made.pk)
    title = gettext_lazy("Register a household")
    return render(request, "registry/act.html", {"form": form, "title": title, "crumb": None})


@actor_required
def facts(request: HttpRequest, pk: Any) -> HttpResponse:
    """Change facts. Whoever comes second reads what the first wrote, beside their own, and decides."""
    found = to_change(request, pk)
    form = FactsForm(request.POST or None, actor=request.actor, household=found)
    shown: dict[str, Any] = {"title": gettext_lazy("Change the facts"), "wide": True}
    if request.method == "POST" and form.is_valid():
        changes, version = form.changes(), form.cleaned_data["version"]
        given = {"by": request.actor, "household": found, "version": version, "facts": changes}
        if not changes or done(form, actions.change_household, **given, origin=origin(request.actor)):
            return redirect("registry:household", found.pk)
        if getattr(form, "conflict", False):
            shown["now"] = [
                (fact(name), fact_value(name, found.facts.get(name, "–")), fact_value(name, value))
                for name, value in changes.items()
            ]
            form.data = form.data.copy()
            form.data["version"] = found.version
    return acting(request, found, form, **shown)


def acting(request: HttpRequest, found: Household, form: forms.Form, **shown: Any) -> HttpResponse:
    """The page of one act on a household."""
    return render(request, "registry/act.html", {"form": form, "crumb": found, **shown})


def acted(
    request: HttpRequest, found: Household, form: Any, act: Callable[..., Any], title: Any, **shown: Any
) -> HttpResponse:
    """The form until the act is done, then the household; what the form gives goes to the act with the household."""
    if request.method == "POST" and form.is_valid():
        given = {"by": request.actor, "household": found, **form.cleaned_data}
        if done(form, act, **given) is not None:
            return redirect("registry:household", found.pk)
    return acting(request, found, form, title=title, **shown)


@actor_required
def place(request: HttpRequest, pk: Any) -> HttpResponse:
    """The household moved to another place."""
    found = to_change(request, pk)
    form = PlaceForm(request.POST or None, actor=request.actor, household=found)
    return acted(request, found, form, actions.change_household, gettext_lazy("Move to another place"))


@actor_required
def head(request: HttpRequest, pk: Any) -> HttpResponse:
    found = to_change(request, pk)
    form = HeadForm(request.POST or None, actor=request.actor, household=found)
    return acted(request, found, form, actions.change_household, gettext_lazy("Change the head"))


@actor_required
def add_person(request: HttpRequest, pk: Any) -> HttpResponse:
    found = to_change(request, pk)
    form = PersonForm(request.POST or None, actor=request.actor, initial={"version": found.version})
    if request.method == "POST" and form.is_valid():
        given = {"household": found, "version": form.cleaned_data["version"], "new": form.person()}
        if done(form, actions.add_person, by=request.actor, origin=origin(request.actor), **given):
            return redirect("registry:household", found.pk)
    return acting(request, found, form, title=gettext_lazy("Add a person"))


@actor_required
def split(request: HttpRequest, pk: Any) -> HttpResponse:
    found = to_change(request, pk)
    form = SplitForm(request.POST or None, actor=request.actor, household=found)
    if request.method == "POST" and form.is_valid():
        given = {**form.cleaned_data, "people": list(form.cleaned_data["people"])}
        if made := done(form, actions.split_household, by=request.actor, household=found, **given):
            messages.success(request, _("This is the new household."))
            return redirect("registry:household", made.pk)
    return acting(request, found, form, title=gettext_lazy("Split the household"))


@actor_required
def merge(request: HttpRequest, pk: Any) -> HttpResponse:
    """Everybody of another household joins this one."""
    found = to_change(request, pk)
    form = MergeForm(request.POST or None, actor=request.actor, household=found)
    if request.method == "POST" and form.is_valid():
        gone: Household = form.cleaned_data["other"]
        given = {"kept": found, "version": form.cleaned_data["version"], "gone": gone, "gone_version": gone.version}
        if done(form, actions.merge_households, by=request.actor, **given):
            messages.success(request, _("Merged: all are members of this household now."))
            return redirect("registry:household", found.pk)
    lead = gettext_lazy("Everybody of the other household becomes a member of this one, whose head stays.")
    return acting(request, found, form, title=gettext_lazy("Merge with another household"), lead=lead)


@actor_required
def cover(request: HttpRequest, pk: Any) -> HttpResponse:
    """What others say or do: a decile, an organisation that covers the household."""
    found = to_change(request, pk)
    form = CoverForm(request.POST or None)
    return acted(request, found, form, actions.record_cover, gettext_lazy("Record cover by others"))


@actor_required
def need(request: HttpRequest, pk: Any) -> HttpResponse:
    """Record what the household lacks."""
    found = to_change(request, pk)
    form = NeedForm(
        request.POST or None,
        actor=request.actor,
        initial={"version": found.version, "since": timezone.localdate()},
    )
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        said = replace(origin(request.actor), provenance=given.pop("provenance"))
        if done(form, actions.record_need, by=request.actor, household=found, origin=said, **given):
            return redirect("registry:household", found.pk)
    return deciding(request, found, form, gettext_lazy("Record a need"))


@actor_required
def close_need(request: HttpRequest, pk: int) -> HttpResponse:
    """The need is met, or withdrawn."""
    seen = HouseholdNeed.objects.visible_to(request.actor).select_related("need", "household__area__parent")
    row = get_object_or_404(seen, pk=pk)
    mandates.require(request.actor, Function.ASSESS, row.household.area)
    shown = {"version": row.household.version, "on": timezone.localdate()}
    form = CloseNeedForm(request.POST or None, actor=request.actor, initial=shown)
    given = {"by": request.actor, "need": row}
    if request.method == "POST" and form.is_valid() and done(form, actions.close_need, **given, **form.cleaned_data):
        return redirect("registry:household", row.household_id)
    title = gettext_lazy("Close a need")
    return deciding(request, row.household, form, title, lead=pair(row.need, "name"))


def deciding(request: HttpRequest, found: Household, form: forms.Form, title: Any, **shown: Any) -> HttpResponse:
    """The page of an act; whoever came second reads what is open now, and saving again is a decision."""
    if getattr(form, "conflict", False):
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data["version"] = Household.objects.get(pk=found.pk).version  # type: ignore[index]
        shown["open_needs"] = found.needs.filter(until=None).select_related("need").order_by("need__order", "pk")
    return acting(request, found, form, title=title, **shown)


def person_of(request: HttpRequest, pk: UUID) -> Person:
    """Somebody whom the actor sees, in a household."""
    seen = Person.objects.visible_to(request.actor).living()
    return get_object_or_404(seen.select_related("household__area__parent"), pk=pk)
