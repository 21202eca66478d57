"""Estimates of areas that add up to what the survey says of the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hamyar.errors import error
from hamyar.small_area.checking import Array, aligned, values


def benchmark(estimates: pd.DataFrame, population: Any, target: float, *, method: str = "ratio") -> pd.DataFrame:
    """The frame with `estimate` (and `mse` where it has one) brought to a design-based figure.

    estimates: frame with a column estimate, a row per area; population: (areas,) how many each area counts for, not negative (a series with the areas' labels in any order);
    target: the mean over the whole population, Σ population · estimate / Σ population afterwards; method: "ratio" (every
    estimate times one factor, its mse times the square), "difference" (every estimate plus one number, its mse as it was).
    Raises HY-M019 (method), HY-M020 (population), HY-M021 (a ratio of estimates whose mean is not above 0).
    Source: Rao & Molina (2015) 6.4.6; Pfeffermann (2013).
    """
    if method not in ("ratio", "difference"):
        raise error(
            "HY-M019",
            en=f'There is no adjustment "{method}". Use "ratio" or "difference".',
            fa=f"تعدیلی به نام «{method}» نیست. «ratio» یا «difference» را به کار ببرید.",
        )
    estimate = values("estimate", estimates["estimate"])
    mean = _mean(estimate, values("population", aligned(population, estimates.index)))
    if method == "difference":
        return estimates.assign(estimate=estimate + (target - mean))
    if not mean > 0:
        raise error(
            "HY-M021",
            en=f'The mean of the estimates is {mean:g}; a ratio has no meaning there. Use method="difference".',
            fa=f"میانگین برآوردها {mean:g} است و نسبت در آن معنا ندارد. روش «difference» را به کار ببرید.",
        )
    factor = target / mean
    adjusted = estimates.assign(estimate=estimate * factor)
    return adjusted.assign(mse=estimates["mse"] * factor**2) if "mse" in estimates else adjusted


def _mean(estimate: Array, population: Array) -> float:
    fits = population.shape == estimate.shape and np.isfinite(population).all()
    if not fits or (population < 0).any() or not population.sum() > 0:
        raise error(
            "HY-M020",
            en=f"The population must be one number, not negative, for each of the {len(estimate)} areas, not all 0.",
            fa=f"جمعیت باید برای هر یک از {len(estimate)} محدوده عددی نامنفی باشد و همه صفر نباشند.",
        )
    return float(population @ estimate / population.sum())
