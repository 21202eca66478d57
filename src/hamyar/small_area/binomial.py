"""Headcounts of something rare from single households: a binomial model with area effects, no direct estimate needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hamyar.errors import error
from hamyar.small_area.checking import Array, orthonormal
from hamyar.small_area.nested_error import zero_note
from hamyar.small_area.unit_input import Population, UnitSample, population_rows, totals, unit_sample

NODES = 21
_STEPS = 60
_AT_ONCE = 2_000_000
_FARTHEST = 25.0
_PROPOSALS = 200


class _Posterior(NamedTuple):
    """At (β, σ): log likelihood, nodes v (areas, NODES) and their posterior weights, chances p (rows, NODES)."""

    loglikelihood: float
    nodes: Array
    weight: Array
    chance: Array


def _chance(eta: Array) -> Array:
    from scipy.special import expit

    return np.asarray(expit(eta))


class _Likelihood:
    """y_ij ~ Bernoulli(p_ij), logit p_ij = x_ij'β + σ v_i, v_i ~ N(0, 1), integrated by adaptive Gauss-Hermite quadrature."""

    def __init__(self, sample: UnitSample) -> None:
        self.area, self.areas = sample.area, len(sample.areas)
        self.Q, self.R = orthonormal(sample.X, sample.encoder.names)
        self.scale = np.sqrt(len(self.Q))
        self.Q = self.Q * self.scale
        self.t, w = np.polynomial.hermite.hermgauss(NODES)
        self.log_w = np.log(w) + self.t**2

    def _sums(self, values: Array) -> Array:
        """(areas, columns) sums by area of (rows, columns)."""
        return np.stack([totals(self.area, column, self.areas) for column in values.T], axis=1)

    def mode(self, fixed: Array, sigma: float, y: Array) -> tuple[Array, Array]:
        """The most likely v of every area and the curvature there, by Newton: the function is concave."""
        v = np.zeros(self.areas)
        for _ in range(_STEPS):
            p = _chance(fixed + sigma * v[self.area])
            curvature = sigma**2 * totals(self.area, p * (1 - p), self.areas) + 1
            step = np.clip((sigma * totals(self.area, y - p, self.areas) - v) / curvature, -2, 2)
            v = v + step
            if np.abs(step).max() < 1e-10:
                break
        return v, curvature

    def at(self, theta: Array, y: Array) -> _Posterior:
        fixed, sigma = self.Q @ theta[:-1], theta[-1]
        mode, curvature = self.mode(fixed, sigma, y)
        spread = np.sqrt(2 / curvature)
        nodes = mode[:, None] + spread[:, None] * self.t
        eta = fixed[:, None] + sigma * nodes[self.area]
        log = self._sums(y[:, None] * eta - np.logaddexp(0, eta)) - nodes**2 / 2 + self.log_w
        top = log.max(axis=1, keepdims=True)
        weight = np.exp(log - top)
        whole = weight.sum(axis=1)
        value = np.sum(np.log(whole) + top[:, 0] + np.log(spread) - np.log(2 * np.pi) / 2)
        return _Posterior(float(value), nodes, weight / whole[:, None], _chance(eta))

    def slopes(self, y: Array, posterior: _Posterior) -> tuple[Array, Array]:
        """Score (p + 1,) and observed information, by the posterior of v (Louis 1982)."""
        nodes, weight, p = posterior.nodes, posterior.weight, posterior.chance
        pull = y[:, None] - p
        parts = [self._sums(pull * column[:, None]) for column in self.Q.T]
        by_node = np.stack([*parts, self._sums(pull) * nodes], axis=-1)
        mean = np.einsum("ak,akp->ap", weight, by_node)
        curve = weight[self.area] * p * (1 - p)
        v = nodes[self.area]
        once = curve.sum(axis=1)
        cross = self.Q.T @ (curve * v).sum(axis=1)
        complete = np.block(
            [
                [(self.Q * once[:, None]).T @ self.Q, cross[:, None]],
                [cross[None, :], np.sum(curve * v**2).reshape(1, 1)],
            ]
        )
        spread = np.einsum("ak,akp,akq->pq", weight, by_node, by_node) - mean.T @ mean
        return mean.sum(axis=0), np.asarray(complete - spread)

    def fit(self, y: Array, start: Array | None = None) -> Array:
        """(β in the coordinates of Q, σ ≥ 0) at the maximum, by Newton steps that never lower the likelihood.

        Raises HY-U014 where β runs away, as it does when a covariate parts the poor from the others.
        """
        mean = float(y.mean())
        theta = np.zeros(self.Q.shape[1] + 1) if start is None else start.copy()
        if start is None:
            theta[:-1] = self.Q.T @ np.full(len(y), np.log(mean / (1 - mean))) / self.scale**2
        theta[-1] = max(abs(theta[-1]), 0.3)
        now = self.at(theta, y)
        for _ in range(_STEPS):
            score, information = self.slopes(y, now)
            values, vectors = np.linalg.eigh(information)
            step = vectors @ ((vectors.T @ score) / np.maximum(np.abs(values), 1e-8 * np.abs(values).max()))
            step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-12))
            for _ in range(30):
                after = self.at(theta + step, y)
                if after.loglikelihood >= now.loglikelihood - 1e-12 * abs(now.loglikelihood):
                    break
                step = step / 2
            theta, now = theta + step, after
            if np.abs(theta[:-1]).max() > _FARTHEST:
                raise _runs_away()
            if np.abs(step).max() < 1e-9:
                break
        theta[-1] = abs(theta[-1])
        return theta if theta[-1] > 1e-5 else np.append(theta[:-1], 0.0)


