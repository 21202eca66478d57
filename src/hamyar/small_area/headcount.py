"""The model that a round uses for a headcount by area: smoothed variances, a stated rule for tiny samples, joint draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hamyar.errors import Fault, HamyarError, error
from hamyar.persian import persian_digits
from hamyar.small_area.checking import Array
from hamyar.small_area.fay_herriot import FayHerriot

SMALLEST_SAMPLE = 10
DRAWS = 4000


@dataclass(frozen=True)
class Headcounts:
    """What the model gives.

    table: frame area, estimate, se, low, high (95 %), n, gamma, sampled, estimate_kind ("model" | "synthetic_part"), in
    the order of the covariates; draws: (draws, areas) on the scale of probabilities; unit_variance: (areas,) sampling
    variance that one household alone would have, deff · p(1 - p), for `priority.settling_sample`; design_effect: the
    pooled one; variance_component: σ² on the arcsine scale; coefficients: β on it; benchmark: the factor that brought the
    areas to the province's direct rate (1.0 without one); notes: what was done, pairs fa and en.
    """

    table: pd.DataFrame
    draws: Array
    unit_variance: Array
    design_effect: float
    variance_component: float
    coefficients: pd.Series
    benchmark: float
    notes: list[dict[str, str]]


def pooled_design_effect(estimate: Array, se: Array, n: Array) -> float:
    """Variance of the direct rates over that of simple random samples of the same n, pooled over areas with weight n.

    estimate, se, n: (areas,); areas without a standard error (no sample, one cluster) are left out. p(1 - p) is taken as
    p̂(1 - p̂) + se², which has no bias. Never below 1; 1 where no area has a standard error above zero.
    """
    usable = (n > 1) & np.isfinite(se) & np.isfinite(estimate)
    p, v, size = estimate[usable], se[usable] ** 2, n[usable]
    simple = np.sum(size * (p * (1 - p) + v))
    return max(1.0, float(np.sum(size**2 * v) / simple)) if simple > 0 else 1.0


def angles(rate: Array, n: Array) -> tuple[Array, Array]:
    """Rates on the arcsine scale and their variances there, which need no p: asin √((np + 1/4) / (n + 1/2)), 1 / 4n.

    rate: (areas,), NaN without a sample; n: (areas,) effective sample sizes. The quarter takes the bias away: plain asin √p
    is too low by about 1 / (8n √p) in the mean, so that small samples of small rates would seem less deprived than they are.
    Source: Brown, Cai & Zhou (2010).
    """
    return np.arcsin(np.sqrt((n * rate + 1 / 4) / (n + 1 / 2))), 1 / (4 * np.where(n > 0, n, np.nan))


def _keyed(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The frame indexed by its column `area` (or as it is, where the index holds the areas), each area once."""
    keyed = frame.set_index("area") if "area" in frame.columns else frame
    if keyed.index.has_duplicates:
        twice = keyed.index[keyed.index.duplicated()][0]
        raise error(
            "HY-M010",
            en=f'The area "{twice}" stands twice in {name}. Keep one row per area.',
            fa=f"محدودهٔ «{twice}» در {name} دو بار آمده است. برای هر محدوده یک ردیف نگه دارید.",
        )
    return keyed


def _rates(direct: pd.DataFrame, areas: pd.Index) -> pd.DataFrame:
    """estimate, se, n in the order of `areas`, checked: NaN, NaN, 0 where an area has no sample."""
    missing = [name for name in ("estimate", "se", "n") if name not in direct.columns]
    if missing:
        raise error(
            "HY-M011",
            en=f"The direct estimates lack the column(s) {', '.join(missing)}. Give area, estimate, se and n.",
            fa=f"برآوردهای مستقیم این ستون‌ها را ندارند: {'، '.join(missing)}. area و estimate و se و n بدهید.",
        )
    unknown = direct.index.difference(areas)
    if len(unknown):
        raise error(
            "HY-M012",
            en=f'{len(unknown)} area(s) with a direct estimate have no covariates, first "{unknown[0]}". Check the codes.',
            fa=f"{len(unknown)} محدودهٔ دارای برآورد مستقیم متغیر کمکی ندارند؛ نخستین: «{unknown[0]}». کدها را وارسی کنید.",
        )
    outside = direct.index[(direct["estimate"] < 0) | (direct["estimate"] > 1)]
    if len(outside):
        raise error(
            "HY-M013",
            en=f'The rate of "{outside[0]}" is not between 0 and 1. Give shares, not percentages or numbers of people.',
            fa=f"نرخ «{outside[0]}» میان ۰ و ۱ نیست. سهم بدهید، نه درصد یا شمار افراد.",
        )
    rates = direct[["estimate", "se", "n"]].reindex(areas).astype(float)
    return rates.assign(n=rates["n"].fillna(0))


def _benchmark_factor(mean: Array, population: Any, province: float | None) -> float:
    """What the areas are multiplied by so that, weighted by their population, they give the province's direct rate."""
    if population is None or province is None:
        return 1.0
    people = np.asarray(population, dtype=float)
    if people.shape != mean.shape or not (np.isfinite(people).all() and (people >= 0).all() and people.sum() > 0):
        fault = Fault(
            "HY-M014",
            f"The population must be one number, not negative, for each of the {len(mean)} areas. Complete it.",
            f"جمعیت باید برای هر یک از {len(mean)} محدوده عددی نامنفی باشد. آن را کامل کنید.",
            column="population",
        )
        raise HamyarError(fault)
    return float(province * people.sum() / (people @ mean))


