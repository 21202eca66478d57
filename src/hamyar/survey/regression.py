"""Linear regression on a sample, with errors of the design.

Coefficients solve Σ w x (y - x'b) = 0; the influence value of a row on them is A⁻¹ x (y - x'b), A = Σ w x x'.
Source: Fuller (1975), Sankhyā C 37:117-132; Binder (1983), International Statistical Review 51:279-292.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

import ibis
import numpy as np
import pandas as pd

from hamyar.errors import error
from hamyar.survey.design import Design
from hamyar.survey.estimates import Statistic, estimate, rows_of
from hamyar.survey.rows import Rows, number
from hamyar.survey.variance import Floats, LeftOut, leaning_limits


def regression(
    data: Any, y: str, X: Sequence[str], design: Design, *, intercept: bool = True, engine: str | None = None
) -> pd.DataFrame:
    """Weighted least squares of y on X over rows that have all of them.

    Gives one row per term: term, estimate, se, low, high (95 %, Student's t; on up to 100 clusters by a jackknife, as
    `mean`), n, df (clusters - strata + 1 - terms); attrs as `mean`.
    Raises HamyarError as `mean`; HY-S019 for terms that depend on each other, or as many as there are rows or clusters.
    """
    from scipy.special import stdtrit

    rows = rows_of(data, design, None, [y, *X], engine)
    expr = rows.table.expr
    columns = {name: number(expr, name) for name in (y, *X)}
    known = ibis.and_(*(column.notnull() for column in columns.values()))
    terms = {"intercept": ibis.literal(1.0)} if intercept else {}
    terms |= {name: columns[name] for name in X}
    x, w = list(terms.values()), known.ifelse(rows.weight(), 0.0)
    p = len(x)
    asked = {f"x{k}_{m}": (w * x[k] * x[m]).sum() for k in range(p) for m in range(k + 1)}
    asked |= {f"y{k}": (w * x[k] * columns[y]).sum() for k in range(p)}
    found = expr.aggregate(**asked).to_pyarrow().to_pylist()[0]
    gram = np.array([[found[f"x{max(k, m)}_{min(k, m)}"] or 0.0 for m in range(p)] for k in range(p)])
    scale = 1 / np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1))
    if np.linalg.cond(gram * np.outer(scale, scale)) > 1e12:
        raise _dependent(list(terms))
    bread = np.linalg.inv(gram * np.outer(scale, scale)) * np.outer(scale, scale)
    b = bread @ np.array([found[f"y{k}"] for k in range(p)])
    residual = columns[y] - reduce(add, [term * value for term, value in zip(x, b.tolist(), strict=True)])
    k = known.cast("float64")
    influence = [reduce(add, [a * v for a, v in zip(x, row, strict=True)]) * residual for row in bread.tolist()]
    statistics = [Statistic("total", name, f"y{n}", None, str(n)) for n, name in enumerate(terms)]
    frame = estimate(rows, statistics, [{"y": z.fill_null(0.0) * k, "k": k} for z in influence])
    df = frame["df"] + 1 - p
    if rows.sampled and df[0] < 1:
        raise _dependent(list(terms))
    half = stdtrit(df.to_numpy(float, na_value=np.nan), 0.975) * frame["se"]
    se, low, high = frame["se"], np.array(b - half), np.array(b + half)
    left_out = _without_each_cluster(rows, x, columns[y], w) if rows.sampled else None
    if left_out is not None:
        for j in range(p):
            one = slice(j, j + 1)
            ends = leaning_limits(b[one], se.to_numpy(float)[one], df.to_numpy(float)[one], left_out[j])
            low[one], high[one] = ends
    made = {"term": list(terms), "estimate": b, "se": se, "low": low, "high": high, "n": frame["n"], "df": df}
    result = pd.DataFrame(made)
    result.attrs.update(frame.attrs)
    return result


def _without_each_cluster(rows: Rows, x: list[Any], y: Any, w: Any) -> list[LeftOut] | None:
    """The coefficients without each cluster, one for each term: MacKinnon & White (1985), J. Econometrics 29:305-325; or
    None where a jackknife would be wrong."""
    p = len(x)
    named = {f"_x{k}": value for k, value in enumerate([*x, y])}
    t = rows.table.expr.mutate(_w=w, **rows.columns(), **named)
    z = [t[f"_x{k}"] for k in range(p + 1)]
    products = {f"{k}_{m}": t._w * (z[k] * z[m]).fill_null(0.0) for k in range(p + 1) for m in range(k + 1)}
    sums, _ = rows.sums(rows.aggregate(t, products, {"n": (t._w > 0).cast("float64")}))

    def solved(of: Callable[[str], Floats]) -> Floats:
        at = np.stack([of(f"{max(k, m)}_{min(k, m)}") for k in range(p + 1) for m in range(p)], axis=1)
        gram, cross = np.split(at.reshape(-1, p + 1, p), [p], axis=1)
        return solutions(gram, cross[:, 0])

    found = sums.left_out_of("n", solved)
    return None if found is None else [replace(found, value=found.value[:, j]) for j in range(p)]


def solutions(gram: Floats, cross: Floats) -> Floats:
    """(samples, p) coefficients from (samples, p, p) of Σ w x x' and (samples, p) of Σ w x y; 0 for a term that is 0 in all rows."""
    scale = 1 / np.sqrt(np.maximum(np.einsum("ekk->ek", gram), 1e-300))
    scaled = gram * scale[:, :, None] * scale[:, None, :]
    return np.asarray(np.einsum("ekm,em->ek", np.linalg.pinv(scaled, hermitian=True), cross * scale) * scale)


def _dependent(terms: list[str]) -> Exception:
    listed = ", ".join(terms)
    return error(
        "HY-S019",
        en=f"the sample cannot tell the terms {listed} apart: one depends on the others, or there are too few rows or clusters. Leave some out.",
        fa=f"نمونه جمله‌های {listed} را از هم باز نمی‌شناسد: یکی به دیگران وابسته است یا ردیف و خوشه کم است. چند جمله را بردارید.",
    )
