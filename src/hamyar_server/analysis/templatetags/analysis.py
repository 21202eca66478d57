"""Results as they are drawn and named on a page."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from hamyar_server.analysis.labels import LABELS

register = template.Library()


@register.simple_tag
def interval(low: float | None, estimate: float | None, high: float | None, top: float) -> SafeString | str:
    """The interval drawn on a scale from 0 to `top`; nothing where there is no estimate."""
    from hamyar import figures

    if estimate is None:
        return ""
    low, high = (estimate if low is None else low), (estimate if high is None else high)
    drawn = figures.interval(low, estimate, high, scale=(0, top), language=get_language())
    return mark_safe(drawn)  # noqa: S308 SVG that the library made from numbers


@register.filter
def named(value: str) -> Any:
    """A word of the contracts (`probability_sample`, `model`) in the reader's language."""
    return LABELS.get(value, value)
