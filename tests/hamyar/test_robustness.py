"""Robustness of an order of groups over cut-offs and weights."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from hamyar.errors import HamyarError
from hamyar.indicators import Measure
from hamyar.poverty import alkire_foster, robustness
from hamyar.survey import Design

MEASURE = Measure.of_columns({"a": ["x", "y"], "b": ["z"], "c": ["v"]}, cutoff="1/3")
DESIGN = Design(weight="w", strata="h", psu="c")


def sample(spread: float = 0.12, households: int = 3000, seed: int = 1) -> pd.DataFrame:
    """Six groups of ten clusters each, poorer from p to u; one of them poor in z alone."""
    random = np.random.default_rng(seed)
    cluster = np.arange(households) % 60
    group = cluster % 6
    share = np.clip(0.15 + spread * group, 0, 1)
    data = pd.DataFrame({name: (random.random(households) < share).astype(float) for name in "xyzv"})
    data.loc[group == 1, "z"] = (random.random((group == 1).sum()) < 0.9).astype(float)
    return data.assign(
        c=cluster, h=cluster // 30, g=np.array(list("pqrstu"))[group], w=random.uniform(1, 3, households)
    )


def test_the_share_that_holds_is_that_of_the_levels() -> None:
    data = sample()
    frame = robustness(
        data, MEASURE, DESIGN, "g", cutoffs=["1/4", "1/3", "2/3"], weightings=[{"a": "1/2", "b": "1/4", "c": "1/4"}]
    )
    assert frame["alternative"].tolist() == ["cutoff 1/4", "cutoff 2/3", "weights 1/2, 1/4, 1/4", "all"]
    assert (frame["pairs"] == 15).all()
    levels = alkire_foster(data, MEASURE, DESIGN, by="g", cutoffs=["1/3", "2/3"])
    m0 = levels[levels["measure"] == "M0"].pivot(index="g", columns="cutoff", values="estimate")
    a, b = np.triu_indices(6, 1)
    order = np.sign(m0.to_numpy()[a] - m0.to_numpy()[b])
    row = frame.set_index("alternative").loc["cutoff 2/3"]
    assert row["held"] == pytest.approx((order[:, 0] == order[:, 1]).mean())
    assert row["kendall"] == pytest.approx(kendalltau(m0["1/3"], m0["2/3"]).statistic)
    every = frame.set_index("alternative")
    assert every.loc["all", "held"] <= every["held"].drop("all").min()
    assert ((frame["low"] <= frame["held"] + 0.15) & (frame["high"] >= frame["held"] - 0.15)).all()
    assert frame["sure"].nunique() == 1
    assert frame["sure_held"].between(0, 1).all()


def test_weights_of_an_alternative_are_those_of_the_measure_made_so() -> None:
    data = sample(spread=0.02)
    frame = robustness(data, MEASURE, DESIGN, "g", cutoffs=[])
    assert frame["alternative"].tolist() == [
        "weights 1/2, 1/4, 1/4",
        "weights 1/4, 1/2, 1/4",
        "weights 1/4, 1/4, 1/2",
        "all",
    ]
    made_so = replace(
        MEASURE,
        indicators=tuple(
            replace(i, weight=Fraction(w))
            for i, w in zip(MEASURE.indicators, ("1/8", "1/8", "1/2", "1/4"), strict=True)
        ),
    )
    here, there = (
        alkire_foster(data, m, DESIGN, by="g").query("measure == 'M0'")["estimate"].to_numpy()
        for m in (MEASURE, made_so)
    )
    a, b = np.triu_indices(6, 1)
    held = (np.sign(here[a] - here[b]) == np.sign(there[a] - there[b])).mean()
    assert frame.set_index("alternative").loc["weights 1/4, 1/2, 1/4", "held"] == pytest.approx(held)
    assert frame["held"].iloc[-1] < 1


def test_an_order_by_chance_is_not_sure_and_one_by_far_is() -> None:
    near = robustness(sample(spread=0.0).assign(z=lambda d: d["v"]), MEASURE, DESIGN, "g")
    far = robustness(sample(spread=0.16).assign(z=lambda d: d["x"]), MEASURE, DESIGN, "g")
    assert near["sure"].iloc[0] <= 3
    assert far["sure"].iloc[0] >= 12
    assert far["sure_held"].iloc[-1] > 0.8
    assert far["reversed"].iloc[-1] == 0
    assert near["se"].iloc[-1] > far["se"].iloc[-1]


def test_it_repeats_itself_and_needs_no_psu() -> None:
    data = sample(households=600)
    plain = Design(weight="w")
    pd.testing.assert_frame_equal(
        robustness(data, MEASURE, plain, "g", draws=50), robustness(data, MEASURE, plain, "g", draws=50)
    )
    census = robustness(data, MEASURE, Design(universe="census"), "g")
    assert (census["se"] == 0).all()
    assert (census["low"] == census["held"]).all()
    assert (census["sure"] == 15).all()
    assert (census["sure_held"] == census["held"]).all()
    assert robustness(data, MEASURE, Design(universe="list"), "g")["se"].isna().all()


def test_what_cannot_be_ordered_is_refused() -> None:
    data = sample(households=600)
    with pytest.raises(HamyarError, match="HY-Y016"):
        robustness(data, MEASURE, DESIGN, "g", statistic="A")
    with pytest.raises(HamyarError, match="HY-Y017"):
        robustness(data.assign(g="one"), MEASURE, DESIGN, "g")
    for weights in (
        {"a": 1},
        {"a": "1/2", "b": "1/2", "c": "1/2"},
        {"a": 1, "b": 0, "c": 0},
        {"a": "?", "b": 0, "c": 0},
    ):
        with pytest.raises(HamyarError, match="HY-Y018"):
            robustness(data, MEASURE, DESIGN, "g", weightings=[weights])
    gone = data.assign(x=np.where(data["g"] == "p", np.nan, data["x"]))
    frame = robustness(gone, MEASURE, DESIGN, "g", draws=20)
    assert (frame["pairs"] == 10).all()
    assert frame.attrs["notes"][0]["en"] == "no answers to count in, not ordered: p."
