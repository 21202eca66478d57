"""What must hold for any draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hamyar.area_index import AreaIndex
from hamyar.priority import probability_worst, tiers, worst_count

draws = st.integers(1, 12).flatmap(
    lambda areas: arrays(float, st.tuples(st.integers(1, 30), st.just(areas)), elements=st.integers(-3, 3).map(float))
)


@settings(deadline=None)
@given(draws)
def test_probabilities_add_up_to_the_places(values):
    count = worst_count(values.shape[1])
    p = probability_worst(values, count)
    assert p.sum() == pytest.approx(count)
    assert ((p >= 0) & (p <= 1 + 1e-12)).all()


@settings(deadline=None)
@given(draws, st.randoms(use_true_random=False))
def test_the_order_of_the_areas_does_not_matter(values, random):
    order = list(range(values.shape[1]))
    random.shuffle(order)
    one = tiers(values, range(values.shape[1])).set_index("area").loc[order]
    other = tiers(values[:, order], order).set_index("area")
    pd.testing.assert_frame_equal(one, other)


@settings(deadline=None)
@given(draws)
def test_only_the_order_within_a_draw_counts(values):
    count = worst_count(values.shape[1])
    assert (probability_worst(values, count) == probability_worst(np.exp(values) * 7 - 3, count)).all()


@settings(deadline=None)
@given(draws)
def test_a_rank_lies_in_its_interval(values):
    table = tiers(values, range(values.shape[1]))
    assert ((table["rank_low"] >= 1) & (table["rank_high"] <= len(table))).all()
    assert (table["rank_low"] <= table["rank"]).all()
    assert (table["rank"] <= table["rank_high"]).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(-5, 5))
def test_an_index_knows_no_units_and_no_sign_but_its_direction(seed, unit, shift):
    values = np.random.default_rng(seed).normal(size=(7, 2))
    data = pd.DataFrame({"area": list("abcdefg"), "one": values[:, 0], "two": values[:, 1]})
    changed = data.assign(one=data["one"] * unit + shift, two=-data["two"])
    table = AreaIndex({"one": 1, "two": 1}).fit(data, draws=60).table()
    other = AreaIndex({"one": 1, "two": -1}).fit(changed, draws=60).table()
    pd.testing.assert_frame_equal(table.drop(columns=["one", "two"]), other.drop(columns=["one", "two"]))
