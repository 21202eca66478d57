"""Design-based variance of ratios of weighted sums, from sums by cluster: no row of the data is needed.

Taylor linearisation: the influence value of a row on R = N/D is (n - R d)/D; influence values are summed in clusters,
and the variance is taken between the clusters of a stratum, as if drawn with replacement, or with the finite population
correction 1 - f; then later stages add f × theirs. A group (domain) is taken by zeroing what lies outside it, so all
clusters of the design count, also those without a row of the group. Of calibrated weights the residuals count.
Source: Särndal, Swensson & Wretman (1992) 4.3, 5.6-5.8, 6.6; Deville & Särndal (1992) for calibration; Lumley (2010) 2;
Korn & Graubard (1998) for limits at 0 and 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FEW, FEW_FOR_SHARES = 100, 20  # clusters up to which limits come from a jackknife
_ROUNDING = 1e-12  # a share this near to 0 or 1 is that, where sums were taken from sums
_NOISE = 1e-7  # a standard error below this share of its estimate is rounding, not variation


@dataclass(frozen=True)
class Sampled:
    """One stage of sampling. stratum, cluster: (cells,) numbers from 0; clusters: (strata,) clusters of the whole
    design; fraction: (strata,) share that was drawn, 0 for with replacement; share: (strata,) product of the fractions
    of the stages before."""

    stratum: Ints
    cluster: Ints
    clusters: Ints
    fraction: Floats
    share: Floats

    def at(self, cells: Any) -> Sampled:
        return replace(self, stratum=self.stratum[cells], cluster=self.cluster[cells])


@dataclass(frozen=True)
class Auxiliary:
    """What weights were calibrated on. inverse: (p, p) of Σ d x x' with the weights d before; sums: (clusters, p) of
    w x; the values hold Σ d x_k z under the name `z@k`."""

    inverse: Floats
    sums: Floats


class Replicated(Protocol):
    """Replicate totals: `totals` gives (replicates,) for one value in one group; `scales`: (replicates,)."""

    scales: Floats

    def totals(self, sums: Sums, name: str, group: int) -> Floats: ...


@dataclass(frozen=True)
class _Layout:
    """Where influence values lie, and how they are summed."""

    stages: Sequence[Sampled]
    group: Ints
    groups: int
    lonely: str
    _known: dict[int, Any] = field(default_factory=dict)

    def variance(self, influence: Floats) -> Floats:
        """(groups,) variance of the total of (cells,) influence values."""
        total = np.zeros(self.groups)
        for s, stage in enumerate(self.stages):
            unit, block, stratum, group = self.places(s)
            sums = influence if len(block) == len(unit) else _summed(unit, influence, len(block))
            square, linear = _summed(block, sums**2, len(group)), _summed(block, sums, len(group))
            lonely = self.lonely if s == 0 or self.lonely != "average" else "certainty"
            total += _between(stage, lonely, stratum, group, self.groups, linear, square)
        return total

    def places(self, s: int) -> tuple[Ints, Ints, Ints, Ints]:
        """Unit (cluster × group) of each cell, block (stratum × group) of each unit, stratum and group of each block.

        Where no two cells share a unit, units are the cells in their order.
        """
        if s not in self._known:
            stage = self.stages[s]
            _, first, unit = np.unique(
                self.group * (stage.cluster.max(initial=0) + 1) + stage.cluster, return_index=True, return_inverse=True
            )
            if len(first) == len(unit):
                first = unit = np.arange(len(unit))
            strata = len(stage.clusters)
            blocks, block = np.unique(self.group[first] * strata + stage.stratum[first], return_inverse=True)
            group, stratum = np.divmod(blocks, strata)
            self._known[s] = unit, block, stratum, group
        found: tuple[Ints, Ints, Ints, Ints] = self._known[s]
        return found


def _between(
    stage: Sampled, lonely: str, stratum: Ints, group: Ints, groups: int, sums: Floats, squares: Floats
) -> Floats:
    """(groups,) variance between clusters from Σ u and Σ u² by stratum and group.

    A stratum with one cluster has no variance of its own: "adjust" centres its cluster at the grand mean of influence
    values, zero; "average" gives it the mean of the group's other strata; "certainty" none.
    """
    m, left = stage.clusters[stratum], 1 - stage.fraction[stratum]
    alone = (m == 1) & (left > 1e-7)
    of_lonely = squares if lonely == "adjust" else np.zeros_like(squares)
    between = np.where(m > 1, m / np.maximum(m - 1, 1) * (squares - sums**2 / m), of_lonely)
    variance = _summed(group, np.maximum(between, 0) * left * stage.share[stratum], groups)
    if lonely == "average":
        strata, without = _summed(group, np.ones(len(group)), groups), _summed(group, alone, groups)
        variance *= np.divide(strata, strata - without, out=np.full(groups, np.nan), where=strata > without)
    return variance


class Sums:
    """Weighted sums, one row (cell) per cluster and group; or one per stratum and group when every row is its own cluster.

    stages: of the cells; group: (cells,) numbers from 0; groups: how many; values: name → (cells,) sums;
    products: None, or (name, name) → (cells,) sums of products where rows are the clusters; lonely: as in Design; by_rows: whether clusters are counted as rows (None: with products).
    """

    def __init__(
        self,
        stages: Sequence[Sampled],
        group: Ints,
        groups: int,
        values: Mapping[str, Floats],
        products: Mapping[tuple[str, str], Floats] | None = None,
        *,
        lonely: str = "adjust",
        auxiliary: Auxiliary | None = None,
        replicated: Replicated | None = None,
        by_rows: bool | None = None,
    ) -> None:
        self.stages, self.group, self.groups = stages, group, groups
        self.values, self.products = values, products
        self.rule, self.auxiliary, self.replicated = lonely, auxiliary, replicated
        self.by_rows = products is not None if by_rows is None else by_rows
        self._known: dict[tuple[str, ...], Floats] = {}
        self._each: dict[str | None, Each] = {}

    @property
    def clusters(self) -> Ints:
        """(strata,) clusters of the first stage."""
        return self.stages[0].clusters

    @property
    def degrees_of_freedom(self) -> int:
        """Clusters less strata, of the whole design."""
        return int(self.clusters.sum() - len(self.clusters))

    @property
    def lonely(self) -> int:
        """How many strata have one cluster, and are not the whole of their stratum."""
        return int(((self.clusters == 1) & (self.stages[0].fraction < 1)).sum())

    def total(self, name: str) -> Floats:
        """(groups,) sums of one value."""
        if (name,) not in self._known:
            self._known[name,] = _summed(self.group, self.values[name], self.groups)
        return self._known[name,]

    def present(self, name: str) -> Floats:
        """(groups,) clusters in which a value is not zero, where `values` are by cluster."""
        if (name, "!=0") not in self._known:
            unit, block, _, group = self._layout.places(0)
            there = np.zeros(len(block), dtype=bool)
            there[unit[self.values[name] != 0]] = True
            self._known[name, "!=0"] = _summed(group[block], there, self.groups)
        return self._known[name, "!=0"]

    def pooled(self) -> Sums:
        """The same design with one group that holds every row."""
        if self.groups == 1:
            return self
        _, first, inverse = np.unique(self.stages[-1].cluster, return_index=True, return_inverse=True)

        def add(column: Floats) -> Floats:
            return _summed(inverse, column, len(first))

        values = {name: add(column) for name, column in self.values.items()}
        products = None if self.products is None else {pair: add(column) for pair, column in self.products.items()}
        one = np.zeros(len(first), dtype=np.int64)
        return Sums(
            [stage.at(first) for stage in self.stages],
            one,
            1,
            values,
            products,
            lonely=self.rule,
            auxiliary=self.auxiliary,
            replicated=self.replicated,
            by_rows=self.by_rows,
        )

    def ratio_variance(self, numerator: str, denominator: str | None, scale: float, ratio: Floats) -> Floats:
        """(groups,) variance of ratio = scale·numerator/denominator (None: of the total), by linearisation or replicates."""
        if self.replicated is not None:
            return self._over_replicates(self.replicated, numerator, denominator, scale)
        if denominator is None:
            coefficients = {numerator: np.full(self.groups, scale)}
        else:
            with np.errstate(divide="ignore", invalid="ignore"):
                unit = 1 / self.total(denominator)
            coefficients = _sum_up((numerator, scale * unit), (denominator, -ratio * unit))
        variance = self.variance(coefficients)
        return np.where(variance <= (_NOISE * ratio) ** 2, 0.0, variance)

    def variance(self, coefficients: Mapping[str, Floats]) -> Floats:
        """(groups,) variance of Σ coefficient × total, by linearisation; each coefficient: (groups,)."""
        if self.products is not None:
            return self._of_rows(self.products, coefficients)
        with np.errstate(invalid="ignore"):
            influence = sum((c[self.group] * self.values[name] for name, c in coefficients.items()), np.zeros(1))
        if self.auxiliary is None:
            return self._layout.variance(influence)
        return self._dense.variance(self._residuals(self.auxiliary, coefficients, influence))

    def _of_rows(self, products: Mapping[tuple[str, str], Floats], coefficients: Mapping[str, Floats]) -> Floats:
        """The same where cells are strata × groups, from Σ u and Σ u² of the rows."""
        names = list(coefficients)
        at = {name: coefficients[name][self.group] for name in names}
        squares = np.zeros(len(self.group))
        with np.errstate(invalid="ignore"):
            linear = sum((at[name] * self.values[name] for name in names), np.zeros(1))
            for i, a in enumerate(names):
                for b in names[i:]:
                    both = products[a, b] if (a, b) in products else products[b, a]
                    squares = squares + (1 if a == b else 2) * at[a] * at[b] * both
        stage = self.stages[0]
        return _between(stage, self.rule, stage.stratum, self.group, self.groups, linear, squares)

    @cached_property
    def _layout(self) -> _Layout:
        return _Layout(self.stages, self.group, self.groups, self.rule)

    @cached_property
    def _dense(self) -> _Layout:
        """Every cluster in every group: calibration ties them all."""
        clusters, first = np.unique(self.stages[-1].cluster, return_index=True)
        everywhere = np.tile(first, self.groups)
        group = np.arange(self.groups).repeat(len(clusters))
        return _Layout([stage.at(everywhere) for stage in self.stages], group, self.groups, self.rule)

    def _residuals(self, auxiliary: Auxiliary, coefficients: Mapping[str, Floats], influence: Floats) -> Floats:
        """(groups × clusters,) influence values less their regression on what the weights were calibrated on."""
        p = len(auxiliary.inverse)
        cross = np.stack(
            [sum((c * self.total(f"{name}@{k}") for name, c in coefficients.items()), np.zeros(1)) for k in range(p)]
        )
        clusters = len(auxiliary.sums)
        place = self.group * clusters + self.stages[-1].cluster
        dense = _summed(place, influence, self.groups * clusters).reshape(self.groups, clusters)
        return np.asarray((dense - (auxiliary.sums @ (auxiliary.inverse @ cross)).T).ravel())

    @property
    def few(self) -> bool:
        """Whether the whole design has few clusters."""
        return bool(self.clusters.sum() <= FEW)

    def left_out(self, numerator: str, denominator: str | None, scale: float = 1.0) -> LeftOut | None:
        """What groups that rest on no more than FEW clusters would give without each: see `left_out_of`."""

        def share(of: Callable[[str], Floats]) -> Floats:
            return scale * of(numerator) / (1.0 if denominator is None else of(denominator))

        return self.left_out_of(denominator, share)

    def left_out_of(
        self, denominator: str | None, function: Callable[[Callable[[str], Floats]], Floats]
    ) -> LeftOut | None:
        """A function of totals, of groups with this denominator in no more than FEW clusters, without each cluster; its
        stratum's others stand for it.

        None where that would be wrong: rows as clusters, finite populations, calibration, replicates, a lonely stratum.
        """
        stage = self.stages[0]
        refused = self.by_rows or self.auxiliary or self.replicated or len(self.stages) > 1 or stage.fraction.any()
        if refused or (stage.clusters == 1).any() or not len((each := self._few(denominator)).place):
            return None
        unit, block, _, group = self._layout.places(0)

        def without(name: str) -> Floats:
            mine = _summed(unit, self.values[name], len(block))
            of_block = _summed(block, mine, len(group))
            own = np.where(each.unit >= 0, mine[each.unit], 0)
            left = (of_block[each.place] - each.m * own) / np.maximum(each.m - 1, 1)
            return np.asarray(self.total(name)[each.group] + left)

        with np.errstate(divide="ignore", invalid="ignore"):
            return LeftOut(function(without), each)

    def share_left_out(self, numerator: str, denominator: str, scale: float = 1.0) -> LeftOut | None:
        """The same of shares, where the whole design has few clusters: with more their limits are those of R's survey."""
        return self.left_out(numerator, denominator, scale) if self.clusters.sum() <= FEW_FOR_SHARES else None

    def _few(self, denominator: str | None) -> Each:
        """Of groups with a denominator in no more than FEW clusters; for a total every cluster of the design counts."""
        if denominator not in self._each:
            unit, block, stratum, group = self._layout.places(0)
            m = self.clusters[stratum]
            there = np.ones(len(block), bool)
            if denominator is not None:
                there = _summed(unit, self.values[denominator], len(block)) != 0
            present = np.bincount(block[there], minlength=len(group))
            clusters, strata = (np.bincount(group, column, self.groups) for column in (present, present > 0))
            if denominator is None:
                clusters, strata = (np.full(self.groups, n) for n in (self.clusters.sum(), len(self.clusters)))
            kept = (clusters <= FEW)[group] & (present > 0)
            units, absent = np.flatnonzero(kept[block] & there), np.flatnonzero(kept & (m > present))
            place = np.concatenate([block[units], absent])
            times = np.concatenate([np.ones(len(units)), (m - present)[absent]])
            most = np.where((clusters > 1) & (clusters <= FEW), np.fmax(clusters - strata, 1), np.nan)
            unit = np.append(units, np.full(len(absent), -1))
            floats = clusters.astype(np.float64)
            self._each[denominator] = Each(unit, place, m[place], group[place], times, floats, most)
        return self._each[denominator]

    def _over_replicates(self, by: Replicated, numerator: str, denominator: str | None, scale: float) -> Floats:
        variance = np.empty(self.groups)
        for group in range(self.groups):
            with np.errstate(divide="ignore", invalid="ignore"):
                found = scale * by.totals(self, numerator, group)
                if denominator is not None:
                    found = found / by.totals(self, denominator, group)
            kept = np.isfinite(found) & (by.scales > 0)
            centre = found[kept].mean() if kept.any() else np.nan
            variance[group] = by.scales[kept] @ (found[kept] - centre) ** 2 if kept.any() else np.nan
        return variance


