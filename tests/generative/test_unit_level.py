"""What must hold for any sample and census: units, order, and where an estimate lies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamyar.small_area import EmpiricalBest, NestedError

seeds = st.integers(0, 2**32 - 1)
BOUNDED = ("headcount", "poverty_gap", "squared_poverty_gap", "gini")


def world(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    areas = int(rng.integers(4, 9))
    area = np.repeat(np.arange(areas), rng.integers(15, 30, areas))
    x = rng.normal(size=len(area))
    z = (
        3
        + 0.5 * x
        + (rng.uniform(0, 1) * rng.normal(size=areas))[area]
        + rng.uniform(0.2, 1) * rng.normal(size=len(area))
    )
    population = pd.DataFrame({"area": area, "x": x, "y": np.exp(z)})
    return population[area > 0].groupby("area").sample(5, random_state=1), population


def predicted(sample, population, line, transform, **kwargs):
    model = EmpiricalBest(transform, draws=10, seed=3, **kwargs).fit(sample, y="y", X=["x"], area="area")
    return model.predict(population, line=line).set_index(["area", "measure"])["estimate"]


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from(["log", "box-cox"]), st.floats(0.01, 1000))
def test_the_unit_of_money_passes_through(seed, transform, unit):
    sample, population = world(seed)
    line = float(sample["y"].median())
    one = predicted(sample, population, line, transform)
    other = predicted(*(f.assign(y=f["y"] * unit) for f in (sample, population)), line * unit, transform)
    for measure in (*BOUNDED, "quantile_share_ratio"):
        assert other[:, measure].to_numpy() == pytest.approx(one[:, measure].to_numpy(), rel=1e-3, abs=1e-3)
    for measure in ("mean", "quantile_50"):
        assert other[:, measure].to_numpy() == pytest.approx(unit * one[:, measure].to_numpy(), rel=1e-3)


@settings(max_examples=25, deadline=None)
@given(seeds, st.sampled_from([None, "log", "log-shift", "box-cox"]))
def test_indicators_keep_their_bounds_and_order(seed, transform):
    sample, population = world(seed)
    table = predicted(sample, population, float(sample["y"].median()), transform).unstack("measure")
    if transform is not None:
        assert (table["squared_poverty_gap"] <= table["poverty_gap"] + 1e-12).all()
        assert (table["poverty_gap"] <= table["headcount"] + 1e-12).all()
        assert ((table["gini"] >= 0) & (table["gini"] <= 1)).all()
    assert ((table["headcount"] >= 0) & (table["headcount"] <= 1)).all()
    quantiles = table[[f"quantile_{q}" for q in (10, 25, 50, 75, 90)]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()


@settings(max_examples=25, deadline=None)
@given(seeds, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_to_a_mean(seed, random):
    sample, population = world(seed)
    means = population.groupby("area", as_index=False)["x"].mean()
    mixed = sample.sample(frac=1, random_state=random.randint(0, 999))
    one, other = (NestedError().fit(f, y="y", X=["x"], area="area").estimates(means) for f in (sample, mixed))
    assert other["estimate"].to_numpy() == pytest.approx(one["estimate"].to_numpy(), rel=1e-7)
    assert ((one["gamma"] >= 0) & (one["gamma"] <= 1)).all()


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_a_mean_lies_between_the_synthetic_and_the_survey_regression_estimate(seed):
    sample, population = world(seed)
    means = population.groupby("area", as_index=False)["x"].mean()
    model = NestedError().fit(sample, y="y", X=["x"], area="area")
    table = model.estimates(means).set_index("area")
    synthetic = model.coefficients["intercept"] + model.coefficients["x"] * means.set_index("area")["x"]
    own = sample.groupby("area")[["y", "x"]].mean()
    regression = (synthetic + own["y"] - model.coefficients["intercept"] - model.coefficients["x"] * own["x"]).fillna(
        synthetic
    )
    low, high = np.minimum(synthetic, regression), np.maximum(synthetic, regression)
    assert ((table["estimate"] >= low - 1e-9) & (table["estimate"] <= high + 1e-9)).all()
