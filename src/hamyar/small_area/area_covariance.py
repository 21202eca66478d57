"""Covariances of area effects that neighbours and years share, with their first and second derivatives."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from hamyar.errors import error
from hamyar.small_area.checking import Array, aligned, values

ROUNDED = 0.01


class Covariance(NamedTuple):
    """G (rows, rows) at θ; first: ∂G/∂θ_k; second: {(k, l): ∂²G/∂θ_k∂θ_l}, k ≤ l, those that are not 0."""

    G: Array
    first: list[Array]
    second: dict[tuple[int, int], Array]


def proximity_matrix(proximity: Any, areas: int, index: Any = None) -> Array:
    """Checked, in the order of the index where a frame has the same labels: (areas, areas), rows that add up to 1 within .01 (or to 0 for an area without neighbours), 0 on the diagonal.

    Raises HY-M001 (no number), HY-M023 (shape, gap, diagonal), HY-M024 (rows).
    """
    if isinstance(proximity, pd.DataFrame):
        proximity = aligned(aligned(proximity, index).T, aligned(proximity, index).index).T
    W = values("proximity", proximity.toarray() if hasattr(proximity, "toarray") else proximity)
    if W.shape != (areas, areas) or not np.isfinite(W).all() or np.diag(W).any() or (W < 0).any():
        raise error(
            "HY-M023",
            en=f"The proximity matrix {W.shape} must be {areas} by {areas}, complete, not negative, with 0 on its diagonal.",
            fa=f"ماتریس مجاورت {W.shape} باید {areas} در {areas}، کامل، نامنفی و با قطر صفر باشد.",
        )
    total = W.sum(axis=1)
    off = np.flatnonzero((np.abs(total - 1) > ROUNDED) & (total != 0))
    if len(off):
        raise error(
            "HY-M024",
            en=f"Row {off[0] + 1} of the proximity matrix adds up to {total[off[0]]:g}, not to 1. Divide each row by its sum.",
            fa=f"جمع ردیف {off[0] + 1} ماتریس مجاورت {total[off[0]]:g} است، نه ۱. هر ردیف را بر جمع آن تقسیم کنید.",
            row=int(off[0]) + 1,
        )
    return W


def simultaneous(W: Array, rho: float) -> tuple[Array, Array, Array]:
    """C = [(I - ρW)'(I - ρW)]⁻¹ of a simultaneous autoregression (SAR), C' and C'' in ρ."""
    step = np.eye(len(W)) - rho * W
    half = np.linalg.inv(step)
    C = half @ half.T
    bend = 2 * W.T @ W
    slope = rho * bend - W - W.T
    inner = C @ slope @ C
    return C, -inner, 2 * inner @ slope @ C - C @ bend @ C


def autoregressive(times: int, rho: float) -> tuple[Array, Array, Array]:
    """Ω = ρ^|i - j| / (1 - ρ²) of a first-order autoregression (AR), Ω' and Ω'' in ρ."""
    lag = np.abs(np.subtract.outer(np.arange(times), np.arange(times))).astype(np.float64)
    power = rho**lag
    once = np.where(lag > 0, lag * rho ** np.maximum(lag - 1, 0), 0.0)
    twice = np.where(lag > 1, lag * (lag - 1) * rho ** np.maximum(lag - 2, 0), 0.0)
    g = 1 / (1 - rho**2)
    first, second = 2 * rho * g**2, 2 * g**2 + 8 * rho**2 * g**3
    return power * g, once * g + power * first, twice * g + 2 * once * first + power * second


class Spatial(NamedTuple):
    """θ = (σ², ρ): G = σ² C(ρ)."""

    W: Array
    names: tuple[str, ...] = ("variance", "rho")

    def at(self, theta: Array) -> Covariance:
        sigma2, rho = theta
        C, first, second = simultaneous(self.W, rho)
        return Covariance(sigma2 * C, [C, sigma2 * first], {(0, 1): first, (1, 1): sigma2 * second})


class SpatioTemporal(NamedTuple):
    """θ = (σ²₁, ρ₁, σ²₂, ρ₂): rows are times within areas, G = σ²₁ C(ρ₁) ⊗ 11' + σ²₂ I ⊗ Ω(ρ₂)."""

    W: Array
    times: int
    names: tuple[str, ...] = ("variance_area", "rho_area", "variance_time", "rho_time")

    def at(self, theta: Array) -> Covariance:
        s1, r1, s2, r2 = theta
        space: list[Array] = [np.kron(part, np.ones((self.times, self.times))) for part in simultaneous(self.W, r1)]  # type: ignore[misc]
        time: list[Array] = [np.kron(np.eye(len(self.W)), part) for part in autoregressive(self.times, r2)]  # type: ignore[misc]
        return Covariance(
            s1 * space[0] + s2 * time[0],
            [space[0], s1 * space[1], time[0], s2 * time[1]],
            {(0, 1): space[1], (1, 1): s1 * space[2], (2, 3): time[1], (3, 3): s2 * time[2]},
        )


class SpatialOverTimes(NamedTuple):
    """θ = (σ²₁, ρ₁, σ²₂): as SpatioTemporal with ρ₂ = 0, times that have nothing in common but their area."""

    W: Array
    times: int
    names: tuple[str, ...] = ("variance_area", "rho_area", "variance_time")

    def at(self, theta: Array) -> Covariance:
        whole = SpatioTemporal(self.W, self.times).at(np.append(theta, 0.0))
        second = {pair: bend for pair, bend in whole.second.items() if 3 not in pair}
        return Covariance(whole.G, whole.first[:3], second)