def _sum_up(*parts: tuple[str, Floats]) -> dict[str, Floats]:
    """Coefficients by name, those of one name added."""
    found: dict[str, Floats] = {}
    for name, coefficient in parts:
        found[name] = found[name] + coefficient if name in found else coefficient
    return found


def _summed(place: Ints, values: NDArray[Any], places: int) -> Floats:
    return np.bincount(place, values, places).astype(np.float64, copy=False)


@dataclass(frozen=True)
class Each:
    """The clusters of groups that rest on few, one entry for each with a row of the group, and one for all of a stratum
    without one. unit: (entries,) cluster × group, -1 for those without; place, m, group, times: (entries,) stratum ×
    group, the stratum's clusters, the group, how many it stands for; clusters: (groups,) with a row; most: (groups,)
    degrees of freedom, clusters less strata, NaN for other groups."""

    unit: Ints
    place: Ints
    m: Ints
    group: Ints
    times: Floats
    clusters: Floats
    most: Floats

    @classmethod
    def of(cls, stratum: Ints, clusters: Ints, groups: int) -> Each:
        """The same for groups that are each the whole design, entries group by group. stratum: (clusters,); clusters:
        (strata,) how many."""
        n, strata = len(stratum), len(clusters)
        group = np.arange(groups).repeat(n)
        place = np.tile(stratum, groups) + strata * group
        m, times, unit = np.tile(clusters[stratum], groups), np.ones(n * groups), np.arange(n * groups)
        return cls(unit, place, m, group, times, np.full(groups, float(n)), np.full(groups, float(n - strata)))


