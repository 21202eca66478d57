"""Forms of people and households. Digits are taken in any script, dates in the reader's calendar."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from hamyar.persian import latin_digits
from hamyar.tables import Column
from hamyar_server.areas.models import PLACES, Area, Stratum
from hamyar_server.core.forms import DayField
from hamyar_server.core.templatetags.hamyar import day, pair
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function
from hamyar_server.registry.erasure import GROUNDS
from hamyar_server.registry.incoming import FACTS, NewIdentifier, NewPerson
from hamyar_server.registry.models import (
    WITH_PEOPLE,
    Ending,
    Household,
    IdentifierKind,
    Need,
    Person,
    Provenance,
    Purpose,
    Role,
    Sex,
    State,
)
from hamyar_server.registry.names import Name
from hamyar_server.registry.words import fact, fact_value

ANY = [("", _("any"))]
DECILES = [(n, n) for n in range(1, 11)]
GROUND_NAMES = dict(
    zip(GROUNDS, (_("the person asked for it"), _("entered by mistake"), _("an order obliges us")), strict=True)
)


class CodeField(forms.CharField):
    """A place by its code, among those where the actor may do one of the functions."""

    widget = forms.TextInput({"dir": "ltr", "inputmode": "numeric"})

    def __init__(self, *functions: Function, kinds: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(**{"label": _("Code of the place"), "max_length": 20, **kwargs})
        self.functions, self.kinds = functions, tuple(kinds)
        self.actor: Actor | None = None

    def clean(self, value: Any) -> Area | None:  # type: ignore[override]
        code = latin_digits(super().clean(value)).strip()
        if not code:
            return None
        assert self.actor is not None
        seen = Area.objects.filter(mandates.inside(self.actor, self.functions), code=code)
        area = (seen.filter(kind__in=self.kinds) if self.kinds else seen).first()
        if area is None:
            raise forms.ValidationError(_("No place of this code lies in your area."))
        return area


class ActorForm(forms.Form):
    """A form whose places are those of the actor."""

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, CodeField):
                field.actor = actor


class NeedField(forms.ModelChoiceField):
    """A need of the reference table, by its name in the reader's language."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Need.objects.all(), **{"label": _("Need"), **kwargs})

    def label_from_instance(self, need: Need) -> str:
        return str(pair(need, "name"))


class FilterForm(ActorForm):
    area = CodeField(*WITH_PEOPLE, label=_("Code of the area"), required=False)
    stratum = forms.ChoiceField(label=_("Settlement"), choices=[*ANY, *Stratum.choices], required=False)
    decile = forms.TypedChoiceField(
        label=_("Decile"), choices=[*ANY, *DECILES], coerce=int, empty_value=None, required=False
    )
    up_to = forms.TypedChoiceField(
        label=_("Up to decile"), choices=[("", "–"), *DECILES], coerce=int, empty_value=None, required=False
    )
    cover = forms.ChoiceField(
        label=_("Covered by others"), choices=[*ANY, ("yes", _("yes")), ("no", _("no"))], required=False
    )
    organisation = forms.CharField(label=_("By the organisation"), max_length=200, required=False)
    need = NeedField(label=_("Open need"), required=False, empty_label=_("any"))
    state = forms.ChoiceField(label=_("State"), choices=State, required=False, initial=State.LIVING)


class SaveFilterForm(forms.Form):
    name = forms.CharField(label=_("Name of the filter"), max_length=60)


class VersionForm(ActorForm):
    version = forms.IntegerField(widget=forms.HiddenInput)


