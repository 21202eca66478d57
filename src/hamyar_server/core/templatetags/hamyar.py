"""Numbers and dates as the reader's language and calendar write them."""

from __future__ import annotations

import math
from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import get_language

from hamyar.persian import calendars, persian_digits
from hamyar_server.core import preferences

register = template.Library()
SIGNS = str.maketrans(",.%-", "٬٫٪−")
NOTHING = "–"


def _absent(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def _written(text: str) -> str:
    return persian_digits(text).translate(SIGNS) if get_language() == "fa" else text


@register.filter
def digits(value: Any) -> str:
    """A code, a year, a letter number: its digits in the reader's script, nothing else changed."""
    if _absent(value):
        return NOTHING
    return persian_digits(value) if get_language() == "fa" else str(value)


@register.filter
def number(value: Any, decimals: int = 0) -> str:
    """1234567 → 1,234,567 or ۱٬۲۳۴٬۵۶۷."""
    return NOTHING if _absent(value) else _written(f"{value:,.{decimals}f}")


@register.filter
def percent(value: Any, decimals: int = 1) -> str:
    """0.123 → 12.3% or ۱۲٫۳٪."""
    return NOTHING if _absent(value) else _written(f"{100 * value:.{decimals}f}%")


@register.filter
def day(value: date | datetime | None) -> str:
    """A date, its month named, in the reader's calendar."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        value = timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return calendars.written(value, preferences.calendar.get(), get_language())


@register.filter
def called(area: Any) -> str:
    """An area's name in the reader's language, where it has one."""
    return area.name if get_language() == "fa" else area.name_en or area.name


@register.filter
def pair(value: Any, name: str) -> Any:
    """`row|pair:"title"` is row.title_fa or row.title_en, of an object or a dictionary, the other one where it is empty."""
    first, second = ("fa", "en") if get_language() == "fa" else ("en", "fa")
    read = value.get if isinstance(value, dict) else lambda key: getattr(value, key)
    return read(f"{name}_{first}") or read(f"{name}_{second}")
