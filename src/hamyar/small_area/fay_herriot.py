"""The Fay-Herriot model: direct estimates by area, borrowed strength from covariates, honest errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hamyar.errors import Fault, HamyarError, error

Array = NDArray[np.float64]
_GRID = 240
_NEGLIGIBLE = 30.0


class _Weighted(NamedTuple):
    """What every formula needs at one value of the area variance: weights 1 / (σ² + ψ), (X'WX)⁻¹, β and residuals."""

    weight: Array
    inverse: Array
    beta: Array
    residual: Array


def _weighted(sigma2: float, y: Array, psi: Array, Q: Array) -> _Weighted:
    weight: Array = 1.0 / (sigma2 + psi)
    QW = Q * weight[:, None]
    inverse: Array = np.asarray(np.linalg.inv(QW.T @ Q), dtype=np.float64)
    beta: Array = inverse @ (QW.T @ y)
    return _Weighted(weight, inverse, beta, y - Q @ beta)


def reml_score(sigma2: float, y: Array, psi: Array, Q: Array) -> float:
    """Derivative of twice the restricted log likelihood in σ²: y'PPy - tr P, with P never formed."""
    fit = _weighted(sigma2, y, psi, Q)
    QW = Q * fit.weight[:, None]
    trace = fit.weight.sum() - np.sum(fit.inverse * (QW.T @ QW))
    return float(np.sum((fit.weight * fit.residual) ** 2) - trace)


def restricted_loglikelihood(sigma2: float, y: Array, psi: Array, Q: Array) -> float:
    """Up to a constant: -(Σ log(σ² + ψ) + log |X'WX| + r'Wr) / 2."""
    fit = _weighted(sigma2, y, psi, Q)
    determinant = np.linalg.slogdet(fit.inverse)[1]
    return float(np.log(fit.weight).sum() + determinant - np.sum(fit.weight * fit.residual**2)) / 2


def reml_variance(y: Array, psi: Array, Q: Array) -> float:
    """The area variance at the maximum of the restricted likelihood; 0.0 where that stands at the bound.

    y, psi: (areas,); Q: (areas, p) with full rank. The likelihood is looked at on a grid from 0 to far beyond the
    variance of y, so that of several roots the highest is taken; the root of the score is then closed in to 1e-15.
    Source: Rao & Molina (2015), 6.2.4.
    """
    from scipy.optimize import brentq

    scale = float(np.median(psi))
    top = max(float(np.var(y)), scale) * 1e3
    grid = np.concatenate([[0.0], np.geomspace(scale * 1e-6, top, 36)])
    best = int(np.argmax([restricted_loglikelihood(value, y, psi, Q) for value in grid]))
    rising = reml_score(grid[best], y, psi, Q) > 0
    low, high = (grid[best], grid[best + 1]) if rising else (grid[max(best - 1, 0)], grid[best])
    if not rising and reml_score(low, y, psi, Q) <= 0:
        return 0.0
    return scale * float(brentq(lambda s: reml_score(s * scale, y, psi, Q), low / scale, high / scale, xtol=1e-15))


def _values(name: str, data: Any) -> Array:
    try:
        return np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError) as cause:
        raise error(
            "HY-M001",
            en=f"{name} holds something that is not a number. Convert it to numbers first.",
            fa=f"در {name} مقداری هست که عدد نیست. نخست آن را به عدد تبدیل کنید.",
        ) from cause


def _matrix(X: Any, areas: int, intercept: bool) -> tuple[Array, list[str]]:
    """Covariates as (areas, p) with their names, the constant first."""
    if X is None:
        frame = np.empty((areas, 0))
        names: list[str] = []
    else:
        frame = _values("X", X)
        frame = frame[:, None] if frame.ndim == 1 else frame
        named = isinstance(X, pd.DataFrame)
        names = [str(name) for name in X.columns] if named else [f"x{i + 1}" for i in range(frame.shape[-1])]
    if intercept:
        return np.column_stack([np.ones(len(frame)), frame]), ["intercept", *names]
    return frame, names


def _shape_fault(y: Array, psi: Array, X: Array) -> Fault | None:
    if y.ndim == psi.ndim == 1 and X.ndim == 2 and len(y) == len(psi) == len(X) and X.shape[1]:
        return None
    shapes = f"y {y.shape}, variance {psi.shape}, X {X.shape}"
    return Fault(
        "HY-M002",
        f"The shapes do not fit: {shapes}. Give y and variance one value per area and X one row per area.",
        f"اندازه‌ها با هم نمی‌خوانند: {shapes}. برای هر محدوده یک مقدار y و variance و یک ردیف X بدهید.",
    )


