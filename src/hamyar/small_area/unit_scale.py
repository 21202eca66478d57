"""The scale on which the welfare of units is modelled: as it is, logarithm, shifted logarithm, Box-Cox."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from hamyar.errors import error
from hamyar.small_area.checking import Array
from hamyar.small_area.nested_error import NestedLikelihood

SCALES = (None, "log", "log-shift", "box-cox")
BOX_COX_RANGE = (-1.0, 2.0)
_POINTS = 16
_FARTHEST = 1e3


class Scale(NamedTuple):
    """transform of SCALES; parameter: Box-Cox λ or the shift of "log-shift", else 0; shift: |min y| + 1 added first by
    "log" and "box-cox" where some y is not above 0, else 0; top: the largest y of the sample; at_bound: the parameter is at
    the end of its range."""

    transform: str | None
    parameter: float
    shift: float
    top: float
    at_bound: bool = False

    def forward(self, y: Array) -> Array:
        """y on the model's scale; for Box-Cox ((y + shift)^λ - 1) / λ, its limit log at 0."""
        if self.transform is None:
            return y
        log = np.log(y + (self.parameter if self.transform == "log-shift" else self.shift))
        if self.transform != "box-cox" or not self.parameter:
            return np.asarray(log)
        return np.asarray(np.expm1(self.parameter * log) / self.parameter)

    def back(self, z: Array) -> Array:
        """The inverse, in place. Where Box-Cox has none: the least y for λ > 0, a thousand times the sample's largest for λ < 0."""
        if self.transform is None:
            return z
        if self.transform == "box-cox" and self.parameter:
            z *= self.parameter
            z += 1
            least = 0.0 if self.parameter > 0 else (_FARTHEST * (self.top + self.shift)) ** self.parameter
            np.maximum(z, least, out=z)
            with np.errstate(divide="ignore"):
                np.log(z, out=z)
            z /= self.parameter
        np.exp(z, out=z)
        z -= self.parameter if self.transform == "log-shift" else self.shift
        return z


def best_scale(transform: str | None, y: Array, likelihood: NestedLikelihood) -> Scale:
    """The scale whose restricted likelihood of y, not of the transformed y, is highest.

    λ is looked for in [-1, 2] and the shift in [0 (or |min y| + 1), half the range of y], on 16 points and then to 1e-9 of the
    range around the best. The Jacobian enters by the geometric mean, as if y were scaled by it (Gurka et al. 2006).
    Raises HY-U010 where y has one value.
    Source: Rojas-Perilla et al. (2020).
    """
    top, low = float(y.max()), float(y.min())
    if top == low:
        raise error(
            "HY-U010",
            en="What is modelled has one value in the whole sample. There is nothing to model.",
            fa="متغیر مدل در همهٔ نمونه یک مقدار دارد و چیزی برای مدل‌کردن نیست.",
        )
    shift = 0.0 if transform in (None, "log-shift") or low > 0 else abs(low) + 1
    if transform in (None, "log"):
        return Scale(transform, 0.0, shift, top)
    ends = BOX_COX_RANGE if transform == "box-cox" else (0.0 if low > 0 else abs(low) + 1, (top - low) / 2)
    ends = (ends[0], max(ends[1], ends[0] + 1e-6))

    def value(parameter: float) -> float:
        scale = Scale(transform, parameter, shift, top)
        log = np.mean(np.log(y + (parameter if transform == "log-shift" else shift)))
        power = 1 - (parameter if transform == "box-cox" else 0.0)
        return likelihood.fit(scale.forward(y)).loglikelihood - likelihood.freedom * power * float(log)

    parameter, at_bound = _highest(value, ends)
    return Scale(transform, parameter, shift, top, at_bound)


def _highest(value: Callable[[float], float], ends: tuple[float, float]) -> tuple[float, bool]:
    from scipy.optimize import minimize_scalar

    points = np.linspace(*ends, _POINTS)
    best = int(np.argmax([value(point) for point in points]))
    near = points[max(best - 1, 0)], points[min(best + 1, _POINTS - 1)]
    width = ends[1] - ends[0]
    found = float(
        minimize_scalar(lambda p: -value(p), bounds=near, method="bounded", options={"xatol": 1e-9 * width}).x
    )
    return found, min(found - ends[0], ends[1] - found) < 1e-6 * width
