"""The scales on which areas are modelled, and the way back without the bias of the bend."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hamyar.errors import error
from hamyar.small_area.checking import Array

TRANSFORMS = (None, "arcsin", "log")
BACK = {None: (None,), "arcsin": (None, "naive"), "log": (None, "conditional", "crude")}
NODES = 48
REACH = 8.0


def forward(transform: str | None, y: Array, variance: Array) -> tuple[Array, Array]:
    """y and its sampling variance on the model's scale: y; asin √y, variance / 4y(1 - y); log y, variance / y².

    With variance deff · y(1 - y) / n the second is the textbook's deff / 4n. Raises HY-M015 where y has no image.
    """
    if transform is None:
        return y, variance
    bad = np.flatnonzero((y <= 0) | (y >= 1) if transform == "arcsin" else y <= 0)
    if len(bad):
        within = "between 0 and 1" if transform == "arcsin" else "above 0"
        raise error(
            "HY-M015",
            en=f'{len(bad)} direct estimate(s) are not {within}, first {y[bad[0]]:g}, so transform="{transform}" has no variance '
            "for them. Use headcount_model for rates of 0 or 1, or give NaN.",
            fa=f"{len(bad)} برآورد مستقیم {'میان ۰ و ۱' if transform == 'arcsin' else 'بزرگ‌تر از صفر'} نیست (نخستین: {y[bad[0]]:g}) و "
            f'transform="{transform}" برای آن واریانسی ندارد. برای نرخ‌های ۰ یا ۱ headcount_model را به کار ببرید یا NaN بدهید.',
            row=int(bad[0]) + 1,
            column="y",
        )
    if transform == "arcsin":
        return np.arcsin(np.sqrt(y)), variance / (4 * y * (1 - y))
    return np.log(y), variance / y**2


class ModelScale(NamedTuple):
    """What is known of each area on the model's scale, all (areas,) but sigma2, variance and bias.

    estimate, mse: of the area value; synthetic: x'β; own: variance of the value given the data, σ²(1 - γ); left: 1 - γ;
    weight: 1 / (σ² + ψ), 0 without a sample; leverage: x'(X'V⁻¹X)⁻¹x; variance, bias: of the estimate sigma2 of σ².
    """

    estimate: Array
    mse: Array
    synthetic: Array
    own: Array
    left: Array
    weight: Array
    leverage: Array
    sigma2: float
    variance: float
    bias: float


def back(transform: str | None, kind: str | None, at: ModelScale) -> tuple[Array, Array]:
    """Estimates and their mse on the scale of y, by one of BACK.

    None: the estimate is the mean of the back-transformed value under N(estimate, own): exp(estimate + own / 2) for the
    logarithm, with the mse of Slud & Maiti (2006); the integral of sin² with the ends cut at 0 and π / 2 (Hadam, Würz &
    Kreutzmann 2020), with the mse of "conditional".
    "conditional": the same estimate; mse given y, the variance of the back-transformed value under N(estimate, mse) and the
    square of the distance of the two means. "crude": exp(estimate + mse / 2), its mse that estimate² · mse (Rao 2003, 10.3).
    "naive": sin² of the estimate, cut at 0 and π / 2, with the conditional mse.
    """
    if transform is None:
        return at.estimate, at.mse
    if kind == "crude":
        value = np.exp(at.estimate + at.mse / 2)
        return value, value**2 * at.mse
    moments = _lognormal if transform == "log" else _sine_squared
    mean = np.sin(np.clip(at.estimate, 0, np.pi / 2)) ** 2 if kind == "naive" else moments(at.estimate, at.own)[0]
    if transform == "log" and kind is None:
        return mean, _slud_maiti(at)
    around, spread = moments(at.estimate, at.mse)
    return mean, spread + (around - mean) ** 2


def _slud_maiti(at: ModelScale) -> Array:
    """Mean squared error of exp(estimate + own / 2) over samples, with a bias of smaller order than 1 / areas.

    At known β and σ² it is exp(2x'β + 2σ²)(1 - exp(-own)); to that comes what estimating β and σ² costs, less the bias that
    the first part has at their estimates. Where so much is taken off that nothing is left (few areas of large σ²) the bias
    stays in. Source: Slud & Maiti (2006), for maximum likelihood; here with the bias of the method's own σ².
    """
    top, rest, left = np.exp(2 * (at.synthetic + at.sigma2)), np.exp(-at.own), at.left**2
    known = -np.expm1(-at.own)
    estimating = rest * left * (at.leverage + at.variance * ((2 - 1.5 * at.left) ** 2 + at.weight))
    slope = 2 + (left - 2) * rest
    bend = 2 + (2 * left - 2 - left * at.weight - left**2 / 2) * rest
    bias = 2 * known * at.leverage + at.bias * slope + at.variance * bend
    whole = known + estimating
    return np.asarray(top * np.where(bias < whole, whole - bias, whole))


def _lognormal(mean: Array, variance: Array) -> tuple[Array, Array]:
    value = np.exp(mean + variance / 2)
    return value, value**2 * np.expm1(variance)


def _sine_squared(mean: Array, variance: Array) -> tuple[Array, Array]:
    """Mean and variance of sin² t, t ~ N(mean, variance) cut at 0 and π / 2, by Gauss-Legendre over ± 8 deviations."""
    from scipy.special import ndtr

    node, weight = np.polynomial.legendre.leggauss(NODES)
    sd = np.sqrt(np.maximum(variance, 1e-30))
    low, high = np.clip(mean - REACH * sd, 0, np.pi / 2), np.clip(mean + REACH * sd, 0, np.pi / 2)
    half = (high - low)[:, None] / 2
    t = half * node + (high + low)[:, None] / 2
    density = (
        half * weight * np.exp(-(((t - mean[:, None]) / sd[:, None]) ** 2) / 2) / (sd * np.sqrt(2 * np.pi))[:, None]
    )
    beyond = ndtr((mean - np.pi / 2) / sd)
    first = (density * np.sin(t) ** 2).sum(axis=1) + beyond
    second = (density * np.sin(t) ** 4).sum(axis=1) + beyond
    return first, np.maximum(second - first**2, 0.0)