@dataclass(frozen=True)
class LeftOut:
    """Estimates without each cluster, (entries,)."""

    value: Floats
    each: Each

    def spread(self, estimate: Floats) -> tuple[Floats, Floats, Floats]:
        """(groups,) standard error, degrees of freedom (2 ÷ the squared coefficient of variation of its square) and
        skewness of estimates on the scale of the values; NaN where unknown.

        Source: Shao & Tu (1995) The Jackknife and Bootstrap, 1.2; Cramér (1946) 27.4.
        """
        each, groups, places = self.each, len(estimate), int(self.each.place.max()) + 1
        m = each.m.astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = self.value - estimate[each.group]
            mean = _summed(each.place, each.times * apart / m, places)[each.place]
            square = (m - 1) / m * (apart - mean) ** 2
            cube = np.where(m > 2, (m - 1) ** 2 / (m * np.fmax(m - 2, 1)) * (mean - apart) ** 3, 0)
            se = np.sqrt(_summed(each.group, each.times * (m - 1) / m * apart**2, groups))
            total = _summed(each.group, each.times * square, groups)
            of_squares = _summed(each.group, each.times * square**2, groups)
            freedom = degrees_of_freedom(total, of_squares, each.clusters, each.most)
            skewness = _summed(each.group, each.times * cube, groups) / total**1.5
        known = np.isfinite(se) & np.isfinite(skewness) & ~np.isnan(each.most)
        return np.where(known, se, np.nan), np.where(known, freedom, np.nan), np.where(known, skewness, np.nan)


