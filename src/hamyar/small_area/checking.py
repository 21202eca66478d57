"""What a model of areas is given: direct estimates, sampling variances and covariates, checked, every fault by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hamyar.errors import Fault, HamyarError, error

Array = NDArray[np.float64]


def values(name: str, data: Any) -> Array:
    """As numbers. Raises HY-M001."""
    try:
        return np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError) as cause:
        raise error(
            "HY-M001",
            en=f"{name} holds something that is not a number. Convert it to numbers first.",
            fa=f"در {name} مقداری هست که عدد نیست. نخست آن را به عدد تبدیل کنید.",
        ) from cause


def aligned(data: Any, index: Any) -> Any:
    """A series or frame with the labels of the index, in another order, in the order of the index; anything else as it is."""
    if not isinstance(data, pd.Series | pd.DataFrame) or index is None or data.index.equals(index):
        return data
    same = len(index) == len(data) and index.is_unique and data.index.is_unique and index.isin(data.index).all()
    return data.reindex(index) if same else data


def vector(name: str, data: Any) -> Array:
    """(areas,) numbers, also from a table of one column. Raises HY-M001."""
    found = values(name, data)
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found


def matrix(X: Any, areas: int, intercept: bool) -> tuple[Array, list[str]]:
    """Covariates as (areas, p) with their names, the constant first where none of them is one."""
    if X is None:
        frame = np.empty((areas, 0))
        names: list[str] = []
    else:
        frame = values("X", X)
        frame = frame[:, None] if frame.ndim == 1 else frame
        named = isinstance(X, pd.DataFrame)
        names = [str(name) for name in X.columns] if named else [f"x{i + 1}" for i in range(frame.shape[-1])]
    constant = (frame == frame[:1]).all(axis=0) & (frame[:1] != 0).all(axis=0) if len(frame) > 1 else np.zeros(0)
    if intercept and not constant.any():
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
                "variances (smooth_variances), or give NaN for an area without a sample.",
                f"واریانس نمونه‌گیری {len(bad)} محدوده عددی مثبت نیست (نخستین: {psi[bad[0]]:g}). واریانس‌ها را هموار کنید "
                "(با smooth_variances) یا برای محدودهٔ بدون نمونه NaN بدهید.",
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


def orthonormal(X: Array, names: list[str]) -> tuple[Array, Array]:
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


@dataclass(frozen=True)
class AreaData:
    """Checked data of m areas.

    y, psi: (areas,), NaN without a sample; X: (areas, p), the constant included; sampled: (areas,) bool; Q: (sampled, p)
    orthonormal with R: X[sampled] = Q R; basis: (areas, p), X in the coordinates of Q; index: of the areas, as given.
    """

    y: Array
    psi: Array
    X: Array
    names: list[str]
    sampled: NDArray[np.bool_]
    Q: Array
    R: Array
    basis: Array
    index: Any

    def coefficients(self, beta: Array) -> pd.Series:
        """β of Q as β of X, with the covariates' names."""
        return pd.Series(np.linalg.solve(self.R, beta), index=self.names, name="coefficient")

    def standard_errors(self, inverse: Array) -> pd.Series:
        """Of the coefficients; inverse: (p, p), (Q'V⁻¹Q)⁻¹."""
        half = np.linalg.solve(self.R, np.linalg.cholesky(inverse))
        return pd.Series(np.sqrt((half**2).sum(axis=1)), index=self.names, name="se")


def area_data(y: Any, variance: Any, X: Any, intercept: bool) -> AreaData:
    """Check and bring to arrays, variance and X in the order of y's labels where they have the same. Raises HY-M001 to HY-M007."""
    index = y.index if isinstance(y, pd.Series | pd.DataFrame) else None
    direct, psi = vector("y", y), vector("variance", aligned(variance, index))
    covariates, names = matrix(aligned(X, index), len(direct) if direct.ndim else 0, intercept)
    fault = _shape_fault(direct, psi, covariates)
    faults = [fault] if fault else _value_faults(direct, psi, covariates, names)
    if faults:
        raise HamyarError(*faults)
    sampled = ~(np.isnan(direct) | np.isnan(psi))
    Q, R = orthonormal(covariates[sampled], names)
    basis: Array = np.linalg.solve(R.T, covariates.T).T.astype(np.float64)
    return AreaData(direct, psi, covariates, names, sampled, Q, R, basis, index)
