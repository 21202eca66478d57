"""Design-based variance of ratios of weighted sums, from sums by cluster: no row of the data is needed.

Taylor linearisation: the influence value of a row on R = N/D is (n - R d)/D; influence values are summed in clusters,
and the variance is taken between the clusters of a stratum, as if drawn with replacement. A group (domain) is taken by
zeroing what lies outside it, so all clusters of the design count, also those without a row of the group.
Source: Särndal, Swensson & Wretman (1992) 5.6-5.8; Lumley (2010) 2; Korn & Graubard (1998) for limits at 0 and 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_NOISE = 1e-12  # a standard error below this share of its estimate is rounding, not variation


@dataclass(frozen=True)
class Sums:
    """Weighted sums, one row per cluster and group; or one per stratum and group when every row is its own cluster.

    stratum, cluster, group: (rows,) numbers from 0; clusters: (strata,) clusters of the whole design;
    values: name → (rows,) sums; products: None, or (name, name) → (rows,) sums of products where rows are clusters.
    """

    stratum: Ints
    cluster: Ints
    group: Ints
    groups: int
    clusters: Ints
    values: Mapping[str, Floats]
    products: Mapping[tuple[str, str], Floats] | None = None

    @property
    def degrees_of_freedom(self) -> int:
        """Clusters less strata, of the whole design."""
        return int(self.clusters.sum() - len(self.clusters))

    @property
    def lonely(self) -> int:
        """How many strata have one cluster."""
        return int((self.clusters == 1).sum())

    def total(self, name: str) -> Floats:
        """(groups,) sums of one value."""
        return _summed(self.group, self.values[name], self.groups)

    def present(self, name: str) -> Floats:
        """(groups,) clusters in which a value is not zero; rows are counted by the caller where they are the clusters."""
        return _summed(self.group, self.values[name] > 0, self.groups)

    def pooled(self) -> Sums:
        """The same design with one group that holds every row."""
        key, first, inverse = np.unique(self.cluster, return_index=True, return_inverse=True)

        def add(column: Floats) -> Floats:
            return _summed(inverse, column, len(key))

        return Sums(
            self.stratum[first],
            key,
            np.zeros(len(key), dtype=np.int64),
            1,
            self.clusters,
            {name: add(column) for name, column in self.values.items()},
            None if self.products is None else {pair: add(column) for pair, column in self.products.items()},
        )

    def variance(self, numerator: str, denominator: str, scale: float, ratio: Floats) -> Floats:
        """(groups,) variance of ratio = scale·numerator/denominator.

        A stratum with one cluster has no variance of its own: its cluster is centred at the grand mean of the
        influence values, which is zero (`survey.lonely.psu="adjust"` of R's survey).
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = 1 / self.total(denominator)
        r, unit = ratio[self.group], unit[self.group]
        influence = (scale * self.values[numerator] - r * self.values[denominator]) * unit
        pair, inverse = np.unique(self.group * len(self.clusters) + self.stratum, return_inverse=True)
        sums = np.bincount(inverse, influence, len(pair))
        squares = np.bincount(inverse, self._squares(numerator, denominator, scale, r, unit, influence), len(pair))
        group, stratum = np.divmod(pair, len(self.clusters))
        m = self.clusters[stratum]
        between = np.where(m > 1, m / np.maximum(m - 1, 1) * (squares - sums**2 / m), squares)
        variance = np.bincount(group, np.maximum(between, 0), self.groups)
        noise = variance <= (_NOISE * np.nan_to_num(ratio)) ** 2
        return np.where(np.isnan(ratio), np.nan, np.where(noise, 0.0, variance))

    def _squares(self, num: str, den: str, scale: float, r: Floats, unit: Floats, influence: Floats) -> Floats:
        if self.products is None:
            return influence**2
        nn, nd, dd = (self.products[pair] for pair in ((num, num), (num, den), (den, den)))
        return (scale**2 * nn - 2 * scale * r * nd + r**2 * dd) * unit**2


def _summed(place: Ints, values: NDArray[Any], places: int) -> Floats:
    return np.bincount(place, values, places).astype(np.float64, copy=False)


def limits(estimate: Floats, error: Floats, df: int, effective: Floats) -> tuple[Floats, Floats]:
    """95 % limits of shares: Student's t on the logit scale, never outside 0 and 1.

    At 0 and 1, where the logit is undefined, the exact binomial limits with `effective` rows (Korn & Graubard 1998).
    """
    from scipy.special import expit, logit, stdtrit

    with np.errstate(divide="ignore", invalid="ignore"):
        half = stdtrit(df, 0.975) * error / (estimate * (1 - estimate))
        low, high = expit(logit(estimate) - half), expit(logit(estimate) + half)
        beyond = 1 - 0.025 ** (1 / effective)
    at_zero, at_one = estimate <= 0, estimate >= 1
    low = np.where(at_zero, 0.0, np.where(at_one, 1 - beyond, low))
    return low, np.where(at_one, 1.0, np.where(at_zero, beyond, high))
