"""The list of households: search, filters, saved filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hamyar.errors import HamyarError
from hamyar_server.areas.models import Area
from hamyar_server.core.forms import text_of
from hamyar_server.core.templatetags.hamyar import called, day, number
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor, actor_required
from hamyar_server.organisations.mandates import Function
from hamyar_server.registry import exports, lists, seeking
from hamyar_server.registry.forms import FilterForm, SaveFilterForm
from hamyar_server.registry.models import WITH_PEOPLE, Household, SavedFilter, State

KEPT = tuple(FilterForm.base_fields)  # what a saved filter holds: no name and no number
SIZE = 50


def require_people(actor: Actor) -> frozenset[Function]:
    """What the actor may do somewhere; raises NotAllowed for whoever works with no people."""
    held = mandates.functions_of(actor)
    if not held & frozenset(WITH_PEOPLE):
        mandates.require_somewhere(actor, Function.ASSESS)
    return held


@dataclass(frozen=True)
class Asked:
    """form: the filters; q: what was searched for; wanted: both, ready for `lists.found`; keep: the same as an address."""

    form: FilterForm
    q: str
    wanted: dict[str, Any]
    keep: str

    @property
    def fields(self) -> str:
        """The form's fields; without a fault they are the same for whoever gives the same filters, and are drawn once."""
        if self.form.errors:
            return self.form.as_div()
        given = {name: self.form.data[name] for name in KEPT if self.form.data.get(name)}
        return _drawn(get_language(), tuple(given.items()))

    @property
    def filtered(self) -> bool:
        return any(value for name, value in self.wanted.items() if (name, value) != ("state", "living"))


def asked(request: HttpRequest) -> Asked:
    """What the address asks for; a filter that cannot be read filters nothing and says so."""
    given = request.GET.copy()
    given.setdefault("state", "living")
    form = FilterForm(given, actor=request.actor)
    form.is_valid()
    token = request.GET.get("who", "")
    q = seeking.opened(request.actor, token) if token else ""
    kept = QueryDict(mutable=True)
    for name in ("who", *KEPT):
        if request.GET.get(name):
            kept[name] = request.GET[name]
    keep = f"{kept.urlencode()}&" if kept else ""
    return Asked(form, q, {**form.cleaned_data, "q": q}, keep)


@actor_required
def households(request: HttpRequest) -> HttpResponse:
    """Households that the actor sees, place by place. A search is posted, so that no name stands in an address."""
    held = require_people(request.actor)
    if request.method == "POST":
        return _searched(request)
    wanted, today = asked(request), timezone.localdate()
    base = Household.objects.only(*lists.SHOWN)
    listed = lists.listed(request.actor, wanted.wanted, today, request.GET.get("after"), SIZE, base)
    shown = listed.page.rows
    context = {
        "page": listed.page,
        "lines": lines(shown, today),
        "asked": wanted,
        "keep": wanted.keep,
        "count": listed.count,
        "more": listed.more,
        "saved": SavedFilter.objects.filter(membership=request.actor.membership),
        "save_form": SaveFilterForm(),
        "may_register": Function.ASSESS in held,
        "formats": exports.FORMS,
        "anything": shown
        or wanted.filtered
        or wanted.form.errors
        or Household.objects.visible_to(request.actor).exists(),
    }
    return render(request, "registry/households.html", context)


def lines(rows: Sequence[Household], today: date) -> list[dict[str, Any]]:
    """What the table shows of each household, written out once for each place and number, since a template is slow at it."""
    heads, covers, areas = lists.heads(rows), lists.covering(rows, today), lists.areas(rows)
    places = {pk: _place(area) for pk, area in areas.items()}
    written, dated = cache(number), cache(day)
    return [
        {
            "pk": row.pk,
            "head": heads.get(row.pk, ""),
            "state": "" if row.state == State.LIVING else row.get_state_display(),
            **places[row.area_id],
            "members": written(row.members),
            "decile": written(row.decile),
            "covers": covers.get(row.pk, ()),
            "changed": dated(timezone.localtime(row.changed_at).date()),
        }
        for row in rows
    ]


@lru_cache(maxsize=100)
def _drawn(_language: str, given: tuple[tuple[str, str], ...]) -> str:
    return FilterForm(initial=dict(given), actor=None).as_div()


def _place(area: Area) -> dict[str, str]:
    return {
        "place": called(area),
        "kind": area.get_kind_display(),
        "above": called(area.parent) if area.parent else "",
    }


def _searched(request: HttpRequest) -> HttpResponse:
    kept = request.GET.copy()
    for name in ("who", "after"):
        kept.pop(name, None)
    if q := request.POST.get("q", "").strip()[:100]:
        kept["who"] = seeking.hidden(request.actor, q)
    return redirect(f"{request.path}?{kept.urlencode()}")


@actor_required
@require_POST
def save_filter(request: HttpRequest) -> HttpResponse:
    """Keep the filters of the address under a name; a name that is there takes the new ones."""
    require_people(request.actor)
    form = SaveFilterForm(request.POST)
    wanted = {name: request.GET[name] for name in KEPT if request.GET.get(name)}
    if form.is_valid():
        SavedFilter.objects.update_or_create(
            membership=request.actor.membership, name=form.cleaned_data["name"], defaults={"wanted": wanted}
        )
        messages.success(request, _("The filter is kept under this name. What you searched for is not part of it."))
    kept = QueryDict(mutable=True)
    kept.update(wanted)
    return redirect(f"/households/?{kept.urlencode()}")


@actor_required
@require_POST
def remove_filter(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(SavedFilter, pk=pk, membership=request.actor.membership).delete()
    return redirect("registry:households")


@actor_required
def export(request: HttpRequest, what: str, form: str) -> HttpResponseBase:
    """The list as a file."""
    require_people(request.actor)
    wanted, today = asked(request), timezone.localdate()
    try:
        return exports.export(by=request.actor, wanted=wanted.wanted, what=what, form=form, today=today)
    except HamyarError as refusal:
        messages.error(request, text_of(refusal))
        return redirect(f"/households/?{wanted.keep}")
