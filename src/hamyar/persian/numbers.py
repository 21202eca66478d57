"""Numbers as a reader of the language writes them."""

from __future__ import annotations

import math
from typing import Any

from hamyar.persian.text import persian_digits

NOTHING = "–"
_AFTER_LETTERS = (
    "\u061c"  # Arabic letter mark: alone in a cell the sign stands where it stands in a sentence, left of the number
)
_SIGNS = str.maketrans(",.%-", "٬٫٪−")


def absent(value: Any) -> bool:
    """None, NaN, pandas' NA."""
    return value is None or str(value) in ("nan", "<NA>", "NaT")


def number(value: Any, language: str, decimals: int = 0) -> str:
    """1234567.8 as "1,234,568" or «۱٬۲۳۴٬۵۶۸»; a dash where there is none."""
    return NOTHING if absent(value) else _written(f"{float(value):,.{decimals}f}", language)


def percent(value: Any, language: str, decimals: int = 1) -> str:
    """The share .123 as "12.3%" or «۱۲٫۳٪»; a dash where there is none."""
    if absent(value) or math.isinf(value):
        return NOTHING
    text = _written(f"{100 * value:.{decimals}f}%", language)
    return _AFTER_LETTERS + text if language == "fa" else text


def between(low: str, high: str, language: str) -> str:
    """Two written numbers as an interval: "12% to 15%", «۱۲٪ تا ۱۵٪»."""
    return f"{low} تا {high}" if language == "fa" else f"{low} to {high}"


def _written(text: str, language: str) -> str:
    return persian_digits(text).translate(_SIGNS) if language == "fa" else text
