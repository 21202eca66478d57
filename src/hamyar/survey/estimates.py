"""Means, totals, ratios and proportions with design-based errors, for all rows or by domains.

Source: Särndal, Swensson & Wretman (1992) 5.6-5.8; Lumley (2010); Kish (1965) for design effects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from hamyar.errors import error
from hamyar.survey.design import Design
from hamyar.survey.rows import Rows, Test, number
from hamyar.survey.variance import Floats, Sums, leaning_limits, limits
from hamyar.tables import as_table
from hamyar.tables.table import arrow

LABELS = {
    "census": {"fa": "شمارش کامل", "en": "full count"},
    "probability_sample": {"fa": "برآورد از نمونه", "en": "estimated from a sample"},
    "list": {"fa": "در میان ارزیابی‌شدگان", "en": "among those assessed"},
}
Names = str | Sequence[str]


@dataclass(frozen=True)
class Statistic:
    """scale-free ratio of two weighted sums, or a total (no denominator); key: its place in `plain`."""

    measure: str
    variable: str
    numerator: str
    denominator: str | None
    key: str
    share: bool = False
    category: Any = None


def mean(
    data: Any, columns: Names, design: Design, by: Names | None = None, *, engine: str | None = None
) -> pd.DataFrame:
    """Weighted means of numeric or boolean columns, rows without a value left out as outside the domain.

    data: a Table, a path, or an Ibis, pandas, polars or Arrow table; by: columns, crossed (an unknown group stays a
    group); engine: "duckdb" or "spark" for a path or rows in memory (None: where the data are).
    Gives one row per column and group: measure, variable, the groups, estimate, se, low, high (95 %, Student's t; where
    the group lies in up to 100 clusters by a jackknife, further out on the side to which they are skewed), n
    (rows with a value and a weight), df (clusters less strata, of the whole design), deff (against simple random
    sampling of as many rows without replacement; with, where weights do not add up to a population), universe,
    provenance. A list has no se and limits, a census a se of 0. attrs: label, notes [{fa, en}], clusters, strata.
    Raises HamyarError HY-S003 to HY-S014.
    """
    return _averages("mean", data, columns, design, by, engine)


def total(
    data: Any, columns: Names, design: Design, by: Names | None = None, *, engine: str | None = None
) -> pd.DataFrame:
    """Weighted totals of numeric or boolean columns; arguments, frame and errors as in `mean`."""
    return _averages("total", data, columns, design, by, engine)


def ratio(
    data: Any, numerator: str, denominator: str, design: Design, by: Names | None = None, *, engine: str | None = None
) -> pd.DataFrame:
    """Ratio of two weighted totals over rows that have both; the variable is "numerator/denominator". Else as `mean`."""
    rows = rows_of(data, design, by, [numerator, denominator], engine)
    y, x = number(rows.table.expr, numerator), number(rows.table.expr, denominator)
    both = (y.notnull() & x.notnull()).cast("float64")
    asked = {"y": y * both, "x": x * both, "k": both}
    found = Statistic("ratio", f"{numerator}/{denominator}", "y0", "x0", "0")
    return estimate(rows, [found], [asked])


def proportion(
    data: Any, columns: Names, design: Design, by: Names | None = None, *, engine: str | None = None
) -> pd.DataFrame:
    """Share of each category of a column among rows that have one, with limits on the logit scale.

    The column `category` stands after variable; else arguments, frame and errors as in `mean`.
    """
    names = [columns] if isinstance(columns, str) else list(columns)
    rows = rows_of(data, design, by, names, engine)
    statistics: list[Statistic] = []
    asked = []
    for name in names:
        value = rows.table.expr[name]
        if value.type().is_floating():
            value = value.isnan().ifelse(ibis.null(value.type()), value)
        categories = rows.table.expr.select(value.name("c")).distinct().order_by("c").to_pyarrow()["c"].drop_null()
        for category in categories.to_pylist():
            known = value.notnull().cast("float64")
            asked.append({"y": (value == category).cast("float64"), "x": known, "k": known})
            key = str(len(statistics))
            statistics.append(Statistic("proportion", name, f"y{key}", f"x{key}", key, True, category))
    return estimate(rows, statistics, asked)


def linearised(
    data: Any, design: Design, values: Mapping[str, Any], by: Names | None = None, *, engine: str | None = None
) -> pd.DataFrame:
    """Standard error of any statistic from its influence values: the error of their weighted total.

    values: name → influence value z of each row, such that the statistic's error is that of Σ weight·z: an Ibis
    expression over the data's columns, a column's name, or an array in the order of the rows. By group, a row's value
    belongs to its own group's statistic and counts as 0 in the others; a statistic whose influence reaches beyond its
    group (a line estimated from all rows) is given as a value of its own, without `by`.
    Gives one row per name and group: variable, the groups, se, n, df. Raises HamyarError as `mean`, HY-S015.
    """
    data, added = _with_arrays(data, values)
    rows = rows_of(data, design, by, [value for value in added.values() if isinstance(value, str)], engine)
    expr = rows.table.expr
    asked = []
    for value in added.values():
        z = number(expr, value) if isinstance(value, str) else value.cast("float64")
        asked.append({"y": z, "k": z.notnull().cast("float64")})
    statistics = [Statistic("total", name, f"y{n}", None, str(n)) for n, name in enumerate(added)]
    frame = estimate(rows, statistics, asked)
    return frame.drop(columns=["measure", "estimate", "low", "high", "deff", "universe", "provenance"])


def _with_arrays(data: Any, values: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Arrays become columns of the data. Raises HY-S015 for another number of rows."""
    arrays = {name: value for name, value in values.items() if not isinstance(value, str | ibis.Expr)}
    if not arrays:
        return data, dict(values)
    table = as_table(data)
    held = arrow(table).read_all()
    for name, value in arrays.items():
        if len(value) != held.num_rows:
            raise error(
                "HY-S015",
                en=f"{name} has {len(value)} influence values for {held.num_rows} rows. Give one for each row, in order.",
                fa=f"{name} برای {held.num_rows} ردیف {len(value)} مقدار تأثیر دارد. برای هر ردیف یکی به ترتیب بدهید.",
            )
        held = held.append_column(f"_z_{name}", pa.array(np.asarray(value, dtype=np.float64)))
    return held, {name: f"_z_{name}" if name in arrays else value for name, value in values.items()}


