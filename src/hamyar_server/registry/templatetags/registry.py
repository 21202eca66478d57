"""Names of facts and acts on the pages of people."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import template
from django.utils import timezone

from hamyar_server.core.templatetags.hamyar import day
from hamyar_server.registry import words

register = template.Library()
register.filter("act", words.act)
register.filter("field", words.field)
register.filter("fact", words.fact)
register.filter("origin", words.provenance)


@register.filter
def years(born: date | None) -> int | str:
    """Age in full years today."""
    if born is None:
        return ""
    today = timezone.localdate()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@register.filter
def query(wanted: dict[str, Any]) -> str:
    """A saved filter as the end of an address."""
    return urlencode(wanted)


@register.filter
def iso_day(text: str) -> str:
    """A date that was kept as text."""
    return day(date.fromisoformat(text))
