"""Whom a kept round no longer has: persons of its households who were erased after it was kept.

A round holds no person. What names its households is the input alone, by the record's own ids; who was erased is told by the audit,
which keeps the ids of persons and households and nothing else of them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from hamyar_server.analysis.models import Round
from hamyar_server.core.bulk import slices
from hamyar_server.core.models import AuditEvent

KEY = "household_id"  # the key of the contract `household`
SLICE = 5_000


def withdrawn(kept: Round) -> int:
    """How many; 0 where the households of the round are not the record's own. Raises HamyarError HY-R001, HY-R002 without its file."""
    persons: set[Any] = set()
    for some in slices(households(kept), SLICE):
        erased = AuditEvent.objects.filter(action="person.erased", household_id__in=some, at__gte=kept.kept_at)
        persons.update(erased.values_list("person_id", flat=True))
    return len(persons)


def households(kept: Round) -> list[UUID]:
    """Those of the ids in the round's inputs that may be the record's."""
    from hamyar.rounds.document import load  # a heavy import that most commands do without
    from hamyar.rounds.inputs import opened

    own = next(each["file"] for each in kept.manifest["inputs"] if each["name"] == "round")
    inputs = load(kept.folder / kept.manifest["where"] / own).inputs
    found: list[UUID] = []
    for source in (inputs[name] for name in ("sample", "households") if name in inputs):
        rows = opened(source).expr
        if KEY in rows.columns:
            for text in rows.select(KEY).distinct().to_pyarrow()[KEY].to_pylist():
                with suppress(ValueError):
                    found.append(UUID(str(text)))
    return found
