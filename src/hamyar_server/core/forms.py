"""Fields of forms that every app may use."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from hamyar.errors import Fault, HamyarError
from hamyar.persian import calendars
from hamyar_server.core import preferences

EXAMPLES = {"jalali": "1405/09/03", "gregorian": "2026-11-24", "hijri": "1448/06/14"}


class DayField(forms.CharField):
    """A date as the reader's calendar writes it, in any digits."""

    widget = forms.TextInput({"dir": "auto", "inputmode": "numeric"})

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        self.help_text = _("for example %s") % EXAMPLES[preferences.calendar.get()]
        return super().get_bound_field(form, field_name)

    def prepare_value(self, value: Any) -> Any:
        """A date that is there already, as the reader would type it."""
        if not isinstance(value, date):
            return value
        year, month, number = calendars.parts(value, preferences.calendar.get())
        return f"{year}/{month:02}/{number:02}"

    def clean(self, value: Any) -> date | None:  # type: ignore[override]
        text = super().clean(value)
        if not text:
            return None
        try:
            return calendars.parse(text, preferences.calendar.get())
        except HamyarError as refusal:
            fault = refusal.faults[0]
            raise ValidationError(fault.fa if get_language() == "fa" else fault.en, code=fault.code) from refusal


def text_of(refusal: HamyarError) -> str:
    return " ".join(_read(fault) for fault in refusal.faults)


def _read(fault: Fault) -> str:
    return fault.fa if get_language() == "fa" else fault.en


def say(form: forms.Form, refusal: HamyarError) -> None:
    """What an action refused, beside the field that it names."""
    for fault in refusal.faults:
        form.add_error(fault.column if fault.column in form.fields else None, _read(fault))