def _fa(number: float, decimals: int = 0) -> str:
    return persian_digits(f"{number:.{decimals}f}").replace(".", "٫")


def _notes(deff: float, model: FayHerriot, benchmark: float) -> list[dict[str, str]]:
    """What was done, for the method's paragraph in a report."""
    without = int((~model.sampled).sum())
    notes = [
        {
            "en": f"Sampling variances are smoothed on the arcsine scale with one design effect of {deff:.2f}.",
            "fa": f"واریانس‌های نمونه‌گیری در مقیاس آرک‌سینوس و با یک اثر طرح ({_fa(deff, 2)}) هموار شده‌اند.",
        }
    ]
    if without:
        notes.append(
            {
                "en": f"{without} area(s) with fewer than {SMALLEST_SAMPLE} households get the synthetic part.",
                "fa": f"برای {_fa(without)} محدوده با کمتر از {_fa(SMALLEST_SAMPLE)} خانوار نمونه، تنها بخش ترکیبی مدل به کار رفته است.",
            }
        )
    if model.at_zero:
        notes.append(
            {
                "en": "The area variance is estimated as 0; draws and intervals carry its whole uncertainty.",
                "fa": "واریانس محدوده‌ها صفر برآورد شده است؛ شبیه‌سازی‌ها و فاصله‌ها عدم‌قطعیت آن را کامل در بر دارند.",
            }
        )
    if benchmark != 1.0:
        notes.append(
            {
                "en": f"Estimates are multiplied by {benchmark:.3f} to add up to the direct rate of the province.",
                "fa": f"برآوردها در {_fa(benchmark, 3)} ضرب شده‌اند تا با نرخ مستقیم استان بخوانند.",
            }
        )
    return notes


def direct_draws(direct: pd.DataFrame, *, draws: int = DRAWS, seed: int = 0) -> tuple[Array, Array]:
    """Joint draws of rates that stand by themselves, (draws, areas), and what one household's variance is, (areas,).

    direct: frame estimate (0 to 1), se, n, a row per area with a sample. Normal on the arcsine scale (`angles`) with
    effective sample sizes n / deff, one pooled design effect, as in `headcount_model`; areas are independent.
    """
    estimate, se, n = (direct[name].to_numpy(dtype=float) for name in ("estimate", "se", "n"))
    deff = pooled_design_effect(estimate, se, n)
    angle, variance = angles(estimate, n / deff)
    normal = np.random.default_rng(seed).standard_normal((draws, len(angle)))
    values = np.sin(np.clip(angle + normal * np.sqrt(variance), 0, np.pi / 2)) ** 2
    mean = values.mean(axis=0)
    return values, deff * mean * (1 - mean)


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

    direct: frame area, estimate (0 to 1), se (NaN where there is one cluster), n (households), a row for each area with a
    sample; covariates: frame indexed by area (or with a column area), a row for every area wanted, complete; population
    (areas,) and province (direct rate): with both, estimates and draws are multiplied by one factor so that they add up
    to the province; draws, seed: how many joint draws, from which seed.

    Fay-Herriot on the arcsine scale (`angles`) with effective sample sizes n / deff; one pooled design effect stands for
    the areas' own, which a few clusters cannot tell (a generalised variance function). An area below 10 households has no direct
    estimate and gets the synthetic part. Estimates are means of the joint draws brought back by sin² (so that the
    back-transformation has no bias), intervals their quantiles; all on [0, 1]. An estimated σ² of 0 needs no special
    case, since the draws take σ² from its posterior. How these rules were chosen: docs/explanation/small-area.md.
    Raises HY-M005 to HY-M007, HY-M009 (covariates), HY-M010 (area twice), HY-M011 (columns), HY-M012 (unknown area),
    HY-M013 (not a share), HY-M014 (population).
    Source: Brown, Cai & Zhou (2010); Efron & Morris (1975); Rao & Molina (2015) 4.2 and 10.3; Hadam, Würz & Kreutzmann (2020).
    """
    X = _keyed(covariates, "covariates")
    rates = _rates(_keyed(direct, "direct"), X.index)
    estimate, se, n = (rates[name].to_numpy() for name in ("estimate", "se", "n"))
    deff = pooled_design_effect(estimate, se, n)
    used = (n >= SMALLEST_SAMPLE) & np.isfinite(estimate)
    angle, variance = angles(np.where(used, estimate, np.nan), n / deff)
    model = FayHerriot().fit(angle, variance, X)
    values = np.sin(np.clip(model.draws(draws, seed), 0, np.pi / 2)) ** 2
    benchmark = _benchmark_factor(values.mean(axis=0), population, province)
    values = np.clip(values * benchmark, 0, 1)
    mean = values.mean(axis=0)
    low, high = np.quantile(values, [0.025, 0.975], axis=0)
    columns = {
        "area": X.index,
        "estimate": mean,
        "se": values.std(axis=0),
        "low": low,
        "high": high,
        "n": n.astype(int),
        "gamma": model.estimates()["gamma"].to_numpy(),
        "sampled": model.sampled,
        "estimate_kind": np.where(model.sampled, "model", "synthetic_part"),
    }
    notes = _notes(deff, model, benchmark)
    unit_variance = deff * mean * (1 - mean)
    return Headcounts(
        pd.DataFrame(columns),
        values,
        unit_variance,
        deff,
        model.variance_component,
        model.coefficients,
        benchmark,
        notes,
    )
