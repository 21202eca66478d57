"""From rows with an income to a frame of estimates with design-based errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from hamyar.errors import Fault, HamyarError, error
from hamyar.poverty.functionals import Estimated
from hamyar.poverty.lines import Line, RelativeLine
from hamyar.poverty.notes import Note, bad_rows, no_error, no_rows
from hamyar.survey import Design, limits
from hamyar.survey.estimates import LABELS
from hamyar.survey.rows import require
from hamyar.survey.variance import Floats, Ints
from hamyar.tables import as_table

Function = Callable[[Floats, Floats, float], Estimated]
_NOISE = 1e-7  # a standard error below this share of its estimate is rounding, not variation


@dataclass(frozen=True)
class Statistic:
    """One functional: its name, parameter, function of (incomes, weights, line), and for which incomes it is defined.

    above: every income must be above 0 ("zero"), not below it ("below zero"), or may be anything (None);
    total: mean income must be above zero; bounded: lies between 0 and 1 where no income is negative.
    """

    name: str
    function: Function
    parameter: float | None = None
    above: str | None = None
    total: bool = True
    bounded: bool = True


def estimate(
    statistic: Statistic,
    data: Any,
    income: str,
    design: Design,
    by: str | Sequence[str] | None,
    size: str | None,
    line: float | str | RelativeLine | Line | None = None,
) -> pd.DataFrame:
    """One row per group: measure, parameter, line, line_se, the groups, estimate, se, low, high, n, people, universe, provenance."""
    groups = [by] if isinstance(by, str) else list(by or ())
    rows = Rows.read(data, income, design, groups, size, line if isinstance(line, str) else None)
    rows.check(statistic)
    value, through = (1.0, None) if isinstance(line, str) or line is None else rows.resolved(line)
    frame = _Estimates(rows, statistic, value, None if through is None else rows.placed(through)).frame(income)
    if line is not None:
        known = 0.0 if rows.universe != "list" else np.nan
        frame.insert(2, "line", np.nan if isinstance(line, str) else value)
        frame.insert(3, "line_se", known if through is None else through.se)
    return frame


def frame_of(rows: Rows, statistic: Statistic, line: float) -> pd.DataFrame:
    """The same from rows that were read already, under a line that is known."""
    return _Estimates(rows, statistic, line, None).frame("")


@dataclass(frozen=True)
class Rows:
    """The rows whose income is known, grouped, and ascending by income within each group.

    y, w: incomes, weights (× size); stratum, cluster: (rows,) numbers of the whole design, or None where there is one
    stratum, or where each row is its own cluster; clusters: (strata,) clusters of the whole design, rows without an
    income included; starts: (groups + 1,) where each group begins; unknown: rows without an income; source: which
    rows they are.
    """

    y: Floats
    w: Floats
    stratum: Ints | None
    cluster: Ints | None
    clusters: Ints
    starts: Ints
    keys: pd.DataFrame
    unknown: int
    universe: str
    provenance: str | None
    source: tuple[Any, ...]

    @classmethod
    def read(
        cls, data: Any, income: str, design: Design, by: list[str], size: str | None, line: str | None = None
    ) -> Rows:
        """Raises HamyarError: columns missing, no rows, weights, sizes, strata or clusters unknown, incomes infinite."""
        table = as_table(data)
        universe = design.universe_of(table)
        first = design.only_first_stage()
        require(table.expr, [income, *design.columns, *by, *(name for name in (size, line) if name)])
        kept = {"y": _number(table.expr, income)} | {f"g{n}": table.expr[name] for n, name in enumerate(by)}
        kept |= {
            key: _number(table.expr, name) for key, name in (("w", design.weight), ("s", size), ("z", line)) if name
        }
        kept |= {key: table.expr[name] for key, name in (("h", first.strata), ("c", first.psu)) if name}
        columns = table.expr.select(**kept).to_pyarrow()
        if not columns.num_rows:
            raise no_rows()
        names = {"w": design.weight, "s": size, "z": line, "h": first.strata, "c": first.psu, "y": income}
        _check(columns, names)
        return cls._sorted(columns, by, universe, table.provenance)

    @classmethod
    def _sorted(cls, columns: pa.Table, by: list[str], universe: str, provenance: str | None) -> Rows:
        y = _floats(columns["y"])
        w = _floats(columns["w"]) if "w" in columns.column_names else np.ones(len(y))
        if "s" in columns.column_names:
            w = w * _floats(columns["s"])
        if "z" in columns.column_names:
            y = y / _floats(columns["z"])
        stratum, cluster, clusters = _design(columns)
        if universe == "probability_sample" and (clusters <= 1).all():
            raise no_error()
        source = (len(y), float(w.sum()), float(np.nansum(y)))
        group, keys = _groups(columns, by)
        known = ~np.isnan(y)
        unknown = int(len(y) - known.sum())
        if unknown:
            if unknown == len(y):
                raise no_rows()
            y, w = y[known], w[known]
            group = group if group is None else group[known]
            stratum, cluster = (column if column is None else column[known] for column in (stratum, cluster))
        order = np.argsort(y)
        starts = np.array([0, len(y)])
        if group is not None:
            order = order[np.argsort(group[order], kind="stable")]
            starts = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=len(keys)))])
        stratum, cluster = (column if column is None else column[order] for column in (stratum, cluster))
        return cls(y[order], w[order], stratum, cluster, clusters, starts, keys, unknown, universe, provenance, source)

    def pooled(self, y: Floats) -> Rows:
        """The same rows as one group, with other incomes."""
        order = np.argsort(y)
        stratum, cluster = (column if column is None else column[order] for column in (self.stratum, self.cluster))
        starts, keys = np.array([0, len(y)]), pd.DataFrame(index=[0])
        w = self.w[order]
        return replace(self, y=y[order], w=w, stratum=stratum, cluster=cluster, starts=starts, keys=keys)

    @property
    def groups(self) -> int:
        return len(self.starts) - 1

    def of(self, group: int) -> slice:
        return slice(int(self.starts[group]), int(self.starts[group + 1]))

    @property
    def sampled(self) -> bool:
        return self.universe == "probability_sample"

    @property
    def degrees_of_freedom(self) -> int:
        return int(self.clusters.sum() - len(self.clusters))

    def names_of(self, chosen: Any) -> str:
        """The keys of some groups, the first ten by name."""
        keys = [" × ".join(map(str, key)) or "all" for key in self.keys[chosen].itertuples(index=False)]
        return ", ".join(keys[:10]) + (f" … ({len(keys)})" if len(keys) > 10 else "")

    def check(self, statistic: Statistic) -> None:
        """Raises HamyarError for incomes for which the statistic is not defined, with their count."""
        if statistic.above is None:
            return
        count = int((self.y <= 0).sum() if statistic.above == "zero" else (self.y < 0).sum())
        if count:
            raise _undefined_income(statistic, count)

    @cached_property
    def ascending(self) -> Ints:
        """Places by income over all groups."""
        return np.argsort(self.y) if self.groups > 1 else np.arange(len(self.y))

    def resolved(self, line: float | RelativeLine | Line) -> tuple[float, Line | None]:
        """The line's value, and the line where it was estimated. Raises HamyarError."""
        if isinstance(line, RelativeLine):
            line = self.line(line)
        if isinstance(line, Line):
            line.need(self.source)
            return line.value, line
        if not (np.isfinite(line) and line > 0):
            raise error(
                "HY-Y008",
                en=f"a poverty line is an amount above zero, not {line}.",
                fa=f"خط فقر مبلغی بزرگ‌تر از صفر است، نه {line}.",
            )
        return float(line), None

    def line(self, line: RelativeLine) -> Line:
        order = self.ascending
        found = line.function(self.y[order], self.w[order])
        if not found.value > 0:
            raise error(
                "HY-Y009",
                en=f"the {line.of} income is not above zero, so no line can be relative to it. Give an amount.",
                fa=f"{'میانهٔ' if line.of == 'median' else 'میانگین'} درآمد بزرگ‌تر از صفر نیست و خطی نسبت به آن نمی‌توان داشت. مبلغی بدهید.",
            )
        estimated = Line(found.value, np.nan, found.influence, self.source)
        variance = self.variance(slice(None), self.w * self.placed(estimated)) if self.sampled else 0.0
        return replace(estimated, se=np.nan if self.universe == "list" else variance**0.5)

    def placed(self, line: Line) -> Floats:
        """The line's influence in the order of these rows."""
        influence = np.empty_like(self.y)
        influence[self.ascending] = line.influence
        return influence

    def variance(self, rows: slice, z: Floats, whole: Floats | None = None) -> float:
        """Variance of the total of z over some rows, zero elsewhere, plus `whole` over all of them.

        Between the clusters of a stratum, as if drawn with replacement. A stratum with one cluster is centred at the
        grand mean of the influence values, which is zero.
        """
        if self.cluster is None:
            return self._of_rows(rows, z, whole)
        totals = np.bincount(self.cluster[rows], z, self.clusters.sum())
        if whole is not None:
            totals += np.bincount(self.cluster, whole, len(totals))
        stratum = np.repeat(np.arange(len(self.clusters)), self.clusters)
        return self._between(np.bincount(stratum, totals**2), np.bincount(stratum, totals))

    def _of_rows(self, rows: slice, z: Floats, whole: Floats | None) -> float:
        if whole is not None:
            every = whole.copy()
            every[rows] += z
            rows, z = slice(None), every
        if self.stratum is None:
            return self._between(np.array([z @ z]), np.array([z.sum()]))
        strata = len(self.clusters)
        return self._between(np.bincount(self.stratum[rows], z**2, strata), np.bincount(self.stratum[rows], z, strata))

    def _between(self, squares: Any, sums: Any) -> float:
        m = self.clusters
        return float(np.sum(np.where(m > 1, m / np.maximum(m - 1, 1) * (squares - sums**2 / m), squares)))

    def clusters_in(self, rows: slice) -> int:
        """How many clusters have a row among these."""
        if self.cluster is None:
            return int(rows.stop - rows.start)
        return len(np.unique(self.cluster[rows]))


