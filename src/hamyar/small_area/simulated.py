"""Indicators of poverty and inequality in simulated populations, area by area."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hamyar.small_area.checking import Array

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
INDICATORS = (
    "mean",
    "headcount",
    "poverty_gap",
    "squared_poverty_gap",
    "gini",
    "quantile_share_ratio",
    *(f"quantile_{100 * q:g}" for q in QUANTILES),
)


class Moments(NamedTuple):
    """Running sums over draws of (areas, indicators)."""

    draws: int
    total: Array
    square: Array

    @property
    def mean(self) -> Array:
        return self.total / self.draws

    @property
    def simulation_error(self) -> Array:
        """Standard error of the mean that is due to the number of draws alone."""
        if self.draws < 2:
            return np.full_like(self.total, np.nan)
        variance = (self.square - self.total**2 / self.draws) / (self.draws - 1)
        return np.asarray(np.sqrt(np.maximum(variance, 0) / self.draws))


def indicators(values: Array, line: float, weight: Array | None = None) -> Array:
    """(draws, INDICATORS) of one area from draws of its units (draws, units), which are put in order in place.

    line: poor strictly below it; weight: (units,) how many each counts for, such as members of a household. Gini is
    2 Σ i·y_i / (n Σ y) - (n + 1) / n on ordered y, NaN where the mean is not above 0; the share ratio is the sum above
    the 80 % quantile over that up to the 20 % one; quantiles are linear between the nearest values (with weights: the
    least value at which the weights reach the share).
    """
    if weight is not None:
        return _weighted(values, line, weight)
    values.sort(axis=1)
    n = values.shape[1]
    total = values.sum(axis=1)
    gap = np.maximum(1 - values / line, 0.0)
    ranks = np.arange(1, n + 1, dtype=np.float64)
    at = (n - 1) * np.array(QUANTILES)
    below = np.floor(at).astype(int)
    above = np.minimum(below + 1, n - 1)
    quantiles = values[:, below] + (at - below) * (values[:, above] - values[:, below])
    out = np.empty((len(values), len(INDICATORS)))
    out[:, 0] = total / n
    out[:, 1] = np.count_nonzero(values < line, axis=1) / n
    out[:, 2] = gap.sum(axis=1) / n
    out[:, 3] = np.einsum("ij,ij->i", gap, gap) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        out[:, 4] = np.where(total > 0, 2 * (values @ ranks) / (n * total) - (n + 1) / n, np.nan)
        bottom, rest = int(np.floor(0.2 * (n - 1))) + 1, int(np.floor(0.8 * (n - 1))) + 1
        out[:, 5] = values[:, rest:].sum(axis=1) / values[:, :bottom].sum(axis=1)
    out[:, 6:] = quantiles
    return out


def _weighted(values: Array, line: float, weight: Array) -> Array:
    order = np.argsort(values, axis=1)
    y, w = np.take_along_axis(values, order, axis=1), weight[order]
    whole = weight.sum()
    share = np.cumsum(w, axis=1) / whole
    total = np.einsum("ij,ij->i", y, w)
    gap = np.maximum(1 - y / line, 0.0)
    out = np.empty((len(values), len(INDICATORS)))
    out[:, 0] = total / whole
    out[:, 1] = np.einsum("ij,ij->i", y < line, w) / whole
    out[:, 2] = np.einsum("ij,ij->i", gap, w) / whole
    out[:, 3] = np.einsum("ij,ij,ij->i", gap, gap, w) / whole
    rows = np.arange(len(values))
    reached = [np.minimum((share < q - 1e-12).sum(axis=1), values.shape[1] - 1) for q in (*QUANTILES, 0.2, 0.8)]
    *quantiles, fifth, four = (y[rows, at] for at in reached)
    with np.errstate(divide="ignore", invalid="ignore"):
        ranked = np.einsum("ij,ij,ij->i", w, y, share - w / whole / 2)
        out[:, 4] = np.where(total > 0, 2 * ranked / total - 1, np.nan)
        upper, lower = np.where(y > four[:, None], y * w, 0), np.where(y <= fifth[:, None], y * w, 0)
        out[:, 5] = upper.sum(axis=1) / lower.sum(axis=1)
    out[:, 6:] = np.stack(quantiles, axis=1)
    return out
