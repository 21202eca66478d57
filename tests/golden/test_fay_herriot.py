"""The Fay-Herriot model against exact roots, and against sae 1.3 and emdi 2.2.2 within what their own iterations leave.

Calls: sae::mseFH(yi ~ as.factor(MajorArea), SD^2, method=m, data=milk); emdi::fh(yi ~ factor(MajorArea), vardir=SD^2,
method=m, MSE=TRUE). Exact: `expected_exact.json`, roots to 1e-15. sae stops at 1e-4 of σ² (seen here: 6e-6 off), emdi's
optimiser at 1e-3 (seen: 1.1e-3 off in σ²), so they are held to 1e-5 and 1.5e-3.
"""

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
def cases(shared: Path) -> dict[str, dict]:
    folder = shared / "methods/cases/fh_milk"
    return {
        "exact": json.loads((folder / "expected_exact.json").read_text())["results"],
        "sae": json.loads((folder / "expected.json").read_text())["results"],
        "emdi": json.loads((folder / "expected_emdi_variants.json").read_text())["results"],
    }


def fitted(milk: pd.DataFrame, method: str) -> FayHerriot:
    regions = pd.get_dummies(milk["MajorArea"], prefix="region", drop_first=True).astype(float)
    return FayHerriot(method=method).fit(milk["yi"], milk["SD"] ** 2, regions)


@pytest.fixture(scope="module")
def model(milk: pd.DataFrame) -> FayHerriot:
    return fitted(milk, "reml")


NAMES = {"REML": "reml", "ML": "ml", "FH": "moment"}
VARIANTS = {
    "reml": "reml",
    "ml": "ml",
    "amrl": "adjusted",
    "ampl": "adjusted_ml",
    "amrl_yl": "adjusted_yl",
    "ampl_yl": "adjusted_ml_yl",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("peer", "within"), [("exact", 1e-10), ("sae", 1e-5)])
def test_against_exact_roots_and_sae(milk, cases, name, peer, within):
    model, expected = fitted(milk, NAMES[name]), cases[peer][name]
    table, beta = model.estimates(), expected["beta"]
    assert model.variance_component == pytest.approx(expected["refvar"], rel=within)
    assert model.coefficients.to_numpy() == pytest.approx(list(beta.values() if peer == "sae" else beta), rel=within)
    assert table["estimate"].to_numpy() == pytest.approx(expected["eblup"], rel=within)
    assert table["mse"].to_numpy() == pytest.approx(expected["mse"], rel=within)
    if peer == "sae":
        assert model.standard_errors.to_numpy() == pytest.approx(expected["se_beta"], rel=within)
        goodness = [expected["goodness"][key] for key in ("loglike", "AIC", "BIC", "KIC")]
        assert model.fit_statistics.to_list() == pytest.approx(goodness, rel=within)


@pytest.mark.parametrize("name", VARIANTS)
def test_against_emdi(milk, cases, name):
    model, expected = fitted(milk, VARIANTS[name]), cases["emdi"][name]
    table = model.estimates()
    assert model.variance_component == pytest.approx(expected["sigma2u"], rel=1.5e-3)
    assert model.coefficients.to_numpy() == pytest.approx(expected["beta"], rel=1.5e-3)
    for column, key in (("estimate", "fh"), ("mse", "mse"), ("gamma", "gamma")):
        assert table[column].to_numpy() == pytest.approx(expected[key], rel=1.5e-3)


@pytest.mark.parametrize("name", VARIANTS)
def test_at_emdis_own_variance_its_mse_agrees_to_the_last_digit(milk, cases, name):
    """What differs is its σ² alone: put in, every mse agrees to 1e-12."""
    model, expected = fitted(milk, VARIANTS[name]), cases["emdi"][name]
    model.variance_component = expected["sigma2u"]
    assert model.estimates()["mse"].to_numpy() == pytest.approx(expected["mse"], rel=1e-12)
    assert model.estimates()["estimate"].to_numpy() == pytest.approx(expected["fh"], rel=1e-12)


def test_coefficients_keep_their_names(model):
    assert list(model.coefficients.index) == ["intercept", "region_2", "region_3", "region_4"]


def test_areas_keep_their_names(model, milk):
    assert list(model.estimates().index) == list(milk.index)


def test_draws_carry_the_mse(model):
    """Means and variances of the draws agree with EBLUP and g1 + g2 + 2·g3, up to what the prior on σ² adds."""
    draws, estimates = model.draws(20_000, seed=3), model.estimates()
    ratio = draws.var(axis=0) / estimates["mse"].to_numpy()
    assert np.abs(draws.mean(axis=0) - estimates["estimate"]).max() < 0.15 * np.sqrt(estimates["mse"].max())
    assert 0.9 < ratio.mean() < 1.1
    assert ((ratio > 0.75) & (ratio < 1.35)).all()
