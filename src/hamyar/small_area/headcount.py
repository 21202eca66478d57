"""The model that a round uses for a headcount by area: smoothed variances, a stated rule for tiny samples, joint draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from hamyar.errors import error
from hamyar.small_area.fay_herriot import Array, FayHerriot

SMALLEST_SAMPLE = 10
DRAWS = 4000


@dataclass(frozen=True)
class Headcounts:
    """What the model gives.

    table: frame area, estimate, se, low, high (95 %), n, gamma, sampled, estimate_kind ("model" | "synthetic_part"), in
    the order of the covariates; draws: (draws, areas) on the scale of probabilities; unit_variance: (areas,) sampling
    variance that one household alone would have, deff · p(1 - p), for `priority.settling_sample`; design_effect: the
    pooled one; variance_component: σ² on the arcsine scale; notes: what was done, pairs fa and en.
    """

    table: pd.DataFrame
    draws: Array
    unit_variance: Array
    design_effect: float
    variance_component: float
    notes: list[dict[str, str]] = field(default_factory=list)


def pooled_design_effect(estimate: Array, se: Array, n: Array) -> float:
    """Variance of the direct rates over that of simple random samples of the same n, pooled over areas with weight n.

    p(1 - p) is taken as p̂(1 - p̂) + se², which has no bias. Never below 1.
    """
    usable = (n > 1) & np.isfinite(se) & np.isfinite(estimate)
    p, v, size = estimate[usable], se[usable] ** 2, n[usable]
    simple = np.sum(size * (p * (1 - p) + v))
    return max(1.0, float(np.sum(size**2 * v) / simple)) if simple > 0 else 1.0


def _aligned(direct: pd.DataFrame, covariates: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The covariates by area, and the direct rates in their order (NaN and n = 0 where there is none)."""
    X = covariates.set_index("area") if "area" in covariates.columns else covariates
    rates = direct.set_index("area")[["estimate", "se", "n"]]
    for name, index in {"direct": rates.index, "covariates": X.index}.items():
        if index.has_duplicates:
            twice = index[index.duplicated()][0]
            raise error(
                "HY-M010",
                en=f'The area "{twice}" stands twice in {name}. Keep one row per area.',
                fa=f"محدودهٔ «{twice}» در {name} دو بار آمده است. برای هر محدوده یک ردیف نگه دارید.",
            )
    unknown = rates.index.difference(X.index)
    if len(unknown):
        raise error(
            "HY-M011",
            en=f'{len(unknown)} area(s) with a direct estimate have no covariates, first "{unknown[0]}". Check the codes.',
            fa=f"{len(unknown)} محدودهٔ دارای برآورد مستقیم متغیر کمکی ندارند؛ نخستین: «{unknown[0]}». کدها را وارسی کنید.",
        )
    rates = rates.reindex(X.index)
    rates["n"] = rates["n"].fillna(0)
    return rates, X


def headcount_model(
    direct: pd.DataFrame,
    covariates: pd.DataFrame,
    *,
    population: Any = None,
    province: float | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Headcounts:
    """Headcounts by area from a survey that is too small for them.

    direct: frame area, estimate (0..1), se, n (households), one row per area with a sample; covariates: frame indexed by
    area (or with a column area), a row for every area wanted, complete; population, province: with both, estimates and
    draws are multiplied by one factor so that they add up to the direct rate of the province.
    """
    rates, X = _aligned(direct, covariates)
    n = rates["n"].to_numpy(dtype=float)
    estimate = rates["estimate"].to_numpy(dtype=float)
    deff = pooled_design_effect(estimate, rates["se"].to_numpy(dtype=float), n)
    used = (n >= SMALLEST_SAMPLE) & np.isfinite(estimate)
    y = np.where(used, np.arcsin(np.sqrt(np.clip(estimate, 0, 1))), np.nan)
    model = FayHerriot().fit(y, np.where(used, deff / (4 * np.maximum(n, 1)), np.nan), X)
    angle = np.clip(model.draws(draws, seed), 0, np.pi / 2)
    values = np.sin(angle) ** 2
    if population is not None and province is not None:
        share = np.asarray(population, dtype=float) / np.sum(np.asarray(population, dtype=float))
        values = np.clip(values * province / float(share @ values.mean(axis=0)), 0, 1)
    mean = values.mean(axis=0)
    low, high = np.quantile(values, [0.025, 0.975], axis=0)
    table = pd.DataFrame(
        {
            "area": X.index,
            "estimate": mean,
            "se": values.std(axis=0, ddof=1),
            "low": low,
            "high": high,
            "n": n.astype(int),
            "gamma": model.estimates()["gamma"].to_numpy(),
            "sampled": model.sampled,
            "estimate_kind": np.where(model.sampled, "model", "synthetic_part"),
        }
    )
    return Headcounts(table, values, deff * mean * (1 - mean), deff, model.variance_component)