def _value_faults(y: Array, psi: Array, X: Array, names: list[str]) -> list[Fault]:
    faults = []
    bad = np.flatnonzero(~np.isnan(y) & ~np.isnan(psi) & ~((psi > 0) & np.isfinite(psi)))
    if len(bad):
        faults.append(
            Fault(
                "HY-M003",
                f"The sampling variance of {len(bad)} area(s) is not a positive number, first {psi[bad[0]]:g}. Smooth the "
                "variances (headcount_model does), or give NaN for an area without a sample.",
                f"واریانس نمونه‌گیری {len(bad)} محدوده عددی مثبت نیست (نخستین: {psi[bad[0]]:g}). واریانس‌ها را هموار کنید "
                "(headcount_model همین کار را می‌کند) یا برای محدودهٔ بدون نمونه NaN بدهید.",
                row=int(bad[0]) + 1,
                column="variance",
            )
        )
    if np.isinf(y).any():
        row = int(np.flatnonzero(np.isinf(y))[0]) + 1
        faults.append(
            Fault("HY-M004", "y is infinite. Correct it.", "y بی‌نهایت است. آن را درست کنید.", row=row, column="y")
        )
    for j in np.flatnonzero(~np.isfinite(X).all(axis=0)):
        row = int(np.flatnonzero(~np.isfinite(X[:, j]))[0]) + 1
        faults.append(
            Fault(
                "HY-M005",
                "The covariate has no value. Every area needs every covariate, with or without a sample: complete it or leave it out.",
                "متغیر کمکی مقدار ندارد. هر محدوده، با نمونه یا بی‌نمونه، همهٔ متغیرهای کمکی را لازم دارد: آن را کامل کنید یا کنار بگذارید.",
                row=row,
                column=names[j],
            )
        )
    return faults


def _orthonormal(X: Array, names: list[str]) -> tuple[Array, Array]:
    """Q and R of X over the sampled areas; columns are brought to one size first, so that units do not matter."""
    areas, p = X.shape
    if areas <= p:
        raise error(
            "HY-M006",
            en=f"{areas} area(s) with a sample cannot carry {p} coefficient(s). Use fewer covariates.",
            fa=f"{areas} محدودهٔ دارای نمونه برای برآورد {p} ضریب کافی نیست. متغیر کمکی کمتری به کار ببرید.",
        )
    size = np.linalg.norm(X, axis=0)
    Q, R = np.linalg.qr(X / np.where(size > 0, size, 1.0))
    lost = np.flatnonzero(np.abs(np.diag(R)) < 1e-10)
    if len(lost):
        listed = ", ".join(names[j] for j in lost)
        raise error(
            "HY-M007",
            en=f"Collinear covariates: {listed} follows from the others in the areas with a sample. Leave it out.",
            fa=f"هم‌خطی متغیرهای کمکی: {listed} در محدوده‌های دارای نمونه از بقیه به دست می‌آید. آن را کنار بگذارید.",
        )
    return Q, R * size


