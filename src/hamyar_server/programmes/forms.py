from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hamyar_server.intake.models import PublicCategory
from hamyar_server.programmes.actions import ACCEPTING, DECLINING


def _choices(categories: tuple[PublicCategory, ...]) -> list[tuple[str, Any]]:
    return [(category.value, category.label) for category in categories]


class DecisionForm(forms.Form):
    """The category says which way: those of the first group accept, those of the second decline."""

    public_category = forms.ChoiceField(
        label=_("Decision and public category"),
        choices=[(_("Accept"), _choices(ACCEPTING)), (_("Decline"), _choices(DECLINING))],
        widget=forms.RadioSelect,
    )
    internal_reason = forms.CharField(
        label=_("Internal reason"),
        max_length=2000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("Read by deciders and auditors, never by the nominator."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    @property
    def accept(self) -> bool:
        return self.cleaned_data["public_category"] in ACCEPTING
