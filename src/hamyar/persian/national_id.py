"""The national id of Iran: ten digits, the last one a check digit. It finds typing errors only, and is optional."""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import mul
from typing import Literal

from hamyar.persian.text import latin_digits

_WEIGHTS = range(10, 1, -1)
_ZERO = ord("0")
_ZEROS = _ZERO * sum(_WEIGHTS)

Fault = Literal["empty", "not_digits", "length", "all_equal", "check_digit"]


@dataclass(frozen=True)
class NationalId:
    """What was typed, as ten digits, and what is wrong with it; a wrong one is kept and flagged, never lost."""

    text: str
    fault: Fault | None

    @property
    def valid(self) -> bool:
        return self.fault is None


def national_id(typed: str) -> NationalId:
    """Read a national id: any digits, spaces and dashes dropped, lost leading zeros put back (8 or 9 digits).

    Source: the check digit is r if r < 2 else 11 - r, with r the sum of digit x (10 - place) over the first nine, mod 11.
    One random number in eleven passes.
    """
    text = typed
    if not (text.isascii() and text.isdigit()):
        text = re.sub(r"[\s\-\u200c\u200e\u200f]", "", latin_digits(typed))
        if not text:
            return NationalId("", "empty")
        if not text.isascii() or not text.isdigit():
            return NationalId(text, "not_digits")
    if not 8 <= len(text) <= 10:
        return NationalId(text, "length")
    return _checked(text.zfill(10))


def _checked(text: str) -> NationalId:
    if len(set(text)) == 1:
        return NationalId(text, "all_equal")
    digits = text.encode()
    remainder = (sum(map(mul, digits, _WEIGHTS)) - _ZEROS) % 11  # of the first nine, for which there are weights
    check = remainder if remainder < 2 else 11 - remainder
    return NationalId(text, None if check == digits[9] - _ZERO else "check_digit")
