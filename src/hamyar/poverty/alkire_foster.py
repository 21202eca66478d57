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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property, reduce
from math import ceil, lcm
from operator import add, mul
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hamyar.errors import error
from hamyar.indicators import Measure
from hamyar.indicators.measure import LARGEST_DENOMINATOR, cutoff_fractions
from hamyar.survey import Design, Sums, limits
from hamyar.survey.estimates import LABELS, lonely_note
from hamyar.survey.rows import Rows, number
from hamyar.survey.variance import Floats
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
_COUNTED = ("H", "uncensored_headcount", "censored_headcount")


@dataclass(frozen=True)
class Ratio:
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
    engine: str | None = None,
) -> pd.DataFrame:
    """H, A, M0, headcounts and contributions with design-based errors, nationally or for each group.

    data: a Table, a path, or an Ibis, pandas, polars or Arrow table, one row per household; by: columns, crossed
    (None: all rows together; an unknown group stays a group); cutoffs: one or several, "1/3" or fractions (None: the measure's own);
    on: the day whose parameters are in force (None: the latest); engine: "duckdb" or "spark" (None: where the data are).
    Gives one row per number: measure, indicator, cutoff ("1/3"; none for uncensored headcounts), the groups, estimate,
    se, low, high (95 %, shares between 0 and 1), n (households), people (persons, or rows without a size, counted by
    H and headcounts), universe, provenance. A list has no se and limits, a census a se of 0.
    attrs: label {fa, en}, notes [{fa, en}] (rules that were applied), clusters, strata, degrees_of_freedom.
    Raises HamyarError: columns missing, weights or clusters unknown, a list passed off as a sample, no rows.
    """
    groups = [by] if isinstance(by, str) else [] if by is None else list(by)
    ks = sorted(set(cutoff_fractions(measure.cutoff if cutoffs is None else cutoffs)))
    cells = Cells.of(data, measure, design, groups, ks, on, engine)
    estimates = _Estimates(cells.sums, cells.keys, cells.universe)
    frame = estimates.frame(cells.ratios)
    frame["universe"], frame["provenance"] = cells.universe, cells.provenance
    frame.attrs.update(estimates.attributes())
    return frame


@dataclass(frozen=True)
class Cells:
    """The data summed by cluster and group: all that levels, changes and orderings are computed from.

    keys: the groups in order; ratios: every estimate, by measure, cut-off and the measure's own order of indicators.
    """

    sums: Sums
    keys: pd.DataFrame
    ratios: list[Ratio]
    universe: str
    provenance: str | None

    @classmethod
    def of(
        cls,
        data: Any,
        measure: Measure,
        design: Design,
        by: list[str],
        cutoffs: list[Fraction],
        on: date | None,
        engine: str | None,
    ) -> Cells:
        """One pass over the data. Raises HamyarError as `alkire_foster`."""
        table = as_table(data, engine=engine)
        rows = _Rows(table, measure, design, by, cutoffs, on)
        cells = rows.aggregate()
        rows.check(cells)
        sums, keys = rows.sample.sums(cells)
        _with_adjusted(sums, rows.ratios)
        if rows.sample.sampled and sums.degrees_of_freedom < 1:
            raise error(
                "HY-Y015",
                en="no stratum has two clusters, so the sample says nothing of its own error. Use coarser strata.",
                fa="هیچ طبقه‌ای دو خوشه ندارد، پس نمونه چیزی از خطای خود نمی‌گوید. طبقه‌ها را درشت‌تر کنید.",
            )
        return cls(sums, keys, _ordered(rows.ratios, measure), rows.sample.universe, table.provenance)

    @property
    def sampled(self) -> bool:
        return self.universe == "probability_sample"


def household_scores(data: Any, measure: Measure, *, on: date | None = None) -> ibis.Table:
    """The data with one column of 0, 1, null per indicator, `score` (0 to 1, null where unknown) and `poor` at the measure's cut-off."""
    scored = _scored(measure.compile(as_table(data).expr, on), measure, [i.name for i in measure.indicators])
    return scored.mutate(score=scored._score / scored._of, poor=_poor(scored, measure, measure.cutoff)).drop(
        "_score", "_of"
    )


