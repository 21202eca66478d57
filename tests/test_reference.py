"""The reference is what the docstrings say, and every public name has one."""

from __future__ import annotations

import re

from docs.reference import FOLDER, pages


def test_the_reference_is_up_to_date() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    made = pages()
    stale = sorted(name for name in kept.keys() | made.keys() if kept.get(name) != made.get(name))
    assert not stale, f"{', '.join(stale)}: run `make reference`"


def test_every_public_name_says_what_it_is() -> None:
    silent = [
        (name, heading)
        for name, text in pages().items()
        for heading in re.findall(r"^## `(\w+)[^\n]*\n\n(?=#|\Z)", text, re.M)
    ]
    assert not silent
