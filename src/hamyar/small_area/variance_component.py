"""The variance σ² between areas: likelihoods, adjusted likelihoods and the moment equation, each closed in to 1e-15."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hamyar.small_area.checking import Array

METHODS = ("reml", "ml", "moment", "adjusted", "adjusted_ml", "adjusted_yl", "adjusted_ml_yl")
RESTRICTED = ("reml", "adjusted", "adjusted_yl")


class Weighted(NamedTuple):
    """What every formula needs at one value of the area variance: weights 1 / (σ² + ψ), (X'WX)⁻¹, β and residuals."""

    weight: Array
    inverse: Array
    beta: Array
    residual: Array


def weighted(sigma2: float, y: Array, psi: Array, Q: Array) -> Weighted:
    """Generalised least squares at σ². y, psi: (areas,); Q: (areas, p)."""
    weight: Array = 1.0 / (sigma2 + psi)
    QW = Q * weight[:, None]
    inverse: Array = np.asarray(np.linalg.inv(QW.T @ Q), dtype=np.float64)
    beta: Array = inverse @ (QW.T @ y)
    return Weighted(weight, inverse, beta, y - Q @ beta)


def lost_trace(fit: Weighted, Q: Array) -> float:
    """tr (X'WX)⁻¹ X'W²X: what estimating β takes from Σ w."""
    QW = Q * fit.weight[:, None]
    return float(np.sum(fit.inverse * (QW.T @ QW)))


def adjustment(method: str, sigma2: float, psi: Array) -> tuple[float, float]:
    """log h(σ²) and its derivative, where the (restricted) likelihood is multiplied by h; 0, 0 where it is not.

    h = σ² keeps the maximum away from 0 (Li & Lahiri 2010); h = (arctan Σ γ)^(1/m) does so with a bias of smaller
    order (Yoshimori & Lahiri 2014), names ending in _yl.
    """
    if method in ("reml", "ml"):
        return 0.0, 0.0
    if method in ("adjusted", "adjusted_ml"):
        return float(np.log(sigma2)) if sigma2 > 0 else -np.inf, 1 / sigma2 if sigma2 > 0 else np.inf
    total = float(np.sum(sigma2 / (sigma2 + psi)))
    if total == 0:
        return -np.inf, np.inf
    angle, areas = np.arctan(total), len(psi)
    slope = np.sum(psi / (sigma2 + psi) ** 2) / ((1 + total**2) * angle * areas)
    return float(np.log(angle)) / areas, float(slope)


def score(sigma2: float, y: Array, psi: Array, Q: Array, method: str = "reml") -> float:
    """Derivative of twice the log likelihood in σ²: for "reml" y'PPy - tr P, with P never formed."""
    fit = weighted(sigma2, y, psi, Q)
    trace = fit.weight.sum() - (lost_trace(fit, Q) if method in RESTRICTED else 0.0)
    return float(np.sum((fit.weight * fit.residual) ** 2) - trace) + 2 * adjustment(method, sigma2, psi)[1]


def loglikelihood(sigma2: float, y: Array, psi: Array, Q: Array, method: str = "reml") -> float:
    """Up to a constant: -(Σ log(σ² + ψ) + log |X'WX| + r'Wr) / 2 + log h; without the determinant for "ml"."""
    fit = weighted(sigma2, y, psi, Q)
    determinant = np.linalg.slogdet(fit.inverse)[1] if method in RESTRICTED else 0.0
    value = float(np.log(fit.weight).sum() + determinant - np.sum(fit.weight * fit.residual**2)) / 2
    return value + adjustment(method, sigma2, psi)[0]


def most_likely(y: Array, psi: Array, Q: Array, method: str = "reml") -> float:
    """The area variance at the maximum of the (restricted, adjusted) likelihood; 0.0 where that stands at the bound.

    y, psi: (areas,); Q: (areas, p) with full rank. The likelihood is looked at on a grid from 0 to far beyond the
    variance of y, so that of several roots the highest is taken; the root of the score is then closed in to 1e-15.
    Source: Rao & Molina (2015), 6.2.4.
    """
    from scipy.optimize import brentq

    scale = float(np.median(psi))
    top = max(float(np.var(y)), scale) * 1e3
    grid = np.concatenate([[0.0], np.geomspace(scale * 1e-6, top, 36)])
    best = int(np.argmax([loglikelihood(value, y, psi, Q, method) for value in grid]))
    rising = score(grid[best], y, psi, Q, method) > 0
    low, high = (grid[best], grid[best + 1]) if rising else (grid[max(best - 1, 0)], grid[best])
    if not rising and score(low, y, psi, Q, method) <= 0:
        return 0.0
    low = max(low, scale * 1e-9) if method not in ("reml", "ml") else low
    return scale * float(brentq(lambda s: score(s * scale, y, psi, Q, method), low / scale, high / scale, xtol=1e-15))


def by_moments(y: Array, psi: Array, Q: Array) -> float:
    """The root of Σ r² / (σ² + ψ) = m - p, which falls in σ²; 0.0 where the left side is smaller already at 0.

    Source: Fay & Herriot (1979).
    """
    from scipy.optimize import brentq

    def excess(sigma2: float) -> float:
        fit = weighted(sigma2, y, psi, Q)
        return float(np.sum(fit.weight * fit.residual**2) - (len(y) - Q.shape[1]))

    if excess(0.0) <= 0:
        return 0.0
    scale = high = float(np.median(psi))
    while excess(high) > 0:
        high *= 4
    return float(scale * brentq(lambda s: excess(s * scale), 0.0, high / scale, xtol=1e-15))


def estimated(y: Array, psi: Array, Q: Array, method: str) -> float:
    """σ² by one of METHODS."""
    return by_moments(y, psi, Q) if method == "moment" else most_likely(y, psi, Q, method)


def precision(sigma2: float, fit: Weighted, psi: Array, Q: Array, method: str) -> tuple[float, float]:
    """The asymptotic variance and bias of the estimated σ².

    Source: Prasad & Rao (1990); for ML and REML Datta & Lahiri (2000); for moments Datta, Rao & Smith (2005); for the
    adjusted likelihoods Li & Lahiri (2010) and Yoshimori & Lahiri (2014), whose h adds nothing at this order.
    """
    areas, w, squares = len(psi), fit.weight.sum(), float(np.sum(fit.weight**2))
    if method == "moment":
        return float(2 * areas / w**2), float(2 * (areas * squares - w**2) / w**3)
    bias = 0.0 if method in RESTRICTED else -lost_trace(fit, Q) / squares
    if method in ("adjusted", "adjusted_ml"):
        bias += 2 / (sigma2 * squares)
    return 2 / squares, float(bias)