class _Rows:
    """The aggregation of one call, on the design's columns, _w (weight × size) and _d0… (indicators)."""

    def __init__(
        self, table: Table, measure: Measure, design: Design, by: list[str], ks: list[Fraction], on: date | None
    ) -> None:
        self.measure, self.ks = measure, ks
        self.size = measure.contract.size if measure.contract else None
        self.sample = Rows(table, design, by, [self.size] if self.size else [])
        expr = table.expr
        kept = {**self.sample.columns(), "_w": self._weight()}
        if self.size:
            kept["_lowest_size"] = number(expr, self.size).fill_null(-1.0)
        self.d = [f"_d{j}" for j in range(len(measure.indicators))]
        compiled = measure.compile(expr.mutate(**kept), on)
        answers = {d: compiled[indicator.name] for d, indicator in zip(self.d, measure.indicators, strict=True)}
        scored = _scored(compiled.select(*kept, **answers), measure, self.d)
        if design.weight:  # a row without weight lies in its cluster and counts for nothing
            scored = scored.mutate(_score=(scored._lowest_weight > 0).ifelse(scored._score, ibis.null("int32")))
        self.scored = scored
        self.values: dict[str, Any] = {}
        self.folded: dict[str, tuple[str, int]] = {}
        self.ratios = self._ratios(measure)

    def _weight(self) -> Any:
        """Weight × size."""
        weighted = self.sample.design.weight is not None
        factors = [self.sample.known_weight()] if weighted else []
        factors += [number(self.sample.table.expr, self.size)] if self.size else []
        return reduce(mul, factors) if factors else ibis.literal(1.0)

    def _ratios(self, measure: Measure) -> list[Ratio]:
        """Every estimate; fills `values`, the weighted value of a row under each name, and `folded`, those of the poor alone."""
        reached = (
            _poor(self.scored, measure, k).cast("int8") for k in self.ks
        )  # the poor at one are poor at all below
        unknown = self.scored._score.isnull()
        weight = unknown.ifelse(ibis.null("float64"), self.scored._w)
        t = self.scored = self.scored.mutate(_w=weight, _level=reduce(add, reached))
        v = self.values
        v["w"] = t._w
        ratios = []
        for j, indicator in enumerate(measure.indicators):
            v[f"u{j}"] = v["w"] * t[f"_d{j}"]
            if measure.missing == "reweight":  # a row's contribution depends on what was observed
                v[f"o{j}"] = v["w"] * t[f"_d{j}"].notnull().cast("float64")
                v[f"r{j}"] = v[f"u{j}"] * (_integer_weights(measure)[j] / t._of)
            ratios.append(Ratio("uncensored_headcount", indicator.name, None, f"u{j}", self._observed(j)))
        if self.sample.rows_are_clusters or self.sample.design.calibration or self.sample.given:
            v["s"] = v["w"] * (t._score / t._of)  # else M0 is known from the absolute contributions
        for n, k in enumerate(self.ks):
            self.folded |= {f"n{n}": ("n", n + 1), f"p{n}": ("w", n + 1)}
            if "s" in v:
                self.folded[f"s{n}"] = ("s", n + 1)
            ratios += [
                Ratio("M0", None, k, f"s{n}", "w"),
                Ratio("H", None, k, f"p{n}", "w"),
                Ratio("A", None, k, f"s{n}", f"p{n}", rows=f"n{n}"),
            ]
            for j in range(len(measure.indicators)):
                ratios += self._of_indicator(n, k, j)
        return ratios

    def _of_indicator(self, n: int, k: Fraction, j: int) -> list[Ratio]:
        """Censored headcount and contributions."""
        indicator = self.measure.indicators[j]
        censored, part, scale = f"c{n}_{j}", f"c{n}_{j}", float(indicator.weight)
        self.folded[censored] = (f"u{j}", n + 1)
        if self.measure.missing == "reweight":
            part, scale = f"k{n}_{j}", 1.0
            self.folded[part] = (f"r{j}", n + 1)
        return [
            Ratio("censored_headcount", indicator.name, k, censored, self._observed(j)),
            Ratio("absolute_contribution", indicator.name, k, part, "w", scale),
            Ratio("percentage_contribution", indicator.name, k, part, f"s{n}", scale, rows=f"n{n}"),
        ]

    def _observed(self, j: int) -> str:
        return f"o{j}" if self.measure.missing == "reweight" else "w"

    def aggregate(self) -> pa.Table:
        """One row per stratum, cluster and group with the sums of the values; in one pass over the data."""
        pairs = {pair for ratio in self.ratios for pair in _pairs(ratio)}
        more = {"n": self.scored._score.count()}
        return self.sample.aggregate(self.scored, self.values, {}, sorted(pairs), more, self.folded)

    def check(self, cells: pa.Table) -> None:
        """Raise for no rows, and for weights, sizes, strata, clusters or answers that cannot be used, with counts."""
        expr, tests, suspect = self.sample.table.expr, [], False
        if self.size:
            size = number(expr, self.size)
            tests = [
                (self.size, "unknown", "نامعلوم", size.isnull()),
                (self.size, "below zero", "منفی", size < 0),
                (self.size, "infinite", "بی‌نهایت", size == np.inf),
            ]
            suspect = bool(pc.any(pc.less(cells["_lowest_size"], 0)).as_py())
        if self.measure.contract is None:
            for i in self.measure.indicators:
                other = ~expr[i.name].cast("float64").isin([0.0, 1.0])
                tests.append((i.name, "neither 0, 1 nor empty", "جز ۰، ۱ یا خالی", other))
            suspect |= self._beyond_0_and_1()
        self.sample.check(cells, tests, suspect)

    def _beyond_0_and_1(self) -> bool:
        """Asked by itself: of integers in Parquet the engine knows the least and the largest without reading them."""
        answers = self.measure.compile(self.sample.table.expr)
        names = [indicator.name for indicator in self.measure.indicators]
        edges = {f"{end}{j}": getattr(answers[name], end)() for j, name in enumerate(names) for end in ("min", "max")}
        found = answers.aggregate(**edges).to_pyarrow().to_pylist()[0]
        return not set(found.values()) <= {0, 1, None}


