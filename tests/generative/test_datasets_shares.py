"""What must hold whatever is shared out, cut or drawn."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hamyar.datasets import population, sampling
from hamyar.datasets.families import taken
from hamyar.datasets.hardship import tilted
from hamyar.datasets.schooling import top
from hamyar.datasets.tree import largest_remainder

sizes = st.lists(st.integers(1, 400), min_size=1, max_size=40).map(np.array)


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=50), st.integers(0, 10_000), st.integers(0, 3))
def test_shares_sum_and_are_within_one(weights: list[float], total: int, least: int) -> None:
    total += least * len(weights)
    shares = largest_remainder(weights, total, least)
    exact = np.array(weights) / sum(weights) * (total - least * len(weights)) + least
    assert shares.sum() == total
    assert (np.abs(shares - exact) <= 1 + 1e-6).all()


@given(sizes, st.lists(st.integers(0, 1), min_size=40, max_size=40))
def test_blocks_hold_every_household_and_never_mix_kinds(size: np.ndarray, kinds: list[int]) -> None:
    kind = np.sort(np.array(kinds[: len(size)]))
    blocks = population.spans(size, kind)
    assert sum(blocks) == size.sum()
    edges = {0, *np.cumsum(blocks).tolist()}
    assert int(size[kind == 0].sum()) in edges
    assert max(blocks) < 2 * population.BLOCK


@given(sizes, st.integers(1, 40), st.integers(0, 2**32))
def test_clusters_drawn_are_as_many_as_wanted(size: np.ndarray, clusters: int, seed: int) -> None:
    clusters = min(clusters, len(size))
    chance = sampling.inclusion(size, clusters)
    assert (chance <= 1 + 1e-12).all()
    assert abs(chance.sum() - clusters) < 1e-9
    assert abs(len(sampling.systematic(chance, np.random.default_rng(seed))) - clusters) <= 1e-9


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=100, unique=True), st.data())
def test_top_marks_the_highest(score: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(score)))
    marks = top(np.array(score), count)
    assert marks.sum() == count
    assert sorted(np.array(score)[marks]) == sorted(score)[len(score) - count :]


@given(st.floats(0.001, 0.999), st.floats(0, 1.5), st.lists(st.floats(-4, 4), min_size=2, max_size=30))
def test_a_tilt_keeps_the_mean_and_the_order(share: float, tilt: float, hardship: list[float]) -> None:
    h = np.array(hardship)
    weight = np.arange(1.0, len(h) + 1)
    shares = tilted(share, tilt, h, weight)
    assert abs(np.average(shares, weights=weight) - share) < 1e-9
    assert (np.diff(shares[np.argsort(h)]) >= -1e-12).all()


@given(st.lists(st.integers(0, 300), min_size=21, max_size=21), st.data())
def test_exactly_as_many_are_taken_and_none_that_are_not_there(available: list[int], data: st.DataObject) -> None:
    there = np.array(available)
    rate = np.r_[0.0, 0.0, 0.0, np.linspace(0.05, 0.95, 18)]
    total = data.draw(st.integers(0, int(there[3:].sum())))
    found = taken(there, rate, total)
    assert found.sum() == total
    assert ((found >= 0) & (found <= there)).all()
    assert (found[:3] == 0).all()
