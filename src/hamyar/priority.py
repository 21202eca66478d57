"""Who is surely among the worst, who surely not, what would settle the rest, and why."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hamyar.errors import error

Array = NDArray[np.float64]
SURELY_IN, SURELY_OUT = 0.9, 0.1
JOINT = 0.95


def _checked(draws: Any, areas: int | None = None) -> Array:
    values = np.asarray(draws, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape or areas not in (None, values.shape[1]):
        raise error(
            "HY-V001",
            en=f"The draws have shape {values.shape}. Give one row per draw and one column per area.",
            fa=f"اندازهٔ شبیه‌سازی‌ها {values.shape} است. هر ردیف یک شبیه‌سازی و هر ستون یک محدوده باشد.",
        )
    if not np.isfinite(values).all():
        column = int(np.flatnonzero(~np.isfinite(values).all(axis=0))[0]) + 1
        raise error(
            "HY-V002",
            en=f"The draws of area number {column} hold a gap. Leave out areas that have no estimate.",
            fa=f"در شبیه‌سازی‌های محدودهٔ شمارهٔ {column} مقداری نیست. محدوده‌های بی‌برآورد را کنار بگذارید.",
        )
    return values


def worst_count(areas: int, share: Fraction | float | str = Fraction(1, 5)) -> int:
    """How many areas are "the worst `share`": share · areas rounded up, exactly; 6 of 28 for a fifth."""
    exact = Fraction(share).limit_denominator(1000)
    if not 0 < exact < 1:
        raise error(
            "HY-V003",
            en=f"A share of {share} is not between 0 and 1. Give for example 1/5.",
            fa=f"سهم {share} میان ۰ و ۱ نیست. برای نمونه ۱/۵ بدهید.",
        )
    return ceil(exact * areas)


def probability_worst(draws: Array, count: int) -> Array:
    """Share of draws in which each area is among the `count` highest; areas tied at the edge share the places left.

    draws: (draws, areas). The result adds up to `count` exactly.
    """
    edge = np.partition(draws, -count, axis=1)[:, [-count]]
    above, tied = draws > edge, draws == edge
    left = (count - above.sum(axis=1, keepdims=True)) / tied.sum(axis=1, keepdims=True)
    return np.asarray((above + tied * left).mean(axis=0))


def tier(p_worst: Array) -> NDArray[np.object_]:
    """Tier by probability: surely_in from .9, surely_out up to .1, else uncertain."""
    return np.where(p_worst >= SURELY_IN, "surely_in", np.where(p_worst <= SURELY_OUT, "surely_out", "uncertain"))


def rank_intervals(draws: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Joint 95 % intervals of the ranks, 1 the worst: with that probability all hold at once.

    The widest of the areas' studentised deviations in each draw gives one factor c for bands mean ± c·sd that hold
    jointly; an area ranks below those whose band lies wholly above its own, and above those wholly below.
    Source: Klein, Wright & Wieczorek (2020).
    """
    mean, sd = draws.mean(axis=0), draws.std(axis=0)
    deviation = np.abs(draws - mean) / np.where(sd > 0, sd, np.inf)
    half = np.quantile(deviation.max(axis=1), JOINT) * sd
    low, high = mean - half, mean + half
    above = len(mean) - np.searchsorted(np.sort(low), high, side="right")
    below = np.searchsorted(np.sort(high), low, side="left")
    return above + 1, len(mean) - below


def tiers(
    draws: Any, areas: Sequence[Any], *, share: Fraction | float | str = Fraction(1, 5), population: Any = None
) -> pd.DataFrame:
    """Three tiers from joint draws of the areas' values, higher = worse.

    draws: (draws, areas); areas: their names or codes, in order; share: of the areas that count as worst, rounded up;
    population: (areas,) persons, which multiply the draws, so that the order is by number of people.
    Gives frame area, p_worst, tier, rank (1 the worst, by the mean of the draws), rank_low, rank_high (joint 95 %).
    """
    values = _checked(draws, len(areas))
    if population is not None:
        values = _checked(values * np.asarray(population, dtype=np.float64), len(areas))
    p_worst = probability_worst(values, worst_count(len(areas), share))
    low, high = rank_intervals(values)
    rank = pd.Series(-values.mean(axis=0)).rank(method="min").astype(int).to_numpy()
    columns = {"area": list(areas), "p_worst": p_worst, "tier": tier(p_worst), "rank": rank}
    return pd.DataFrame({**columns, "rank_low": low, "rank_high": high})
