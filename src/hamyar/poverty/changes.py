"""Multidimensional poverty over time: how much it changed, and how sure that is.

The absolute change is the difference of two levels; the relative one is it as a share of the first level; by year, the
absolute one is divided by the years, and the relative one compounded. Errors by the delta method on the joint
distribution of both levels: clusters that stand in both waves, and strata that do, make them covary.
Source: Alkire, Roche & Vaz (2017), World Development 94:232-249; Alkire et al. (2015) 9.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from hamyar.errors import error
from hamyar.indicators import Measure
from hamyar.indicators.measure import cutoff_fractions
from hamyar.poverty.alkire_foster import Cells, Ratio, share, size_of_design
from hamyar.survey import Design, Sums
from hamyar.survey.estimates import LABELS
from hamyar.survey.variance import Floats, Ints, leaning_limits

WAVES = ("first", "last")
CHANGES = ("absolute", "relative", "absolute_by_year", "relative_by_year")
LEAN = 0.75  # of Hall's: with more the changes of few households are held by 98 in 100


def changes(
    data: Any,
    measure: Measure,
    design: Design,
    wave: str,
    by: str | Sequence[str] | None = None,
    cutoffs: Iterable[Any] | None = None,
    *,
    on: date | None = None,
    engine: str | None = None,
) -> pd.DataFrame:
    """Changes of H, A, M0, headcounts and contributions between waves, from each to the next and from first to last.

    data: all waves in one table; wave: its column of years (2016, 2018.5) or dates; the rest as in `alkire_foster`.
    Cluster and stratum ids that stand in two waves are taken for the same cluster and stratum, visited twice: where they
    are not, make them unique (by wave). Gives one row per number: measure, indicator, cutoff, the groups, start, end,
    change (absolute, relative, absolute_by_year, relative_by_year; relative ones as shares, -0.1 is a tenth less),
    estimate, se, low, high (95 %, Student's t), universe, provenance. attrs: label, notes [{fa, en}], clusters, strata,
    degrees_of_freedom. Raises HamyarError as `alkire_foster`, HY-Y010 and HY-Y011 for waves.
    """
    groups = [by] if isinstance(by, str) else [] if by is None else list(by)
    ks = sorted(set(cutoff_fractions(measure.cutoff if cutoffs is None else cutoffs)))
    cells = Cells.of(data, measure, design, [wave, *groups], ks, on, engine)
    pairs = _pairs(_years(cells.keys[wave], wave))
    frames, notes = [], []
    for start, end in pairs:
        both = _Both(cells, wave, groups, start, end)
        frames.append(both.frame())
        notes += both.notes()
    frame = pd.concat(frames, ignore_index=True)
    frame["universe"], frame["provenance"] = cells.universe, cells.provenance
    frame.attrs = {"label": LABELS[cells.universe], "notes": notes}
    if cells.sampled:
        frame.attrs.update(size_of_design(cells.sums))
    return frame


def _years(waves: pd.Series[Any], wave: str) -> pd.Series[Any]:
    """The waves as numbers of years. Raises HamyarError HY-Y010."""
    if waves.isna().any() or not (pd.api.types.is_numeric_dtype(waves) or _dates(waves)):
        raise error(
            "HY-Y010",
            en="waves are years (2016, 2018.5) or dates, known for every row. Name such a column.",
            fa="موج‌ها سال (2016، 2018.5) یا تاریخ‌اند و برای هر ردیف معلوم. ستونی چنین نام ببرید.",
            column=wave,
        )
    if _dates(waves):
        days = pd.to_datetime(waves)
        return days.dt.year + (days.dt.day_of_year - 1) / 365.25
    return waves.astype(float)


def _dates(waves: pd.Series[Any]) -> bool:
    return pd.api.types.is_datetime64_any_dtype(waves) or isinstance(waves.iloc[0], date)


def _pairs(years: pd.Series[Any]) -> list[tuple[float, float]]:
    """Each wave and the next, and the first and the last. Raises HamyarError HY-Y011 where there is one wave."""
    found = sorted(set(years))
    if len(found) < 2:
        raise error(
            "HY-Y011",
            en="there is one wave only: a change needs two.",
            fa="تنها یک موج هست: تغییر دو موج می‌خواهد.",
        )
    pairs = list(zip(found[:-1], found[1:], strict=True))
    return pairs if len(found) == 2 else [*pairs, (found[0], found[-1])]


class _Both:
    """Two waves: for each group of both, its place in the first and in the second."""

    def __init__(self, cells: Cells, wave: str, groups: list[str], start: float, end: float) -> None:
        self.cells, self.groups, self.years = cells, groups, end - start
        years = _years(cells.keys[wave], wave)
        held = cells.keys.assign(_place=np.arange(len(cells.keys)))
        first, last = held[years == start], held[years == end]
        self.start, self.end = first[wave].iloc[0], last[wave].iloc[0]
        if groups:
            both = first.merge(last, on=groups, suffixes=("", "_last"), how="outer", sort=True)
        else:
            both = first.merge(last, how="cross", suffixes=("", "_last"))
        self.lost = both[both["_place"].isna() | both["_place_last"].isna()]
        both = both.drop(self.lost.index)
        self.keys = both[groups].reset_index(drop=True)
        self.first, self.last = (both[name].to_numpy(dtype=np.int64) for name in ("_place", "_place_last"))
        self.sums = _together(cells.sums, self.first, self.last)

    def frame(self) -> pd.DataFrame:
        parts = [self._of(ratio, change) for ratio in self.cells.ratios for change in CHANGES]
        return pd.concat(parts, ignore_index=True)

    def _of(self, ratio: Ratio, change: str) -> pd.DataFrame:
        level = share(self.cells.sums, ratio)
        before, after = level[self.first], level[self.last]
        with np.errstate(divide="ignore", invalid="ignore"):
            estimate, of_before, of_after = _change(change, before, after, self.years)
        estimate, of_before, of_after = (
            np.where(np.isfinite(values), values, np.nan) for values in (estimate, of_before, of_after)
        )
        se = self._error(ratio, of_before, of_after)
        low, high = self._limits(ratio, change, before, after, estimate, se)
        what = {"measure": ratio.measure, "indicator": ratio.indicator}
        what |= {"cutoff": None if ratio.cutoff is None else str(ratio.cutoff)}
        columns: dict[str, Any] = {name: pd.Series([text] * len(estimate), dtype=object) for name, text in what.items()}
        columns |= {name: self.keys[name] for name in self.groups}
        columns |= {"start": self.start, "end": self.end, "change": change}
        return pd.DataFrame({**columns, "estimate": estimate, "se": se, "low": low, "high": high})

    def _limits(
        self, ratio: Ratio, change: str, before: Floats, after: Floats, estimate: Floats, se: Floats
    ) -> tuple[Floats, Floats]:
        """Student's t; where the whole design has few clusters by a jackknife, of relative changes on the log scale, and
        where no cluster saw the deprivation change as far as `_around`, added as independent to what else has changed.

        Source: Zou & Donner (2008) Statistics in Medicine 27:1693-1702 for limits added.
        """
        from scipy.special import stdtrit

        if not self.cells.sampled:
            return estimate - se, estimate + se
        df = self.cells.sums.degrees_of_freedom
        half = stdtrit(df, 0.975) * se
        low, high = estimate - half, estimate + half
        if not self.cells.sums.few:
            return low, high
        relative, years = change.startswith("relative"), self.years if change.endswith("by_year") else 1.0

        def place(of: Any) -> Any:
            levels = (ratio.scale * of(f"{ratio.numerator}|{w}") / of(f"{ratio.denominator}|{w}") for w in WAVES)
            return _place(relative, years, *levels)

        with np.errstate(divide="ignore", invalid="ignore"):
            left_out = self.sums.left_out_of(f"{ratio.denominator}|both", place)
            error = se / (1 + estimate) if relative else se
            found = leaning_limits(
                _place(relative, years, before, after), error, np.full_like(se, df), left_out, lean=LEAN
            )
            ends = np.expm1(found) if relative else np.asarray(found)
            low, high = np.where(np.isfinite(ends), ends, (low, high))
            around = np.array([_change(change, before, level, self.years)[0] for level in self._around(ratio, after)])
            unseen = ~self._seen(ratio) & (before < 1) & np.isfinite(around)
        apart = np.array((low, high)) - estimate
        low, high = np.where(
            unseen, estimate + np.sign(around - estimate) * np.hypot(apart, around - estimate), (low, high)
        )
        return np.where(relative, np.maximum(low, -1), low), high

    def _seen(self, ratio: Ratio) -> Any:
        """(groups,) whether any cluster has another sum in the second wave than in the first."""
        one, other = (self.sums.values[f"{ratio.numerator}|{w}"] for w in WAVES)
        differs = np.abs(one - other) > 1e-9 * np.maximum(one, other)
        return np.bincount(self.sums.group[differs], minlength=len(self.first)) > 0

    def _around(self, ratio: Ratio, after: Floats) -> tuple[Floats, Floats]:
        """The second level, had as many lost the deprivation, or gained it, as the exact binomial limit of what none of
        so many households shows; of a percentage contribution so many of the poor."""
        total, rows = self.cells.sums.total, self.cells.sums.total(ratio.rows)
        most = 1 - 0.025 ** (1 / np.minimum(rows[self.first], rows[self.last]))
        most *= ratio.scale if ratio.measure.endswith("contribution") else 1.0
        if ratio.measure == "percentage_contribution":
            poor = next(r.numerator for r in self.cells.ratios if r.measure == "H" and r.cutoff == ratio.cutoff)
            most *= (total(poor) / total(ratio.denominator))[self.last]
            return np.maximum(after - most, 0) / (1 - most), (after + most) / (1 + most)
        return np.maximum(after - most, 0), after + most

    def _error(self, ratio: Ratio, of_before: Floats, of_after: Floats) -> Floats:
        """(groups,) standard errors of of_before · first level + of_after · second level."""
        if not self.cells.sampled:
            return np.where(np.isnan(of_before), np.nan, 0.0 if self.cells.universe == "census" else np.nan)
        if self.cells.sums.replicated is not None:
            return self._over_replicates(ratio, of_before, of_after)
        coefficients: dict[str, Floats] = {}
        for place, slope, groups in zip(WAVES, (of_before, of_after), (self.first, self.last), strict=True):
            with np.errstate(divide="ignore", invalid="ignore"):
                unit = slope / self.cells.sums.total(ratio.denominator)[groups]
                level = share(self.cells.sums, ratio)[groups]
            coefficients[f"{ratio.numerator}|{place}"] = np.nan_to_num(unit * ratio.scale)
            coefficients[f"{ratio.denominator}|{place}"] = np.nan_to_num(-unit * level)
        variance = self.sums.variance(coefficients)
        return np.where(np.isnan(of_before), np.nan, np.sqrt(np.maximum(variance, 0)))

    def _over_replicates(self, ratio: Ratio, of_before: Floats, of_after: Floats) -> Floats:
        sums, by = self.cells.sums, self.cells.sums.replicated
        assert by is not None
        variance = np.full(len(of_before), np.nan)
        for g, (first, last) in enumerate(zip(self.first, self.last, strict=True)):
            levels = [
                by.totals(sums, ratio.numerator, p) / by.totals(sums, ratio.denominator, p) for p in (first, last)
            ]
            found = ratio.scale * (of_before[g] * levels[0] + of_after[g] * levels[1])
            kept = np.isfinite(found) & (by.scales > 0)
            if kept.any():
                variance[g] = by.scales[kept] @ (found[kept] - found[kept].mean()) ** 2
        return np.asarray(np.sqrt(variance))

    def notes(self) -> list[dict[str, str]]:
        """Groups that stand in one wave only, and how many clusters stand in both."""
        notes, waves = [], [f"{w:g}" if isinstance(w, float) else str(w) for w in (self.start, self.end)]
        if len(self.lost):
            names = ", ".join(" × ".join(map(str, key)) for key in self.lost[self.groups].itertuples(index=False))
            notes.append(
                {
                    "en": f"{waves[0]} to {waves[1]}: groups in one wave only, without a change: {names}.",
                    "fa": f"{waves[0]} تا {waves[1]}: گروه‌هایی که تنها در یک موج‌اند و تغییری ندارند: {names}.",
                }
            )
        if self.cells.sampled and self.cells.sums.products is None:
            sums = self.cells.sums
            cluster = sums.stages[0].cluster
            in_both = np.intersect1d(cluster[np.isin(sums.group, self.first)], cluster[np.isin(sums.group, self.last)])
            notes.append(
                {
                    "en": f"{waves[0]} to {waves[1]}: clusters visited in both waves: {len(in_both)}, by their ids.",
                    "fa": f"{waves[0]} تا {waves[1]}: خوشه‌هایی که بر پایهٔ شناسه در هر دو موج دیده شدند: {len(in_both)}.",
                }
            )
        return notes


def _place(relative: bool, years: float, before: Floats, after: Floats) -> Floats:
    """A change on the scale of its limits."""
    return (np.log(after / before) if relative else after - before) / years


def _change(change: str, before: Floats, after: Floats, years: float) -> tuple[Floats, Floats, Floats]:
    """A change and its derivatives with respect to the first and the second level."""
    one = np.ones_like(before)
    if change == "absolute":
        return after - before, -one, one
    if change == "relative":
        return after / before - 1, -after / before**2, 1 / before
    if change == "absolute_by_year":
        return (after - before) / years, -one / years, one / years
    growth = (after / before) ** (1 / years)
    return growth - 1, -growth / (before * years), growth / (after * years)


def _together(sums: Sums, first: Ints, last: Ints) -> Sums:
    """One cell per cluster and pair of groups, with each value under `name|first` and `name|last`."""
    pairs = len(first)
    place = np.full((2, sums.groups), -1)
    place[0, first], place[1, last] = np.arange(pairs), np.arange(pairs)
    cells = np.flatnonzero((place[:, sums.group] >= 0).any(axis=0))
    group = place[:, sums.group[cells]].max(axis=0)
    unit = sums.stages[-1].cluster if sums.products is None else sums.stages[-1].stratum
    _, firsts, merged = np.unique(unit[cells] * pairs + group, return_index=True, return_inverse=True)

    def add(column: Floats, wave: int) -> Floats:
        inside = place[wave, sums.group[cells]] >= 0
        return np.bincount(merged, np.where(inside, column[cells], 0), len(firsts)).astype(np.float64)

    values = {_named(name, w): add(column, n) for name, column in sums.values.items() for n, w in enumerate(WAVES)}
    names = [name for name in sums.values if "@" not in name]
    values |= {f"{name}|both": values[f"{name}|first"] + values[f"{name}|last"] for name in names}
    products = None
    if sums.products is not None:
        products = {
            (f"{a}|{w}", f"{b}|{w}"): add(c, n) for (a, b), c in sums.products.items() for n, w in enumerate(WAVES)
        }
        paired = {name for pair in sums.products for name in pair}
        products |= {(f"{a}|first", f"{b}|last"): np.zeros(len(firsts)) for a in paired for b in paired}
    stages = [stage.at(cells[firsts]) for stage in sums.stages]
    return Sums(stages, group[firsts], pairs, values, products, lonely=sums.rule, auxiliary=sums.auxiliary)


def _named(name: str, wave: str) -> str:
    """A value's name in a wave; `name@k`, its product with an auxiliary, keeps its ending."""
    base, at, term = name.partition("@")
    return f"{base}|{wave}{at}{term}"
