from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from hamyar.persian import latin_digits
from hamyar_server.areas.models import Area
from hamyar_server.core.forms import DayField
from hamyar_server.core.templatetags.hamyar import pair
from hamyar_server.organisations import granting
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Agreement, CapacityKind, Function, Job, Organisation, User


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


class AreaCodeField(forms.CharField):
    """An area by its code, in any digits; its leading zero may be missing."""

    def clean(self, value: Any) -> Area | None:  # type: ignore[override]
        code = latin_digits(super().clean(value) or "").strip()
        if not code:
            return None
        found = Area.objects.filter(code__in=[code, f"0{code}"]).order_by("-code").first()
        if found is None:
            raise forms.ValidationError(_("No place has the code %(code)s."), params={"code": code})
        return found


class OrganisationsField(forms.ModelMultipleChoiceField):
    def label_from_instance(self, organisation: Organisation) -> str:
        return str(pair(organisation, "name"))


class AgreementField(forms.ModelChoiceField):
    def label_from_instance(self, agreement: Agreement) -> str:
        return f"{agreement.number} · {pair(agreement, 'title')}"


class GrantForm(forms.Form):
    functions = forms.MultipleChoiceField(
        label=_("Functions"),
        choices=Function.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Deciding and seeing identities are granted singly."),
    )
    area = AreaCodeField(
        label=_("Code of the area"),
        help_text=_("Everything below it is included."),
        widget=forms.TextInput({"dir": "ltr", "inputmode": "numeric"}),
    )
    agreement = AgreementField(
        label=_("Under the agreement"),
        queryset=Agreement.objects.none(),
        required=False,
        empty_label=_("none: it belongs to us"),
    )
    since = DayField(label=_("From"), max_length=30, required=False)
    until = DayField(label=_("Until"), max_length=30, required=False)
    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, actor: Actor, holder: Organisation, **kwargs: Any) -> None:
        initial = {"area": holder.area.code, "functions": [*granting.REPRESENTATIVE]}
        super().__init__(*args, initial=initial, **kwargs)
        shared: QuerySet[Agreement] = Agreement.objects.living().of(actor.organisation).filter(parties=holder)
        self.fields["agreement"].queryset = shared.order_by("-date", "id")
        held = granting.functions_held(actor.organisation)
        self.fields["functions"].choices = [(f.value, f.label) for f in Function if f in held]

    def clean_functions(self) -> list[Function]:
        return [Function(name) for name in self.cleaned_data["functions"]]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=forms.Textarea({"rows": 2}))


class AgreementForm(forms.Form):
    number = forms.CharField(label=_("Number"), max_length=50, widget=forms.TextInput({"dir": "auto"}))
    date = DayField(label=_("Date"), max_length=30)
    title_fa = forms.CharField(label=_("Title"), max_length=200)
    parties = OrganisationsField(
        label=_("Other parties"), queryset=Organisation.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    until = DayField(label=_("Ends on"), max_length=30, required=False)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Organisation.objects.exclude(pk=actor.organisation.pk)
        roots = others.filter(parent=None) | others.filter(parent=actor.organisation)
        self.fields["parties"].queryset = roots.order_by("kind", "name_fa")

    def clean_number(self) -> str:
        return latin_digits(self.cleaned_data["number"])


class PartyField(forms.ModelChoiceField):
    def label_from_instance(self, organisation: Organisation) -> str:
        return str(pair(organisation, "name"))


class ContributionForm(forms.Form):
    organisation = PartyField(label=_("Party"), queryset=Organisation.objects.none(), empty_label=None)
    promised = forms.CharField(label=_("Promised"), max_length=300)
    due = DayField(label=_("Due"), max_length=30, required=False)

    def __init__(self, *args: Any, agreement: Agreement, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = agreement.parties.order_by("kind", "name_fa")


class DoneForm(forms.Form):
    done = forms.CharField(label=_("What was done"), max_length=300)
    done_on = DayField(label=_("On"), max_length=30)


class MemberForm(forms.Form):
    user_name = forms.CharField(
        label=_("User name"),
        max_length=150,
        validators=[User.username_validator],
        widget=forms.TextInput({"dir": "ltr", "autocomplete": "off"}),
        help_text=_("Somebody who has a user name already keeps it."),
    )
    title_fa = forms.CharField(label=_("title in Persian"), max_length=150, required=False)
    job = forms.ChoiceField(label=_("Job"), choices=Job.choices)
    until = DayField(label=_("Until"), max_length=30, required=False)

    def clean_user_name(self) -> str:
        return latin_digits(self.cleaned_data["user_name"])


class CapacityForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=CapacityKind.choices)
    number = forms.IntegerField(label=_("How many"), min_value=0, max_value=100_000)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)
