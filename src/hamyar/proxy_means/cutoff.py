"""The rule that turns scores into a selection: said aloud, since the same scores give other errors under another rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hamyar.errors import error


@dataclass(frozen=True)
class Selection:
    """selected: per household True, False, or unknown (no score: visit again); cutoff: the score at which it ends;
    share: weighted share selected of those scored; rule, and ties that share the cut-off, in both languages."""

    selected: pd.Series[Any]
    cutoff: float
    share: float
    rule: dict[str, str]
    notes: list[dict[str, str]]


def select(score: Any, *, quota: float | None = None, line: float | None = None, weight: Any = None) -> Selection:
    """The poorest by score: a `quota` of people (0 to 1), or all with a score below a `line`; exactly one of the two.

    With a quota, households are taken from the lowest score until the quota is first reached, and all that tie with the
    last one as well. weight: (households,) > 0. Raises HamyarError HY-E010 to HY-E012.
    """
    scores = pd.Series(np.asarray(score, dtype=np.float64), index=getattr(score, "index", None))
    weights = np.ones(len(scores)) if weight is None else np.asarray(weight, dtype=np.float64)
    known = scores.notna().to_numpy()
    _check(quota, line, weights, known)
    if quota is None:
        assert line is not None
        chosen, cutoff = scores < line, float(line)
        rule = {"en": f"a score below {line:g}", "fa": f"امتیاز کمتر از {line:g}"}
    else:
        cutoff = _reached(scores.to_numpy()[known], weights[known], quota)
        chosen = scores <= cutoff
        rule = {"en": f"the poorest {quota:.4g} by score", "fa": f"فقیرترین {quota:.4g} بر پایهٔ امتیاز"}
    selected = chosen.astype("boolean").mask(~known)
    share = float(weights[known & chosen.to_numpy()].sum() / weights[known].sum())
    return Selection(selected, cutoff, share, rule, _notes(scores, known, cutoff, quota))


def _reached(scores: Any, weights: Any, quota: float) -> float:
    order = np.argsort(scores, kind="stable")
    below = np.cumsum(weights[order])
    place = int(np.searchsorted(below, quota * below[-1] * (1 - 1e-12)))
    return float(scores[order[min(place, len(order) - 1)]])


def _check(quota: float | None, line: float | None, weights: Any, known: Any) -> None:
    if (quota is None) == (line is None):
        raise error(
            "HY-E010",
            en="say the rule: either quota= (a share of people) or line= (a score), not both.",
            fa="قاعده را بگویید: یا quota= (سهمی از مردم) یا line= (یک امتیاز)، نه هر دو.",
        )
    if quota is not None and not 0 < quota < 1:
        raise error(
            "HY-E011", en=f"a quota is a share between 0 and 1, not {quota}.", fa=f"سهمیه میان ۰ و ۱ است، نه {quota}."
        )
    if not known.any() or not (weights > 0).all():
        raise error(
            "HY-E012",
            en=f"{int(known.sum())} households have a score and {int((~(weights > 0)).sum())} a weight that is not above zero: nothing can be selected. Correct them.",
            fa=f"{int(known.sum())} خانوار امتیاز دارد و وزن {int((~(weights > 0)).sum())} خانوار بزرگ‌تر از صفر نیست: انتخاب ممکن نیست. درستشان کنید.",
        )


def _notes(scores: pd.Series[Any], known: Any, cutoff: float, quota: float | None) -> list[dict[str, str]]:
    notes = []
    if not known.all():
        count = int((~known).sum())
        notes.append(
            {
                "en": f"households without a score, to be visited again: {count}.",
                "fa": f"خانوارهای بی‌امتیاز که باید دوباره دیده شوند: {count}.",
            }
        )
    tied = int((scores == cutoff).sum())
    if quota is not None and tied > 1:
        notes.append(
            {
                "en": f"households that share the last score {cutoff:g}, all selected: {tied}.",
                "fa": f"خانوارهایی که در امتیاز پایانی {cutoff:g} برابرند و همه انتخاب شدند: {tied}.",
            }
        )
    return notes
