"""Inequality of incomes: Gini, Hoover, quantile shares, Theil and the entropy family, Atkinson, with design-based errors.

data: a Table, a path, or an Ibis, pandas, polars or Arrow table, one row per household; income: its column; size: a
column of persons by which the weight is multiplied, so that people are counted; by: columns, crossed (an unknown group
stays a group); engine: "duckdb" or "spark", which reads the columns (None: where the data are). Rows without an income
are left out of the estimates, kept in the design, and counted in attrs["notes"].
Each gives one row per group: measure, parameter, the groups, estimate, se, low, high (95 %), n (households), people,
universe, provenance; a group for which the measure is not defined has no number, and a note that names it.
Errors by linearisation: see `hamyar.poverty.functionals`; limits with few clusters by a jackknife: `hamyar.poverty.limits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from hamyar.errors import error
from hamyar.poverty import functionals
from hamyar.poverty.incomes import Statistic, estimate
from hamyar.survey import Design
from hamyar.survey.variance import Floats

By = str | Sequence[str] | None


def gini(
    data: Any, income: str, design: Design, by: By = None, *, size: str | None = None, engine: str | None = None
) -> pd.DataFrame:
    """Gini coefficient, 0 (all equal) to 1; with incomes below zero it may pass 1, and a note says so."""
    statistic = Statistic("gini", lambda y, w, _: functionals.gini(y, w))
    return estimate(statistic, data, income, design, by, size, engine=engine)


def hoover(
    data: Any, income: str, design: Design, by: By = None, *, size: str | None = None, engine: str | None = None
) -> pd.DataFrame:
    """Hoover (Ricci-Schutz, Pietra) index: the share of income that would have to move for all to be equal."""
    statistic = Statistic("hoover", lambda y, w, _: functionals.hoover(y, w))
    return estimate(statistic, data, income, design, by, size, engine=engine)


def quantile_share_ratio(
    data: Any,
    income: str,
    design: Design,
    by: By = None,
    *,
    top: float = 0.2,
    bottom: float = 0.2,
    size: str | None = None,
    engine: str | None = None,
) -> pd.DataFrame:
    """Income of the richest `top` share over that of the poorest `bottom`: S80/S20; Palma's ratio is 0.1 to 0.4."""
    if not (0 < top < 1 and 0 < bottom < 1):
        raise _wrong("top and bottom", "top و bottom", f"{top}, {bottom}", "between 0 and 1", "میان صفر و یک")

    def share_ratio(y: Floats, w: Floats, _: float) -> functionals.Estimated:
        return functionals.quantile_share_ratio(y, w, top, bottom)

    def smooth(y: Floats, w: Floats) -> float:
        return functionals.split_share_ratio(y, w, top, bottom)

    statistic = Statistic("quantile_share_ratio", share_ratio, bounded=False, smooth=smooth)
    return estimate(statistic, data, income, design, by, size, engine=engine)


def theil(
    data: Any, income: str, design: Design, by: By = None, *, size: str | None = None, engine: str | None = None
) -> pd.DataFrame:
    """Theil's T, the entropy of α = 1. Incomes of zero or more."""
    return entropy(data, income, design, by, alpha=1, size=size, engine=engine).assign(measure="theil")


def entropy(
    data: Any,
    income: str,
    design: Design,
    by: By = None,
    *,
    alpha: float,
    size: str | None = None,
    engine: str | None = None,
) -> pd.DataFrame:
    """Generalised entropy: α = 0 mean log deviation, 1 Theil's T, 2 half the squared coefficient of variation.

    Incomes above zero for α <= 0, of zero or more otherwise, any for α = 2. Raises HamyarError HY-Y002 with their count.
    """
    above = "zero" if alpha <= 0 else None if alpha == 2 else "below zero"
    function, power = (lambda y, w, _: functionals.entropy(y, w, alpha)), max(alpha + 0.5, 1.5)
    statistic = Statistic("entropy", function, float(alpha), above, bounded=False, power=power)
    return estimate(statistic, data, income, design, by, size, engine=engine)


def atkinson(
    data: Any,
    income: str,
    design: Design,
    by: By = None,
    *,
    epsilon: float,
    size: str | None = None,
    engine: str | None = None,
) -> pd.DataFrame:
    """Atkinson index with aversion ε > 0: the share of income that equality would make needless.

    Incomes above zero for ε >= 1, of zero or more otherwise. Raises HamyarError HY-Y002 with the count of others.
    """
    if not epsilon > 0:
        raise _wrong("epsilon", "epsilon", str(epsilon), "above 0", "بزرگ‌تر از صفر")
    above = "zero" if epsilon >= 1 else "below zero"
    statistic = Statistic("atkinson", lambda y, w, _: functionals.atkinson(y, w, epsilon), float(epsilon), above)
    return estimate(statistic, data, income, design, by, size, engine=engine)


def _wrong(name: str, fa_name: str, found: str, en: str, fa: str) -> Exception:
    return error("HY-Y006", en=f"{name} must be {en}, not {found}.", fa=f"{fa_name} باید {fa} باشد، نه {found}.")
