from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hamyar.persian import latin_digits
from hamyar_server.areas.models import PLACES, Area
from hamyar_server.core.forms import DayField
from hamyar_server.core.templatetags.hamyar import called, pair
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Function
from hamyar_server.registry.models import Need

SHOWN = 200  # places in one list; a search narrows it


class NeedsField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, need: Need) -> str:
        return str(pair(need, "name"))


class PlaceField(forms.ModelChoiceField):
    def label_from_instance(self, area: Area) -> str:
        if area.parent is None:
            return called(area)
        return f"{called(area)} ({area.get_kind_display()}{_(', ')}{called(area.parent)})"


def places_of(actor: Actor, search: str = "") -> Any:
    """Inhabited places in the actor's own area, by the beginning of a name in any spelling."""
    inside = Area.objects.filter(mandates.inside(actor, [Function.NOMINATE]), kind__in=PLACES, inhabited=True)
    return (inside.named(search) if search else inside).select_related("parent").order_by("depth", "key", "id")


class NominationForm(forms.Form):
    area = PlaceField(label=_("Place"), queryset=Area.objects.none(), empty_label=None)
    needs = NeedsField(label=_("Needs"), queryset=Need.objects.all(), widget=forms.CheckboxSelectMultiple)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("What is lacking, since when, for how many people. Names of persons do not belong here."),
    )
    letter_number = forms.CharField(label=_("Letter number"), max_length=50)
    letter_date = DayField(label=_("Letter date"), max_length=30)

    def __init__(self, *args: Any, actor: Actor, search: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = places_of(actor, search)
        self.fields["area"].queryset = (
            found if self.is_bound else found.filter(pk__in=list(found.values_list("pk", flat=True)[:SHOWN]))
        )

    def clean_letter_number(self) -> str:
        return latin_digits(self.cleaned_data["letter_number"])


class NoteForm(forms.Form):
    note = forms.CharField(label=_("What is missing"), max_length=1000, widget=forms.Textarea({"rows": 3}))


class AnswerForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea({"rows": 4}))
