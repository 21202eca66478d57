"""Joint confidence sets of ranks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ranks = tuple[NDArray[np.int64], NDArray[np.int64]]
JOINT = 0.95
_MOST_PAIRS = 11_200
_BLOCK = 250


def rank_intervals(draws: Array) -> Ranks:
    """Joint 95 % intervals of the ranks, 1 the worst: with that probability all hold at once. draws: (draws, areas).

    The widest studentised deviation among the differences of all pairs of areas gives one factor c; pairs whose mean difference
    is more than c deviations are told apart, c is taken anew from the pairs that are left, until no more are told apart. An
    area ranks below those told to be worse and above those told to be better. Above 150 areas, where pairs are too many, by bands.
    Source: Mogstad, Romano, Shaikh & Wilhelm (2024), stepwise; measured against bands in docs/explanation/tiers.md.
    """
    areas = draws.shape[1]
    first, second = np.triu_indices(areas, 1)
    if not len(first):
        return np.ones(areas, dtype=np.int64), np.ones(areas, dtype=np.int64)
    if len(first) > _MOST_PAIRS:
        return rank_bands(draws)
    by_area = np.ascontiguousarray(draws.T)
    mean, covariance = draws.mean(axis=0), np.cov(by_area, bias=True)
    gap = mean[first] - mean[second]
    variance = covariance[first, first] + covariance[second, second] - 2 * covariance[first, second]
    sd = np.sqrt(np.maximum(variance, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(gap == 0, 0.0, np.abs(gap) / sd)
    told = np.isinf(distance)
    while not told.all():
        left = np.flatnonzero(~told)
        widest = np.zeros(len(draws))
        for block in np.array_split(left, -(-len(left) // _BLOCK)):
            deviation = np.abs(by_area[first[block]] - by_area[second[block]] - gap[block, None])
            unit = np.where(sd[block] > 0, sd[block], np.inf)
            widest = np.maximum(widest, (deviation / unit[:, None]).max(axis=0))
        new = ~told & (distance > np.quantile(widest, JOINT))
        if not new.any():
            break
        told |= new
    worse = np.where(gap > 0, first, second)[told]
    better = np.where(gap > 0, second, first)[told]
    above, below = np.bincount(better, minlength=areas), np.bincount(worse, minlength=areas)
    return above.astype(np.int64) + 1, areas - below.astype(np.int64)


def rank_bands(draws: Array) -> Ranks:
    """The same by bands: one factor c for bands mean ± c·sd that hold jointly; an area ranks below those whose band lies
    wholly above its own, and above those wholly below. Wider, but areas · log areas.

    Source: Klein, Wright & Wieczorek (2020).
    """
    mean, sd = draws.mean(axis=0), draws.std(axis=0)
    deviation = np.abs(draws - mean) / np.where(sd > 0, sd, np.inf)
    half = np.quantile(deviation.max(axis=1), JOINT) * sd
    low, high = mean - half, mean + half
    above = len(mean) - np.searchsorted(np.sort(low), high, side="right")
    below = np.searchsorted(np.sort(high), low, side="left")
    return above + 1, len(mean) - below
