"""Writes the event of an act, in the act's transaction."""

from __future__ import annotations

import json
from typing import Any, Protocol

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from hamyar_server.core.models import AuditEvent


class Acting(Protocol):
    """Whoever acts: what the audit needs to know of an actor."""

    @property
    def audit_user(self) -> tuple[str, str]: ...
    @property
    def audit_organisation(self) -> tuple[str, str]: ...


def record(
    by: Acting | None, action: str, subject: models.Model, *, area: models.Model | None = None, **fields: Any
) -> None:
    """Add the event; `by` is None for what the machine does by itself. Refused outside a transaction."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"{action} is recorded outside the transaction of its act")
    user, organisation = (by.audit_user, by.audit_organisation) if by else (("", ""), ("", ""))
    AuditEvent.objects.create(
        user_id=user[0],
        user_name=user[1],
        organisation_id=organisation[0],
        organisation_name=organisation[1],
        action=action,
        subject_kind=subject._meta.label_lower,
        subject_id=str(subject.pk),
        area_path=getattr(area, "path", ""),
        fields=_plain(fields),
    )


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return json.loads(DjangoJSONEncoder(ensure_ascii=False).encode(fields))
