"""Acts on the reference table of needs, which all organisations share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from hamyar_server.core import audit, references
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function
from hamyar_server.registry.models import Need


@transaction.atomic
def add_need(*, by: Actor, code: str, kind: str, name_fa: str, name_en: str, order: int = 0) -> Need:
    """A kind of need that places and households may lack, for whoever administers somewhere."""
    mandates.require_somewhere(by, Function.ADMINISTER)
    made = Need.objects.create(code=code, kind=kind, name_fa=name_fa, name_en=name_en, order=order)
    audit.record(by, "reference.added", made, kind=kind, name_fa=name_fa, name_en=name_en, order=order)
    return made


@transaction.atomic
def change_need(*, by: Actor, need: Need, changes: Mapping[str, Any]) -> None:
    """changes: some of kind, name_fa, name_en, order; the code stays, since records hold it."""
    mandates.require_somewhere(by, Function.ADMINISTER)
    before = {name: getattr(need, name) for name in changes}
    Need.objects.filter(pk=need.pk).update(**changes)
    audit.record(by, "reference.changed", need, which=sorted(changes), before=before, after=dict(changes))


@transaction.atomic
def remove_need(*, by: Actor, need: Need) -> None:
    """Raises HamyarError HY-K050 where a household, a nomination or a programme refers to it."""
    mandates.require_somewhere(by, Function.ADMINISTER)
    audit.record(by, "reference.removed", need, name_fa=need.name_fa, name_en=need.name_en)
    references.remove(need)
