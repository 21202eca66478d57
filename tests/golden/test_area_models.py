"""Transformed, spatio-temporal area models against emdi 2.2.2 and sae 1.2 (their functions run in R 4.2.2); numbers in area_models.json.

log, arcsin: emdi's backtransformed() of fh(y ~ x, vardir, method, transformation, backtransformation = "bc_sm", "bc_crude" or "bc")
at σ² given. years: eblupSTFH(y ~ x, 20, 5, v, proxmat, model = "S" or "ST", MAXITER = 1000, PRECISION = 1e-10).
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtr

from hamyar.small_area import FayHerriot, SpatioTemporalFayHerriot
from hamyar.small_area.variance_component import precision

AREAS = np.arange(24)
X = (AREAS * 7 % 24) / 24 - 0.5
NOISE = (AREAS * 37 % 101) / 101 - 0.5


@pytest.fixture(scope="module")
def golden() -> dict:
    return json.loads((Path(__file__).parent / "area_models.json").read_text())


def amounts() -> tuple[np.ndarray, np.ndarray]:
    """Amounts and their variances: coefficients of variation of 14 to 38 %."""
    y = np.round(np.exp(6 + 0.6 * X + 1.7 * NOISE), 1)
    return y, np.round((0.02 + 0.13 * (AREAS * 5 % 24) / 24) * y**2, 2)


def rates() -> tuple[np.ndarray, np.ndarray]:
    """Rates of .735 to .99, with effective sizes of 20 to 89."""
    return np.round(np.sin(1.28 + 0.1 * X + 0.4 * NOISE) ** 2, 3), 20.0 + AREAS * 3


def panel() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """20 areas on a ring, 5 times."""
    rng = np.random.default_rng(2)
    W = np.zeros((20, 20))
    for i in range(20):
        W[i, [i - 1, (i + 1) % 20]] = 0.5
    B = np.linalg.inv(np.eye(20) - 0.5 * W)
    v = np.zeros((20, 5))
    v[:, 0] = rng.normal(size=20) / 0.8
    for t in range(1, 5):
        v[:, t] = 0.6 * v[:, t - 1] + rng.normal(size=20)
    x, psi = rng.normal(size=100).round(3), rng.uniform(0.2, 0.5, 100).round(3)
    y = 1 + x + np.repeat(0.8 * B @ rng.normal(size=20), 5) + 0.6 * v.ravel() + np.sqrt(psi) * rng.normal(size=100)
    return y.round(3), psi, x, W


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_logarithm(golden, method):
    """Estimates agree. emdi's mse holds twice the bias of maximum likelihood's σ², under REML too; with it so do they."""
    expected = golden["log"][method]
    y, variance = amounts()
    model = FayHerriot(method, "log").fit(y, variance, X)
    assert model.variance_component == pytest.approx(expected["emdi_sigma"], rel=1e-3), "its optimiser stops at 1e-4"
    model.variance_component = expected["sigma"]
    table = model.estimates()
    assert table["estimate"].to_numpy() == pytest.approx(expected["sm"], rel=1e-10)
    sigma, fit = expected["sigma"], model._at(expected["sigma"])
    twice = 2 * precision(sigma, fit, model._psi, model._Q, "ml")[1]
    own = precision(sigma, fit, model._psi, model._Q, method)[1]
    gamma = table["gamma"].to_numpy()
    slope = 2 + ((1 - gamma) ** 2 - 2) * np.exp(-sigma * (1 - gamma))
    difference = np.exp(2 * (model._Q @ fit.beta + sigma)) * slope * (twice - own)
    assert table["mse"].to_numpy() - difference == pytest.approx(expected["sm_mse"], rel=1e-10)
    assert 1 < np.mean(expected["sm_mse"] / table["mse"]) < 1.3
    if method == "reml":
        model.back = "crude"
        crude = model.estimates()
        assert crude["estimate"].to_numpy() == pytest.approx(expected["crude"], rel=1e-10)
        assert crude["mse"].to_numpy() == pytest.approx(expected["crude_mse"], rel=1e-10)


def test_arcsine(golden):
    """emdi integrates to π / 2 and leaves out what lies beyond, where the rate is 1: that is the whole difference."""
    expected = golden["arcsin"]
    y, size = rates()
    model = FayHerriot(transform="arcsin").fit(y, y * (1 - y) / size, X)
    model.variance_component = expected["sigma"]
    table = model.estimates()
    fit, gamma = model._at(expected["sigma"]), table["gamma"].to_numpy()
    value, own = model._Q @ fit.beta + gamma * fit.residual, expected["sigma"] * (1 - gamma)
    beyond = ndtr((value - np.pi / 2) / np.sqrt(own))
    assert beyond.max() > 0.001
    assert beyond.min() < 1e-9
    assert table["estimate"].to_numpy() - beyond == pytest.approx(expected["bc"], abs=1e-8)
    model.back = "naive"
    assert model.estimates()["estimate"].to_numpy() == pytest.approx(expected["naive"], rel=1e-10)


@pytest.mark.parametrize("kind", ["S", "ST"])
def test_years(golden, kind):
    expected = golden["years"][kind]
    y, psi, x, W = panel()
    model = SpatioTemporalFayHerriot(correlated_times=kind == "ST").fit(
        y, psi, x, proximity=W, area=np.repeat(np.arange(20), 5), time=np.tile(np.arange(5), 20)
    )
    assert model.parameters.to_numpy() == pytest.approx(expected["theta"], rel=1e-7)
    assert model.coefficients.to_numpy() == pytest.approx(expected["beta"], rel=1e-8)
    assert model.standard_errors.to_numpy() == pytest.approx(expected["se"], rel=1e-7)
    assert model.estimates()["estimate"].to_numpy() == pytest.approx(expected["eblup"], abs=1e-8)
