"""The Fay-Herriot model: direct estimates by area, borrowed strength from covariates, honest errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hamyar.errors import Fault, error
from hamyar.small_area.checking import Array, area_data
from hamyar.small_area.transformation import BACK, TRANSFORMS, ModelScale, back, forward
from hamyar.small_area.variance_component import METHODS, Weighted, estimated, loglikelihood, precision, weighted

_GRID = 240
_NEGLIGIBLE = 30.0


@dataclass
class FayHerriot:
    """Area-level model y_i = x_i'β + u_i + e_i, u_i ~ N(0, σ²), e_i ~ N(0, ψ_i) with ψ_i known.

    method: "reml" (restricted maximum likelihood), "ml", "moment" (Fay & Herriot's equation), "adjusted" (restricted
    likelihood × σ², Li & Lahiri 2010: never 0), "adjusted_ml" (likelihood × σ²), "adjusted_yl" and "adjusted_ml_yl" (the
    same with Yoshimori & Lahiri's factor, 2014). transform: None, "arcsin" (for shares) or "log" (for amounts): y and
    variance are given, and estimates come back, on the scale of y; σ², β and gamma are on the model's. intercept: a
    constant is put before the covariates. back: how estimates come back: None, without the bias of the bend, the mse that of
    Slud & Maiti (2006) for the logarithm; for "log" also "conditional" (the mse given y: larger where the estimate is) and
    "crude" (exp(estimate + mse / 2), mse estimate² · mse); for "arcsin" also "naive" (sin² of the estimate).
    After `fit`: `variance_component` σ², `at_zero` (its estimate stands at the bound), `coefficients`, `standard_errors`,
    `fit_statistics`, `notes` (what a reader must know, as faults with code, fa and en).
    Source: Fay & Herriot (1979); Rao & Molina (2015) chapter 6.
    """

    method: str = "reml"
    transform: str | None = None
    intercept: bool = True
    back: str | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            listed = ", ".join(METHODS)
            raise error(
                "HY-M008",
                en=f'There is no method "{self.method}". Use one of: {listed}.',
                fa=f"روش «{self.method}» وجود ندارد. یکی از این‌ها را به کار ببرید: {listed}.",
            )
        if self.transform not in TRANSFORMS:
            raise error(
                "HY-M016",
                en=f'There is no transform "{self.transform}". Use None, "arcsin" or "log".',
                fa=f"تبدیل «{self.transform}» وجود ندارد. None یا «arcsin» یا «log» را به کار ببرید.",
            )
        if self.back not in BACK[self.transform]:
            listed = ", ".join(map(repr, BACK[self.transform]))
            raise error(
                "HY-M029",
                en=f"With transform={self.transform!r} there is no back={self.back!r}. Use one of: {listed}.",
                fa=f"با transform={self.transform!r} مقدار back={self.back!r} وجود ندارد. یکی از این‌ها را به کار ببرید: {listed}.",
            )

    def fit(self, y: Any, variance: Any, X: Any = None) -> FayHerriot:
        """Fit to direct estimates.

        y: (areas,) direct estimates, NaN for an area without a sample; variance: (areas,) sampling variances, > 0, in
        squared units of y, NaN likewise; X: (areas, p) covariates, complete, or None. Series and frames keep their
        index and names. Costs areas · p² operations, never a matrix areas × areas.
        Raises HY-M001 to HY-M007: not a number, shapes, variance, infinite y, gap in a covariate, too few areas,
        collinear covariates; HY-M015: an estimate that has no image under the transform; HY-M017: too few areas.
        """
        self.data = area_data(y, variance, X, self.intercept)
        self.sampled = self.data.sampled
        self._y, self._psi = forward(self.transform, self.data.y[self.sampled], self.data.psi[self.sampled])
        self._Q = self.data.Q
        spare = len(self._y) - self._Q.shape[1]
        if self.method in ("adjusted", "adjusted_ml") and spare < 3:
            raise error(
                "HY-M017",
                en="An adjusted likelihood needs three more areas with a sample than coefficients. Use fewer covariates.",
                fa="درست‌نمایی تعدیل‌شده دست‌کم سه محدودهٔ دارای نمونه بیش از شمار ضریب‌ها می‌خواهد. متغیر کمکی کمتری به کار ببرید.",
            )
        self.variance_component = estimated(self._y, self._psi, self._Q, self.method)
        self.at_zero = self.variance_component == 0.0
        fitted = self._at(self.variance_component)
        self.coefficients = self.data.coefficients(fitted.beta)
        self.standard_errors = self.data.standard_errors(fitted.inverse)
        self.fit_statistics = _fit_statistics(fitted, self._Q.shape[1])
        self.notes = (_zero_note(self.method),) if self.at_zero else ()
        return self

    def _at(self, sigma2: float) -> Weighted:
        return weighted(sigma2, self._y, self._psi, self._Q)

    def _everywhere(self, values: Array, otherwise: float) -> Array:
        """(areas,): the values of sampled areas, another number for the rest."""
        full = np.full(len(self.sampled), otherwise)
        full[self.sampled] = values
        return full

    def estimates(self) -> pd.DataFrame:
        """Frame with a row per area, in order: estimate (EBLUP), mse, gamma, sampled.

        mse is g1 + g2 + 2·g3, less (1 - γ)² times the bias of σ² for methods that have one. An area without a sample gets
        the synthetic part x'β with mse σ² + x'(X'V⁻¹X)⁻¹x, less that bias, and gamma 0. Under a transform both are brought
        back to the scale of y, see `back` above.
        Source: Prasad & Rao (1990); Datta & Lahiri (2000); Datta, Rao & Smith (2005); Li & Lahiri (2010); Slud & Maiti (2006).
        """
        sigma2, fit, basis = self.variance_component, self._at(self.variance_component), self.data.basis
        gamma = self._everywhere(sigma2 * fit.weight, 0.0)
        synthetic = basis @ fit.beta
        own = self._everywhere(sigma2 * self._psi * fit.weight, sigma2)
        left, weight = 1 - gamma, self._everywhere(fit.weight, 0.0)
        leverage = np.sum((basis @ fit.inverse) * basis, axis=1)
        variance, bias = precision(sigma2, fit, self._psi, self._Q, self.method)
        mse = own + left**2 * (leverage + 2 * weight * variance - bias)
        estimate = synthetic + gamma * self._everywhere(fit.residual, 0.0)
        scale = ModelScale(estimate, mse, synthetic, own, left, weight, leverage, sigma2, variance, bias)
        estimate, mse = back(self.transform, self.back, scale)
        columns = {"estimate": estimate, "mse": mse, "gamma": gamma, "sampled": self.sampled}
        return pd.DataFrame(columns, index=self.data.index)

    def diagnostics(self) -> pd.DataFrame:
        """Frame with a row per area with a sample: what to look at before the numbers are believed.

        direct, synthetic, estimate, gamma, residual (y - x'β), standardised (residual / √(σ² + ψ), about N(0, 1) where the
        model holds), effect (the area's u), direct_se, se, gain (1 - mse / direct variance). residual, standardised, effect and
        synthetic are on the model's scale, the rest on that of y.
        """
        fit, table = self._at(self.variance_component), self.estimates()[self.sampled]
        variance = self.data.psi[self.sampled]
        columns = {
            "direct": self.data.y[self.sampled],
            "estimate": table["estimate"].to_numpy(),
            "synthetic": self._Q @ fit.beta,
            "gamma": table["gamma"].to_numpy(),
            "residual": fit.residual,
            "standardised": fit.residual * np.sqrt(fit.weight),
            "effect": table["gamma"].to_numpy() * fit.residual,
            "direct_se": np.sqrt(variance),
            "se": np.sqrt(table["mse"].to_numpy()),
            "gain": 1 - table["mse"].to_numpy() / variance,
        }
        return pd.DataFrame(columns, index=table.index)

    def draws(self, n: int, seed: int) -> Array:
        """Joint draws of the area values on the model's scale, (n, areas), with the uncertainty of σ² and β and all covariances.

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
        size = np.sqrt(self.variance_component + np.median(self._psi))

        def on(edges: Array) -> tuple[Array, Array]:
            u = (edges[1:] + edges[:-1]) / 2
            values = (size * u / (1 - u)) ** 2
            likelihood = [loglikelihood(value, self._y, self._psi, self._Q) for value in values]
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
        mean = beta @ self.data.basis.T
        gamma = self._everywhere(sigma2 * fit.weight, 0.0)
        mean += gamma * np.where(self.sampled, self._everywhere(self._y, 0.0) - mean, 0.0)
        return np.asarray(mean + rng.standard_normal(mean.shape) * np.sqrt(sigma2 * (1 - gamma)))


def _fit_statistics(fit: Weighted, p: int) -> pd.Series:
    """Full log likelihood at the estimates and the criteria AIC, BIC, KIC, which count β and σ²."""
    areas = len(fit.weight)
    log = float(np.sum(np.log(fit.weight / (2 * np.pi))) - np.sum(fit.weight * fit.residual**2)) / 2
    criteria = {name: k * (p + 1) - 2 * log for name, k in (("aic", 2), ("bic", np.log(areas)), ("kic", 3))}
    return pd.Series({"loglikelihood": log, **criteria}, name="fit_statistics")


def _zero_note(method: str) -> Fault:
    return Fault(
        "HY-M018",
        f'The area variance is estimated as 0 by "{method}": every estimate is the synthetic part and its mse is too small. '
        'Use method="adjusted", or draws, which carry the uncertainty of the variance.',
        f"واریانس محدوده‌ها با روش «{method}» صفر برآورد شد: همهٔ برآوردها تنها بخش ترکیبی‌اند و mse آن‌ها کوچک‌تر از واقع است. "
        "روش «adjusted» را به کار ببرید، یا draws را که عدم‌قطعیت واریانس را در بر دارد.",
    )
