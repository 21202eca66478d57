"""A composite index of area deprivation, and how far its order depends on the choices behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
FLOOR = 0.01
DRAWS = 4000


def minmax(values: Array) -> Array:
    """0 at the least deprived area, 1 at the most, by indicator. values: (areas, indicators)."""
    low, high = values.min(axis=0), values.max(axis=0)
    return np.asarray((values - low) / (high - low))


def zscore(values: Array) -> Array:
    """Standard scores, with six standard deviations brought to the width of 1: (z + 3) / 6, cut at 0 and 1."""
    return np.asarray(np.clip((values - values.mean(axis=0)) / values.std(axis=0) / 6 + 0.5, 0, 1))


def rank_share(values: Array) -> Array:
    """Ranks (means for ties) from 0 to 1."""
    from scipy.stats import rankdata

    return np.asarray((rankdata(values, axis=0) - 1) / (len(values) - 1))


NORMALISATIONS = {"minmax": minmax, "zscore": zscore, "rank": rank_share}


def arithmetic(normalised: Array, weights: Array) -> Array:
    """(areas, indicators) and (draws, indicators) give scores (draws, areas)."""
    return np.asarray(weights @ normalised.T)


def geometric(normalised: Array, weights: Array) -> Array:
    """The same by the weighted geometric mean, on the scale FLOOR + (1 - FLOOR)·x: it would be 0 wherever one indicator is."""
    return np.asarray(np.exp(weights @ np.log(FLOOR + (1 - FLOOR) * normalised).T))


AGGREGATIONS = {"arithmetic": arithmetic, "geometric": geometric}


def _read(data: Any) -> pd.DataFrame:
    if isinstance(data, str | Path):
        return pd.read_csv(data, dtype={"code": str})
    return pd.DataFrame(data)


@dataclass
class AreaIndex:
    """Composite index: normalise, weight, aggregate; higher = more deprived.

    indicators: name → direction, 1 where more means more deprived, -1 where less does; weights: name → positive weight,
    equal where not given. The score is 100 × the weighted arithmetic mean of the min-max normalised indicators.
    Ranks are also taken over `draws` choices: weights from a Dirichlet distribution around those given (flat over all
    weightings where they are equal), normalisation min-max, z-score or rank, mean arithmetic or geometric.
    Source: OECD & JRC (2008), Handbook on Constructing Composite Indicators, steps 5 to 7.
    """

    indicators: Mapping[str, int]
    weights: Mapping[str, float] | None = None

    def fit(self, data: Any, area: str = "area", *, draws: int = DRAWS, seed: int = 0) -> AreaIndex:
        """Score and rank.

        data: path, frame or table with a row per area; area: the column that names it.
        After it: `areas` (ranked, worst first), `draws` (draws, areas) scores, `not_ranked` area → indicators without a value.
        """
        frame = _read(data)
        names = list(self.indicators)
        values = frame[names].to_numpy(dtype=np.float64) * np.array([self.indicators[name] for name in names])
        label = frame[area].astype(str).to_numpy()
        gap = np.isnan(values)
        self.not_ranked = {
            str(label[i]): [names[j] for j in np.flatnonzero(gap[i])] for i in np.flatnonzero(gap.any(axis=1))
        }
        label, values = label[~gap.any(axis=1)], values[~gap.any(axis=1)]
        weight = np.array([1.0 if self.weights is None else self.weights[name] for name in names])
        weight = weight / weight.sum()
        score = 100 * arithmetic(minmax(values), weight[None])[0]
        order = np.lexsort((label, -score))
        self.areas, self.scores, values = list(label[order]), score[order], values[order]
        self.normalised = pd.DataFrame(minmax(values), columns=names)
        self.draws = self._over_choices(values, weight, draws, np.random.default_rng(seed))
        return self

    def _over_choices(self, values: Array, weight: Array, draws: int, rng: np.random.Generator) -> Array:
        weights = rng.dirichlet(len(weight) * weight, draws)
        choices = [
            (normalise(values), aggregate)
            for normalise in NORMALISATIONS.values()
            for aggregate in AGGREGATIONS.values()
        ]
        scores = np.empty((draws, len(values)))
        for i, (normalised, aggregate) in enumerate(choices):
            scores[i :: len(choices)] = 100 * aggregate(normalised, weights[i :: len(choices)])
        return scores

    def table(self) -> pd.DataFrame:
        """Frame, worst first: area, score (0 to 100), rank, rank_low, rank_high (95 % of the choices), p_worst, and each indicator normalised."""
        ranks = (-self.draws).argsort(axis=1).argsort(axis=1) + 1
        low, high = np.quantile(ranks, [0.025, 0.975], axis=0, method="inverted_cdf")
        count = -(-len(self.areas) // 5)
        columns = {
            "area": self.areas,
            "score": self.scores,
            "rank": np.arange(1, len(self.areas) + 1),
            "rank_low": low.astype(int),
            "rank_high": high.astype(int),
            "p_worst": (ranks <= count).mean(axis=0),
        }
        return pd.concat([pd.DataFrame(columns), self.normalised], axis=1)
