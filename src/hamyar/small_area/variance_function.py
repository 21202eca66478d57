"""Sampling variances of small samples are noise themselves: a function of the sample's size replaces them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from hamyar.errors import error
from hamyar.small_area.checking import matrix, orthonormal, values


def smooth_variances(variance: Any, predictors: Any) -> pd.Series:
    """Variances by the generalised variance function log ψ = z'b, for areas that have one and for those that have none.

    variance: (areas,) estimated sampling variances; 0 and NaN are not used and are replaced; predictors: (areas, q), complete, for
    example log n and log p̂(1 - p̂) with p̂ from covariates; a constant is added. The function is fitted by least squares and
    brought up by Σ ψ / Σ exp z'b, so that the sum over the areas used stays. Raises HY-M001, HY-M005 to HY-M007 as FayHerriot
    does, HY-M022 where a predictor is not finite.
    Source: Wolter (2007) chapter 7; Hidiroglou & You (2016).
    """
    psi = values("variance", variance)
    Z, names = matrix(predictors, len(psi), True)
    if not np.isfinite(Z).all():
        raise error(
            "HY-M022",
            en="A predictor of the variances is empty or infinite. The logarithm of 0 is: leave out areas with n = 0.",
            fa="یکی از پیش‌بین‌های واریانس خالی یا بی‌نهایت است. لگاریتم صفر چنین است: محدوده‌های با n = 0 را کنار بگذارید.",
        )
    used = np.isfinite(psi) & (psi > 0)
    Q, R = orthonormal(Z[used], names)
    smooth = np.exp(Z @ np.linalg.solve(R, Q.T @ np.log(psi[used])))
    index = variance.index if isinstance(variance, pd.Series) else None
    return pd.Series(smooth * psi[used].sum() / smooth[used].sum(), index=index, name="variance")
