from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from hamyar.persian import latin_digits


class SignInForm(forms.Form):
    name = forms.CharField(
        label=_("User name"), max_length=150, widget=forms.TextInput({"autocomplete": "username", "dir": "ltr"})
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password", "dir": "ltr"}),
    )

    def clean_name(self) -> str:
        return latin_digits(self.cleaned_data["name"])
