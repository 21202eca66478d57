"""What must hold for any areas: order and units do not matter, estimates lie between sample and synthetic part."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamyar.small_area import FayHerriot, benchmark
from hamyar.small_area.variance_component import METHODS

seeds = st.integers(0, 2**32 - 1)


def data(seed: int):
    rng = np.random.default_rng(seed)
    areas, p = int(rng.integers(8, 40)), int(rng.integers(1, 4))
    X = rng.normal(size=(areas, p))
    psi = rng.uniform(0.1, 3, areas)
    y = X.sum(axis=1) + rng.uniform(0, 2) * rng.normal(size=areas) + np.sqrt(psi) * rng.normal(size=areas)
    gaps = np.flatnonzero(rng.random(areas) < 0.1)
    y[gaps[: areas - p - 4]] = np.nan  # an adjusted likelihood needs three more areas than coefficients
    return y, psi, X


@settings(max_examples=50, deadline=None)
@given(seeds, st.sampled_from(METHODS))
def test_an_estimate_lies_between_sample_and_synthetic_part(seed, method):
    y, psi, X = data(seed)
    model = FayHerriot(method).fit(y, psi, X)
    table, synthetic = model.estimates(), np.column_stack([np.ones(len(y)), X]) @ model.coefficients
    other = np.where(np.isnan(y), synthetic, y)
    low, high = np.minimum(synthetic, other), np.maximum(synthetic, other)
    assert (table["estimate"] >= low - 1e-9).all()
    assert (table["estimate"] <= high + 1e-9).all()
    assert ((table["gamma"] >= 0) & (table["gamma"] <= 1)).all()
    if method in ("reml", "adjusted_yl"):
        assert (table["mse"] > 0).all()


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_the_order_of_the_areas_does_not_matter(seed):
    y, psi, X = data(seed)
    order = np.random.default_rng(seed).permutation(len(y))
    one, other = FayHerriot().fit(y, psi, X).estimates(), FayHerriot().fit(y[order], psi[order], X[order]).estimates()
    for column in ("estimate", "mse"):
        assert other[column].to_numpy() == pytest.approx(one[column].to_numpy()[order], rel=1e-8, abs=1e-10)


@settings(max_examples=50, deadline=None)
@given(seeds, st.floats(0.01, 100), st.floats(-50, 50))
def test_shift_and_unit_of_y_pass_through(seed, unit, shift):
    y, psi, X = data(seed)
    one, other = (
        FayHerriot().fit(y, psi, X).estimates(),
        FayHerriot().fit(unit * y + shift, unit**2 * psi, X).estimates(),
    )
    assert other["estimate"].to_numpy() == pytest.approx(unit * one["estimate"].to_numpy() + shift, rel=1e-7, abs=1e-7)
    assert other["mse"].to_numpy() == pytest.approx(unit**2 * one["mse"].to_numpy(), rel=1e-7)


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_any_basis_of_the_covariates_gives_the_same(seed):
    y, psi, X = data(seed)
    rng = np.random.default_rng(seed)
    mixed = X @ (np.eye(X.shape[1]) * 3 + rng.uniform(-1, 1, (X.shape[1],) * 2)) + rng.normal(size=X.shape[1])
    one, other = FayHerriot().fit(y, psi, X), FayHerriot().fit(y, psi, mixed)
    assert other.variance_component == pytest.approx(one.variance_component, rel=1e-6, abs=1e-9)
    assert other.estimates()["estimate"].to_numpy() == pytest.approx(one.estimates()["estimate"].to_numpy(), rel=1e-6)


@settings(max_examples=30, deadline=None)
@given(seeds, st.sampled_from(["ratio", "difference"]), st.floats(0.01, 10))
def test_benchmarked_estimates_add_up(seed, method, target):
    rng = np.random.default_rng(seed)
    y, psi, X = data(seed)
    table = FayHerriot().fit(y + 30, psi, X).estimates()
    people = rng.integers(0, 1000, len(y)) + (np.arange(len(y)) == 0)
    adjusted = benchmark(table, people, target, method=method)
    assert people @ adjusted["estimate"] / people.sum() == pytest.approx(target, rel=1e-10)
    assert (adjusted["estimate"].rank() == table["estimate"].rank()).all()


@settings(max_examples=30, deadline=None)
@given(seeds, st.sampled_from(METHODS))
def test_areas_that_differ_hugely_keep_their_direct_estimate(seed, method):
    rng = np.random.default_rng(seed)
    y, psi, X = data(seed)
    wide = y + 1e5 * rng.normal(size=len(y))
    table = FayHerriot(method).fit(wide, psi, X).estimates()
    sampled = table["sampled"].to_numpy()
    assert table["estimate"][sampled].to_numpy() == pytest.approx(wide[sampled], rel=1e-4, abs=1e-2)
    assert table["mse"][sampled].to_numpy() == pytest.approx(psi[sampled], rel=1e-3)
