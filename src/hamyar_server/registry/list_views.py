"""The list of households: search, filters, saved filters."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from typing import Any

from django.contrib import messages
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
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
TYPED = ("area", "organisation")  # what is written into a field and not chosen from a list
MARKS = re.compile(rf'(?<=value=")@({"|".join(TYPED)})@(?=")')  # where that goes in a drawn form
CELLS = ("pk", "head", "state", "place", "members", "decile", "covers", "changed")  # of a row
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
        """The form's fields; they are the same for whoever chooses the same, and are drawn once a minute."""
        given = {name: self.form.data[name] for name in KEPT if self.form.data.get(name)}
        chosen = tuple((name, f"@{name}@" if name in TYPED else value) for name, value in given.items())
        faults = tuple((name, *map(str, messages)) for name, messages in self.form.errors.items())
        drawn = _drawn(get_language(), chosen, faults, int(time.time() // 60))
        written = MARKS.sub(lambda mark: escape(given[mark[1]]), drawn)
        return mark_safe(written)  # nosec B308 B703  # noqa: S308 what was typed is escaped

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
        "saved": lists.saved(request.actor),
        "saving": _saving(get_language()),
        "may_register": Function.ASSESS in held,
        "formats": exports.FORMS,
        "anything": shown
        or wanted.filtered
        or wanted.form.errors
        or Household.objects.visible_to(request.actor).exists(),
    }
    return render(request, "registry/households.html", context)


def lines(rows: Sequence[Household], today: date) -> SafeString:
    """The rows of the table, each cell written out once for each place, cover and number, since a template is slow at it."""
    heads, covers, areas = lists.heads(rows), lists.covering(rows, today), lists.areas(rows)
    written, dated, covering, place = (
        cache(number),
        cache(day),
        cache(_covers),
        cache(lambda pk: _place(get_language(), *areas[pk])),
    )
    nobody = _("no head")
    filled = (
        {
            "pk": row.pk,
            "head": heads.get(row.pk) or nobody,
            "state": "" if row.state == State.LIVING else _quiet(row.get_state_display()),
            "place": place(row.area_id),
            "members": written(row.members),
            "decile": written(row.decile),
            "covers": covering(*covers.get(row.pk, ())),
            "changed": dated(timezone.localtime(row.changed_at).date()),
        }
        for row in rows
    )
    return format_html_join("\n", _row(get_language()), filled)


@cache
def _row(_language: str) -> str:
    """What is the same in each row, with the names of its cells in braces."""
    return render_to_string("registry/household_row.html", {name: f"{{{name}}}" for name in CELLS})


def _quiet(text: str) -> SafeString:
    return format_html(' <span class="quiet">{}</span>', text)


def _covers(*names: str) -> SafeString:
    shown = format_html_join(_(", "), "<bdi>{}</bdi>", ((name,) for name in names))
    label = format_html(' data-label="{}"', _("Covered by")) if names else ""
    return format_html('<td class="wide"{}>{}</td>', label, shown)


@lru_cache(maxsize=10_000)
def _place(_language: str, name: str, name_en: str, kind: str, above: str | None, above_en: str | None) -> SafeString:
    area = Area(name=name, name_en=name_en, kind=kind, parent=Area(name=above, name_en=above_en) if above else None)
    beyond = format_html("{}<bdi>{}</bdi>", _(", "), called(area.parent)) if area.parent else ""
    return format_html("<bdi>{}</bdi>{}", called(area), _quiet(format_html("{}{}", area.get_kind_display(), beyond)))


@lru_cache(maxsize=100)
def _drawn(
    _language: str, given: tuple[tuple[str, str], ...], faults: tuple[tuple[str, ...], ...], _minute: int
) -> str:
    """The form with its faults (name of a field, messages), as it is after it was read."""
    form = FilterForm(dict(given), actor=None)
    form._errors, form.cleaned_data = ErrorDict(), {}
    for name, *said in faults:
        form.add_error(name, said)
    return form.as_div()


@cache
def _saving(_language: str) -> str:
    return SaveFilterForm().as_div()


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