def rows_of(data: Any, design: Design, by: Names | None, columns: Sequence[str], engine: str | None) -> Rows:
    """The rows of a call."""
    groups = [by] if isinstance(by, str) else [] if by is None else list(by)
    return Rows(as_table(data, engine=engine), design, groups, columns)


def _averages(
    measure: str, data: Any, columns: Names, design: Design, by: Names | None, engine: str | None
) -> pd.DataFrame:
    names = [columns] if isinstance(columns, str) else list(columns)
    rows = rows_of(data, design, by, names, engine)
    asked, statistics = [], []
    for n, name in enumerate(names):
        y = number(rows.table.expr, name)
        known = y.notnull().cast("float64")
        asked.append({"y": y, "x": known, "k": known})
        statistics.append(Statistic(measure, name, f"y{n}", f"x{n}" if measure == "mean" else None, str(n)))
    return estimate(rows, statistics, asked)


def estimate(rows: Rows, statistics: list[Statistic], asked: list[dict[str, Any]]) -> pd.DataFrame:
    """Sums each statistic's numerator y and denominator x, over rows where k is 1, and makes the frame."""
    named = {f"{key}{n}": value for n, parts in enumerate(asked) for key, value in parts.items()}
    t = rows.table.expr.mutate(_w=rows.weight(), **rows.columns(), **{f"_{name}": z for name, z in named.items()})
    weighted, plain, pairs = {}, {"w": t._w, "n": (t._w > 0).cast("float64")}, []
    for n, statistic in enumerate(statistics):
        y, k = t[f"_y{n}"], t[f"_k{n}"]
        weighted[f"y{n}"] = t._w * y
        pairs += [(f"y{n}", f"y{n}")]
        plain |= {f"n{n}": (t._w > 0).cast("float64") * k, f"w{n}": t._w * k, f"yy{n}": t._w * y * y}
        if statistic.denominator:
            x = t[f"_x{n}"]
            weighted[f"x{n}"] = t._w * x
            pairs += [(f"y{n}", f"x{n}"), (f"x{n}", f"x{n}")]
            plain |= {f"yx{n}": t._w * y * x, f"xx{n}": t._w * x * x}
    cells = rows.aggregate(t, weighted, plain, pairs)
    checks: list[Test] = [
        (s.variable, "infinite", "بی‌نهایت", parts["y"].abs() == np.inf)
        for s, parts in zip(statistics, asked, strict=True)
    ]
    rows.check(cells, checks)
    sums, keys = rows.sums(cells)
    return _Frame(rows, sums, keys).of(statistics)


