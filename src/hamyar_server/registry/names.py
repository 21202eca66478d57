"""A person's name: as it was written, as a list shows it, and the keys under which every spelling finds it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from json.encoder import encode_basestring

from hamyar.persian import text_key

HONORIFICS = frozenset({"سید", "سیده", "حاج", "حاجی", "کربلایی", "مشهدی"})  # written or left out, whoever writes


@dataclass(frozen=True)
class Name:
    given: str
    family: str = ""
    father: str = ""

    def __str__(self) -> str:
        return f"{self.given} {self.family}".strip()

    @property
    def mask(self) -> str:
        """What a list shows: «م. ر.»."""
        return mask(self.given, self.family)

    def sealed_text(self) -> str:
        return sealed_text(self.given, self.family, self.father)


def mask(*parts: str) -> str:
    return " ".join(f"{part.strip()[0]}." for part in parts if part.strip())


def sealed_text(given: str, family: str, father: str) -> str:
    """As JSON; `encode_basestring` is what `json.dumps` calls for each text, without its preparations."""
    return f"[{encode_basestring(given)}, {encode_basestring(family)}, {encode_basestring(father)}]"


def name_of(text: str) -> Name:
    """The name in what `Name.sealed_text` wrote."""
    return Name(*json.loads(text))


def name_key(text: str) -> str:
    """The text key without its spaces and without honorifics: «سيّد محمّد‌علی» and «محمدعلی» are one."""
    words = text_key(text).split()
    return "".join(word for word in words if word not in HONORIFICS) or "".join(words)


def readings(typed: str) -> list[tuple[str, str]]:
    """Keys of (given, family) that the words may mean: each place between two words may part them; one word is either."""
    words = [word for word in text_key(typed).split() if word not in HONORIFICS]
    whole = "".join(words)
    if not whole:
        return []
    parted = [("".join(words[:i]), "".join(words[i:])) for i in range(1, len(words))]
    return [*parted, ("", whole), (whole, "")]
