"""Settings of the reader, and the pages of errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from hamyar_server.core import preferences


class SettingsForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), choices=preferences.LANGUAGES.items(), widget=forms.RadioSelect)
    calendar = forms.ChoiceField(
        label=_("Calendar"),
        choices=[("jalali", _("Jalali")), ("gregorian", _("Gregorian")), ("hijri", _("Hijri"))],
        widget=forms.RadioSelect,
    )


def settings(request: HttpRequest) -> HttpResponse:
    """Language and calendar, for everyone, signed in or not."""
    now = {"language": get_language(), "calendar": preferences.calendar.get()}
    form = SettingsForm(request.POST or None, initial=now)
    if request.method == "POST" and form.is_valid():
        response = redirect("core:settings")
        for name, value in form.cleaned_data.items():
            preferences.keep(response, name, value)
        return response
    return render(request, "core/settings.html", {"form": form, "today": date.today()})


def _refusal(status: int) -> Callable[..., HttpResponse]:
    return lambda request, *_, **__: render(request, f"{status}.html", status=status)


bad_request = _refusal(400)
page_not_found = _refusal(404)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """With what the refusal itself says, in the reader's language, where it says anything; nothing of another failure."""
    why = str(exception) if isinstance(exception, PermissionDenied) else ""
    return render(request, "403.html", {"why": why}, status=403)


def server_error(_request: HttpRequest) -> HttpResponse:
    """Needs no database, no session and no context, since any of these may be what failed."""
    return render(None, "500.html", status=500)
