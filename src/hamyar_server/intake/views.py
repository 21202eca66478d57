"""Nominations: the list, the form, one candidate and its steps."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_POST

from hamyar.errors import HamyarError
from hamyar_server.core.forms import say, text_of
from hamyar_server.core.models import AuditEvent
from hamyar_server.core.paging import page
from hamyar_server.intake import actions
from hamyar_server.intake.forms import AnswerForm, NominationForm, NoteForm
from hamyar_server.intake.models import Candidate, State
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor, actor_required
from hamyar_server.organisations.mandates import Function
from hamyar_server.organisations.models import Organisation

WAITING = "waiting"  # for the reader's own next step, beside the states
STEPS = {
    "candidate.nominated": gettext_noop("put forward"),
    "candidate.verified": gettext_noop("verified"),
    "candidate.returned": gettext_noop("returned to the nominator"),
    "candidate.sent_again": gettext_noop("sent again"),
    "candidate.accepted": gettext_noop("accepted"),
    "candidate.declined": gettext_noop("declined"),
}


@actor_required
def candidates(request: HttpRequest) -> HttpResponse:
    """Candidates in the actor's area, newest first, by state; those that wait for the actor, the most urgent first."""
    found = Candidate.objects.visible_to(request.actor).with_story()
    state, order = request.GET.get("state", ""), ["-id"]
    if state in State.values:
        found = found.filter(state=state)
    elif state == WAITING:
        found, order = found.waiting_for(request.actor), ["decide_by", "id"]
    shown = page(found, order, request.GET.get("after"), size=30)
    may = Function.NOMINATE in mandates.functions_of(request.actor)
    return render(
        request,
        "intake/list.html",
        {
            "page": shown,
            "states": [("", _("all")), (WAITING, _("waiting for you")), *State.choices],
            "state": state,
            "may_nominate": may,
            "keep": f"state={state}&" if state else "",
        },
    )


@actor_required
def nominate(request: HttpRequest) -> HttpResponse:
    """Put a place forward: needs, a reason, the letter's number and date."""
    mandates.require_somewhere(request.actor, Function.NOMINATE)
    search = request.GET.get("q", "")
    form = NominationForm(
        request.POST or None, actor=request.actor, search=search, initial={"area": request.GET.get("area")}
    )
    if request.method == "POST" and form.is_valid():
        try:
            candidate = actions.nominate(by=request.actor, **form.cleaned_data)
        except HamyarError as refusal:
            say(form, refusal)
        else:
            messages.success(request, _("Nominated. You will read the state and the date of the answer here."))
            return redirect("intake:candidate", candidate.pk)
    return render(request, "intake/nominate.html", {"form": form, "q": search, "area": request.actor.area})


def visible(request: HttpRequest, pk: Any) -> Candidate:
    return get_object_or_404(Candidate.objects.visible_to(request.actor).with_story(), pk=pk)


@actor_required
def candidate(request: HttpRequest, pk: Any) -> HttpResponse:
    found = visible(request, pk)
    actor = request.actor
    steps = [(event, _(STEPS.get(event.action, event.action)), who) for event, who in acted(found)]
    shown = {
        "candidate": found,
        "steps": steps,
        "note_form": NoteForm(),
        "answer_form": AnswerForm(initial={"reason": found.reason}),
    }
    return render(request, "intake/candidate.html", shown | may(actor, found))


def acted(found: Candidate) -> list[tuple[AuditEvent, Organisation | None]]:
    """What was done with it, each event with the organisation that did it."""
    events = list(AuditEvent.objects.of(found))
    known = {
        str(each.pk): each for each in Organisation.objects.filter(pk__in={event.organisation_id for event in events})
    }
    return [(event, known.get(event.organisation_id)) for event in events]


def may(actor: Actor, found: Candidate) -> dict[str, bool]:
    """What this actor may do with it now, and whether they read the internal reason."""
    verifier = mandates.holds(actor, Function.VERIFY, found.area) and actions.verifies(actor.organisation, found)
    decider = mandates.holds(actor, Function.DECIDE, found.area)
    own = found.nominated_by_id == actor.organisation.pk and mandates.holds(actor, Function.NOMINATE, found.area)
    return {
        "may_verify": verifier and found.state == State.NOMINATED and found.nominator_id != actor.user.pk,
        "may_answer": own and found.state == State.RETURNED,
        "may_decide": decider and found.state == State.VERIFIED,
        "reads_inside": decider,
    }


@actor_required
@require_POST
def step(request: HttpRequest, pk: Any, name: str) -> HttpResponse:
    """Verify, return, or send again: one call to one action."""
    found = visible(request, pk)
    try:
        version = int(request.POST.get("version", ""))
    except ValueError as problem:
        raise BadRequest("version") from problem
    try:
        _take(request, name, found, version)
    except HamyarError as refusal:
        messages.error(request, text_of(refusal))
    return redirect("intake:candidate", found.pk)


def _take(request: HttpRequest, name: str, found: Candidate, version: int) -> None:
    if name == "verify":
        actions.verify(by=request.actor, candidate=found, version=version)
        return
    form = NoteForm(request.POST) if name == "return" else AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was written. Write it and send again."))
    elif name == "return":
        actions.return_to_nominator(by=request.actor, candidate=found, version=version, **form.cleaned_data)
    else:
        actions.send_again(by=request.actor, candidate=found, version=version, **form.cleaned_data)
