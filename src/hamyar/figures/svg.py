"""Elements of SVG as text: attributes only, no style sheet and no script, so that the strictest page may hold them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

INK, SOFT, LINE, PALE, DARK, WARM, PAPER = "#1d2624", "#55615e", "#c3ccc9", "#f3f6f5", "#7c2d12", "#f8dfcf", "#ffffff"
FONT = "Vazirmatn, Tahoma, sans-serif"
TIERS = {
    "surely_in": {"fa": "قطعاً در اولویت", "en": "surely in"},
    "uncertain": {"fa": "نامشخص", "en": "uncertain"},
    "surely_out": {"fa": "قطعاً خارج", "en": "surely out"},
}


@dataclass(frozen=True)
class Classes:
    """What a map tells apart, the most urgent first: kind → words in fa and en; kind → dark, dotted or plain; all in one sentence, with {kind} for the counts."""

    words: Mapping[str, Mapping[str, str]]
    tones: Mapping[str, str]
    sentence: Mapping[str, str]


BY_TIER = Classes(
    TIERS,
    {"surely_in": "dark", "uncertain": "dotted", "surely_out": "plain"},
    {
        "fa": "نقشهٔ رده‌ها: {surely_in} محدوده قطعاً در اولویت، {uncertain} نامشخص، {surely_out} قطعاً خارج.",
        "en": "Map of tiers: {surely_in} areas surely in, {uncertain} uncertain, {surely_out} surely out.",
    },
)
EMPTY = {"circle", "input", "path", "rect"}
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def clean(text: Any) -> str:
    """Escaped, and without the characters that XML does not allow."""
    return escape(_FORBIDDEN.sub("", str(text)))


def tag(element: str, /, *children: str, **attributes: Any) -> str:
    """An element; children are markup; an attribute that is None is left out, `stroke_width` is `stroke-width`, `class_` is `class`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(children)
    return f"<{element}{written}>{inside}</{element}>" if inside or element not in EMPTY else f"<{element}{written}/>"


def _value(value: Any) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else clean(value)


def text(x: float, y: float, words: str, *, side: str, language: str, **attributes: Any) -> str:
    """A line of text whose left, middle or right lies at x, whatever its direction."""
    edges = {"left": "start", "right": "end"} if language == "en" else {"right": "start", "left": "end"}
    return tag("text", clean(words), x=float(x), y=float(y), text_anchor=edges.get(side, "middle"), **attributes)


def figure(
    width: float, height: float, *parts: str, title: str, description: str, language: str, role: str = "img"
) -> str:
    """The whole drawing, named and described for screen readers; it is shown at most `width` CSS pixels wide.

    Every «#» that a part refers to as `url(#@…)` or `id="@…"` becomes an id of this drawing alone.
    """
    body = "".join(parts)
    key = "f" + hashlib.sha256(f"{language}{title}{body}".encode()).hexdigest()[:8]
    return tag(
        "svg",
        tag("title", clean(title), id=f"{key}-t"),
        tag("desc", clean(description), id=f"{key}-d"),
        body.replace("(#@", f"(#{key}-").replace('id="@', f'id="{key}-'),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}",
        height=f"{height:.0f}",
        role=role,
        aria_labelledby=f"{key}-t {key}-d",
        direction="rtl" if language == "fa" else "ltr",
        lang=language,
        font_family=FONT,
        fill=INK,
    )


def spread(words: str, size: float) -> float:
    """About how wide a text is at a font size, so that it can be fitted without a font."""
    narrow = sum(c in " \u200c.,:;'|!()-ijlftrIاآأإدذرزژو" for c in words)
    persian = sum("\u0600" <= c <= "\u06ff" for c in words)
    return size * (0.57 * (len(words) - narrow) + 0.3 * narrow + 0.06 * persian)
