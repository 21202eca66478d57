"""Fay-Herriot models whose area effects are alike among neighbours, and from year to year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hamyar.errors import Fault, error
from hamyar.small_area.area_covariance import Covariance, Spatial, SpatialOverTimes, SpatioTemporal, proximity_matrix
from hamyar.small_area.checking import AreaData, Array, area_data

RHO = 0.999
_STARTS = 2
_STEPS = 50
_HALVINGS = 20
_PROPOSALS = 300


class _Moments(NamedTuple):
    """Generalised least squares at θ: V⁻¹, P, (Q'V⁻¹Q)⁻¹, β, V⁻¹r, covariance, log likelihood, score."""

    inverse: Array
    P: Array
    bread: Array
    beta: Array
    weighted: Array
    covariance: Covariance
    loglikelihood: float
    score: Array


@dataclass
class _Structured:
    """What both models do. method: "reml" or "ml"; intercept: a constant is put first; bootstrap: replicates of the
    parametric bootstrap for the mse (0: the analytical one); seed: of it."""

    method: str = "reml"
    intercept: bool = True
    bootstrap: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in ("reml", "ml"):
            raise error(
                "HY-M025",
                en=f'There is no method "{self.method}" with neighbours. Use "reml" or "ml".',
                fa=f"با همسایگی، روش «{self.method}» وجود ندارد. «reml» یا «ml» را به کار ببرید.",
            )

    def _fit(self, data: AreaData, structure: Spatial | SpatioTemporal | SpatialOverTimes) -> None:
        self.data, self.structure, self.sampled = data, structure, data.sampled
        self._theta = self._highest(data.y[data.sampled])
        moments = self._at(self._theta, data.y[data.sampled])
        self.parameters = pd.Series(self._theta, index=list(structure.names), name="parameter")
        self.coefficients = data.coefficients(moments.beta)
        self.standard_errors = data.standard_errors(moments.bread)
        self.loglikelihood = moments.loglikelihood
        self.notes = tuple(_bound_notes(structure.names, self._theta))

    def _at(self, theta: Array, y: Array) -> _Moments:
        data = self.data
        covariance = self.structure.at(theta)
        inside = np.ix_(data.sampled, data.sampled)
        V = covariance.G[inside] + np.diag(data.psi[data.sampled])
        inverse: Array = np.asarray(np.linalg.inv(V), dtype=np.float64)
        WQ = inverse @ data.Q
        bread: Array = np.asarray(np.linalg.inv(data.Q.T @ WQ), dtype=np.float64)
        P = inverse - WQ @ bread @ WQ.T
        beta, weighted = bread @ (WQ.T @ y), P @ y
        freedom = len(y) - (data.Q.shape[1] if self.method == "reml" else 0)
        value = np.linalg.slogdet(V)[1] + y @ weighted + freedom * np.log(2 * np.pi)
        spread = inverse
        if self.method == "reml":
            value -= np.linalg.slogdet(bread)[1] - 2 * np.log(np.abs(np.diag(data.R))).sum()
            spread = P
        first = [slope[inside] for slope in covariance.first]
        score = np.array([weighted @ slope @ weighted - np.sum(spread * slope) for slope in first]) / 2
        return _Moments(inverse, P, bread, beta, weighted, covariance, -float(value) / 2, score)

    def _information(self, moments: _Moments) -> Array:
        inside = np.ix_(self.sampled, self.sampled)
        parts = [moments.inverse @ slope[inside] for slope in moments.covariance.first]
        return np.array([[np.sum(a * b.T) / 2 for b in parts] for a in parts])

    def _observed(self, moments: _Moments) -> Array:
        """Minus the second derivatives of the log likelihood in θ."""
        inside = np.ix_(self.sampled, self.sampled)
        spread = moments.P if self.method == "reml" else moments.inverse
        first = [slope[inside] for slope in moments.covariance.first]
        pulled = [slope @ moments.weighted for slope in first]
        parts = [spread @ slope for slope in first]
        observed = np.array(
            [
                [a @ moments.P @ b - np.sum(A * B.T) / 2 for b, B in zip(pulled, parts, strict=True)]
                for a, A in zip(pulled, parts, strict=True)
            ]
        )
        for (k, m), second in moments.covariance.second.items():
            bend = second[inside]
            more = (np.sum(spread * bend) - moments.weighted @ bend @ moments.weighted) / 2
            observed[k, m] += more
            observed[m, k] += more if k != m else 0.0
        return np.asarray(observed)

    def _highest(self, y: Array, start: Array | None = None) -> Array:
        """θ at the maximum of the likelihood, from the best points of a grid. Variances are ≥ 0, |ρ| ≤ .999."""
        unit = np.array(
            [np.median(self.data.psi[self.sampled]) if "variance" in n else 1.0 for n in self.structure.names]
        )
        starts = [start] if start is not None else self._grid(y, unit)
        found = [self._climbed(one, y, unit) for one in starts]
        return max(found, key=lambda theta: self._at(theta, y).loglikelihood)

    def _grid(self, y: Array, unit: Array) -> list[Array]:
        """The best few of a coarse grid of starting points."""
        residual = y - self.data.Q @ (self.data.Q.T @ y)
        size = max(float(residual.var()) / unit[0], 0.2)
        variances = [0.05 * size, 0.4 * size, size]
        axes = [variances if "variance" in n else [-0.6, 0.1, 0.5, 0.9] for n in self.structure.names]
        if len(axes) > 2:
            axes = [
                axis[::2] if "variance" in n else axis[1:] for n, axis in zip(self.structure.names, axes, strict=True)
            ]
        points = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, len(axes))
        order = np.argsort([-self._at(point * unit, y).loglikelihood for point in points])
        return [points[i] * unit for i in order[:_STARTS]]

    def _climbed(self, theta: Array, y: Array, unit: Array) -> Array:
        """Newton steps (Fisher's where the likelihood is not concave), halved where it would fall, until θ stands still to 1e-10."""
        moments = self._at(theta, y)
        for _ in range(_STEPS):
            free = np.flatnonzero(_free(theta, moments.score, self.structure.names))
            if not len(free):
                break
            among = np.ix_(free, free)
            information = self._observed(moments)[among]
            if np.linalg.eigvalsh(information)[0] <= 0:
                information = self._information(moments)[among]
            step = np.zeros_like(theta)
            step[free] = np.linalg.lstsq(information, moments.score[free], rcond=None)[0]
            trial, after = theta, moments
            for _ in range(_HALVINGS):
                trial = _inside(theta + step, self.structure.names)
                after = self._at(trial, y)
                if after.loglikelihood >= moments.loglikelihood - 1e-12 * abs(moments.loglikelihood):
                    break
                step /= 2
            moved = float(np.max(np.abs(trial - theta) / unit))
            theta, moments = trial, after
            if moved < 1e-10:
                break
        return theta

    def estimates(self) -> pd.DataFrame:
        """Frame with a row per row of y, in order: estimate (spatial EBLUP), mse, sampled.

        The analytical mse is g1 + g2 + 2·g3 - g4, less the bias of θ by "ml" times ∂g1/∂θ; rows without a sample get what
        their neighbours (and their other years) say of them.
        Source: Singh, Shukla & Kundu (2005); Molina, Salvati & Pratesi (2009); Marhuenda, Molina & Morales (2013).
        """
        y = self.data.y[self.sampled]
        moments = self._at(self._theta, y)
        estimate = self._predicted(moments)
        mse = self._bootstrapped(moments) if self.bootstrap else self._analytical(moments)
        columns = {"estimate": estimate, "mse": mse, "sampled": self.sampled}
        return pd.DataFrame(columns, index=self.data.index)

    def draws(self, n: int, seed: int) -> Array:
        """Joint draws of the rows' values, (n, rows), with the uncertainty of θ and β and all covariances: for `priority.tiers`.

        θ is drawn from restricted likelihood × flat prior by importance from a t distribution (4 df) around its estimate,
        then β given θ, then the values given both. Seeded.
        """
        rng, y, s = np.random.default_rng(seed), self.data.y[self.sampled], self.sampled
        around = self._around(self._at(self._theta, y))
        proposals = [self._proposed(around, rng) for _ in range(_PROPOSALS)]
        moments = [self._at(theta, y) for theta, _ in proposals]
        log = np.array([m.loglikelihood - density for m, (_, density) in zip(moments, proposals, strict=True)])
        if self.method == "ml":
            log += [np.linalg.slogdet(m.bread)[1] / 2 for m in moments]
        weight = np.exp(log - log.max())
        parts = []
        for one, times in zip(moments, rng.multinomial(n, weight / weight.sum()), strict=True):
            if times:
                shrink = one.covariance.G[:, s] @ one.inverse
                d = self.data.basis - shrink @ self.data.Q
                spread = one.covariance.G - shrink @ one.covariance.G[s] + d @ one.bread @ d.T
                values, vectors = np.linalg.eigh(spread)
                half = vectors * np.sqrt(np.maximum(values, 0))
                parts.append(self._predicted(one) + rng.standard_normal((times, len(s))) @ half.T)
        return np.concatenate(parts)[rng.permutation(n)]

    def _around(self, moments: _Moments) -> Array:
        """Standard deviations of the proposals of θ: from the information where it says something."""
        names, unit = self.structure.names, float(np.median(self.data.psi[self.sampled]))
        free = np.flatnonzero(_free(self._theta, moments.score, names))
        spread = np.array([unit if "variance" in name else 0.6 for name in names])
        if len(free):
            variance = np.diag(np.linalg.pinv(self._information(moments)[np.ix_(free, free)]))
            usual = spread[free]
            spread[free] = np.clip(np.sqrt(np.maximum(variance, 0)), 0.02 * usual, 20 * usual)
        return np.asarray(np.minimum(spread, [np.inf if "variance" in name else 0.6 for name in names]))

    def _proposed(self, around: Array, rng: np.random.Generator) -> tuple[Array, float]:
        """θ within its bounds and its log density, up to a constant."""
        while True:
            t = rng.standard_t(4, len(around))
            theta = self._theta + around * t
            if (_inside(theta, self.structure.names) == theta).all():
                return theta, float(-2.5 * np.log1p(t**2 / 4).sum())

    def _predicted(self, moments: _Moments) -> Array:
        return np.asarray(self.data.basis @ moments.beta + moments.covariance.G[:, self.sampled] @ moments.weighted)

    def _analytical(self, moments: _Moments) -> Array:
        s, covariance = self.sampled, moments.covariance
        inside, shrink = np.ix_(s, s), covariance.G[:, s] @ moments.inverse
        left = np.eye(len(s))
        left[:, s] -= shrink
        own = np.diag(covariance.G) - np.sum(shrink * covariance.G[:, s], axis=1)
        d = self.data.basis - shrink @ self.data.Q
        g2 = np.sum((d @ moments.bread) * d, axis=1)
        free = np.flatnonzero(_free(self._theta, moments.score, self.structure.names))
        precision = np.linalg.pinv(self._information(moments)[np.ix_(free, free)])
        V = np.linalg.inv(moments.inverse)
        slopes = [(covariance.first[k][:, s] - shrink @ covariance.first[k][inside]) @ moments.inverse for k in free]
        pairs = [(i, j) for i in range(len(free)) for j in range(len(free))]
        g3 = sum((precision[i, j] * np.sum((slopes[i] @ V) * slopes[j], axis=1) for i, j in pairs), np.zeros(len(s)))
        g4 = np.zeros(len(s))
        for i, j in pairs:
            second = covariance.second.get((int(min(free[i], free[j])), int(max(free[i], free[j]))))
            if second is not None:
                g4 += precision[i, j] * np.sum((left @ second) * left, axis=1) / 2
        mse = own + g2 + 2 * g3 - g4
        if self.method == "ml" and len(free):
            WQ = moments.inverse @ self.data.Q
            lost = [np.sum(moments.bread * (WQ.T @ covariance.first[k][inside] @ WQ)) for k in free]
            slope = np.stack([np.sum((left @ covariance.first[k]) * left, axis=1) for k in free], axis=1)
            mse += slope @ (precision @ np.array(lost)) / 2
        return np.asarray(mse)

    def _bootstrapped(self, moments: _Moments) -> Array:
        """Mean squared distance of estimate and truth in data drawn from the fitted model, θ estimated anew each time.

        Source: Molina, Salvati & Pratesi (2009); Marhuenda, Molina & Morales (2013).
        """
        rng, s = np.random.default_rng(self.seed), self.sampled
        spectrum, vectors = np.linalg.eigh(moments.covariance.G)
        half = vectors * np.sqrt(np.maximum(spectrum, 0))
        mean, total = self.data.basis @ moments.beta, np.zeros(len(s))
        start = _inside(np.maximum(np.abs(self._theta), 1e-3) * np.where(self._theta < 0, -1, 1), self.structure.names)
        for _ in range(self.bootstrap):
            truth = mean + half @ rng.standard_normal(len(s))
            y = truth[s] + np.sqrt(self.data.psi[s]) * rng.standard_normal(int(s.sum()))
            again = self._at(self._highest(y, start), y)
            total += (self._predicted(again) - truth) ** 2
        return total / self.bootstrap