@dataclass
class BinomialHeadcount:
    """Area headcounts from households that are poor or not, and a census of covariates.

    Model: y_ij ~ Bernoulli(p_ij), logit p_ij = x_ij'β + u_i, u_i ~ N(0, σ²), by maximum likelihood with 21 adaptive
    Gauss-Hermite nodes. Where a direct rate is 0 for want of cases, it still holds what n households without a case say.
    bootstrap: replicates of the parametric bootstrap behind the mse (0: none); seed: of it. Clusters within an area are not
    modelled: with strong ones use `headcount_model`, whose design effect counts them.
    After `fit`: `variance` σ², `coefficients`, `loglikelihood`, `at_zero`, `notes`.
    Source: Jiang & Lahiri (2001); Rao & Molina (2015) 9.5; González-Manteiga et al. (2007) for the bootstrap.
    """

    bootstrap: int = 0
    seed: int = 0

    def fit(self, sample: Any, *, y: str, X: Sequence[str], area: str) -> BinomialHeadcount:
        """sample: path, frame or table with a row per household; y: 1 poor, 0 not; X, area: its columns (text becomes categories).

        Raises HY-U001 to HY-U004, HY-M006 and HY-M007 (columns, gaps, covariates), HY-U013 (y), HY-U014 (separation).
        """
        self.sample, self._area = unit_sample(sample, y, X, area), area
        values = set(np.unique(self.sample.y))
        if values != {0.0, 1.0}:
            raise error(
                "HY-U013",
                en="What is counted must be 0 or 1, and the sample must hold both.",
                fa="آنچه شمرده می‌شود باید ۰ یا ۱ باشد و نمونه هر دو را داشته باشد.",
                column=y,
            )
        self._likelihood = _Likelihood(self.sample)
        self._theta = self._likelihood.fit(self.sample.y)
        beta = np.linalg.solve(self._likelihood.R, self._theta[:-1] * self._likelihood.scale)
        self.variance, self.at_zero = float(self._theta[-1] ** 2), self._theta[-1] == 0
        self.loglikelihood = self._likelihood.at(self._theta, self.sample.y).loglikelihood
        self.coefficients = pd.Series(beta, index=self.sample.encoder.names, name="coefficient")
        self.notes = (zero_note(),) if self.at_zero else ()
        return self

    def predict(self, population: Any, *, size: str | None = None) -> pd.DataFrame:
        """The share of the population that is poor, by area: mean of E[p_ij | sample].

        population: a row per household with the covariates and the column of the area; size: how many each row counts
        for. Gives frame area, estimate, mse (NaN without bootstrap), n, sampled. Raises HY-U001 to HY-U003, HY-U006.
        """
        rows = population_rows(population, self.sample, self._area, size)
        estimate = self._expected(self._theta, self.sample.y, rows)
        mse = self._bootstrapped(rows) if self.bootstrap else np.full(len(estimate), np.nan)
        inside = rows.in_sample >= 0
        n = np.where(inside, self.sample.n[rows.in_sample], 0).astype(int)
        return pd.DataFrame({"area": rows.areas, "estimate": estimate, "mse": mse, "n": n, "sampled": inside})

    def draws(self, population: Any, n: int, seed: int, *, size: str | None = None) -> Array:
        """Joint draws of the areas' shares, (n, areas), the areas in the order of `predict`: for `priority.tiers`.

        (β, σ) by importance from likelihood × flat prior, the areas' effects given both, households given all, so that a small
        area keeps the chance of its own households. population, size: as for `predict`. Seeded.
        """
        rows, rng = population_rows(population, self.sample, self._area, size), np.random.default_rng(seed)
        likelihood, y, area = self._likelihood, self.sample.y, rows.area
        inside = rows.in_sample >= 0
        parts = []
        for theta, times in self._parameters(n, rng):
            mode, curvature = likelihood.mode(likelihood.Q @ theta[:-1], theta[-1], y)
            center = np.where(inside, mode[rows.in_sample], 0.0)
            spread = np.where(inside, 1 / np.sqrt(curvature[rows.in_sample]), 1.0)
            fixed = self._fixed(theta, rows)
            for _ in range(times):
                v = center + spread * rng.standard_normal(len(center))
                poor = rng.random(len(area)) < _chance(fixed + theta[-1] * v[area])
                parts.append(_mean_by_area(poor.astype(np.float64), rows))
        return np.array(parts)[rng.permutation(n)]

    def _parameters(self, n: int, rng: np.random.Generator) -> list[tuple[Array, int]]:
        """Values of (β, σ) with how many of the n draws each gets: likelihood × flat prior, σ ≥ 0, by importance from a
        t distribution (4 df) with the observed information, at least .15 wide in σ."""
        y, likelihood = self.sample.y, self._likelihood
        start = np.append(self._theta[:-1], max(self._theta[-1], 0.05))
        _, information = likelihood.slopes(y, likelihood.at(start, y))
        values, vectors = np.linalg.eigh(information)
        half = vectors / np.sqrt(np.maximum(values, 1e-6 * values.max()))
        widen = max(1.0, 0.15 / float(np.sqrt((half[-1] ** 2).sum())))
        proposals: list[tuple[Array, float]] = []
        while len(proposals) < _PROPOSALS:
            z = rng.standard_normal(len(start)) / np.sqrt(rng.chisquare(4) / 4)
            move = half @ z
            move[-1] *= widen
            theta = start + move
            if theta[-1] >= 0:
                proposals.append((theta, float(-(4 + len(z)) / 2 * np.log1p(z @ z / 4))))
        log = np.array([likelihood.at(theta, y).loglikelihood - density for theta, density in proposals])
        weight = np.exp(log - log.max())
        counts = rng.multinomial(n, weight / weight.sum())
        return [(theta, int(times)) for (theta, _), times in zip(proposals, counts, strict=True) if times]

    def _fixed(self, theta: Array, rows: Population) -> Array:
        return np.asarray(rows.X @ np.linalg.solve(self._likelihood.R, theta[:-1] * self._likelihood.scale))

    def _expected(self, theta: Array, y: Array, rows: Population) -> Array:
        """(areas,) means of E[p | y] over the nodes of v: the posterior's where there is a sample, N(0, 1)'s elsewhere."""
        posterior = self._likelihood.at(theta, y)
        t, w = np.polynomial.hermite_e.hermegauss(NODES)
        inside = (rows.in_sample >= 0)[:, None]
        nodes = np.where(inside, posterior.nodes[rows.in_sample], t)
        weight = np.where(inside, posterior.weight[rows.in_sample], w / w.sum())
        fixed, area = self._fixed(theta, rows), rows.area
        p = np.empty(len(fixed))
        block = max(1, _AT_ONCE // NODES)
        for first in range(0, len(fixed), block):
            part = slice(first, first + block)
            eta = fixed[part, None] + theta[-1] * nodes[area[part]]
            p[part] = np.sum(weight[area[part]] * _chance(eta), axis=1)
        return _mean_by_area(p, rows)

    def _bootstrapped(self, rows: Population) -> Array:
        """Mean squared distance of prediction and share in populations drawn from the fitted model."""
        rng, theta, sample = np.random.default_rng(self.seed), self._theta, self.sample
        where = rows.areas.get_indexer(sample.areas)[sample.area]
        fixed_rows, fixed, area = self._fixed(theta, rows), self._likelihood.Q @ theta[:-1], rows.area
        total = np.zeros(len(rows.areas))
        done = 0
        while done < self.bootstrap:
            v = rng.standard_normal(len(rows.areas))
            truth = _mean_by_area(
                (rng.random(len(area)) < _chance(fixed_rows + theta[-1] * v[area])).astype(float), rows
            )
            y = (rng.random(len(fixed)) < _chance(fixed + theta[-1] * v[where])).astype(np.float64)
            if 0 < y.sum() < len(y):
                total += (self._expected(self._likelihood.fit(y, theta), y, rows) - truth) ** 2
                done += 1
        return total / self.bootstrap


def _mean_by_area(values: Array, rows: Population) -> Array:
    weight = np.ones(len(values)) if rows.weight is None else rows.weight
    areas = len(rows.areas)
    return totals(rows.area, weight * values, areas) / totals(rows.area, weight, areas)


def _runs_away() -> Exception:
    return error(
        "HY-U014",
        en="A covariate parts the poor from the others in the sample, so its coefficient has no end. Leave it out or join categories.",
        fa="یکی از متغیرهای کمکی در نمونه فقیر و غیرفقیر را کاملاً از هم جدا می‌کند و ضریب آن حدی ندارد. آن را کنار بگذارید یا رده‌ها را یکی کنید.",
    )
