"""A published lottery among those whom the score cannot tell apart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import pandas as pd

from hamyar.errors import error


def ticket(seed: str | int, key: Any) -> str:
    """SHA-256 of "seed:key" in hexadecimal: what anybody can work out from the published seed and a household's own key."""
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def draw_lots(
    keys: Sequence[Any], scores: Sequence[Any], places: int, *, seed: str | int, band: Any = 0
) -> pd.DataFrame:
    """Who gets a place: the highest scores, and by lot among those tied with the last place or within `band` of it.

    keys: identifiers, each once; scores: higher first, best as exact fractions; places: how many there are; seed: published
    beforehand, kept in the round's manifest; band: scores that lie no further than this from that of the last place count as equal to it.
    Gives frame key, score, state ("above" the band: selected without a lot; "lot"; "below"), ticket (of those in the lot),
    selected, in the order of selection. The lowest tickets win. A ticket depends on seed and key alone: neither the order
    of rows nor who else takes part changes it, every key has the same chance, and anybody can check the draw.
    Raises HY-V008 (a key twice), HY-V009 (places), HY-V010 (a score missing or not a number).
    """
    frame = pd.DataFrame({"key": list(keys), "score": pd.Series(list(scores), dtype=object)})
    if frame["key"].duplicated().any():
        twice = frame.loc[frame["key"].duplicated(), "key"].iloc[0]
        raise error(
            "HY-V008",
            en=f'"{twice}" stands more than once in the lottery. Keep one row for each.',
            fa=f"«{twice}» بیش از یک بار در قرعه‌کشی آمده است. برای هرکدام یک ردیف نگه دارید.",
        )
    if not 0 < places <= len(frame):
        raise error(
            "HY-V009",
            en=f"{places} place(s) for {len(frame)} candidate(s): give a number from 1 to {len(frame)}.",
            fa=f"{places} جا برای {len(frame)} نامزد: عددی از ۱ تا {len(frame)} بدهید.",
        )
    gap = [i for i, score in enumerate(frame["score"]) if not _is_number(score)]
    if gap:
        raise error(
            "HY-V010",
            en="A candidate has no score. A gap means visit again, never a lower place.",
            fa="یکی از نامزدها امتیاز ندارد. جای خالی یعنی بازدید دوباره، نه جای پایین‌تر.",
            row=gap[0] + 1,
        )
    last = sorted(frame["score"], reverse=True)[places - 1]
    frame["state"] = ["above" if s - last > band else "below" if last - s > band else "lot" for s in frame["score"]]
    lot = frame["state"] == "lot"
    frame["ticket"] = [ticket(seed, key) if inside else None for key, inside in zip(frame["key"], lot, strict=True)]
    order = {"above": 0, "lot": 1, "below": 2}
    ranked = sorted(
        range(len(frame)),
        key=lambda i: (
            order[frame["state"][i]],
            frame["ticket"][i] or "",
            0 if lot[i] else -frame["score"][i],
            str(frame["key"][i]),
        ),
    )
    frame = frame.iloc[ranked].reset_index(drop=True)
    frame["selected"] = frame.index < places
    return frame


def _is_number(score: Any) -> bool:
    try:
        return bool(score - score == 0)
    except TypeError:
        return False
