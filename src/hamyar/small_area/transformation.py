"""The scales on which areas are modelled, and the way back without the bias of the bend."""

from __future__ import annotations

import numpy as np

from hamyar.errors import error
from hamyar.small_area.checking import Array

TRANSFORMS = (None, "arcsin", "log")
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


def back(transform: str | None, estimate: Array, own: Array, mse: Array) -> tuple[Array, Array]:
    """Estimates and their mse on the scale of y.

    estimate, mse: (areas,) on the model's scale; own: (areas,) variance of the area value given the data, σ²(1 - γ). The
    estimate is the mean of the back-transformed value under N(estimate, own): exp(estimate + own / 2) for the logarithm
    (Slud & Maiti 2006); the integral of sin² with the ends cut at 0 and π / 2 (Hadam, Würz & Kreutzmann 2020). Its mse is
    the variance of the back-transformed value under N(estimate, mse), and the square of the distance of the two means.
    """
    if transform is None:
        return estimate, mse
    moments = _lognormal if transform == "log" else _sine_squared
    mean, _ = moments(estimate, own)
    around, spread = moments(estimate, mse)
    return mean, spread + (around - mean) ** 2


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
