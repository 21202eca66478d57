"""What was done with people and households, and the names of facts, in the reader's language."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from hamyar_server.core.templatetags.hamyar import number
from hamyar_server.registry.incoming import FACTS
from hamyar_server.registry.models import IdentifierKind, Provenance

ACTS = {
    "household.registered": _("household registered"),
    "households.registered": _("came in with an import"),
    "household.changed": _("facts changed"),
    "household.split": _("household split"),
    "household.merged": _("households merged"),
    "person.registered": _("person registered"),
    "person.changed": _("person's data changed"),
    "person.moved": _("person moved to another household"),
    "person.erased": _("person erased"),
    "identifier.added": _("number or address added"),
    "identity.revealed": _("identity shown in full"),
    "sensitive.revealed": _("sensitive matters shown"),
    "identities.over_budget": _("more identities than the daily budget"),
    "alarm.seen": _("alarm taken note of"),
    "consent.given": _("consent given"),
    "consent.withdrawn": _("consent withdrawn"),
    "vulnerability.recorded": _("sensitive matter recorded"),
    "need.recorded": _("need recorded"),
    "need.closed": _("need closed"),
    "cover.recorded": _("cover by others recorded"),
    "households.exported": _("households exported"),
    "persons.exported": _("persons exported"),
    "candidate.nominated": _("place nominated"),
    "candidate.verified": _("nomination verified"),
    "candidate.returned": _("nomination returned"),
    "candidate.sent_again": _("nomination sent again"),
    "candidate.accepted": _("nomination accepted"),
    "candidate.declined": _("nomination declined"),
    "agreement.signed": _("agreement kept"),
    "agreement.ended": _("agreement came to its end"),
    "contribution.promised": _("contribution promised"),
    "contribution.done": _("contribution done"),
    "mandate.granted": _("mandate given"),
    "mandate.revoked": _("mandate taken back"),
    "membership.added": _("person joined an organisation"),
    "membership.ended": _("person left an organisation"),
    "organisation.founded": _("organisation founded"),
    "organisation.moved": _("organisation moved in the tree"),
    "capacity.stated": _("capacity stated"),
    "reference.added": _("reference row added"),
    "reference.changed": _("reference row changed"),
    "reference.removed": _("reference row removed"),
    "programme.opened": _("programme opened"),
    "round.kept": _("round kept"),
    "areas.imported": _("places imported"),
    "areas.import_undone": _("import of places undone"),
    "area.recoded": _("place took another code"),
    "import.uploaded": _("list uploaded"),
    "import.accepted": _("list accepted"),
    "import.done": _("list taken in"),
    "import.undo_begun": _("undo of a list begun"),
    "import.undone": _("list undone"),
    "import.refused_handed_out": _("refused rows handed out"),
    "user.made": _("user made"),
    "user.signed_in": _("signed in"),
    "user.password_changed": _("password changed"),
    "user.password_reset": _("password reset"),
    "user.second_factor_taken": _("second factor taken into use"),
    "user.second_factor_used": _("signed in with the second factor"),
    "user.session_ended": _("session ended"),
}
FIELDS = {
    "given": _("given name"),
    "family": _("family name"),
    "father": _("father's name"),
    "name": _("name"),
    "sex": _("sex"),
    "birth_date": _("date of birth"),
    "died_on": _("date of death"),
    "area": _("place"),
    "head": _("head"),
    "decile": _("decile"),
    "organisation": _("organisation"),
    "retention": _("period of keeping"),
    "reason": _("reason"),
    "value": _("sensitive matter"),
    "note": _("note"),
    "kind": _("kind"),
    "name_fa": _("name in Persian"),
    "name_en": _("name in English"),
    "order": _("place in lists"),
    "until": _("last day"),
    **dict(IdentifierKind.choices),
}


def act(action: str) -> str | Promise:
    return ACTS.get(action, action)


def field(name: str) -> str:
    if name in FIELDS:
        return str(FIELDS[name])
    return fact(name) if name in FACTS else name


def fact(name: str) -> str:
    """The heading of a fact."""
    column = FACTS[name]
    return column.title if get_language() == "fa" and column.title else name.replace("_", " ")


UNITS = {"rial/month": _("rials a month"), "m2": _("m²")}  # of others the fact's name speaks


def fact_value(name: str, value: object) -> str | Promise:
    """A fact as a page shows it."""
    column = FACTS.get(name)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        unit = UNITS.get(column.unit or "") if column else None
        return number(value, 0 if value == int(value) else 2) + (f" {unit}" if unit else "")
    if column and column.values_fa and value in column.values and get_language() == "fa":
        return column.values_fa[column.values.index(str(value))]
    return str(value).replace("_", " ")


def provenance(name: str) -> str | Promise:
    return Provenance(name).label if name in Provenance.values else name