class _Frame:
    """Statistics with their errors as a tidy frame."""

    def __init__(self, rows: Rows, sums: Sums, keys: pd.DataFrame) -> None:
        self.rows, self.sums, self.keys = rows, sums, keys
        self.whole = sums.pooled()
        if rows.sampled and self.df < 1:
            raise error(
                "HY-S006",
                en="no stratum has two clusters, so the sample says nothing of its own error. Use coarser strata.",
                fa="هیچ طبقه‌ای دو خوشه ندارد، پس نمونه چیزی از خطای خود نمی‌گوید. طبقه‌ها را درشت‌تر کنید.",
            )

    @property
    def df(self) -> int:
        return self.sums.degrees_of_freedom

    def of(self, statistics: list[Statistic]) -> pd.DataFrame:
        frames = []
        for s in statistics:
            head = {"measure": s.measure, "variable": s.variable} | ({"category": s.category} if s.share else {})
            named = pd.DataFrame({name: [value] * len(self.keys) for name, value in head.items()})
            frames.append(pd.concat([named, self.keys, pd.DataFrame(self._numbers(s))], axis=1))
        frame = pd.concat(frames, ignore_index=True)
        frame["universe"], frame["provenance"] = self.rows.universe, self.rows.table.provenance
        frame.attrs.update(label=LABELS[self.rows.universe], notes=self._notes(statistics))
        if self.rows.sampled:
            frame.attrs.update(clusters=int(self.sums.clusters.sum()), strata=len(self.sums.clusters))
        return frame

    def _numbers(self, s: Statistic) -> dict[str, Any]:
        estimate = _value(self.sums, s)
        n = self.sums.total(f"n{s.key}")
        se, deff = self._error(s, estimate)
        low, high = self._limits(s, estimate, se, n / np.fmax(1.0, np.nan_to_num(deff)))
        df = self.df if self.rows.sampled else pd.NA
        numbers = {"estimate": estimate, "se": se, "low": low, "high": high, "n": n.astype(np.int64)}
        return numbers | {"df": pd.array([df] * len(n), dtype="Int64"), "deff": deff}

    def _error(self, s: Statistic, estimate: Floats) -> tuple[Floats, Floats]:
        unknown = np.full_like(estimate, np.nan)
        if not self.rows.sampled:
            return (np.where(np.isnan(estimate), np.nan, 0.0) if self.rows.universe == "census" else unknown), unknown
        variance = self.sums.ratio_variance(s.numerator, s.denominator, 1.0, estimate)
        if s.denominator:
            alone = (self._clusters(self.sums, s) == 1) & ~np.isnan(estimate)
            of_whole = self.whole.ratio_variance(s.numerator, s.denominator, 1.0, _value(self.whole, s))
            variance = np.where(alone, of_whole * self._clusters(self.whole, s), variance)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.sqrt(variance), variance / self._of_simple_sample(s, estimate)

    def _clusters(self, sums: Sums, s: Statistic) -> Floats:
        """(groups,) clusters with a row that counts, or rows where clusters are unknown."""
        return sums.total(f"n{s.key}") if sums.by_rows else sums.present(f"n{s.key}")

    def _of_simple_sample(self, s: Statistic, estimate: Floats) -> Floats:
        """(groups,) variance under simple random sampling of as many rows."""
        total = self.sums.total
        n, w = total(f"n{s.key}"), total(f"w{s.key}")
        with np.errstate(divide="ignore", invalid="ignore"):
            if s.denominator is None:
                spread = n / (n - 1) * (total(f"yy{s.key}") / w - (total(s.numerator) / w) ** 2) * w**2
            else:
                residual = total(f"yy{s.key}") - 2 * estimate * total(f"yx{s.key}") + estimate**2 * total(f"xx{s.key}")
                spread = n / (n - 1) * residual * w / total(s.denominator) ** 2
            left = 1 - n / w if self.whole.total("w")[0] > 1.01 * self.whole.total("n")[0] else 1.0
            variance = spread / n * left
        return np.where(variance > 0, variance, np.nan)

    def _limits(self, s: Statistic, estimate: Floats, se: Floats, effective: Floats) -> tuple[Floats, Floats]:
        if not self.rows.sampled:
            known = estimate if self.rows.universe == "census" else np.full_like(estimate, np.nan)
            return known, known
        if s.share and s.denominator:
            few = self.sums.share_left_out(s.numerator, s.denominator)
            return limits(estimate, se, self.df, effective, few)
        few = self.sums.left_out(s.numerator, s.denominator)
        return leaning_limits(
            estimate, se, np.full_like(se, self.df), few, lean=0.0 if s.measure == "quantile" else 1.5
        )

    def _notes(self, statistics: list[Statistic]) -> list[dict[str, str]]:
        notes = []
        for variable in dict.fromkeys(s.variable for s in statistics):
            s = next(s for s in statistics if s.variable == variable)
            n = self.sums.total(f"n{s.key}")
            left = int(self.whole.total("n")[0] - n.sum())
            if left and s.denominator:
                notes.append(
                    {
                        "en": f"{variable}: {left} rows without a value were left out.",
                        "fa": f"{variable}: {left} ردیف بی‌مقدار کنار گذاشته شد.",
                    }
                )
            if (n == 0).any():
                notes.append(
                    {
                        "en": f"{variable}: no row to count in {self._named(n == 0)}.",
                        "fa": f"{variable}: ردیفی برای شمردن نیست در {self._named(n == 0)}.",
                    }
                )
        s = statistics[0]
        alone = self._clusters(self.sums, s) == 1
        if self.rows.sampled and s.denominator and alone.any():
            notes.append(
                {
                    "en": f"one cluster only, so the error is the whole design's for one cluster: {self._named(alone)}.",
                    "fa": f"تنها یک خوشه دارد، پس خطای آن خطای کل طرح برای یک خوشه است: {self._named(alone)}.",
                }
            )
        if self.rows.sampled and self.sums.lonely:
            notes.append(lonely_note(self.sums.lonely, self.rows.design.lonely))
        return notes

    def _named(self, chosen: Any) -> str:
        """The keys of some groups, the first ten by name."""
        keys = [" × ".join(map(str, key)) for key in self.keys[chosen].itertuples(index=False)] or ["all rows"]
        return ", ".join(keys[:10]) + (f" … ({len(keys)})" if len(keys) > 10 else "")


def lonely_note(count: int, rule: str) -> dict[str, str]:
    """What was done with strata of one cluster."""
    done = {
        "adjust": (
            "such a cluster is centred at the mean of the whole sample",
            "چنین خوشه‌ای با میانگین کل نمونه سنجیده شد",
        ),
        "average": ("they get the mean variance of the other strata", "میانگین واریانس طبقه‌های دیگر به آن‌ها داده شد"),
        "certainty": ("they add no variance, as if drawn for certain", "مانند خوشهٔ حتمی، واریانسی نمی‌افزایند"),
    }[rule]
    return {
        "en": f"strata with one cluster: {count}; {done[0]}.",
        "fa": f"طبقه‌های تک‌خوشه: {count}؛ {done[1]}.",
    }


def _value(sums: Sums, s: Statistic) -> Floats:
    if s.denominator is None:
        return sums.total(s.numerator)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums.total(s.numerator) / sums.total(s.denominator))