class PersonForm(VersionForm):
    given = forms.CharField(label=_("Given name"), max_length=100)
    family = forms.CharField(label=_("Family name"), max_length=100, required=False)
    father = forms.CharField(label=_("Father's name"), max_length=100, required=False)
    role = forms.ChoiceField(label=_("Role"), choices=Role, initial=Role.OTHER)
    sex = forms.ChoiceField(label=_("Sex"), choices=[("", _("not known")), *Sex.choices], required=False)
    birth_date = DayField(label=_("Date of birth"), required=False, max_length=30)
    identity = forms.CharField(
        label=_("National id"), max_length=20, required=False, widget=forms.TextInput({"dir": "ltr", "inputmode": "numeric"})
    )  # fmt: skip
    phone = forms.CharField(
        label=_("Telephone"), max_length=20, required=False, widget=forms.TextInput({"dir": "ltr", "inputmode": "tel"})
    )
    address = forms.CharField(label=_("Address"), max_length=300, required=False)

    def person(self, role: str = "") -> NewPerson:
        typed = self.cleaned_data
        numbers = [
            NewIdentifier(kind, typed[kind])
            for kind in (IdentifierKind.IDENTITY, IdentifierKind.PHONE, IdentifierKind.ADDRESS)
            if typed[kind].strip()
        ]
        name = Name(typed["given"].strip(), typed["family"].strip(), typed["father"].strip())
        return NewPerson(name, role or typed["role"], typed["sex"], typed["birth_date"], numbers)


class RegisterForm(PersonForm):
    """A household with its head; others are added on its page."""

    area = CodeField(Function.ASSESS, kinds=PLACES)
    field_order = ("area",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("role", "version"):
            del self.fields[name]


def fact_field(column: Column) -> forms.Field:
    given: dict[str, Any] = {"label": fact(column.name), "required": False}
    nothing = ("", _("not known"))
    if column.type == "boolean":
        choices = [nothing, ("true", _("yes")), ("false", _("no"))]
        return forms.TypedChoiceField(choices=choices, coerce=lambda text: text == "true", empty_value=None, **given)
    if column.values:
        choices = [nothing, *((value, fact_value(column.name, value)) for value in column.values)]
        return forms.TypedChoiceField(choices=choices, empty_value=None, **given)
    number = forms.IntegerField if column.type == "integer" else forms.FloatField
    widget = forms.TextInput({"inputmode": "decimal", "dir": "ltr"})
    return number(widget=widget, min_value=column.minimum, max_value=column.maximum, **given)


class FactsForm(VersionForm):
    """The facts of a household; `changes` is what was changed and nothing else."""

    def __init__(self, *args: Any, household: Household, **kwargs: Any) -> None:
        shown = {
            name: str(value).lower() if isinstance(value, bool) else value for name, value in household.facts.items()
        }
        super().__init__(*args, initial={**shown, "version": household.version}, **kwargs)
        self.household = household
        for name, column in FACTS.items():
            self.fields[name] = fact_field(column)

    def changes(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name] for name in FACTS if self.cleaned_data[name] != self.household.facts.get(name)
        }


class MemberField(forms.ModelChoiceField):
    def label_from_instance(self, person: Person) -> str:
        return member_label(person)


class MembersField(forms.ModelMultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, person: Person) -> str:
        return member_label(person)


def member_label(person: Person) -> str:
    parts = [str(person), person.get_sex_display(), day(person.birth_date) if person.birth_date else ""]
    return " · ".join(part for part in parts if part)


def members_of(household: Household) -> Any:
    return Person.objects.filter(household=household).order_by("pk")


class HeadForm(VersionForm):
    head = MemberField(label=_("Head"), queryset=Person.objects.none())

    def __init__(self, *args: Any, household: Household, **kwargs: Any) -> None:
        super().__init__(*args, initial={"version": household.version}, **kwargs)
        self.fields["head"].queryset = members_of(household)  # type: ignore[attr-defined]


class PlaceForm(VersionForm):
    area = CodeField(Function.ASSESS, kinds=PLACES)

    def __init__(self, *args: Any, household: Household, **kwargs: Any) -> None:
        super().__init__(*args, initial={"version": household.version}, **kwargs)


class SplitForm(VersionForm):
    people = MembersField(label=_("Who founds the new household"), queryset=Person.objects.none())
    head = MemberField(label=_("Head of the new household"), queryset=Person.objects.none())
    old_head = MemberField(
        label=_("Head of those who stay"), queryset=Person.objects.none(), required=False,
        help_text=_("Needed where the present head leaves."),
    )  # fmt: skip
    area = CodeField(Function.ASSESS, kinds=PLACES, required=False, help_text=_("Empty: in the same place."))

    def __init__(self, *args: Any, household: Household, **kwargs: Any) -> None:
        super().__init__(*args, initial={"version": household.version}, **kwargs)
        for name in ("people", "head", "old_head"):
            self.fields[name].queryset = members_of(household)  # type: ignore[attr-defined]