def _inside(theta: Array, names: Sequence[str]) -> Array:
    variance = np.array(["variance" in name for name in names])
    return np.where(variance, np.maximum(theta, 0.0), np.clip(theta, -RHO, RHO))


def _free(theta: Array, score: Array, names: Sequence[str]) -> Any:
    """Parameters that can still move: not those that a bound holds, nor the ρ of a variance that is 0."""
    variance = np.array(["variance" in name for name in names])
    free = np.where(variance, (theta > 0) | (score > 0), (np.abs(theta) < RHO) | (score * theta < 0))
    of_a_variance = free[1::2]
    of_a_variance &= theta[0::2][: len(of_a_variance)] != 0
    return free


def _bound_notes(names: Sequence[str], theta: Array) -> list[Fault]:
    notes = []
    for name, value in zip(names, theta, strict=True):
        if "variance" in name and value == 0:
            notes.append(
                Fault(
                    "HY-M026",
                    f"{name} is estimated as 0: its effects and their rho say nothing, and the mse is too small.",
                    f"{name} صفر برآورد شد: اثرهای آن و rho آن چیزی نمی‌گویند و mse کوچک‌تر از واقع است.",
                    column=name,
                )
            )
        elif "rho" in name and abs(value) >= RHO:
            notes.append(
                Fault(
                    "HY-M027",
                    f"{name} stands at its bound {value:g}: the data do not tell how much neighbours or years share.",
                    f"{name} به مرز خود ({value:g}) رسیده است: داده نشان نمی‌دهد همسایه‌ها یا سال‌ها چه اندازه به هم مانندند.",
                    column=name,
                )
            )
    return notes


