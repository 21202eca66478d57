"""The wizard of imports: a file, its columns, what it would bring, yes; and afterwards what was refused, and the way back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.views.decorators.http import require_POST

from hamyar.errors import HamyarError
from hamyar.persian.calendars import CALENDARS
from hamyar_server.core import jobs
from hamyar_server.core.forms import DayField, say, text_of
from hamyar_server.core.paging import page
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import actor_required
from hamyar_server.organisations.mandates import Function
from hamyar_server.registry import columns, imports
from hamyar_server.registry.models import Import, ImportState

NAMES = {"jalali": gettext_lazy("Jalali"), "gregorian": gettext_lazy("Gregorian"), "hijri": gettext_lazy("Hijri")}
MOVING = (ImportState.CHECKING, ImportState.RUNNING, ImportState.UNDOING)


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("CSV, XLSX or Parquet, one row per person, up to 200 MB.")
    )
    source = forms.CharField(
        label=gettext_lazy("Where the list comes from"),
        max_length=200,
        help_text=gettext_lazy("The same name each time: by it and the keys in the file a household is known again."),
    )
    as_of = DayField(label=gettext_lazy("Date of the list"), max_length=30)
    calendar = forms.ChoiceField(
        label=gettext_lazy("Dates in the file are"),
        choices=[(name, NAMES[name]) for name in CALENDARS],
        widget=forms.RadioSelect,
        initial="jalali",
    )


@actor_required
def listing(request: HttpRequest) -> HttpResponse:
    """Imports of the actor's organisation, newest first, and the way to a new one."""
    mandates.require_somewhere(request.actor, Function.ASSESS)
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        file = given.pop("file")
        try:
            batch = imports.upload(by=request.actor, name=file.name, pieces=file.chunks(), **given)
        except HamyarError as refusal:
            say(form, refusal)
        else:
            return redirect("registry:import", batch.pk)
    shown = page(Import.objects.of(request.actor), ["-made_at", "id"], request.GET.get("after"), size=30)
    return render(request, "registry/imports.html", {"page": shown, "form": form})


def own(request: HttpRequest, pk: Any) -> Import:
    mandates.require_somewhere(request.actor, Function.ASSESS)
    return get_object_or_404(Import.objects.of(request.actor), pk=pk)


@actor_required
def detail(request: HttpRequest, pk: Any) -> HttpResponse:
    """One import at whatever step it is."""
    batch = own(request, pk)
    problem = ""
    if request.method == "POST" and batch.state in (ImportState.UPLOADED, ImportState.CHECKED, ImportState.FAILED):
        typed = {name: request.POST.get(f"column-{place}", "") for place, name in enumerate(batch.heading)}
        try:
            imports.map_columns(batch=batch, mapping=typed)
        except HamyarError as refusal:
            problem, batch.mapping = text_of(refusal), typed
        else:
            jobs.later(imports.WORK, str(batch.pk), name=batch.file_name)
            return redirect("registry:import", batch.pk)
    counts = batch.counts
    shown = {
        "batch": batch,
        "problem": problem,
        "columns": [(place, name, batch.mapping.get(name, "")) for place, name in enumerate(batch.heading)],
        "ours": columns.CONTRACT.columns,
        "forbidden": columns.forbidden(batch.heading),
        "counts": counts,
        "first": [texts[get_language() == "fa"] for texts in counts.get("first", [])[:20]],
        "moving": batch.state in MOVING,
        "refused": counts.get("refused") and imports.refused_file(batch).exists(),
        "share": batch.done / batch.total if batch.total else 0,
    }
    answer = render(request, "registry/import.html", shown)
    if batch.state in MOVING:
        answer.headers["Refresh"] = "2"
    return answer


@actor_required
@require_POST
def accept(request: HttpRequest, pk: Any) -> HttpResponse:
    batch = own(request, pk)
    try:
        imports.accept(by=request.actor, batch=batch, take_suspected=request.POST.get("suspected") == "1")
        jobs.later(imports.WORK, str(batch.pk), name=batch.file_name)
    except HamyarError as refusal:
        messages.error(request, text_of(refusal))
    return redirect("registry:import", batch.pk)


@actor_required
@require_POST
def undo(request: HttpRequest, pk: Any) -> HttpResponse:
    batch = own(request, pk)
    try:
        imports.undo(by=request.actor, batch=batch)
        jobs.later(imports.WORK, str(batch.pk), name=batch.file_name)
    except HamyarError as refusal:
        messages.error(request, text_of(refusal))
    return redirect("registry:import", batch.pk)


@actor_required
def refused(request: HttpRequest, pk: Any) -> FileResponse:
    """The refused rows with their reasons, to be mended and sent again; names in clear, so the download is written down."""
    batch = own(request, pk)
    if not imports.refused_file(batch).exists():
        raise Http404
    path = imports.hand_out_refused(by=request.actor, batch=batch)
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"refused-{batch.pk}.csv")
