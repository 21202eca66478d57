"""The nested-error model of units within areas, and the EBLUP of area means (Battese, Harter & Fuller 1988)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hamyar.errors import Fault, error
from hamyar.small_area.checking import Array, orthonormal
from hamyar.small_area.unit_input import (
    Codes,
    UnitSample,
    absent_error,
    check_columns,
    frame_of,
    totals,
    unit_diagnostics,
    unit_sample,
)

RATIOS = np.concatenate([[0.0], np.geomspace(1e-5, 1e10, 60)])


class NestedFit(NamedTuple):
    """σ²_u between areas, σ²_e within, β (p,), the profile log likelihood, and whether σ²_u stands at its bound 0."""

    between: float
    within: float
    beta: Array
    loglikelihood: float
    at_zero: bool


class NestedLikelihood:
    """The likelihood of y_ij = x_ij'β + u_i + e_ij for one X and many y: what depends on X alone is worked out once.

    X: (rows, p) with names; area: (rows,) positions below areas. With δ = σ²_u / σ²_e everything comes from sums by area,
    so that one value costs areas · p² operations: V⁻¹ = (I - c J) / σ²_e in an area, c = δ / (1 + δ n).
    """

    def __init__(self, X: Array, names: list[str], area: Codes, areas: int, method: str = "reml") -> None:
        self.method, self.area, self.areas = method, area, areas
        self.Q, self.R = orthonormal(X, names)
        self.rows, self.p = X.shape
        self.n = np.bincount(area, minlength=areas).astype(np.float64)
        self.sums = np.stack([totals(area, column, areas) for column in self.Q.T], axis=1)
        points = [self._at(ratio) for ratio in RATIOS]
        self.grid = tuple(np.array(part) for part in zip(*points, strict=True))

    def _at(self, ratio: float) -> tuple[Array, Array, float]:
        """c (areas,), A⁻¹ = (Q'(I - cJ)Q)⁻¹ and the log determinants that do not depend on y."""
        c = ratio / (1 + ratio * self.n)
        A = np.eye(self.p) - (self.sums * c[:, None]).T @ self.sums
        determinants = np.log1p(ratio * self.n).sum()
        if self.method == "reml":
            determinants += np.linalg.slogdet(A)[1] + 2 * np.log(np.abs(np.diag(self.R))).sum()
        return c, np.asarray(np.linalg.inv(A)), float(determinants)

    @property
    def freedom(self) -> int:
        return int(self.rows - self.p) if self.method == "reml" else int(self.rows)

    def fit(self, y: Array) -> NestedFit:
        """Maximum over δ: the best of a grid, then the root of the score to 1e-14 relative.

        y: (rows,). Source: Battese, Harter & Fuller (1988); Rao & Molina (2015) 7.1 and 7.2.
        """
        from scipy.optimize import brentq

        start = self.Q.T @ y
        residual = y - self.Q @ start
        total, square = totals(self.area, residual, self.areas), float(residual @ residual)
        best = self._best_of_grid(total, square)
        rising = self._score(RATIOS[best], total, square) > 0
        if best == 0 and not rising:
            ratio = 0.0
        else:
            low, high = (best, min(best + 1, len(RATIOS) - 1)) if rising else (best - 1, best)
            ratio = (
                RATIOS[best]
                if low == high
                else float(
                    brentq(lambda r: self._score(r, total, square), RATIOS[low], RATIOS[high], xtol=1e-13, rtol=1e-13)
                )
            )
        point = self._at(ratio)
        move = point[1] @ -(self.sums.T @ (point[0] * total))
        within = self._rest(point, total, square) / self.freedom
        beta = np.asarray(np.linalg.solve(self.R, start + move), dtype=np.float64)
        return NestedFit(ratio * within, within, beta, self._profile(point, total, square), ratio == 0.0)

    def _best_of_grid(self, total: Array, square: float) -> int:
        c, inverse, determinants = self.grid
        b = (c * total) @ self.sums
        rest = square - c @ total**2 - np.einsum("gi,gij,gj->g", b, inverse, b)
        return int(np.argmin(self.freedom * np.log(rest) + determinants))

    def _rest(self, point: tuple[Array, Array, float], total: Array, square: float) -> float:
        """The generalised residual sum of squares, r'(I - cJ)r at the best β."""
        c, inverse, _ = point
        b = self.sums.T @ (c * total)
        return float(square - c @ total**2 - b @ inverse @ b)

    def _profile(self, point: tuple[Array, Array, float], total: Array, square: float) -> float:
        f = self.freedom
        return -float(f * (np.log(self._rest(point, total, square) / f) + np.log(2 * np.pi) + 1) + point[2]) / 2

    def _score(self, ratio: float, total: Array, square: float) -> float:
        """Derivative of twice the profile log likelihood in δ."""
        c, inverse, _ = point = self._at(ratio)
        left = total + self.sums @ (inverse @ (self.sums.T @ (c * total)))
        slope = (1 - c * self.n) ** 2
        trace = np.sum(self.n * (1 - c * self.n))
        if self.method == "reml":
            trace -= slope @ np.sum((self.sums @ inverse) * self.sums, axis=1)
        return float(self.freedom * (slope @ left**2) / self._rest(point, total, square) - trace)


def sample_means(sample: UnitSample) -> tuple[Array, Array]:
    """Means of y (areas,) and of X (areas, p)."""
    n, areas = sample.n, len(sample.areas)
    X = np.stack([totals(sample.area, column, areas) for column in sample.X.T], axis=1)
    return totals(sample.area, sample.y, areas) / n, X / n[:, None]


@dataclass
class NestedError:
    """EBLUP of area means from a sample of units and the population's means of the covariates.

    Model: y_ij = x_ij'β + u_i + e_ij, u_i ~ N(0, σ²_u), e_ij ~ N(0, σ²_e). method: "reml" or "ml"; bootstrap: replicates of
    the parametric bootstrap for the mse (0: none); seed: of it. After `fit`: `between` σ²_u, `within` σ²_e,
    `loglikelihood` (restricted for "reml"), `coefficients`, `at_zero`, `notes`.
    Source: Battese, Harter & Fuller (1988); González-Manteiga et al. (2008) for the bootstrap.
    """

    method: str = "reml"
    bootstrap: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in ("reml", "ml"):
            raise error(
                "HY-U007",
                en=f'There is no method "{self.method}". Use "reml" or "ml".',
                fa=f"روش «{self.method}» وجود ندارد. «reml» یا «ml» را به کار ببرید.",
            )

    def fit(self, sample: Any, *, y: str, X: Sequence[str], area: str) -> NestedError:
        """sample: path, frame or table with a row per unit; y, X, area: its columns (text in X becomes categories).

        Raises HY-U001 to HY-U004 (columns, gaps, numbers), HY-M006 and HY-M007 (too few rows, collinear covariates).
        """
        self.sample = unit_sample(sample, y, X, area)
        names = self.sample.encoder.names
        self._likelihood = NestedLikelihood(self.sample.X, names, self.sample.area, len(self.sample.areas), self.method)
        self._fit = self._likelihood.fit(self.sample.y)
        self.between, self.within, self.at_zero = self._fit.between, self._fit.within, self._fit.at_zero
        self.loglikelihood = self._fit.loglikelihood
        self.coefficients = pd.Series(self._fit.beta, index=names, name="coefficient")
        self.notes = (zero_note(),) if self.at_zero else ()
        return self

    def estimates(self, means: Any, *, area: str = "area", size: str | None = None) -> pd.DataFrame:
        """EBLUP of the mean of every area in `means`.

        means: table with a row per area: the column `area`, the population means of the coefficients' covariates (as
        named in `coefficients`), and `size`, how many units the area has; without it the sample counts for nothing
        beside the population. Gives frame area, estimate, mse (NaN without bootstrap), gamma, n, sampled.
        Raises HY-U001, HY-U002, HY-U006 (an area of the sample is absent), HY-U016 (fewer units than were sampled).
        """
        frame = frame_of(means)
        names = list(self.coefficients.index[1:])
        check_columns(frame, [area, *names, *([size] if size else [])], "population")
        where = self.sample.areas.get_indexer(pd.Index(frame[area]))
        if set(where[where >= 0]) != set(range(len(self.sample.areas))):
            raise absent_error(self.sample.areas.difference(pd.Index(frame[area])), area)
        target = np.column_stack([np.ones(len(frame)), frame[names].to_numpy(dtype=np.float64)])
        units = frame[size].to_numpy(dtype=np.float64) if size else np.full(len(frame), np.inf)
        few = np.flatnonzero(units < np.where(where >= 0, self.sample.n[where], 0))
        if len(few):
            raise error(
                "HY-U016",
                en=f'Area "{frame[area].iloc[few[0]]}" has fewer units than the sample drew from it. Correct its size.',
                fa=f"شمار واحدهای محدودهٔ «{frame[area].iloc[few[0]]}» از نمونهٔ آن کمتر است. اندازهٔ آن را درست کنید.",
                row=int(few[0]) + 2,
                column=size,
            )
        y_mean, X_mean = sample_means(self.sample)
        place = _Place(target, where, units, X_mean, self.sample.n)
        estimate, gamma = place.eblup(self._fit, y_mean)
        mse = self._bootstrap(place) if self.bootstrap else np.full(len(frame), np.nan)
        n = np.where(where >= 0, self.sample.n[where], 0).astype(int)
        columns = {"area": frame[area].to_numpy(), "estimate": estimate, "mse": mse, "gamma": gamma}
        return pd.DataFrame({**columns, "n": n, "sampled": where >= 0})

    def diagnostics(self) -> pd.DataFrame:
        """Frame with a row per sampled unit: area, observed, fitted x'β + u, residual, standardised (about N(0, 1))."""
        y_mean, X_mean = sample_means(self.sample)
        gamma = self.between / (self.between + self.within / self.sample.n)
        effect = gamma * (y_mean - X_mean @ self._fit.beta)
        return unit_diagnostics(self.sample, self.sample.y, self._fit.beta, effect, self.within)

    def _bootstrap(self, place: _Place) -> Array:
        """Mean squared distance of EBLUP and mean in populations drawn from the fitted model."""
        rng, fit, likelihood = np.random.default_rng(self.seed), self._fit, self._likelihood
        areas, total = len(self.sample.areas), np.zeros(len(place.target))
        mean = self.sample.X @ fit.beta
        for _ in range(self.bootstrap):
            u = np.sqrt(fit.between) * rng.standard_normal(areas)
            outside = np.sqrt(fit.between) * rng.standard_normal(len(total))
            y = mean + u[self.sample.area] + np.sqrt(fit.within) * rng.standard_normal(len(mean))
            again = likelihood.fit(y)
            y_mean = totals(self.sample.area, y, areas) / self.sample.n
            truth = place.truth(fit, np.where(place.where >= 0, u[place.where], outside), y_mean, rng)
            total += (place.eblup(again, y_mean)[0] - truth) ** 2
        return total / self.bootstrap


class _Place(NamedTuple):
    """Areas to be estimated: target (areas, p) means, where in the sample (-1: not), units N, the sample's X means and n."""

    target: Array
    where: Codes
    units: Array
    X_mean: Array
    n: Array

    @property
    def share(self) -> Array:
        """n / N, 0 without a sample."""
        return np.where(self.where >= 0, self.n[self.where] / self.units, 0.0)

    def eblup(self, fit: NestedFit, y_mean: Array) -> tuple[Array, Array]:
        gamma = fit.between / (fit.between + fit.within / self.n)
        effect = gamma * (y_mean - self.X_mean @ fit.beta)
        inside, share = self.where >= 0, self.share
        known = share * np.where(inside, y_mean[self.where] - self.X_mean[self.where] @ fit.beta, 0.0)
        rest = (1 - share) * np.where(inside, effect[self.where], 0.0)
        return self.target @ fit.beta + known + rest, np.where(inside, gamma[self.where], 0.0)

    def truth(self, fit: NestedFit, u: Array, y_mean: Array, rng: np.random.Generator) -> Array:
        """Means of a population: the sampled units as drawn, the others with effects u and their mean error."""
        share, inside = self.share, self.where >= 0
        left = np.where(np.isfinite(self.units), self.units - np.where(inside, self.n[self.where], 0), np.inf)
        error = rng.standard_normal(len(u)) * np.sqrt(fit.within / np.maximum(left, 1))
        known = share * np.where(inside, y_mean[self.where] - self.X_mean[self.where] @ fit.beta, 0.0)
        return self.target @ fit.beta + known + (1 - share) * (u + error)


def zero_note() -> Fault:
    return Fault(
        "HY-U008",
        "The variance between areas is estimated as 0: areas differ by their covariates alone, and errors are too small.",
        "واریانس میان محدوده‌ها صفر برآورد شد: محدوده‌ها تنها در متغیرهای کمکی تفاوت دارند و خطاها کوچک‌تر از واقع‌اند.",
    )
