"""Quantiles of a sample with Woodruff's intervals.

The interval for the share at or below the quantile, p ± t·se, is carried back through the quantile function; the
standard error is its width ÷ 2t. On few clusters the limits are those that a jackknife gives for the share. Rules as R's survey 4 names them, which are: "math", the least value at or below which
lies the share p, the lower of two where p is met exactly; "school", the mean of the two there; "hf7", linear between
the values at (w_1 + … + w_(k-1)) ÷ (w_1 + … + w_(n-1)) (Hyndman & Fan's 7), where equal values keep the rows' order.
Source: Woodruff (1952), JASA 47:635-646; Hyndman & Fan (1996).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import numpy as np
import pandas as pd

from hamyar.errors import error
from hamyar.survey.design import Design
from hamyar.survey.estimates import Names, Statistic, estimate, rows_of
from hamyar.survey.rows import Rows, number, numbered, of_column
from hamyar.survey.variance import Floats

RULES = ("math", "school", "hf7")
Distribution = tuple[Floats, Floats]  # values in ascending order, their weights


def quantile(
    data: Any,
    columns: Names,
    design: Design,
    by: Names | None = None,
    *,
    probabilities: float | Sequence[float] = 0.5,
    rule: str = "math",
    engine: str | None = None,
) -> pd.DataFrame:
    """Weighted quantiles of numeric columns by domain; the frame of `mean` with a column `probability`, without deff.

    A limit that would lie beyond the sample's values is unknown, as is the standard error where Woodruff's would, and a
    note says so.
    Raises HamyarError as `mean`, HY-S017 for a probability or rule that does not exist.
    """
    ps = [probabilities] if isinstance(probabilities, int | float) else list(probabilities)
    if not ps or not all(0 < p < 1 for p in ps) or rule not in RULES:
        raise error(
            "HY-S017",
            en=f"probabilities lie between 0 and 1, and rule is one of {', '.join(RULES)}; not {ps} with {rule!r}.",
            fa=f"probabilities میان ۰ و ۱ است و rule یکی از {', '.join(RULES)}؛ نه {ps} با {rule!r}.",
        )
    names = [columns] if isinstance(columns, str) else list(columns)
    rows = rows_of(data, design, by, names, engine)
    statistics: list[Statistic] = []
    asked: list[dict[str, Any]] = []
    found: list[tuple[float, list[float], list[Distribution]]] = []
    for name in names:
        distributions = _distributions(rows, name, rule)
        y = number(rows.table.expr, name)
        known = y.notnull().cast("float64")
        for p in ps:
            value = [_quantile(*pair, p, rule) for pair in distributions.values()]
            below = (y <= _of_group(rows, list(distributions), value)).cast("float64")
            asked.append({"y": below, "x": known, "k": known})
            key = str(len(statistics))
            statistics.append(Statistic("quantile", name, f"y{key}", f"x{key}", key))
            found.append((p, value, list(distributions.values())))
    frame = estimate(rows, statistics, asked)
    return _carried_back(frame, found, rule, rows)


def _distributions(rows: Rows, column: str, rule: str) -> dict[tuple[Any, ...], Distribution]:
    """For each group in order its values, ascending, and their weights: equal values as one, but row by row for hf7."""
    expr, by = rows.table.expr, [f"g{n}" for n in range(len(rows.by))]
    keys = {g: expr[name] for g, name in zip(by, rows.by, strict=True)}
    t = expr.select(y=number(expr, column), w=rows.weight(), **keys)
    if rule != "hf7":
        t = t.group_by([*by, "y"]).aggregate(w=t.w.sum())
    held = t.to_pyarrow()
    group = numbered(held, by)
    first = np.unique(group, return_index=True)[1]
    names = held.select(by).take(first).to_pandas() if by else pd.DataFrame(index=[0])
    y, w = of_column(held["y"]), of_column(held["w"])
    kept = np.flatnonzero((w > 0) & held["y"].is_valid().to_numpy())
    order = kept[np.argsort(y[kept], kind="stable")]
    order = order[np.argsort(group[order], kind="stable")]
    starts = np.searchsorted(group[order], np.arange(len(names) + 1))
    each = [order[starts[n] : starts[n + 1]] for n in range(len(names))]
    return {key: (y[mine], w[mine]) for key, mine in zip(names.itertuples(index=False, name=None), each, strict=True)}


def _quantile(y: Floats, w: Floats, p: float, rule: str) -> float:
    """The p-quantile of values in ascending order; NaN for none, or for p outside 0 to 1."""
    if not len(y) or not 0 <= p <= 1:
        return float("nan")
    below = np.cumsum(w)
    if rule == "hf7":
        if len(y) == 1:
            return float(y[0])
        return float(np.interp(p, np.concatenate([[0.0], below[:-1]]) / below[-2], y))
    place = int(np.searchsorted(below, p * below[-1] * (1 - 1e-13)))
    place = min(place, len(y) - 1)
    met = abs(below[place] - p * below[-1]) <= 1e-13 * below[-1]
    if rule == "school" and met and place + 1 < len(y):
        return float((y[place] + y[place + 1]) / 2)
    return float(y[place])


def _of_group(rows: Rows, keys: list[tuple[Any, ...]], values: list[float]) -> Any:
    """The value of the row's group, as an expression."""
    if not rows.by:
        return ibis.literal(values[0], "float64") if not np.isnan(values[0]) else ibis.null("float64")
    expr = rows.table.expr
    cases = []
    for key, value in zip(keys, values, strict=True):
        if not np.isnan(value):
            parts = zip(rows.by, key, strict=True)
            same = [expr[by].isnull() if pd.isna(part) else expr[by] == _plain(part) for by, part in parts]
            cases.append((ibis.and_(*same), ibis.literal(value, "float64")))
    return ibis.cases(*cases, else_=ibis.null("float64")) if cases else ibis.null("float64")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _carried_back(
    frame: pd.DataFrame, found: list[tuple[float, list[float], list[Distribution]]], rule: str, rows: Rows
) -> pd.DataFrame:
    """Limits of shares to limits of values."""
    from scipy.special import stdtrit

    frame = frame.drop(columns="deff")
    groups = len(frame) // len(found)
    p = np.repeat([p for p, _, _ in found], groups)
    value = np.concatenate([values for _, values, _ in found])
    limits = frame[["low", "high"]].to_numpy(float)
    pairs = [pair for _, _, distributions in found for pair in distributions]
    if rows.sampled:
        t = stdtrit(frame["df"].to_numpy(float), 0.975)
        half = t * frame["se"].to_numpy(float)
        shares = np.column_stack([limits, frame["estimate"] - half, frame["estimate"] + half])
        back = [[_quantile(*pair, float(one), rule) for one in each] for pair, each in zip(pairs, shares, strict=True)]
        limits, of_errors = np.split(np.array(back), 2, axis=1)
        frame["se"] = (of_errors[:, 1] - of_errors[:, 0]) / (2 * t)
    elif rows.universe == "census":
        limits = np.stack([value, value], axis=1)
    frame["estimate"], frame["low"], frame["high"] = value, limits[:, 0], limits[:, 1]
    frame.insert(2, "probability", p)
    beyond = frame[frame["estimate"].notna() & frame[["low", "high"]].isna().any(axis=1)]
    if rows.sampled and len(beyond):
        frame.attrs["notes"] = [
            *frame.attrs["notes"],
            {
                "en": f"{len(beyond)} intervals reach beyond the values in the sample, so their limit is unknown, and the standard error where Woodruff's does too.",
                "fa": f"{len(beyond)} فاصله از مقدارهای نمونه بیرون می‌زند، پس کرانشان نامعلوم است، و خطای معیار نیز هر جا فاصلهٔ وودراف بیرون بزند.",
            },
        ]
    return frame
