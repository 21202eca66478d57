"""Small areas: CPU seconds of Fay-Herriot with mse, and of empirical best prediction under Box-Cox."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from bench.measure import in_process

Figure = tuple[str, float, str, float | None]
BOUNDS = {500: None, 2_000: None, 5_000: 0.05, 50_000: None}


def fay_herriot(areas: int, method: str) -> float:
    """CPU seconds of fit and mse, five covariates, after a small warm-up."""
    from hamyar.small_area import FayHerriot

    rng = np.random.default_rng(0)
    X, psi = rng.normal(size=(areas, 5)), rng.uniform(0.5, 2, areas)
    y = X.sum(axis=1) + rng.normal(size=areas) * np.sqrt(1 + psi)
    FayHerriot(method).fit(y[:50], psi[:50], X[:50]).estimates()
    start = time.process_time()
    FayHerriot(method).fit(y, psi, X).estimates()
    return time.process_time() - start


def empirical_best(units: int, bootstrap: int) -> float:
    """CPU seconds of fit and prediction: 94 areas, ten of them without a sample, 1,945 sampled units, 14 covariates, 50 draws."""
    from hamyar.small_area import EmpiricalBest

    rng = np.random.default_rng(0)
    names, area = [f"x{i}" for i in range(14)], rng.integers(0, 94, units)
    X = rng.normal(size=(units, 14))
    z = 9 + X @ np.linspace(0.2, -0.05, 14) + (0.25 * rng.normal(size=94))[area] + 0.5 * rng.normal(size=units)
    population = pd.DataFrame(X, columns=names).assign(area=area, income=np.exp(z))
    sample = population[area < 84].sample(1945, random_state=1)
    EmpiricalBest("box-cox", draws=2).fit(sample.head(300), y="income", X=names, area="area")
    start = time.process_time()
    model = EmpiricalBest("box-cox", draws=50, bootstrap=bootstrap, seed=1)
    model.fit(sample, y="income", X=names, area="area").predict(population, line=float(0.6 * sample["income"].median()))
    return time.process_time() - start


def run() -> list[Figure]:
    figures: list[Figure] = []
    for areas, bound in BOUNDS.items():
        done = in_process("bench.small_area", "fay_herriot", areas, "reml")
        figures.append((f"Fay-Herriot REML with mse, {areas:,} areas", done.answer, "CPU s", bound))
    for units, bootstrap, limit in ((25_000, 0, 0.5), (250_000, 0, 2.0), (25_000, 50, 10.0)):
        done = in_process("bench.small_area", "empirical_best", units, bootstrap)
        what = f"EBP Box-Cox, 50 draws, {units:,} units" + (f", {bootstrap} bootstrap replicates" if bootstrap else "")
        figures += [(what, done.answer, "CPU s", limit), ("  its peak memory", done.peak / 1e9, "GB", None)]
    return figures