def degrees_of_freedom(total: Any, of_squares: Any, clusters: Any, most: Any) -> Any:
    """2 ÷ the squared coefficient of variation of a variance, at least 1 and at most so many; most where it is zero.

    total: sum of the clusters' squared distances from their mean; of_squares: sum of the squares of these.
    Source: the variance of a variance, Cramér (1946) 27.4.
    """
    kurtosis = clusters * of_squares / np.where(total > 0, total, np.nan) ** 2
    return np.where(total > 0, np.clip(2 * clusters / (kurtosis - 1 + 2 / np.fmax(most, 1)), 1, most), most)


def limits(
    estimate: Floats, error: Floats, df: int | Floats, effective: Floats, left_out: LeftOut | None = None
) -> tuple[Floats, Floats]:
    """95 % limits of shares: Student's t on the logit scale, never outside 0 and 1; on few clusters the jackknife's there.

    At 0 and 1, where the logit is undefined, the exact binomial limits with `effective` rows (Korn & Graubard 1998).
    """
    from scipy.special import expit, logit, stdtrit

    with np.errstate(divide="ignore", invalid="ignore"):
        spread, freedom = error / (estimate * (1 - estimate)), np.full_like(estimate, df)
        if left_out is not None:
            few, those, _ = replace(left_out, value=_logit_between(left_out.value)).spread(logit(estimate))
            spread = np.where(np.isnan(few), spread, few)
            freedom = np.where(np.isnan(few), np.fmin(freedom, left_out.each.most), those)
        half = stdtrit(freedom, 0.975) * spread
        low, high = expit(logit(estimate) - half), expit(logit(estimate) + half)
        beyond = 1 - 0.025 ** (1 / effective)
    at_zero, at_one = estimate <= 0, estimate >= 1 - _ROUNDING
    low = np.where(at_zero, 0.0, np.where(at_one, 1 - beyond, low))
    return low, np.where(at_one, 1.0, np.where(at_zero, beyond, high))