class _Estimates:
    """The rows of the frame: one per group."""

    def __init__(self, rows: Rows, statistic: Statistic, line: float, through: Floats | None) -> None:
        self.rows, self.statistic, self.line, self.through = rows, statistic, line, through
        found = [self._of(rows.y[rows.of(g)], rows.w[rows.of(g)]) for g in range(rows.groups)]
        self.estimate = np.array([one.value if one else np.nan for one in found])
        self.undefined = np.isnan(self.estimate) & (np.diff(rows.starts) > 0)
        if self.undefined.all():
            raise _no_income(statistic)
        self.effective = np.diff(rows.starts).astype(np.float64)
        self.alone = np.zeros(rows.groups, dtype=bool)
        self.se = np.zeros(rows.groups)
        if rows.sampled:
            self._errors(found)
        elif rows.universe == "list":
            self.se[:] = np.nan

    def _of(self, y: Floats, w: Floats) -> Estimated | None:
        statistic = self.statistic
        if not len(y) or not w.any() or (statistic.total and w @ y <= 0):
            return None
        if statistic.total and y[0] == y[-1]:
            return Estimated(1.0 if statistic.name == "quantile_share_ratio" else 0.0, np.zeros_like(y))
        found = statistic.function(y, w, self.line)
        return found if np.isfinite(found.value) else None

    def _errors(self, found: list[Estimated | None]) -> None:
        rows = self.rows
        for g, one in enumerate(found):
            if one is None:
                self.se[g] = np.nan
                continue
            place = rows.of(g)
            variance = rows.variance(place, rows.w[place] * one.influence, self._through_line(one))
            self.alone[g] = rows.groups > 1 and rows.clusters_in(place) == 1
            if self.alone[g] and self.statistic.total and one.value == 0:
                variance = np.nan  # one household, or equal ones: nothing is known of its inequality
            elif self.alone[g]:
                variance = self._whole * rows.clusters_in(slice(0, len(rows.y)))
            self.se[g] = 0.0 if variance <= (_NOISE * one.value) ** 2 else variance**0.5
            if self.statistic.name == "headcount" and 0 < one.value < 1:
                self.effective[g] = one.value * (1 - one.value) / variance if variance > 0 else np.inf

    def _through_line(self, one: Estimated) -> Floats | None:
        if self.through is None or one.slope == 0:
            return None
        return np.asarray(self.rows.w * self.through * one.slope)

    @cached_property
    def _whole(self) -> float:
        """The variance over all rows, for a group with one cluster."""
        rows = self.rows
        order = rows.ascending
        one = self._of(rows.y[order], rows.w[order])
        if one is None:
            return np.nan
        influence = np.empty_like(rows.y)
        influence[order] = one.influence
        return rows.variance(slice(None), rows.w * influence, self._through_line(one))

    def frame(self, income: str) -> pd.DataFrame:
        rows, statistic = self.rows, self.statistic
        low, high = self._limits()
        n = np.diff(rows.starts)
        people = np.full(rows.groups, np.nan)
        if statistic.name == "headcount":
            people = self.estimate * np.array([rows.w[rows.of(g)].sum() for g in range(rows.groups)])
        front: dict[str, Any] = {
            "measure": statistic.name,
            "parameter": statistic.parameter if statistic.parameter is not None else np.nan,
        }
        numbers: dict[str, Any] = {
            "estimate": self.estimate,
            "se": self.se,
            "low": low,
            "high": high,
            "n": n,
            "people": people,
        }
        last: dict[str, Any] = {"universe": rows.universe, "provenance": rows.provenance}
        frame = pd.DataFrame(
            {**front, **{str(key): rows.keys[key] for key in rows.keys}, **numbers, **last}, index=range(rows.groups)
        )
        frame.attrs = {"label": LABELS[rows.universe], "notes": self._notes(income)}
        if rows.sampled:
            frame.attrs |= {
                "clusters": int(rows.clusters.sum()),
                "strata": len(rows.clusters),
                "degrees_of_freedom": rows.degrees_of_freedom,
            }
        return frame

    def _limits(self) -> tuple[Floats, Floats]:
        """95 %, Student's t: on the logit scale between 0 and 1, on the log scale above 0, else as it is."""
        from scipy.special import stdtrit

        df, estimate, se = self.rows.degrees_of_freedom, self.estimate, self.se
        if not self.rows.sampled:
            return (estimate, estimate) if self.rows.universe == "census" else (se, se)
        if self.statistic.bounded and self._non_negative:
            effective = np.full_like(estimate, np.inf) if self.statistic.total else self.effective
            low, high = limits(estimate, se, df, effective)
            return np.where(np.isnan(se), np.nan, low), np.where(np.isnan(se), np.nan, high)
        t = stdtrit(df, 0.975)
        if not self.statistic.bounded and self._non_negative:
            factor = np.exp(t * np.divide(se, estimate, out=np.zeros_like(se), where=estimate > 0))
            return estimate / factor, estimate * factor
        return estimate - t * se, estimate + t * se

    @cached_property
    def _non_negative(self) -> bool:
        return not bool((self.rows.y < 0).any())

    def _notes(self, income: str) -> list[Note]:
        rows, notes = self.rows, []
        n = np.diff(rows.starts)
        if rows.unknown:
            notes.append(
                {
                    "en": f"rows without {income}, left out of the estimates and kept in the design: {rows.unknown}.",
                    "fa": f"ردیف‌های بدون {income} که در برآورد نیامده و در طرح نمونه‌گیری مانده‌اند: {rows.unknown}.",
                }
            )
        for chosen, en, fa in self._named_groups(n):
            if chosen.any():
                notes.append({"en": f"{en}: {rows.names_of(chosen)}.", "fa": f"{fa}: {rows.names_of(chosen)}."})
        if not self._non_negative:
            count = int((rows.y < 0).sum())
            notes.append(
                {
                    "en": f"incomes below zero: {count}; {self.statistic.name} may lie outside its usual range.",
                    "fa": f"درآمدهای منفی: {count}؛ مقدار {self.statistic.name} می‌تواند بیرون از دامنهٔ معمول خود باشد.",
                }
            )
        if rows.sampled:
            notes += self._notes_on_design()
        return notes

    def _named_groups(self, n: Ints) -> list[tuple[Any, str, str]]:
        starts = self.rows.starts
        same = np.array([n[g] > 1 and self.rows.y[starts[g]] == self.rows.y[starts[g + 1] - 1] for g in range(len(n))])
        return [
            (n == 0, "no answers to count in", "بدون پاسخ شمردنی"),
            (
                self.undefined,
                "not defined, as the total that it is divided by is not above zero, in",
                "تعریف‌نشده، چون مخرج آن بزرگ‌تر از صفر نیست، در",
            ),
            (n == 1, "one household only", "تنها یک خانوار دارد"),
            (same, "all incomes are equal in", "همهٔ درآمدها یکسان است در"),
            (
                self.alone,
                "one cluster only, so the error is the whole design's for one cluster",
                "تنها یک خوشه دارد، پس خطای آن خطای کل طرح برای یک خوشه است",
            ),
        ]

    def _notes_on_design(self) -> list[Note]:
        rows, notes = self.rows, []
        lonely = int((rows.clusters == 1).sum())
        if lonely:
            notes.append(
                {
                    "en": f"strata with one cluster: {lonely}; such a cluster is centred at the mean of the whole sample.",
                    "fa": f"طبقه‌های تک‌خوشه: {lonely}؛ چنین خوشه‌ای با میانگین کل نمونه سنجیده شد.",
                }
            )
        return notes


