"""Empirical best prediction of poverty and inequality by area from a sample of units and a census of covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hamyar.errors import Fault, error
from hamyar.small_area.checking import Array
from hamyar.small_area.nested_error import NestedFit, NestedLikelihood, zero_note
from hamyar.small_area.simulated import INDICATORS, Moments, indicators
from hamyar.small_area.unit_input import Population, UnitSample, population_rows, totals, unit_diagnostics, unit_sample
from hamyar.small_area.unit_scale import SCALES, Scale, best_scale

_AT_ONCE = 1_000_000


class _Fitted(NamedTuple):
    """The model on one y: scale, β and variances, and effect u (areas,) with the variance of u given the sample."""

    scale: Scale
    fit: NestedFit
    effect: Array
    spread: Array


@dataclass
class EmpiricalBest:
    """Empirical best (EB) prediction: T(y_ij) = x_ij'β + u_i + e_ij, u_i ~ N(0, σ²_u), e_ij ~ N(0, σ²_e).

    transform T: None, "log", "log-shift" or "box-cox", its parameter by restricted maximum likelihood; draws: simulated
    populations behind an estimate; bootstrap: replicates of the parametric bootstrap behind the mse (0: none); seed: of both.
    Every unit of the population is simulated, sampled or not ("Census EB": sampled households need not be found in the census).
    After `fit`: `between` σ²_u, `within` σ²_e, `coefficients` and `effects` u by area (on the scale of T), `transform_parameter` (λ or the shift, else None),
    `at_zero`, `notes`.
    Source: Molina & Rao (2010); Rojas-Perilla et al. (2020) for T; Corral, Molina & Nguyen (2021) for Census EB; Guadarrama,
    Molina & Rao (2018) for weights; González-Manteiga et al. (2008) for the bootstrap.
    """

    transform: str | None = None
    draws: int = 50
    bootstrap: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.transform not in SCALES:
            raise error(
                "HY-U009",
                en=f'There is no transform "{self.transform}". Use None, "log", "log-shift" or "box-cox".',
                fa=f"تبدیل «{self.transform}» وجود ندارد. None یا «log» یا «log-shift» یا «box-cox» را به کار ببرید.",
            )

    def fit(self, sample: Any, *, y: str, X: Sequence[str], area: str, weight: str | None = None) -> EmpiricalBest:
        """sample: path, frame or table with a row per unit; y: welfare; X: covariates, text becomes categories; area: its
        column; weight: survey weights, for a sample that is not ignorable (pseudo EB: β and u by weights, variances without).

        Raises HY-U001 to HY-U005 and HY-U010 (columns, gaps, numbers, weights, one value), HY-M006 and HY-M007 (too few
        rows, collinear covariates).
        """
        self.sample = unit_sample(sample, y, X, area, weight)
        self._area, names = area, self.sample.encoder.names
        self._likelihood = NestedLikelihood(self.sample.X, names, self.sample.area, len(self.sample.areas))
        self._fitted = self._fit(self.sample.y)
        fit, scale = self._fitted.fit, self._fitted.scale
        self.between, self.within, self.at_zero = fit.between, fit.within, fit.at_zero
        self.coefficients = pd.Series(fit.beta, index=names, name="coefficient")
        self.effects = pd.Series(self._fitted.effect, index=self.sample.areas, name="effect")
        self.transform_parameter = scale.parameter if self.transform in ("box-cox", "log-shift") else None
        self.notes = ((zero_note(),) if self.at_zero else ()) + ((_bound_note(scale),) if scale.at_bound else ())
        return self

    def _fit(self, y: Array) -> _Fitted:
        scale = best_scale(self.transform, y, self._likelihood)
        z = scale.forward(y)
        fit = self._likelihood.fit(z)
        sample = self.sample
        if sample.weight is not None:
            fit = fit._replace(beta=_weighted_beta(fit, sample, z))
        w = np.ones(len(z)) if sample.weight is None else sample.weight
        areas = len(sample.areas)
        total = totals(sample.area, w, areas)
        size = total**2 / totals(sample.area, w**2, areas)
        residual = totals(sample.area, w * (z - sample.X @ fit.beta), areas) / total
        gamma = fit.between / (fit.between + fit.within / size)
        return _Fitted(scale, fit, gamma * residual, fit.between * (1 - gamma))

    def predict(self, population: Any, *, line: float, size: str | None = None) -> pd.DataFrame:
        """Indicators of every area of the population.

        population: a row per unit with the covariates and the column of the area; line: poor strictly below it, in the
        unit of y; size: how many each row counts for, such as members of a household.
        Gives frame area, measure, estimate, mse (NaN without bootstrap), simulation_error (standard error from the number of
        draws), sampled; measures are mean, headcount, poverty_gap, squared_poverty_gap, gini, quantile_share_ratio,
        quantile_10, _25, _50, _75, _90. An area without a sample gets u ~ N(0, σ²_u).
        Raises HY-U001 to HY-U003, HY-U006 (an area of the sample is absent), HY-U011 (line), HY-U015 (size).
        """
        if not (np.isfinite(line) and line > 0):
            raise error(
                "HY-U011",
                en=f"A poverty line of {line} is not a number above 0.",
                fa=f"خط فقر {line} عددی بزرگ‌تر از صفر نیست.",
            )
        rows = population_rows(population, self.sample, self._area, size)
        seeds = np.random.SeedSequence(self.seed).spawn(2)
        found = self._simulate(self._fitted, rows, line, self.draws, np.random.default_rng(seeds[0]))
        mse = np.full_like(found.mean, np.nan)
        if self.bootstrap:
            mse = self._mean_squared_error(rows, line, np.random.default_rng(seeds[1]))
        areas, measures = len(rows.areas), len(INDICATORS)
        columns = {
            "area": np.repeat(rows.areas.to_numpy(), measures),
            "measure": np.tile(INDICATORS, areas),
            "estimate": found.mean.ravel(),
            "mse": mse.ravel(),
            "simulation_error": found.simulation_error.ravel(),
            "sampled": np.repeat(rows.in_sample >= 0, measures),
        }
        return pd.DataFrame(columns)

    def diagnostics(self) -> pd.DataFrame:
        """Frame with a row per sampled unit, on the scale of T: area, observed, fitted x'β + u, residual, standardised."""
        fitted = self._fitted
        z = fitted.scale.forward(self.sample.y)
        return unit_diagnostics(self.sample, z, fitted.fit.beta, fitted.effect, fitted.fit.within)

    def _simulate(
        self, fitted: _Fitted, rows: Population, line: float, draws: int, rng: np.random.Generator
    ) -> Moments:
        inside = rows.in_sample >= 0
        effect = np.where(inside, fitted.effect[rows.in_sample], 0.0)
        spread = np.sqrt(np.where(inside, fitted.spread[rows.in_sample], fitted.fit.between))
        mean = rows.X @ fitted.fit.beta + np.repeat(effect, rows.sizes)
        total, square = (np.zeros((len(rows.areas), len(INDICATORS))) for _ in range(2))
        for part in _parts(draws, len(mean)):
            u = spread * rng.standard_normal((part, len(spread)))
            found = self._populations(fitted, rows, line, mean, u, rng)
            total += found.sum(axis=1)
            square += (found**2).sum(axis=1)
        return Moments(draws, total, square)

    def _populations(
        self, fitted: _Fitted, rows: Population, line: float, mean: Array, u: Array, rng: np.random.Generator
    ) -> Array:
        """(areas, draws, INDICATORS) of populations with these means (rows,) and effects u (draws, areas)."""
        z = rng.standard_normal((len(u), len(mean)))
        z *= np.sqrt(fitted.fit.within)
        z += mean
        found = np.empty((len(rows.areas), len(u), len(INDICATORS)))
        for i, (first, size) in enumerate(zip(rows.start, rows.sizes, strict=True)):
            block = z[:, first : first + size] + u[:, [i]]
            weight = None if rows.weight is None else rows.weight[first : first + size]
            found[i] = indicators(fitted.scale.back(block), line, weight)
        return found

    def _mean_squared_error(self, rows: Population, line: float, rng: np.random.Generator) -> Array:
        """Parametric bootstrap: populations and samples from the fitted model, the whole estimation anew on each sample."""
        fitted, sample = self._fitted, self.sample
        fit, total = fitted.fit, np.zeros((len(rows.areas), len(INDICATORS)))
        mean_rows, mean_sample = rows.X @ fit.beta, sample.X @ fit.beta
        where = rows.areas.get_indexer(sample.areas)[sample.area]
        for _ in range(self.bootstrap):
            u = np.sqrt(fit.between) * rng.standard_normal(len(rows.areas))
            truth = self._populations(fitted, rows, line, mean_rows, u[None, :], rng)[:, 0]
            z = mean_sample + u[where] + np.sqrt(fit.within) * rng.standard_normal(len(mean_sample))
            again = self._simulate(self._fit(fitted.scale.back(z)), rows, line, self.draws, rng)
            total += (again.mean - truth) ** 2
        return total / self.bootstrap