def _logit_between(share: Floats) -> Floats:
    """Not a number for a share that is 0 or 1 but for rounding."""
    from scipy.special import logit

    found: Floats = logit(np.where((share > _ROUNDING) & (share < 1 - _ROUNDING), share, np.nan))
    return found


def leaning_limits(
    estimate: Floats, error: Floats, df: Floats, left_out: LeftOut | None, *, lean: float = 1.5
) -> tuple[Floats, Floats]:
    """95 % limits of what has no bounds: Student's t; on few clusters the jackknife's, and where it leans further out on
    the side to which the clusters are skewed.

    There by `lean` × skewness × error × (1 + 2t²) ÷ 6: half more than in Hall (1992), J. Royal Statistical Society B
    54:221-228, as few clusters show too little of their skewness, and never inwards.
    """
    from scipy.special import stdtrit

    further = np.zeros_like(error)
    if left_out is not None:
        few, those, skewness = left_out.spread(estimate)
        known = ~np.isnan(few) & (error > 0)
        error, df = np.where(known, few, error), np.where(known, those, df)
        further = np.where(known, lean * skewness * error * (1 + 2 * stdtrit(df, 0.975) ** 2) / 6, 0)
    half = stdtrit(df, 0.975) * error
    return estimate - half + np.minimum(further, 0), estimate + half + np.maximum(further, 0)
