"""Three ways to a score: least squares, quantile regression, gradient boosting; each predicts from what can be written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from hamyar.survey.variance import Floats

Written = dict[str, Any]
ROWS_FOR_THREADS = 50_000  # below, threads of boosting cost more than they save


class Regression(Protocol):
    """What was fitted: predictions from (rows, terms), and itself as plain data."""

    def predict(self, X: Floats) -> Floats: ...

    def written(self) -> Written: ...


@dataclass(frozen=True)
class Linear:
    """coefficients: (terms + 1,), the constant first; influence: (rows, terms + 1) per unit of weight, where fitted here."""

    coefficients: Floats
    influence: Floats | None = None

    def predict(self, X: Floats) -> Floats:
        return np.asarray(self.coefficients[0] + X @ self.coefficients[1:])

    def written(self) -> Written:
        return {"coefficients": self.coefficients.tolist()}


@dataclass(frozen=True)
class Trees:
    """A starting value and trees; each node: feature, threshold, left, right, value; a leaf has feature -1."""

    start: float
    trees: tuple[Mapping[str, Any], ...]

    def predict(self, X: Floats) -> Floats:
        """Down every tree, left where the feature is at most the threshold."""
        total = np.full(len(X), self.start)
        rows = np.arange(len(X))
        for tree in self.trees:
            feature, threshold, left, right, value = (
                np.asarray(tree[key]) for key in ("feature", "threshold", "left", "right", "value")
            )
            node = np.zeros(len(X), dtype=np.int64)
            while (inside := feature[node] >= 0).any():
                goes_left = X[rows, np.maximum(feature[node], 0)] <= threshold[node]
                node = np.where(inside, np.where(goes_left, left[node], right[node]), node)
            total += value[node]
        return np.where(np.isnan(X).any(axis=1), np.nan, total)

    def written(self) -> Written:
        return {"start": self.start, "trees": [dict(tree) for tree in self.trees]}


def least_squares(X: Floats, y: Floats, w: Floats) -> Linear:
    """Weighted least squares. X: (rows, terms) without the constant, of full rank."""
    A = np.column_stack([np.ones(len(X)), X])
    scale = np.linalg.norm(A, axis=0)
    Q, R = np.linalg.qr(A / scale * np.sqrt(w)[:, None])
    coefficients = np.linalg.solve(R, Q.T @ (np.sqrt(w) * y)) / scale
    bread = np.linalg.inv(R.T @ R) / np.outer(scale, scale)
    return Linear(coefficients, (A * (y - A @ coefficients)[:, None]) @ bread)


def quantile_regression(X: Floats, y: Floats, w: Floats, tau: float) -> Linear:
    """Weighted quantile regression (Koenker & Bassett 1978), through its dual: max y'a, A'a = (1 - τ) A'w, 0 <= a <= w.

    The constraints' multipliers are the coefficients; they are then solved for exactly from the rows that the fit passes
    through. The influence has the density of residuals at zero by row (Powell 1991), with a Gaussian kernel.
    """
    from scipy.optimize import linprog

    A = np.column_stack([np.ones(len(X)), X])
    scale = np.abs(A).max(axis=0)
    scaled = A / scale
    weight = w / w.mean()
    found = linprog(
        -y,
        A_eq=scaled.T,
        b_eq=(1 - tau) * scaled.T @ weight,
        bounds=list(zip(np.zeros(len(y)), weight, strict=True)),
        method="highs",
    )
    beta = -np.asarray(found.eqlin.marginals)
    beta = _through_rows(scaled, y, weight, tau, beta)
    residual = y - scaled @ beta
    coefficients = beta / scale
    return Linear(coefficients, _quantile_influence(A, residual, w, tau))


def _through_rows(A: Floats, y: Floats, w: Floats, tau: float, beta: Floats) -> Floats:
    """The vertex nearest to beta, if it is at least as good."""
    from scipy.linalg import qr

    def loss(b: Floats) -> float:
        r = y - A @ b
        return float(w @ (r * (tau - (r < 0))))

    near = np.argsort(np.abs(y - A @ beta), kind="stable")[: A.shape[1] + 5]
    order = qr(A[near].T, pivoting=True, mode="r")[1][: A.shape[1]]
    rows = near[order] if len(near) > A.shape[1] else near
    try:
        vertex = np.asarray(np.linalg.solve(A[rows], y[rows]), dtype=np.float64)
    except np.linalg.LinAlgError:
        return beta
    return vertex if loss(vertex) <= loss(beta) * (1 + 1e-9) else beta


def _quantile_influence(A: Floats, residual: Floats, w: Floats, tau: float) -> Floats:
    spread = min(residual.std(), (np.quantile(residual, 0.75) - np.quantile(residual, 0.25)) / 1.34) or 1.0
    width = 0.9 * spread * len(residual) ** -0.2
    height = np.exp(-((residual / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))
    bread = np.linalg.pinv((A * (w * height)[:, None]).T @ A)
    return np.asarray((A * (tau - (residual < 0))[:, None]) @ bread)


def boosting(X: Floats, y: Floats, w: Floats, seed: int) -> Trees:
    """Gradient boosting of shallow trees on squared loss (Friedman 2001), by scikit-learn; kept as plain arrays."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    regressor = HistGradientBoostingRegressor(
        learning_rate=0.05, max_iter=200, max_depth=4, min_samples_leaf=20, early_stopping=False, random_state=seed
    )
    with threadpool_limits(None if len(y) > ROWS_FOR_THREADS else 1):
        fitted = regressor.fit(X, y, sample_weight=w / w.mean())
    trees = []
    for (predictor,) in fitted._predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"] == 1
        trees.append(
            {
                "feature": np.where(leaf, -1, nodes["feature_idx"]).tolist(),
                "threshold": np.where(leaf, 0.0, nodes["num_threshold"]).tolist(),
                "left": nodes["left"].astype(int).tolist(),
                "right": nodes["right"].astype(int).tolist(),
                "value": np.where(leaf, nodes["value"], 0.0).tolist(),
            }
        )
    return Trees(float(np.ravel(fitted._baseline_prediction)[0]), tuple(trees))


def of_written(model: str, written: Mapping[str, Any]) -> Linear | Trees:
    """The regression that `written` gave."""
    if model == "boosting":
        return Trees(float(written["start"]), tuple(written["trees"]))
    return Linear(np.asarray(written["coefficients"], dtype=np.float64))
