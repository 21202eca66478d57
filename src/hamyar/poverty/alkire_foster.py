"""The Alkire-Foster method: who is deprived in how much at once.

A household's score is the weighted share of the indicators in which it is deprived; it is poor when the score reaches
the cut-off k. H is the share of people who are poor, A the mean score of the poor, M0 = H × A. The uncensored headcount
of an indicator is the share deprived in it, the censored one the share poor and deprived in it; M0 is the weighted sum
of the censored headcounts, whose parts are the contributions.
Source: Alkire & Foster (2011), J. Public Economics 95:476-487; Alkire et al. (2015), Multidimensional Poverty
Measurement and Analysis, chapters 5 and 8 (errors by linearisation).

Scores are integers over the weights' common denominator, so a score of exactly k is poor. All sums by stratum, cluster
and group are made in one pass in the engine that holds the data; the variance is computed from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import reduce
from math import ceil, lcm
from operator import add, mul, or_
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hamyar.errors import Fault, HamyarError, error
from hamyar.indicators import Measure
from hamyar.indicators.measure import LARGEST_DENOMINATOR, cutoff_fraction
from hamyar.survey import Design, Sums, limits
from hamyar.survey.variance import Floats, Ints
from hamyar.tables import Table, as_table

MEASURES = (
    "M0",
    "H",
    "A",
    "uncensored_headcount",
    "censored_headcount",
    "absolute_contribution",
    "percentage_contribution",
)
LABELS = {
    "census": {"fa": "شمارش کامل", "en": "full count"},
    "probability_sample": {"fa": "برآورد از نمونه", "en": "estimated from a sample"},
    "list": {"fa": "در میان ارزیابی‌شدگان", "en": "among those assessed"},
}
_COUNTED = ("H", "uncensored_headcount", "censored_headcount")


@dataclass(frozen=True)
class _Ratio:
    """One estimate: scale × sum of `numerator` ÷ sum of `denominator`; `rows` counts the households it rests on."""

    measure: str
    indicator: str | None
    cutoff: Fraction | None
    numerator: str
    denominator: str
    scale: float = 1.0
    rows: str = "n"


def alkire_foster(
    data: Any,
    measure: Measure,
    design: Design,
    by: str | Sequence[str] | None = None,
    cutoffs: Iterable[Any] | None = None,
    *,
    on: date | None = None,
) -> pd.DataFrame:
    """H, A, M0, headcounts and contributions with design-based errors, nationally or for each group.

    data: a Table, a path, or an Ibis, pandas, polars or Arrow table, one row per household; by: columns, crossed
    (None: all rows together; an unknown group stays a group); cutoffs: "1/3" or fractions (None: the measure's own);
    on: the day whose parameters are in force (None: the latest).
    Gives one row per number: measure, indicator, cutoff ("1/3"; none for uncensored headcounts), the groups, estimate,
    se, low, high (95 %, shares between 0 and 1), n (households), people (persons, or rows without a size, counted by
    H and headcounts), universe, provenance. A list has no se and limits, a census a se of 0.
    attrs: label {fa, en}, notes [{fa, en}] (rules that were applied), clusters, strata, degrees_of_freedom.
    Raises HamyarError: columns missing, weights or clusters unknown, a list passed off as a sample, no rows.
    """
    table = as_table(data)
    groups = [by] if isinstance(by, str) else list(by or ())
    ks = sorted({cutoff_fraction(k) for k in (cutoffs if cutoffs is not None else [measure.cutoff])})
    universe = design.universe_of(table)
    rows = _Rows(table, measure, design, groups, ks, on, universe)
    cells = rows.aggregate()
    rows.check(cells)
    sums, keys = _sums(cells, len(groups), rows.ratios)
    estimates = _Estimates(sums, keys, groups, universe)
    frame = estimates.frame(_ordered(rows.ratios, measure))
    frame["universe"], frame["provenance"] = universe, table.provenance
    frame.attrs.update(estimates.attributes())
    return frame


def household_scores(data: Any, measure: Measure, *, on: date | None = None) -> ibis.Table:
    """The data with one column of 0, 1, null per indicator, `score` (0 to 1, null where unknown) and `poor` at the measure's cut-off."""
    scored = _scored(measure.compile(as_table(data).expr, on), measure, [i.name for i in measure.indicators])
    return scored.mutate(score=scored._score / scored._of, poor=_poor(scored, measure, measure.cutoff)).drop(
        "_score", "_of", "_union"
    )


class _Rows:
    """The aggregation of one call, on columns named _w, _h (stratum), _c (cluster), _g0… (groups), _d0… (indicators)."""

    def __init__(
        self,
        table: Table,
        measure: Measure,
        design: Design,
        by: list[str],
        ks: list[Fraction],
        on: date | None,
        universe: str,
    ) -> None:
        self.rows_are_clusters = universe == "probability_sample" and design.psu is None
        self.measure, self.design, self.by, self.ks = measure, design, by, ks
        self.size = measure.contract.size if measure.contract else None
        self.expr = table.expr
        self._require([*design.columns, *by, *([self.size] if self.size else [])])
        kept = self._kept()
        self.d = [f"_d{j}" for j in range(len(measure.indicators))]
        compiled = measure.compile(self.expr.mutate(**kept), on)
        answers = {d: compiled[indicator.name] for d, indicator in zip(self.d, measure.indicators, strict=True)}
        self.scored = _scored(compiled.select(*kept, **answers), measure, self.d)
        self.values: dict[str, Any] = {}
        self.ratios = self._ratios(measure)

    def _require(self, columns: list[str]) -> None:
        missing = [column for column in columns if column not in self.expr.columns]
        if missing:
            listed = ", ".join(missing)
            raise error(
                "HY-S003",
                en=f"the data have no column {listed}. Name columns that they have: {', '.join(self.expr.columns[:40])}.",
                fa=f"ستون {listed} در داده نیست. ستون‌های موجود: {', '.join(self.expr.columns[:40])}.",
            )

    def _kept(self) -> dict[str, Any]:
        """Weight × size, stratum, cluster and groups under names that no indicator can have."""
        design, expr = self.design, self.expr
        kept = {f"_g{n}": expr[column] for n, column in enumerate(self.by)}
        if design.strata:
            kept["_h"] = expr[design.strata]
        if design.psu:
            kept["_c"] = expr[design.psu]
        weight, size = self._weight(), self._people()
        if self.design.weight:
            kept["_lowest_weight"] = weight.fill_null(-1.0)
        if self.size:
            kept["_lowest_size"] = size.fill_null(-1.0)
        both = [value for name, value in ((self.design.weight, weight), (self.size, size)) if name]
        return {**kept, "_w": reduce(mul, both) if both else ibis.literal(1.0)}

    def _weight(self) -> Any:
        return self.expr[self.design.weight].cast("float64") if self.design.weight else ibis.literal(1.0)

    def _people(self) -> Any:
        return self.expr[self.size].cast("float64") if self.size else ibis.literal(1.0)

    def _ratios(self, measure: Measure) -> list[_Ratio]:
        """Every estimate; fills `values`, the weighted value of a row under each name."""
        poor = {f"_p{n}": _poor(self.scored, measure, k) for n, k in enumerate(self.ks)}
        unknown = self.scored._score.isnull()
        t = self.scored = self.scored.mutate(_w=unknown.ifelse(ibis.null("float64"), self.scored._w), **poor)
        v = self.values
        v["w"] = t._w
        ratios = []
        for j, indicator in enumerate(measure.indicators):
            v[f"u{j}"] = v["w"] * t[f"_d{j}"]
            v[f"o{j}"] = v["w"] * t[f"_d{j}"].notnull().cast("float64")
            ratios.append(_Ratio("uncensored_headcount", indicator.name, None, f"u{j}", self._observed(j)))
        for n, k in enumerate(self.ks):
            v[f"p{n}"] = v["w"] * t[f"_p{n}"].cast("float64")
            v[f"s{n}"] = v[f"p{n}"] * (t._score / t._of)
            ratios += [
                _Ratio("M0", None, k, f"s{n}", "w"),
                _Ratio("H", None, k, f"p{n}", "w"),
                _Ratio("A", None, k, f"s{n}", f"p{n}", rows=f"n{n}"),
            ]
            for j in range(len(measure.indicators)):
                ratios += self._of_indicator(n, k, j)
        return ratios

    def _of_indicator(self, n: int, k: Fraction, j: int) -> list[_Ratio]:
        """Censored headcount and contributions. With `reweight` a row's contribution depends on what was observed."""
        t, v, indicator = self.scored, self.values, self.measure.indicators[j]
        censored, part, scale = f"c{n}_{j}", f"c{n}_{j}", float(indicator.weight)
        v[censored] = v[f"p{n}"] * t[f"_d{j}"]
        if self.measure.missing == "reweight":
            part, scale = f"k{n}_{j}", 1.0
            v[part] = v[censored] * (_integer_weights(self.measure)[j] / t._of)
        return [
            _Ratio("censored_headcount", indicator.name, k, censored, self._observed(j)),
            _Ratio("absolute_contribution", indicator.name, k, part, "w", scale),
            _Ratio("percentage_contribution", indicator.name, k, part, f"s{n}", scale, rows=f"n{n}"),
        ]

    def _observed(self, j: int) -> str:
        return f"o{j}" if self.measure.missing == "reweight" else "w"

    def aggregate(self) -> pa.Table:
        """One row per stratum, cluster and group with the sums of the values; in one pass over the data.

        Where rows are the clusters of a sample, also their number and the sums of products.
        """
        t, weights = self.scored, {}
        for ratio in self.ratios:
            for name in (ratio.numerator, ratio.denominator):
                weights[name] = self.values[name]
            for a, b in _pairs(ratio) if self.rows_are_clusters else ():
                weights[f"{a}*{b}"] = self.values[a] * self.values[b]
        if not self.rows_are_clusters:  # M0 is the sum of the absolute contributions, so its sum is known from theirs
            weights = {name: value for name, value in weights.items() if not name.startswith("s")}
        aggregates = {name: value.sum() for name, value in weights.items()} | {"n": t._score.count()}
        aggregates |= {f"n{n}": t[f"_p{n}"].cast("float64").sum() for n in range(len(self.ks))}
        aggregates |= {name: t[name].min() for name in t.columns if name.startswith("_lowest")}
        if self.measure.contract is None:
            aggregates["_bits"] = t._union.bit_or()
        if self.rows_are_clusters or not self.design.psu:
            aggregates["rows"] = t.count()
        keys = [name for name in t.columns if name in ("_h", "_c") or name.startswith("_g")]
        return (t.group_by(keys) if keys else t).aggregate(**aggregates).to_pyarrow()

    def check(self, cells: pa.Table) -> None:
        """Raise for no rows, and for weights, sizes, strata, clusters or answers that cannot be used, with counts."""
        if not cells.num_rows or ("rows" in cells.column_names and not pc.sum(cells["rows"]).as_py()):
            raise error("HY-S004", en="the data have no rows.", fa="داده هیچ ردیفی ندارد.")
        if any(cells[key].null_count for key in ("_h", "_c") if key in cells.column_names) or self._has_bad_values(
            cells
        ):
            raise HamyarError(*self._bad_rows())

    def _has_bad_values(self, cells: pa.Table) -> bool:
        def beyond(name: str, test: Callable[[Any], Any]) -> bool:
            return name in cells.column_names and bool(pc.any(test(cells[name])).as_py())

        return (
            beyond("_lowest_weight", lambda lowest: pc.less_equal(lowest, 0))
            or beyond("_lowest_size", lambda lowest: pc.less(lowest, 0))
            or beyond("_bits", lambda bits: pc.or_(pc.greater(bits, 1), pc.less(bits, 0)))
            or beyond("w", lambda weights: pc.invert(pc.is_finite(weights)))
        )

    def _bad_rows(self) -> list[Fault]:
        """Counts of what is wrong with weights, sizes, strata, clusters and answers."""
        t, weight, size = self.expr, self._weight(), self._people()
        tests = [
            (self.design.strata, "unknown", "نامعلوم", t[self.design.strata or t.columns[0]].isnull()),
            (self.design.psu, "unknown", "نامعلوم", t[self.design.psu or t.columns[0]].isnull()),
            (self.design.weight, "unknown", "نامعلوم", weight.isnull() | weight.isnan()),
            (self.design.weight, "zero or less", "صفر یا منفی", weight <= 0),
            (self.design.weight, "infinite", "بی‌نهایت", weight == np.inf),
            (self.size, "unknown", "نامعلوم", size.isnull() | size.isnan()),
            (self.size, "below zero", "منفی", size < 0),
            (self.size, "infinite", "بی‌نهایت", size == np.inf),
        ]
        if self.measure.contract is None:
            for i in self.measure.indicators:
                other = ~t[i.name].cast("float64").isin([0.0, 1.0])
                tests.append((i.name, "neither 0, 1 nor empty", "جز ۰، ۱ یا خالی", other))
        counts = {f"c{n}": test[3].cast("int64").sum() for n, test in enumerate(tests) if test[0]}
        found = t.aggregate(**counts).to_pyarrow().to_pylist()[0]
        return [
            _bad_fault(str(tests[int(key[1:])][0]), *tests[int(key[1:])][1:3], count)
            for key, count in found.items()
            if count
        ]


def _bad_fault(column: str, en: str, fa: str, count: int) -> Fault:
    return Fault(
        "HY-S005",
        f"{count} rows have a value that is {en}. Correct them, or leave them out and say so.",
        f"{count} ردیف مقدار {fa} دارد. آن‌ها را درست کنید یا کنار بگذارید و این را بگویید.",
        column=column,
    )


def _integer_weights(measure: Measure) -> list[int]:
    """The weights over their common denominator."""
    of = lcm(*(indicator.weight.denominator for indicator in measure.indicators))
    return [int(indicator.weight * of) for indicator in measure.indicators]


def _scored(table: ibis.Table, measure: Measure, names: list[str]) -> ibis.Table:
    """Adds the integer score `_score` (null where unknown), the weight `_of` that it is out of, and `_union` of the answers' bits."""
    weights = _integer_weights(measure)
    if measure.missing == "not_deprived":
        table = table.mutate(**{name: table[name].fill_null(0) for name in names})
    answers = [table[name] for name in names]
    known = [answer.fill_null(0) if measure.missing == "reweight" else answer for answer in answers]
    kind = _integers(measure, weights)
    score, of = _weighted(known, weights, kind), ibis.literal(sum(weights), "int64")
    if measure.missing == "reweight":
        of = _weighted([answer.notnull() for answer in answers], weights, kind).nullif(0)
        score = of.isnull().ifelse(ibis.null(kind), score)
    return table.mutate(_score=score, _of=of, _union=reduce(or_, known))


def _weighted(answers: list[Any], weights: list[int], kind: str) -> Any:
    """Σ weight × answer, in integers of that kind: Ibis takes every product for 64 bits, the engine does not."""
    parts = [answer.cast(kind) * ibis.literal(weight, kind) for answer, weight in zip(answers, weights, strict=True)]
    return reduce(add, parts)


def _integers(measure: Measure, weights: list[int]) -> str:
    """The least integers that hold every score, and with `reweight` its products with a cut-off. Raises HamyarError HY-S008."""
    largest = sum(weights)
    if measure.missing != "reweight" and largest < 2**31:
        return "int32"
    if largest * (LARGEST_DENOMINATOR if measure.missing == "reweight" else 1) >= 2**63:
        raise error(
            "HY-S008",
            en=f"the weights' common denominator, {largest}, is too large to count with exactly. Use simpler fractions.",
            fa=f"مخرج مشترک وزن‌ها، {largest}، بزرگ‌تر از آن است که شمارش دقیق بماند. کسرهای ساده‌تری به کار ببرید.",
        )
    return "int64"


def _poor(scored: ibis.Table, measure: Measure, k: Fraction) -> Any:
    """score / of >= k, compared as integers."""
    if measure.missing == "reweight":
        return scored._score * ibis.literal(k.denominator, "int64") >= scored._of * ibis.literal(k.numerator, "int64")
    return scored._score >= ceil(k * sum(_integer_weights(measure)))


def _pairs(ratio: _Ratio) -> list[tuple[str, str]]:
    num, den = ratio.numerator, ratio.denominator
    return [(num, num), (num, den), (den, den)]


def _sums(cells: pa.Table, groups: int, ratios: list[_Ratio]) -> tuple[Sums, pd.DataFrame]:
    """The cells as Sums, and the key of each group in order (no columns where there is one group)."""
    by = [f"_g{n}" for n in range(groups)]
    nested = [key for key in ("_h", "_c") if key in cells.column_names]
    stratum = _numbered(cells, nested[:1] if "_h" in nested else [])
    cluster = _numbered(cells, nested) if "_c" in nested else stratum
    if "_c" in nested:
        clusters = np.bincount(stratum[np.unique(cluster, return_index=True)[1]])
    else:
        clusters = np.bincount(stratum, cells["rows"].to_numpy()).astype(np.int64)
    named = (name for name in cells.column_names if not name.startswith("_"))
    values = {name: _floats(cells[name]) for name in named}
    products = {(a, b): values.pop(f"{a}*{b}") for a, times, b in [name.partition("*") for name in values] if times}
    for ratio in ratios:
        if ratio.measure == "M0" and ratio.numerator not in values:
            values[ratio.numerator] = _adjusted(ratio.cutoff, values, ratios)
    keys = pd.DataFrame(index=[0])
    if by:
        keys = cells.select(by).to_pandas().drop_duplicates().sort_values(by, na_position="last", ignore_index=True)
    sums = Sums(
        stratum, cluster, _numbered(cells, by), len(keys), clusters, values, None if "_c" in nested else products
    )
    return sums, keys


def _adjusted(k: Fraction | None, values: dict[str, Floats], ratios: list[_Ratio]) -> Floats:
    """The sum behind M0 at a cut-off: that of the absolute contributions."""
    parts = [ratio for ratio in ratios if ratio.measure == "absolute_contribution" and ratio.cutoff == k]
    return np.asarray(np.sum([part.scale * values[part.numerator] for part in parts], axis=0))


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.fill_null(0).cast(pa.float64()).to_numpy())


