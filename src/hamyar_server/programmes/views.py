"""The joint list of places, and the decision on one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hamyar.errors import HamyarError
from hamyar_server.analysis.models import AreaResult
from hamyar_server.core.forms import text_of
from hamyar_server.core.paging import page
from hamyar_server.intake.models import Candidate, State
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import actor_required
from hamyar_server.organisations.mandates import Function
from hamyar_server.programmes import actions
from hamyar_server.programmes import places as joint_list
from hamyar_server.programmes.forms import DecisionForm

READERS = {Function.DECIDE, Function.DELIVER, Function.ANALYSE}
WHICH = {
    "": gettext_lazy("all"),
    "nominated": gettext_lazy("nominated"),
    "suggested": gettext_lazy("suggested by the figures alone"),
    "both": gettext_lazy("nominated and surely in"),
}


@actor_required
def places(request: HttpRequest) -> HttpResponse:
    """Nominated and statistically suggested places in one list, in the order of the newest round."""
    if not mandates.functions_of(request.actor) & READERS:
        raise mandates.NotAllowed(_("This list is for those who decide, deliver or analyse."))
    which = request.GET.get("which", "") if request.GET.get("which", "") in WHICH else ""
    shown = page(joint_list.joint(request.actor, which=which), ["rank", "id"], request.GET.get("after"), size=40)
    open_ones = joint_list.open_candidates([result.area for result in shown.rows])
    rows = [(result, open_ones.get(result.area_id, [])) for result in shown.rows]
    return render(
        request,
        "programmes/places.html",
        {
            "page": shown,
            "rows": rows,
            "which": which,
            "choices": WHICH.items(),
            "without": [] if which in ("suggested", "both") else joint_list.without_figures(request.actor)[:50],
            "may_decide": Function.DECIDE in mandates.functions_of(request.actor),
            "keep": f"which={which}&" if which else "",
        },
    )


@actor_required
def decide(request: HttpRequest, pk: Any) -> HttpResponse:
    """Accept or decline, by the date that binds the foundation."""
    found = get_object_or_404(Candidate.objects.visible_to(request.actor).with_story(), pk=pk)
    mandates.require(request.actor, Function.DECIDE, found.area)
    if found.state != State.VERIFIED:
        return redirect("intake:candidate", found.pk)
    form = DecisionForm(request.POST or None, initial={"version": found.version})
    if request.method == "POST" and form.is_valid():
        try:
            actions.decide(by=request.actor, candidate=found, accept=form.accept, **form.cleaned_data)
        except HamyarError as refusal:
            messages.error(request, text_of(refusal))
            return redirect("intake:candidate", found.pk)
        messages.success(request, _("Decided. The nominator reads the state, the category and the date."))
        return redirect("intake:candidate", found.pk)
    result = AreaResult.objects.current(request.actor).filter(area=found.area).select_related("round").first()
    return render(request, "programmes/decide.html", {"form": form, "candidate": found, "result": result})
