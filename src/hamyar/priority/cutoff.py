"""How far a household stands from the cut-off, for those who check decisions: never for those who could use it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pandas as pd

from hamyar import tables
from hamyar.errors import error

if TYPE_CHECKING:
    from hamyar.indicators import Measure  # with it come the engines

CHECKERS = ("statistician", "auditor")
SETS = 20


def distance_to_cutoff(
    data: Any, measure: Measure, *, audience: str, key: str | None = None, on: date | None = None
) -> pd.DataFrame:
    """Each household's exact distance to the cut-off, and the least answers that would bring it across.

    data: path, frame or table of households; measure: its weights and cut-off are exact fractions; audience: "statistician" or
    "auditor" — a nominator who knew it could coach answers, so it is refused for anybody else; key: a column to name
    households by (else the number of the row); on: the day whose parameters are in force.
    Gives frame key, score, distance (score - cut-off, Fractions; poor from 0), poor, unknown (indicators that cannot be told),
    changes (how many answers at least), sets (tuple of the sets of that size that cross, at most 20, the heaviest
    first). An answer is an indicator's: deprived or not. Where answers are unknown the measure's rule for gaps applies; under
    "drop" score, distance and poor are None, as a gap means "visit again", and so are changes and sets.
    Raises HY-V007 (audience), and what `Measure.compile` does.
    """
    if audience not in CHECKERS:
        raise error(
            "HY-V007",
            en=f'A distance to the cut-off is for a statistician or an auditor, not for "{audience}".',
            fa=f"فاصله تا آستانه تنها برای آمارشناس یا حسابرس است، نه برای «{audience}».",
        )
    names = [indicator.name for indicator in measure.indicators]
    table = tables.as_table(data).expr
    compiled = measure.compile(table, on).select(*([key] if key else []), *names).to_pandas()
    answers = [tuple(None if pd.isna(a) else bool(a) for a in row) for row in compiled[names].itertuples(index=False)]
    found = {pattern: _stand(measure, dict(zip(names, pattern, strict=True))) for pattern in set(answers)}
    frame = pd.DataFrame([found[pattern] for pattern in answers], columns=_COLUMNS, dtype=object)
    frame.insert(0, "key", compiled[key].to_numpy() if key else range(1, len(frame) + 1))
    return frame


_COLUMNS = ["score", "distance", "poor", "unknown", "changes", "sets"]


def _stand(measure: Measure, answers: dict[str, bool | None]) -> tuple[Any, ...]:
    weight = {indicator.name: indicator.weight for indicator in measure.indicators}
    unknown = tuple(name for name, answer in answers.items() if answer is None)
    known = sum((weight[name] for name in answers if name not in unknown), Fraction(0))
    if (unknown and measure.missing == "drop") or not known:
        return None, None, None, unknown, None, None
    whole = known if measure.missing == "reweight" else sum(weight.values(), Fraction(0))
    score = sum((weight[name] for name, answer in answers.items() if answer), Fraction(0)) / whole
    poor = score >= measure.cutoff
    movable = {name: weight[name] / whole for name, answer in answers.items() if answer is poor}
    changes, sets = _least_sets(movable, abs(score - measure.cutoff), strictly=poor)
    return score, score - measure.cutoff, poor, unknown, changes, sets


def _least_sets(
    weight: dict[str, Fraction], needed: Fraction, *, strictly: bool
) -> tuple[int | None, tuple[tuple[str, ...], ...]]:
    """The least number of weights whose sum reaches (strictly: exceeds) what is needed, and the sets of that size that do."""

    def reaches(total: Fraction) -> bool:
        return total > needed if strictly else total >= needed

    heavy = sorted(weight, key=lambda name: (-weight[name], name))
    total, size = Fraction(0), 0
    while size < len(heavy) and not (size and reaches(total)):
        total += weight[heavy[size]]
        size += 1
    if not reaches(total):
        return None, ()
    crossing = (names for names in combinations(heavy, size) if reaches(sum((weight[n] for n in names), Fraction(0))))
    return size, tuple(names for names, _ in zip(crossing, range(SETS), strict=False))
