"""The Fay-Herriot model against the exact root of its REML score (data of sae 1.3, mseFH)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hamyar.small_area import FayHerriot

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def milk(shared: Path) -> pd.DataFrame:
    return pd.read_csv(shared / "methods/cases/fh_milk/data.csv", index_col="SmallArea")


@pytest.fixture(scope="module")
def expected(shared: Path) -> dict[str, list[float]]:
    return json.loads((shared / "methods/cases/fh_milk/expected_exact.json").read_text())["results"]["REML"]


@pytest.fixture(scope="module")
def model(milk: pd.DataFrame) -> FayHerriot:
    regions = pd.get_dummies(milk["MajorArea"], prefix="region", drop_first=True).astype(float)
    return FayHerriot(method="reml").fit(milk["yi"], milk["SD"] ** 2, regions)


def test_area_variance(model, expected):
    assert model.variance_component == pytest.approx(expected["refvar"], rel=1e-12)


def test_coefficients(model, expected):
    assert model.coefficients.to_numpy() == pytest.approx(expected["beta"], rel=1e-10)
    assert list(model.coefficients.index) == ["intercept", "region_2", "region_3", "region_4"]


@pytest.mark.parametrize(("column", "key"), [("estimate", "eblup"), ("mse", "mse")])
def test_areas(model, expected, column, key):
    assert model.estimates()[column].to_numpy() == pytest.approx(expected[key], rel=1e-10)


def test_areas_keep_their_names(model, milk):
    assert list(model.estimates().index) == list(milk.index)


def test_draws_carry_the_mse(model):
    """Means and variances of the draws agree with EBLUP and g1 + g2 + 2·g3, up to what the prior on σ² adds."""
    draws, estimates = model.draws(20_000, seed=3), model.estimates()
    ratio = draws.var(axis=0) / estimates["mse"].to_numpy()
    assert np.abs(draws.mean(axis=0) - estimates["estimate"]).max() < 0.15 * np.sqrt(estimates["mse"].max())
    assert 0.9 < ratio.mean() < 1.1
    assert ((ratio > 0.75) & (ratio < 1.35)).all()