def _parts(draws: int, rows: int) -> list[int]:
    """The draws cut so that about a million numbers stand in memory at once."""
    once = max(1, min(draws, _AT_ONCE // max(rows, 1)))
    return [min(once, draws - first) for first in range(0, draws, once)]


def _weighted_beta(fit: NestedFit, sample: UnitSample, z: Array) -> Array:
    """β of the survey-weighted estimating equations Σ w x (z - γ_w z̄_w - (x - γ_w x̄_w)'β) = 0.

    γ_w = σ²_u / (σ²_u + σ²_e Σ w² / (Σ w)²). Source: You & Rao (2002).
    """
    assert sample.weight is not None
    w, areas = sample.weight, len(sample.areas)

    def mean(values: Array) -> Array:
        return totals(sample.area, w * values, areas) / total

    total = totals(sample.area, w, areas)
    gamma = fit.between / (fit.between + fit.within * totals(sample.area, w**2, areas) / total**2)
    z_star = z - (gamma * mean(z))[sample.area]
    X_star = sample.X - (gamma[:, None] * np.stack([mean(column) for column in sample.X.T], axis=1))[sample.area]
    weighted = sample.X * w[:, None]
    return np.asarray(np.linalg.solve(weighted.T @ X_star, weighted.T @ z_star))


def _bound_note(scale: Scale) -> Fault:
    return Fault(
        "HY-U012",
        f"The parameter of {scale.transform} stands at the end of its range ({scale.parameter:.4g}). Try another transform.",
        f"پارامتر تبدیل {scale.transform} به مرز بازهٔ خود رسیده است ({scale.parameter:.4g}). تبدیل دیگری را بیازمایید.",
    )
