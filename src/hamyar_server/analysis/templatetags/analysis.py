"""Results as they are drawn and named on a page."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from hamyar_server.analysis.labels import LABELS
from hamyar_server.analysis.models import AreaResult

register = template.Library()


@register.simple_tag
def interval(
    low: float | None, estimate: float | None, high: float | None, top: float, result: AreaResult
) -> SafeString | str:
    """The interval drawn on a scale from 0 to `top`, marked by how the result was made; nothing without an estimate."""
    from hamyar import figures
    from hamyar.figures.intervals import made_of

    if estimate is None:
        return ""
    low, high = (estimate if low is None else low), (estimate if high is None else high)
    drawn = figures.interval(low, estimate, high, scale=(0, top), language=get_language(), made=made_of(result))
    return mark_safe(drawn)  # nosec B308 B703  # noqa: S308 SVG that the library made from numbers


@register.filter
def named(value: str) -> Any:
    """A word of the contracts (`probability_sample`, `model`) in the reader's language."""
    return LABELS.get(value, value)
