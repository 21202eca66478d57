"""Income poverty: Foster-Greer-Thorbecke, Watts, Sen, Sen-Shorrocks-Thon, with design-based errors.

As in `hamyar.poverty.inequality`; poor: income < line. line: an amount, a column of amounts (say by region), an
array or series with an amount for each row of a frame in memory (a series by the frame's labels where it has the same),
`RelativeLine(0.6, of="median")`, or the `Line` that `poverty_line` estimated on the same rows. A relative line is taken
on all people of the sample, before any group, and its own variance is in that of the estimate.
The frame has also `line` and `line_se`; attrs and notes as there.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from hamyar.errors import error
from hamyar.poverty import functionals
from hamyar.poverty.incomes import Statistic, estimate
from hamyar.poverty.inequality import By
from hamyar.poverty.lines import Line, RelativeLine
from hamyar.poverty.rows import Rows
from hamyar.survey import Design

AnyLine = float | str | ArrayLike | RelativeLine | Line
NAMES: dict[float, str] = {0: "headcount", 1: "poverty_gap", 2: "squared_poverty_gap"}


def fgt(
    data: Any,
    income: str,
    design: Design,
    by: By = None,
    *,
    line: AnyLine,
    alpha: float = 0,
    size: str | None = None,
    engine: str | None = None,
) -> pd.DataFrame:
    """Foster-Greer-Thorbecke: α = 0 headcount, 1 poverty gap, 2 squared poverty gap; people counts the poor (α = 0)."""
    if not alpha >= 0:
        raise error(
            "HY-Y007", en=f"alpha must be 0 or more, not {alpha}.", fa=f"alpha باید صفر یا بیشتر باشد، نه {alpha}."
        )
    return estimate(statistic_of(alpha), data, income, design, by, size, line, engine=engine)


def statistic_of(alpha: float) -> Statistic:
    """FGT(α) as a statistic."""
    return Statistic(
        NAMES.get(alpha, "fgt"), lambda y, w, z: functionals.fgt(y, w, z, alpha), float(alpha), total=False
    )


def watts(
    data: Any,
    income: str,
    design: Design,
    by: By = None,
    *,
    line: AnyLine,
    size: str | None = None,
    engine: str | None = None,
) -> pd.DataFrame:
    """Watts index: mean of log(line/income) among the poor × headcount. Incomes above zero, else HY-Y002 with their count."""
    statistic = Statistic("watts", functionals.watts, above="zero", total=False, bounded=False)
    return estimate(statistic, data, income, design, by, size, line, engine=engine)


def sen(
    data: Any,
    income: str,
    design: Design,
    by: By = None,
    *,
    line: AnyLine,
    size: str | None = None,
    engine: str | None = None,
) -> pd.DataFrame:
    """Sen index H·(I + (1 - I)·G of the poor). Incomes of zero or more."""
    statistic = Statistic("sen", functionals.sen, above="below zero", total=False)
    return estimate(statistic, data, income, design, by, size, line, engine=engine)


def sst(
    data: Any,
    income: str,
    design: Design,
    by: By = None,
    *,
    line: AnyLine,
    size: str | None = None,
    engine: str | None = None,
) -> pd.DataFrame:
    """Sen-Shorrocks-Thon index: mean gap × (1 + Gini of the gaps of all). Incomes of zero or more."""
    statistic = Statistic("sst", functionals.sst, above="below zero", total=False)
    return estimate(statistic, data, income, design, by, size, line, engine=engine)


def poverty_line(
    data: Any, income: str, line: RelativeLine, design: Design, *, size: str | None = None, engine: str | None = None
) -> Line:
    """The line with its standard error and what it takes to use it on the same rows: on a subset it is refused (HY-Y005)."""
    rows = Rows.read(data, income, design, [], size, engine=engine)
    return rows.line(line)