def _integer_weights(measure: Measure) -> list[int]:
    """The weights over their common denominator."""
    of = lcm(*(indicator.weight.denominator for indicator in measure.indicators))
    return [int(indicator.weight * of) for indicator in measure.indicators]


def _scored(table: ibis.Table, measure: Measure, names: list[str]) -> ibis.Table:
    """Adds the integer score `_score` (null where unknown) and the weight `_of` that it is out of."""
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
    return table.mutate(_score=score, _of=of)


def _weighted(answers: list[Any], weights: list[int], kind: str) -> Any:
    """Σ weight × answer, in integers of that kind: Ibis takes every product for 64 bits, the engine does not."""
    parts = [answer.cast(kind) * ibis.literal(weight, kind) for answer, weight in zip(answers, weights, strict=True)]
    return reduce(add, parts)


def _integers(measure: Measure, weights: list[int]) -> str:
    """The least integers that hold every score, and with `reweight` its products with a cut-off. Raises HamyarError HY-Y040."""
    largest = sum(weights)
    if measure.missing != "reweight" and largest < 2**31:
        return "int32"
    if largest * (LARGEST_DENOMINATOR if measure.missing == "reweight" else 1) >= 2**63:
        raise error(
            "HY-Y040",
            en=f"the weights' common denominator, {largest}, is too large to count with exactly. Use simpler fractions.",
            fa=f"مخرج مشترک وزن‌ها، {largest}، بزرگ‌تر از آن است که شمارش دقیق بماند. کسرهای ساده‌تری به کار ببرید.",
        )
    return "int64"


def _poor(scored: ibis.Table, measure: Measure, k: Fraction) -> Any:
    """score / of >= k, compared as integers."""
    if measure.missing == "reweight":
        return scored._score * ibis.literal(k.denominator, "int64") >= scored._of * ibis.literal(k.numerator, "int64")
    return scored._score >= ceil(k * sum(_integer_weights(measure)))


def _pairs(ratio: Ratio) -> list[tuple[str, str]]:
    num, den = ratio.numerator, ratio.denominator
    return [(num, num), (num, den), (den, den)]


def _with_adjusted(sums: Sums, ratios: list[Ratio]) -> None:
    """Adds the sum behind M0 at each cut-off: that of the absolute contributions."""
    values = dict(sums.values)
    for ratio in ratios:
        if ratio.measure == "M0" and ratio.numerator not in values:
            parts = [p for p in ratios if p.measure == "absolute_contribution" and p.cutoff == ratio.cutoff]
            values[ratio.numerator] = np.sum([part.scale * values[part.numerator] for part in parts], axis=0)
    sums.values = values


