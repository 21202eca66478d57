"""Two people who change one household or person: the first is taken, the second reads of it."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.utils import timezone

from hamyar.errors import HamyarError, error
from hamyar_server.core.models import AuditEvent
from hamyar_server.registry.models import Household, Person


def take(row: Household | Person, version: int, **changes: Any) -> None:
    """Change the row if it still is the version that the user saw. Raises HamyarError HY-H010."""
    table: Any = type(row).objects
    taken = table.filter(pk=row.pk, version=version).update(
        **changes, version=F("version") + 1, changed_at=timezone.now()
    )
    if not taken:
        raise _conflict(row)
    row.version = version + 1


def _conflict(row: Household | Person) -> HamyarError:
    """Who was faster, and when."""
    last = AuditEvent.objects.about(**{type(row).__name__.lower(): row.pk}).last()
    who = f"{last.user_name or '–'} ({last.organisation_name or '–'})" if last else "–"
    at = f"{timezone.localtime(last.at):%H:%M}" if last else "–"
    return error(
        "HY-H010",
        en=f"{who} changed this at {at}, after you opened it; nothing of yours was written. Look at what it is now and change it again.",
        fa=f"{who} این را ساعت {at}، پس از آنکه شما باز کردید، تغییر داده است؛ چیزی از تغییر شما نوشته نشد. وضع کنونی را ببینید و دوباره تغییر دهید.",
    )
