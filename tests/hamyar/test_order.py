"""Sorting many incomes by their bits."""

from __future__ import annotations

import numpy as np
import pytest

from hamyar.poverty.order import ascending, together

RANDOM = np.random.default_rng(1)
MANY = 150_000


@pytest.mark.parametrize(
    "values",
    [
        RANDOM.lognormal(10, 1, MANY),
        RANDOM.integers(0, 500, MANY).astype(float),
        RANDOM.normal(0, 1, MANY),
        1e6 + RANDOM.random(MANY) * 1e-4,
        np.where(RANDOM.random(MANY) < 0.3, 0.0, RANDOM.random(MANY)),
        np.where(RANDOM.random(MANY) < 0.3, -0.0, RANDOM.random(MANY) * 1e-310),
        np.full(MANY, 7.0),
        RANDOM.random(50),
    ],
    ids=["lognormal", "ties", "negative", "nearly equal", "zeros", "tiny", "equal", "few"],
)
def test_it_is_the_order(values: np.ndarray) -> None:
    order, found = ascending(values)
    assert np.array_equal(found, values[order])
    assert np.array_equal(np.sort(order), np.arange(len(values)))
    assert (np.diff(found) >= 0).all()
    number = np.arange(len(values))
    again, carried, other = together(values, number.astype(float), number.astype(np.int32))
    assert np.array_equal(again, found)
    assert np.array_equal(carried, other)
    assert np.array_equal(values[other], found)
    assert np.array_equal(np.sort(other), number)