def _number(expr: ibis.Table, name: str) -> Any:
    """A column as float64, not-a-number as null. Raises HamyarError where it holds no numbers."""
    if not (expr[name].type().is_numeric() or expr[name].type().is_null() or expr[name].type().is_boolean()):
        raise error(
            "HY-Y001",
            en=f"the column holds {expr[name].type()}, not numbers. Name a column of numbers.",
            fa=f"این ستون عدد ندارد ({expr[name].type()}). ستونی عددی نام ببرید.",
            column=name,
        )
    return expr[name].cast("float64")


def _floats(column: pa.ChunkedArray) -> Floats:
    """As numpy, null as NaN."""
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _check(columns: pa.Table, names: dict[str, str | None]) -> None:
    faults: list[Fault] = []
    for key in columns.column_names:
        name = names.get(key)
        if key in ("h", "c"):
            faults += bad_rows(name, "unknown", "نامعلوم", columns[key].null_count)
        elif key in ("w", "s", "z"):
            values = _floats(columns[key])
            faults += bad_rows(name, "unknown", "نامعلوم", np.isnan(values).sum())
            lowest, en, fa = (
                (values < 0, "below zero", "منفی") if key == "s" else (values <= 0, "zero or less", "صفر یا منفی")
            )
            faults += bad_rows(name, en, fa, lowest.sum())
            faults += bad_rows(name, "infinite", "بی‌نهایت", (values == np.inf).sum())
        elif key == "y":
            faults += bad_rows(name, "infinite", "بی‌نهایت", np.isinf(_floats(columns[key])).sum())
    if faults:
        raise HamyarError(*faults)


