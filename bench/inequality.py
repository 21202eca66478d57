"""Weighted Gini of ten million incomes: the estimate, and with errors by strata and clusters, beside polars and numpy."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from bench.measure import in_process

ROWS = 10_000_000
Figure = tuple[str, float, str, float | None]


def incomes(rows: int) -> dict[str, Any]:
    """Incomes, weights, 5,000 clusters in 50 strata."""
    random = np.random.default_rng(1)
    cluster = random.integers(0, 5000, rows)
    return {"y": random.lognormal(10, 0.7, rows), "w": random.uniform(1, 5, rows), "c": cluster, "h": cluster // 100}


def timed(rows: int, which: str) -> tuple[float, float]:
    """CPU seconds and Gini, by one way, from a polars frame in memory."""
    import polars as pl

    frame = pl.DataFrame(incomes(rows))
    work = {"polars": by_polars, "numpy": by_numpy, "estimate": estimate, "errors": with_errors, "few": of_few}[which]
    work(frame.head(1000))  # imports
    start = time.process_time()
    found = work(frame)
    return time.process_time() - start, float(found)


def by_polars(frame: Any) -> float:
    import polars as pl

    y, w = pl.col("y"), pl.col("w")
    total = (y * w * (2 * w.cum_sum() - w)).sum() / (w.sum() * (y * w).sum()) - 1
    return float(frame.lazy().select("y", "w").sort("y").select(total).collect().item())


def by_numpy(frame: Any) -> float:
    y, w = frame["y"].to_numpy(), frame["w"].to_numpy()
    order = np.argsort(y)
    y, w = y[order], w[order]
    below = np.cumsum(w)
    return float((w * y * (2 * below - w)).sum() / (below[-1] * (w * y).sum()) - 1)


def estimate(frame: Any) -> float:
    """Without clusters: the error of a sample of rows comes along."""
    from hamyar.poverty import gini
    from hamyar.survey import Design

    return float(gini(frame, "y", Design(weight="w"))["estimate"].iloc[0])


def with_errors(frame: Any) -> float:
    from hamyar.poverty import gini
    from hamyar.survey import Design

    return float(gini(frame, "y", Design(weight="w", strata="h", psu="c"))["estimate"].iloc[0])


def of_few(frame: Any) -> float:
    """Fifty clusters, each left out once."""
    from hamyar.poverty import gini
    from hamyar.survey import Design

    return float(gini(frame, "y", Design(weight="w", psu="h"))["estimate"].iloc[0])


def run() -> list[Figure]:
    found = {which: in_process("bench.inequality", "timed", ROWS, which).answer for which in WAYS}
    seconds = {which: answer[0] for which, answer in found.items()}
    values = [answer[1] for answer in found.values()]
    return [
        *((f"Gini of {ROWS:,}, {WAYS[which]}", seconds[which], "CPU s", MOST.get(which)) for which in WAYS),
        ("the estimate against polars", seconds["estimate"] / seconds["polars"], "×", 1.25),
        ("the estimate against numpy", seconds["estimate"] / seconds["numpy"], "×", 1.0),
        ("with errors against polars", seconds["errors"] / seconds["polars"], "×", 2.5),
        ("with errors against numpy", seconds["errors"] / seconds["numpy"], "×", 2.0),
        ("largest difference between the five", max(values) - min(values), "Gini", 1e-10),
    ]


WAYS = {
    "polars": "polars, no error",
    "numpy": "numpy, no error",
    "estimate": "hamyar, rows as clusters",
    "errors": "hamyar, 50 strata and 5,000 clusters",
    "few": "hamyar, 50 clusters, each left out once",
}
MOST = {"estimate": 1.5, "errors": 3.0}  # CPU seconds
