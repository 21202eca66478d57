"""95 % limits of inequality and poverty that hold with few clusters too.

A scale on which the error hardly depends on the estimate: value^(-3/2) for inequality, value^(-α-1/2) for an entropy of
α above 1, which the largest incomes decide all the more; the fourth root for poverty, of its odds where it lies between 0
and 1; the logit for headcounts. On it,
where clusters are few, a jackknife over clusters with its correction of bias, else the linearised error. Student's t with
the degrees of freedom that the clusters carry, fewer than the design's where some of them make most of the variance.
Source: Shao & Tu (1995) The Jackknife and Bootstrap, 1.2 and 6.2; the variance of a variance, Cramér (1946) 27.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hamyar.survey.variance import Floats, Ints, degrees_of_freedom

JACKKNIFED = 100  # clusters up to which each is left out once


@dataclass(frozen=True)
class Scale:
    """there, back, and the derivative of there."""

    there: Callable[[Any], Any]
    back: Callable[[Any], Any]
    slope: Callable[[Any], Any]


LOGIT = Scale(
    lambda value: np.log(value / (1 - value)),
    lambda place: 1 / (1 + np.exp(-place)),
    lambda value: 1 / (value * (1 - value)),
)
LOG = Scale(np.log, np.exp, lambda value: 1 / value)


def powered(p: float) -> Scale:
    """value^p, or -value^p where p is negative; beyond 0 and infinity lie these."""
    sign = 1.0 if p > 0 else -1.0

    def back(place: Any) -> Any:
        with np.errstate(divide="ignore"):
            return np.maximum(sign * place, 0.0) ** (1 / p)

    return Scale(lambda value: sign * np.asarray(value, np.float64) ** p, back, lambda value: abs(p) * value ** (p - 1))


def _of_odds(scale: Scale) -> Scale:
    """The scale of value ÷ (1 - value)."""

    def back(place: Any) -> Any:
        odds = scale.back(place)
        return odds / (1 + odds)

    return Scale(
        lambda value: scale.there(value / (1 - value)),
        back,
        lambda value: scale.slope(value / (1 - value)) / (1 - value) ** 2,
    )


POVERTY = powered(0.25)
POVERTY_SHARE = _of_odds(POVERTY)


@dataclass(frozen=True)
class Spread:
    """What is known of one estimate's error: se, degrees of freedom, and, where clusters are few, (clusters,) the
    estimates without each, with the stratum of each and (strata,) how many there are."""

    estimate: float
    se: float
    freedom: float
    without: Floats | None = None
    stratum: Ints | None = None
    clusters: Ints | None = None

    def on(self, scale: Scale) -> tuple[float, float]:
        """Centre and half width on a scale."""
        from scipy.special import stdtrit

        middle = float(scale.there(self.estimate))
        if self.without is not None and self.stratum is not None and self.clusters is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                apart = scale.there(self.without) - middle
            if np.isfinite(apart).all():
                m = self.clusters
                kept = ((m - 1) / m)[self.stratum]
                mean = (np.bincount(self.stratum, apart) / m)[self.stratum]
                square = kept * (apart - mean) ** 2
                freedom = degrees_of_freedom(square.sum(), square @ square, len(square), m.sum() - len(m))
                return middle - float(kept @ apart), float(stdtrit(freedom, 0.975) * np.sqrt(kept @ apart**2))
        return middle, float(stdtrit(self.freedom, 0.975) * self.se * scale.slope(self.estimate))

    def limits(self, scale: Scale, usual: Scale | None = None) -> tuple[float, float]:
        """On a scale; the upper one no further than twice as far as on the usual one. The estimate always lies within."""
        centre, half = self.on(scale)
        low, high = scale.back(centre - half), scale.back(centre + half)
        if usual is not None:
            centre, half = self.on(usual)
            high = min(high, usual.back(centre + 2 * half))
        return min(float(low), self.estimate), max(float(high), self.estimate)