def _codes(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """Numbers from 0 in order of appearance, null a value of its own, and the values."""
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return np.asarray(encoded.indices.to_numpy(), dtype=np.int64), encoded.dictionary


def _design(columns: pa.Table) -> tuple[Ints | None, Ints | None, Ints]:
    """Stratum and cluster of each row, clusters numbered stratum by stratum, and clusters by stratum."""
    stratum = _codes(columns["h"])[0] if "h" in columns.column_names else None
    if "c" not in columns.column_names:
        return stratum, None, np.bincount(stratum) if stratum is not None else np.array([columns.num_rows])
    code, values = _codes(columns["c"])
    if stratum is None:
        return None, code, np.array([len(values)])
    number, pairs = pd.factorize(stratum * len(values) + code)
    within = pairs // len(values)
    place = np.empty(len(pairs), dtype=np.int64)
    place[np.argsort(within, kind="stable")] = np.arange(len(pairs))
    return stratum, place[number], np.bincount(within)


def _groups(columns: pa.Table, by: list[str]) -> tuple[Ints | None, pd.DataFrame]:
    """The group of each row, and the keys of each group in order, an unknown one last."""
    if not by:
        return None, pd.DataFrame(index=[0])
    names = [f"g{n}" for n in range(len(by))]
    numbers, shown = [], []
    for name in names:
        code, values = _codes(columns[name])
        held = values.to_pandas()
        order = held.sort_values(na_position="last").index
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        numbers.append(rank[code])
        shown.append(held.iloc[order].reset_index(drop=True))
    crossed = np.ravel_multi_index(numbers, [len(held) for held in shown])
    group, uniques = pd.factorize(crossed, sort=True)
    places = np.unravel_index(uniques, [len(held) for held in shown])
    keys = {name: held.iloc[place].to_numpy() for name, held, place in zip(by, shown, places, strict=True)}
    return np.asarray(group, dtype=np.int64), pd.DataFrame(keys)


def _undefined_income(statistic: Statistic, count: int) -> HamyarError:
    wants, fa = ("above zero", "بزرگ‌تر از صفر") if statistic.above == "zero" else ("of zero or more", "صفر یا بیشتر")
    shown = f"{statistic.name}({statistic.parameter:g})" if statistic.parameter is not None else statistic.name
    return error(
        "HY-Y002",
        en=f"{shown} is defined for incomes {wants} only; {count} rows have another. Leave them out or bottom-code them, and say so.",
        fa=f"{shown} تنها برای درآمد {fa} تعریف شده است؛ {count} ردیف چنین نیست. آن‌ها را کنار بگذارید یا کف بگذارید و این را بگویید.",
    )


def _no_income(statistic: Statistic) -> HamyarError:
    return error(
        "HY-Y003",
        en=f"{statistic.name} is not defined: the total that it is divided by is not above zero. Look at the incomes.",
        fa=f"{statistic.name} تعریف نمی‌شود: مخرج آن بزرگ‌تر از صفر نیست. درآمدها را بررسی کنید.",
    )
