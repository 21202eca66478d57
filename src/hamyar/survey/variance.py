"""Design-based variance of ratios of weighted sums, from sums by cluster: no row of the data is needed.

Taylor linearisation: the influence value of a row on R = N/D is (n - R d)/D; influence values are summed in clusters,
and the variance is taken between the clusters of a stratum, as if drawn with replacement. A group (domain) is taken by
zeroing what lies outside it, so all clusters of the design count, also those without a row of the group.
Source: Särndal, Swensson & Wretman (1992) 5.6-5.8; Lumley (2010) 2; Korn & Graubard (1998) for limits at 0 and 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_NOISE = 1e-7  # a standard error below this share of its estimate is rounding, not variation


class Sums:
    """Weighted sums, one row per cluster and group; or one per stratum and group when every row is its own cluster.

    stratum, cluster, group: (rows,) numbers from 0; groups: how many; clusters: (strata,) clusters of the whole design;
    values: name → (rows,) sums; products: None, or (name, name) → (rows,) sums of products where rows are the clusters.
    """

    def __init__(
        self,
        stratum: Ints,
        cluster: Ints,
        group: Ints,
        groups: int,
        clusters: Ints,
        values: Mapping[str, Floats],
        products: Mapping[tuple[str, str], Floats] | None = None,
    ) -> None:
        self.stratum, self.cluster, self.group, self.groups = stratum, cluster, group, groups
        self.clusters, self.values, self.products = clusters, values, products
        blocks, self._block = np.unique(group * len(clusters) + stratum, return_inverse=True)
        self._block_group, self._block_stratum = np.divmod(blocks, len(clusters))
        self._known: dict[tuple[str, ...], Floats] = {}

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
        return _summed(self._block_group, self._in_blocks(name), self.groups)

    def present(self, name: str) -> Floats:
        """(groups,) clusters in which a value is above zero, where `values` are by cluster."""
        if (name, ">0") not in self._known:
            self._known[name, ">0"] = _summed(self.group, self.values[name] > 0, self.groups)
        return self._known[name, ">0"]

    def pooled(self) -> Sums:
        """The same design with one group that holds every row."""
        if self.groups == 1:
            return self
        clusters, first, inverse = np.unique(self.cluster, return_index=True, return_inverse=True)
        one = np.zeros(len(clusters), dtype=np.int64)
        if len(clusters) == len(self.cluster):
            one_each = (self.stratum, self.cluster, one, 1, self.clusters, self.values)
            return Sums(*one_each, self.products)

        def add(column: Floats) -> Floats:
            return _summed(inverse, column, len(clusters))

        values = {name: add(column) for name, column in self.values.items()}
        products = None if self.products is None else {pair: add(column) for pair, column in self.products.items()}
        return Sums(self.stratum[first], clusters, one, 1, self.clusters, values, products)

    def variance(self, numerator: str, denominator: str, scale: float, ratio: Floats) -> Floats:
        """(groups,) variance of ratio = scale·numerator/denominator.

        A stratum with one cluster has no variance of its own: its cluster is centred at the grand mean of the
        influence values, which is zero (`survey.lonely.psu="adjust"` of R's survey).
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = (1 / self.total(denominator))[self._block_group]
        r, m = ratio[self._block_group], self.clusters[self._block_stratum]
        nn, nd, dd = (
            self._in_blocks(*pair)
            for pair in ((numerator, numerator), (numerator, denominator), (denominator, denominator))
        )
        squares = (scale**2 * nn - 2 * scale * r * nd + r**2 * dd) * unit**2
        sums = (scale * self._in_blocks(numerator) - r * self._in_blocks(denominator)) * unit
        between = np.where(m > 1, m / np.maximum(m - 1, 1) * (squares - sums**2 / m), squares)
        variance = np.maximum(_summed(self._block_group, between, self.groups), 0)
        return np.where(variance <= (_NOISE * ratio) ** 2, 0.0, variance)

    def _in_blocks(self, *names: str) -> Floats:
        """(blocks,) sums over a stratum and group of a value, or of the product of two."""
        if names not in self._known:
            if len(names) == 1:
                rows = self.values[names[0]]
            elif self.products is None:
                rows = self.values[names[0]] * self.values[names[1]]
            else:
                rows = self.products[names[0], names[1]]
            self._known[names] = _summed(self._block, rows, len(self._block_group))
        return self._known[names]


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
