"""Digits, and the key under which two spellings of a name are the same."""

from __future__ import annotations

import re
import unicodedata

_PERSIAN, _ARABIC, _LATIN = "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩", "0123456789"
_TO_LATIN = str.maketrans(_PERSIAN + _ARABIC, _LATIN * 2)
_TO_PERSIAN = str.maketrans(_LATIN + _ARABIC, _PERSIAN * 2)
_SAME = str.maketrans("يىئكةۀأإٱآؤ", "ییی" + "ک" + "هه" + "اااا" + "و", "ءـ")
_DROPPED = {"Mn", "Cf"}  # diacritics, direction marks
_JOINER = "\u200c"


def latin_digits(text: str) -> str:
    """Persian and Arabic digits as 0 to 9; nothing else changes."""
    return text if text.isascii() else text.translate(_TO_LATIN)


def persian_digits(value: object) -> str:
    """Latin and Arabic digits as ۰ to ۹; nothing else changes."""
    return str(value).translate(_TO_PERSIAN)


def text_key(text: str) -> str:
    """The key of a name: two spellings of one name have the same key.

    Unicode NFKC; Arabic ye, kaf, hamza and alef forms as Persian ones, «آ» as «ا»; diacritics, tatweel, a lone hamza and
    direction marks dropped; a zero-width non-joiner counts as a space; digits Latin; punctuation and runs of space are one
    space; Latin letters without case. The words in parentheses stay: they tell namesakes apart.
    """
    composed = unicodedata.normalize("NFKC", text.replace(_JOINER, " ")).translate(_SAME).translate(_TO_LATIN)
    kept = "".join(c for c in unicodedata.normalize("NFD", composed) if unicodedata.category(c) not in _DROPPED)
    return re.sub(r"[\W_]+", " ", kept).strip().casefold()