class _Estimates:
    """The ratios of one call with their errors."""

    def __init__(self, sums: Sums, keys: pd.DataFrame, universe: str) -> None:
        self.sums, self.keys, self.universe = sums, keys, universe
        self.sampled = universe == "probability_sample"

    @cached_property
    def whole(self) -> Sums:
        return self.sums.pooled()

    def frame(self, ratios: list[Ratio]) -> pd.DataFrame:
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

    def _columns(self, ratio: Ratio) -> dict[str, Any]:
        estimate = share(self.sums, ratio)
        se, effective = self._error(ratio, estimate)
        people = self.sums.total(ratio.numerator) if ratio.measure in _COUNTED else np.full_like(estimate, np.nan)
        n = self.sums.total("n").astype(np.int64)
        low, high = self._limits(ratio, estimate, se, effective)
        return {"estimate": estimate, "se": se, "low": low, "high": high, "n": n, "people": people}

    def _error(self, ratio: Ratio, estimate: Floats) -> tuple[Floats, Floats]:
        """(groups,) standard errors, and the rows that simple random sampling would need for the same."""
        effective = self.sums.total(ratio.rows)
        if not self.sampled:
            return np.where(np.isnan(estimate), np.nan, 0.0 if self.universe == "census" else np.nan), effective
        variance = self.sums.ratio_variance(ratio.numerator, ratio.denominator, ratio.scale, estimate)
        alone = (self._clusters(self.sums, ratio) == 1) & ~np.isnan(estimate)
        if alone.any() or ((estimate <= 0) | (estimate > 1 - 1e-9)).any():  # the whole design says what these cannot
            whole = share(self.whole, ratio)
            of_whole = self.whole.ratio_variance(ratio.numerator, ratio.denominator, ratio.scale, whole)
            variance = np.where(alone, of_whole * self._clusters(self.whole, ratio), variance)
            with np.errstate(divide="ignore", invalid="ignore"):
                effect = of_whole * self.whole.total(ratio.rows) / (whole * (1 - whole))
            effective = effective / np.fmax(1.0, np.nan_to_num(effect))
        return np.sqrt(variance), effective

    def _limits(self, ratio: Ratio, estimate: Floats, se: Floats, effective: Floats) -> tuple[Floats, Floats]:
        if not self.sampled:
            return estimate + se, estimate + se  # of a census the estimate itself, of a list unknown
        few = self.sums.share_left_out(ratio.numerator, ratio.denominator, ratio.scale)
        return limits(estimate, se, self.sums.degrees_of_freedom, effective, few)

    def _clusters(self, sums: Sums, ratio: Ratio) -> Floats:
        """(groups,) clusters with a row that the estimate rests on."""
        return sums.total(ratio.rows) if sums.by_rows else sums.present(ratio.denominator)

    def attributes(self) -> dict[str, Any]:
        """Label, rules applied, and the design's size."""
        size = size_of_design(self.sums) if self.sampled else {}
        return {"label": LABELS[self.universe], "notes": self._notes()} | size

    def _notes(self) -> list[dict[str, str]]:
        notes = []
        empty = self._named(self.sums.total("w") == 0)
        if empty:
            notes.append({"en": f"no answers to count in: {empty}.", "fa": f"بدون پاسخ شمردنی: {empty}."})
        if not self.sampled:
            return notes
        alone = self._named(self._clusters(self.sums, Ratio("H", None, None, "w", "w")) == 1)
        if alone:
            notes.append(
                {
                    "en": f"one cluster only, so the error is the whole design's for one cluster: {alone}.",
                    "fa": f"تنها یک خوشه دارد، پس خطای آن خطای کل طرح برای یک خوشه است: {alone}.",
                }
            )
        if self.sums.lonely:
            notes.append(lonely_note(self.sums.lonely, self.sums.rule))
        return notes

    def _named(self, chosen: Any) -> str:
        """The keys of some groups, the first ten by name."""
        keys = [" × ".join(map(str, key)) for key in self.keys[chosen].itertuples(index=False)]
        return ", ".join(keys[:10]) + (f" … ({len(keys)})" if len(keys) > 10 else "")


def size_of_design(sums: Sums) -> dict[str, int]:
    return {
        "clusters": int(sums.clusters.sum()),
        "strata": len(sums.clusters),
        "degrees_of_freedom": sums.degrees_of_freedom,
    }


def share(sums: Sums, ratio: Ratio) -> Floats:
    """(groups,) the estimate, not a number where its denominator is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return ratio.scale * sums.total(ratio.numerator) / sums.total(ratio.denominator)


def _ordered(ratios: list[Ratio], measure: Measure) -> list[Ratio]:
    """By measure, cut-off and the measure's own order of indicators."""
    place = {indicator.name: j for j, indicator in enumerate(measure.indicators)}
    return sorted(ratios, key=lambda r: (MEASURES.index(r.measure), r.cutoff or 0, place.get(r.indicator or "", -1)))