def _numbered(cells: pa.Table, columns: list[str]) -> Ints:
    """A number from 0 for each combination of some columns, in their order, the unknown last."""
    number = np.zeros(cells.num_rows, dtype=np.int64)
    for column in columns:
        codes, found = pd.factorize(cells[column].to_pandas(), sort=True)
        number = number * (len(found) + 1) + np.where(codes < 0, len(found), codes)
    return np.unique(number, return_inverse=True)[1]


class _Estimates:
    """The ratios of one call with their errors."""

    def __init__(self, sums: Sums, keys: pd.DataFrame, by: list[str], universe: str) -> None:
        self.sums, self.keys, self.universe = sums, keys.set_axis(by, axis=1), universe
        self.sampled = universe == "probability_sample"
        self.whole = sums.pooled() if self.sampled else sums
        if self.sampled and sums.degrees_of_freedom < 1:
            raise error(
                "HY-S006",
                en="no stratum has two clusters, so the sample says nothing of its own error. Use coarser strata.",
                fa="هیچ طبقه‌ای دو خوشه ندارد، پس نمونه چیزی از خطای خود نمی‌گوید. طبقه‌ها را درشت‌تر کنید.",
            )

    def frame(self, ratios: list[_Ratio]) -> pd.DataFrame:
        """One row per estimate and group."""
        parts = [self._columns(ratio) for ratio in ratios]
        numbers = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        repeated = np.arange(len(ratios)).repeat(self.sums.groups)
        groups = self.keys.iloc[np.tile(np.arange(self.sums.groups), len(ratios))].reset_index(drop=True)
        what = pd.DataFrame(
            {
                "measure": [ratio.measure for ratio in ratios],
                "indicator": [ratio.indicator for ratio in ratios],
                "cutoff": [None if ratio.cutoff is None else str(ratio.cutoff) for ratio in ratios],
            },
            dtype=object,
        )
        return pd.concat([what.iloc[repeated].reset_index(drop=True), groups, pd.DataFrame(numbers)], axis=1)

    def _columns(self, ratio: _Ratio) -> dict[str, Any]:
        estimate = _share(self.sums, ratio)
        se, low, high = self._error(ratio, estimate)
        people = self.sums.total(ratio.numerator) if ratio.measure in _COUNTED else np.full_like(estimate, np.nan)
        n = self.sums.total("n").astype(np.int64)
        return {"estimate": estimate, "se": se, "low": low, "high": high, "n": n, "people": people}

    def _error(self, ratio: _Ratio, estimate: Floats) -> tuple[Floats, Floats, Floats]:
        if self.universe == "census":
            return np.where(np.isnan(estimate), np.nan, 0.0), estimate, estimate
        if not self.sampled:
            unknown = np.full_like(estimate, np.nan)
            return unknown, unknown, unknown
        whole = _share(self.whole, ratio)
        of_whole = self.whole.variance(ratio.numerator, ratio.denominator, ratio.scale, whole)
        variance = self.sums.variance(ratio.numerator, ratio.denominator, ratio.scale, estimate)
        alone = (self._clusters(self.sums, ratio) == 1) & ~np.isnan(estimate)
        se = np.sqrt(np.where(alone, of_whole * self._clusters(self.whole, ratio), variance))
        rows = self.sums.total(ratio.rows)
        with np.errstate(divide="ignore", invalid="ignore"):
            effect = of_whole * self.whole.total(ratio.rows) / (whole * (1 - whole))
        low, high = limits(estimate, se, self.sums.degrees_of_freedom, rows / np.fmax(1.0, np.nan_to_num(effect)))
        return se, low, high

    def _clusters(self, sums: Sums, ratio: _Ratio) -> Floats:
        """(groups,) clusters with a row that the estimate rests on."""
        if sums.products is None:
            return sums.present(ratio.denominator)
        return sums.total(ratio.rows)

    def attributes(self) -> dict[str, Any]:
        """Label, rules applied, and the design's size."""
        sums = self.sums
        size = {
            "clusters": int(sums.clusters.sum()),
            "strata": len(sums.clusters),
            "degrees_of_freedom": sums.degrees_of_freedom,
        }
        return {"label": LABELS[self.universe], "notes": self._notes()} | (size if self.sampled else {})

    def _notes(self) -> list[dict[str, str]]:
        notes = []
        empty = self._named(self.sums.total("w") == 0)
        if empty:
            notes.append({"en": f"no answers to count in: {empty}.", "fa": f"بدون پاسخ شمردنی: {empty}."})
        if not self.sampled:
            return notes
        alone = self._named(self._clusters(self.sums, _Ratio("H", None, None, "w", "w")) == 1)
        if alone:
            notes.append(
                {
                    "en": f"one cluster only, so the error is the whole design's for one cluster: {alone}.",
                    "fa": f"تنها یک خوشه دارد، پس خطای آن خطای کل طرح برای یک خوشه است: {alone}.",
                }
            )
        if self.sums.lonely:
            count = self.sums.lonely
            notes.append(
                {
                    "en": f"strata with one cluster: {count}; such a cluster is centred at the mean of the whole sample.",
                    "fa": f"طبقه‌های تک‌خوشه: {count}؛ چنین خوشه‌ای با میانگین کل نمونه سنجیده شد.",
                }
            )
        return notes

    def _named(self, chosen: Any) -> str:
        """The keys of some groups, the first ten by name."""
        keys = [" × ".join(map(str, key)) for key in self.keys[chosen].itertuples(index=False)]
        return ", ".join(keys[:10]) + (f" … ({len(keys)})" if len(keys) > 10 else "")


def _share(sums: Sums, ratio: _Ratio) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return ratio.scale * sums.total(ratio.numerator) / sums.total(ratio.denominator)


def _ordered(ratios: list[_Ratio], measure: Measure) -> list[_Ratio]:
    """By measure, cut-off and the measure's own order of indicators."""
    place = {indicator.name: j for j, indicator in enumerate(measure.indicators)}
    return sorted(ratios, key=lambda r: (MEASURES.index(r.measure), r.cutoff or 0, place.get(r.indicator or "", -1)))