class HouseholdField(forms.UUIDField):
    """Another household by its number, among those that the actor sees."""

    actor: Actor | None = None

    def clean(self, value: Any) -> Household | None:  # type: ignore[override]
        pk = super().clean(value)
        assert self.actor is not None
        household = Household.objects.visible_to(self.actor).living().filter(pk=pk).select_related("area").first()
        if household is None:
            raise forms.ValidationError(_("No household of this number lies in your area."))
        return household


class HouseholdForm(VersionForm):
    """Another household, typed by the number that its page shows."""

    other = HouseholdField(
        label=_("Number of the other household"), widget=forms.TextInput({"dir": "ltr"}),
        help_text=_("It stands at the foot of that household's page."),
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, actor=actor, **kwargs)
        self.fields["other"].actor = actor  # type: ignore[attr-defined]


class MergeForm(HouseholdForm):
    def __init__(self, *args: Any, household: Household, **kwargs: Any) -> None:
        super().__init__(*args, initial={"version": household.version}, **kwargs)


class MoveForm(HouseholdForm):
    role = forms.ChoiceField(label=_("Role there"), choices=Role, initial=Role.OTHER)
    head = MemberField(
        label=_("Head of those who stay"), queryset=Person.objects.none(), required=False,
        help_text=_("Needed where the present head leaves."),
    )  # fmt: skip

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, initial={"version": person.version}, **kwargs)
        stay = Person.objects.filter(household=person.household_id).exclude(pk=person.pk)
        self.fields["head"].queryset = stay.order_by("pk")  # type: ignore[attr-defined]


class CoverForm(forms.Form):
    decile = forms.TypedChoiceField(
        label=_("Decile"), choices=[("", "–"), *DECILES], coerce=int, empty_value=None, required=False
    )
    organisation = forms.CharField(label=_("Organisation that covers the household"), max_length=200, required=False)
    since = DayField(label=_("Since"), required=False, max_length=30)
    source = forms.CharField(label=_("Source"), max_length=200, help_text=_("Which list or letter says so."))
    as_of = DayField(label=_("Date of the source"), max_length=30)


class NeedForm(VersionForm):
    need = NeedField(empty_label=None)
    since = DayField(label=_("Since"), max_length=30)
    provenance = forms.ChoiceField(
        label=_("How it is known"),
        choices=[(Provenance.ASSESSED, _("seen by an assessor")), (Provenance.DECLARED, _("said by the household"))],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("Note"), max_length=300, required=False, widget=forms.Textarea({"rows": 3}),
        help_text=_("What exactly is lacking. Names and health do not belong here."),
    )  # fmt: skip


class CloseNeedForm(VersionForm):
    ending = forms.ChoiceField(label=_("What came of it"), choices=Ending, widget=forms.RadioSelect)
    on = DayField(label=_("Day"), max_length=30)
    reason = forms.CharField(
        label=_("Reason"), max_length=300, widget=forms.Textarea({"rows": 3}),
        help_text=_("By whom and how it was met, or why it was none. Names and health do not belong here."),
    )  # fmt: skip


class ConsentForm(forms.Form):
    purpose = forms.ChoiceField(label=_("Purpose"), choices=Purpose)
    evidence = forms.CharField(
        label=_("Evidence"), max_length=200, help_text=_("A signed form and where it lies, or a call and its number.")
    )
    given_on = DayField(label=_("Day"), max_length=30)


class SensitiveForm(forms.Form):
    kind = forms.CharField(label=_("Matter"), max_length=60)
    detail = forms.CharField(label=_("Detail"), max_length=500, required=False, widget=forms.Textarea({"rows": 3}))


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why you need it"), max_length=300)


class EraseForm(forms.Form):
    ground = forms.ChoiceField(label=_("Ground"), choices=GROUND_NAMES, widget=forms.RadioSelect)
    sure = forms.BooleanField(label=_("I know that this cannot be taken back."))


class AuditForm(ActorForm):
    area = CodeField(Function.AUDIT, label=_("Code of the area"), required=False)