@dataclass
class FayHerriot:
    """Area-level model y_i = x_i'β + u_i + e_i, u_i ~ N(0, σ²), e_i ~ N(0, ψ_i) with ψ_i known.

    method: "reml" (restricted maximum likelihood). intercept: a constant is put before the covariates.
    After `fit`: `variance_component` σ², `at_zero` (its likelihood has its maximum at the bound), `coefficients`.
    Source: Fay & Herriot (1979); Rao & Molina (2015) chapter 6.
    """

    method: str = "reml"
    intercept: bool = True

    def __post_init__(self) -> None:
        if self.method != "reml":
            raise error(
                "HY-M008",
                en=f'There is no method "{self.method}". Use "reml".',
                fa=f"روش «{self.method}» وجود ندارد. «reml» را به کار ببرید.",
            )

    def fit(self, y: Any, variance: Any, X: Any = None) -> FayHerriot:
        """Fit to direct estimates.

        y: (areas,) direct estimates, NaN for an area without a sample; variance: (areas,) sampling variances, > 0, in
        squared units of y, NaN likewise; X: (areas, p) covariates, complete, or None. Series and frames keep their
        index and names. Costs areas · p² operations, never a matrix areas × areas.
        Raises HY-M001 to HY-M007: not a number, shapes, variance, infinite y, gap in a covariate, too few areas,
        collinear covariates.
        """
        self._index = y.index if isinstance(y, pd.Series) else None
        self._y, self._psi = _values("y", y), _values("variance", variance)
        self._X, self._names = _matrix(X, len(self._y) if self._y.ndim else 0, self.intercept)
        fault = _shape_fault(self._y, self._psi, self._X)
        faults = [fault] if fault else _value_faults(self._y, self._psi, self._X, self._names)
        if faults:
            raise HamyarError(*faults)
        self.sampled = ~(np.isnan(self._y) | np.isnan(self._psi))
        self._Q, self._R = _orthonormal(self._X[self.sampled], self._names)
        self._all = np.linalg.solve(self._R.T, self._X.T).T
        self.variance_component = reml_variance(self._y[self.sampled], self._psi[self.sampled], self._Q)
        self.at_zero = self.variance_component == 0.0
        beta = np.linalg.solve(self._R, self._at(self.variance_component).beta)
        self.coefficients = pd.Series(beta, index=self._names, name="coefficient")
        return self

    def _at(self, sigma2: float) -> _Weighted:
        return _weighted(sigma2, self._y[self.sampled], self._psi[self.sampled], self._Q)

    def estimates(self) -> pd.DataFrame:
        """Frame with a row per area, in order: estimate (EBLUP), mse (g1 + g2 + 2·g3), gamma, sampled.

        An area without a sample gets the synthetic part x'β with mse σ² + x'(X'V⁻¹X)⁻¹x, and gamma 0.
        Source: Prasad & Rao (1990); for REML Datta & Lahiri (2000).
        """
        sigma2, fit = self.variance_component, self._at(self.variance_component)
        psi = np.where(self.sampled, self._psi, np.inf)
        gamma = sigma2 / (sigma2 + psi)
        synthetic = self._all @ fit.beta
        g1 = np.where(self.sampled, gamma * np.where(self.sampled, self._psi, 0.0), sigma2)
        g2 = (1 - gamma) ** 2 * np.einsum("ij,jk,ik->i", self._all, fit.inverse, self._all)
        g3 = (1 - gamma) ** 2 / (sigma2 + psi) * 2 / np.sum(fit.weight**2)
        estimate = synthetic + gamma * np.where(self.sampled, self._y - synthetic, 0.0)
        columns = {"estimate": estimate, "mse": g1 + g2 + 2 * g3, "gamma": gamma, "sampled": self.sampled}
        return pd.DataFrame(columns, index=self._index)

    def draws(self, n: int, seed: int) -> Array:
        """Joint draws of the area values, (n, areas), with the uncertainty of σ² and β and all covariances.

        σ² is drawn from restricted likelihood × flat prior on σ² over a grid of 240 points, then β given σ², then the areas
        given both. Seeded. Raises HY-M009 where the areas with a sample are fewer than coefficients + 3 (the posterior
        would have no end).
        Source: Rao & Molina (2015) 10.3; Datta, Rao & Smith (2005); measured against a flat prior on σ in
        docs/explanation/small-area.md.
        """
        if self._Q.shape[0] - self._Q.shape[1] < 3:
            raise error(
                "HY-M009",
                en="Draws need three more areas with a sample than coefficients. Use fewer covariates.",
                fa="برای شبیه‌سازی، شمار محدوده‌های دارای نمونه باید دست‌کم سه تا بیش از شمار ضریب‌ها باشد. متغیر کمکی کمتری به کار ببرید.",
            )
        rng = np.random.default_rng(seed)
        values, probability = self.variance_posterior()
        count = rng.multinomial(n, probability)
        parts = [self._draw_at(value, times, rng) for value, times in zip(values, count, strict=True) if times]
        return np.concatenate(parts)[rng.permutation(n)]

    def variance_posterior(self) -> tuple[Array, Array]:
        """Values of σ² on the grid and their posterior probabilities, both (240,).

        The grid is even in u = σ / (σ + s), with s the size of an area's total standard deviation; where the posterior
        fills a small part of it, a second grid covers that part.
        """
        y, psi = self._y[self.sampled], self._psi[self.sampled]
        size = np.sqrt(self.variance_component + np.median(psi))

        def on(edges: Array) -> tuple[Array, Array]:
            u = (edges[1:] + edges[:-1]) / 2
            values = (size * u / (1 - u)) ** 2
            likelihood = [restricted_loglikelihood(value, y, psi, self._Q) for value in values]
            return values, np.array(likelihood) + np.log(u) - 3 * np.log1p(-u)

        edges = np.linspace(0, 1, _GRID // 2 + 1)
        log = on(edges)[1]
        near = np.flatnonzero(log > log.max() - _NEGLIGIBLE)
        values, log = on(np.linspace(edges[max(near[0] - 1, 0)], edges[min(near[-1] + 2, len(edges) - 1)], _GRID + 1))
        probability = np.exp(log - log.max())
        return values, probability / probability.sum()

    def _draw_at(self, sigma2: float, n: int, rng: np.random.Generator) -> Array:
        fit = self._at(sigma2)
        beta = fit.beta + rng.standard_normal((n, len(fit.beta))) @ np.linalg.cholesky(fit.inverse).T
        mean = beta @ self._all.T
        psi = np.where(self.sampled, self._psi, np.inf)
        gamma = sigma2 / (sigma2 + psi)
        mean += gamma * np.where(self.sampled, self._y - mean, 0.0)
        return np.asarray(mean + rng.standard_normal(mean.shape) * np.sqrt(sigma2 * (1 - gamma)))