@dataclass
class SpatialFayHerriot(_Structured):
    """y = Xβ + u + e with u = ρWu + ε, ε ~ N(0, σ²I): effects of a simultaneous autoregression over neighbours.

    After `fit`: `variance_component` σ², `rho` ρ (both in `parameters`), `coefficients`, `standard_errors`, `loglikelihood`, `notes`.
    Costs areas³: some hundred areas (400: about 5 s).
    Source: Petrucci & Salvati (2006); Pratesi & Salvati (2008).
    """

    def fit(self, y: Any, variance: Any, X: Any = None, *, proximity: Any) -> SpatialFayHerriot:
        """y, variance, X: as for FayHerriot, NaN for areas without a sample; proximity: (areas, areas) W, its rows adding up to 1.

        Raises HY-M001 to HY-M007, HY-M023 and HY-M024.
        """
        data = area_data(y, variance, X, self.intercept)
        self._fit(data, Spatial(proximity_matrix(proximity, len(data.y), data.index)))
        self.variance_component, self.rho = (float(value) for value in self.parameters)
        return self


@dataclass
class SpatioTemporalFayHerriot(_Structured):
    """y_dt = x_dt'β + u_d + v_dt + e_dt: u of a simultaneous autoregression over areas, v_d of a first-order one over times.

    correlated_times: False takes the v of an area's times as independent (ρ₂ = 0; model "S" of the source, as against "ST").
    After `fit`: `parameters` (variance_area σ²₁, rho_area ρ₁, variance_time σ²₂, rho_time ρ₂), `coefficients`,
    `standard_errors`, `loglikelihood`, `notes`. Costs (areas · times)³.
    Source: Marhuenda, Molina & Morales (2013).
    """

    correlated_times: bool = True

    def fit(
        self, y: Any, variance: Any, X: Any = None, *, proximity: Any, area: Any, time: Any
    ) -> SpatioTemporalFayHerriot:
        """y, variance, X: a row per area and time, NaN where there is no sample; area, time: (rows,) of each row; proximity:
        (areas, areas) in the order of its own index (a frame whose labels are the areas), else in the order in which areas come first in `area`. Times are taken as
        evenly spaced in their order. Raises HY-M001 to HY-M007, HY-M023, HY-M024, HY-M028 (a row missing or twice).
        """
        data = area_data(y, variance, X, self.intercept)
        given = list(pd.unique(np.asarray(area)))
        if isinstance(proximity, pd.DataFrame) and set(given) == set(proximity.index):
            given = list(proximity.index)
        times = sorted(set(np.asarray(time).tolist()))
        row = pd.Index(given).get_indexer(np.asarray(area)) * len(times) + pd.Index(times).get_indexer(np.asarray(time))
        if sorted(row.tolist()) != list(range(len(given) * len(times))):
            raise error(
                "HY-M028",
                en=f"{len(given)} areas and {len(times)} times need one row each, {len(given) * len(times)} in all; there are "
                f"{len(row)}. Complete them, with NaN where there was no sample.",
                fa=f"برای {len(given)} محدوده و {len(times)} زمان، هر جفت یک ردیف لازم است (روی‌هم {len(given) * len(times)})؛ "
                f"ردیف‌های داده {len(row)} است. آن‌ها را کامل کنید و جایی که نمونه نبوده NaN بگذارید.",
            )
        self._order, self._index = np.argsort(row), data.index
        W = proximity_matrix(proximity, len(given))
        rows = self._order
        ordered = area_data(data.y[rows], data.psi[rows], data.X[rows], intercept=False)
        structure = SpatioTemporal if self.correlated_times else SpatialOverTimes
        self._fit(replace(ordered, names=data.names), structure(W, len(times)))
        return self

    def estimates(self) -> pd.DataFrame:
        """Frame with a row per row of y, in the order given: estimate, mse, sampled; see SpatialFayHerriot."""
        table = super().estimates().iloc[np.argsort(self._order)]
        return table.reset_index(drop=True) if self._index is None else table.set_axis(self._index, axis=0)

    def draws(self, n: int, seed: int) -> Array:
        """Joint draws, (n, rows), the rows in the order given; see SpatialFayHerriot."""
        return super().draws(n, seed)[:, np.argsort(self._order)]
