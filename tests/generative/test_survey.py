"""What must hold for any sample and any weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hamyar.survey import Design, Jackknife, calibrate, linearised, mean, ratio, total

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
DESIGNS = [
    Design(weight="w", strata="h", psu="c"),
    Design(weight="w", strata="h"),
    Design(weight="w", psu=["c", "row"], fpc=["many", "more"]),
]


@st.composite
def samples(draw: st.DrawFn) -> pd.DataFrame:
    """Two strata of four clusters, gaps in y, up to three groups."""
    rows = draw(st.integers(16, 60))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    cluster = np.arange(rows) % 8
    data = pd.DataFrame({"y": random.lognormal(3, 1, rows), "x": random.uniform(1, 2, rows), "c": cluster})
    data["y"] = data["y"].mask(random.random(rows) < draw(st.sampled_from([0, 0, 0.2])))
    return data.assign(
        h=cluster // 4,
        w=random.uniform(0.5, 30, rows),
        g=random.integers(0, 3, rows).astype(str),
        row=np.arange(rows),
        many=20,
        more=90,
    )


def numbers(frame: pd.DataFrame) -> Any:
    return frame[["estimate", "se", "low", "high"]].to_numpy(float)


@FEW
@given(samples(), st.sampled_from(DESIGNS), st.floats(0.01, 100))
def test_scaling_the_weights_changes_no_mean_and_scales_a_total(data: pd.DataFrame, design: Design, by: float) -> None:
    scaled = data.assign(w=data["w"] * by)
    for estimator, factor in ((mean, 1.0), (total, by)):
        np.testing.assert_allclose(
            numbers(estimator(scaled, "y", design)), factor * numbers(estimator(data, "y", design)), rtol=1e-9
        )


@FEW
@given(samples(), st.sampled_from(DESIGNS))
def test_totals_of_domains_add_up_and_a_domain_is_that_of_a_superset(data: pd.DataFrame, design: Design) -> None:
    parts, whole = total(data, "y", design, by="g"), total(data, "y", design)
    assert parts["estimate"].sum() == pytest.approx(whole["estimate"][0], rel=1e-12)
    assert parts["n"].sum() == whole["n"][0]
    zeroed = data.assign(y=data["y"].where(data["g"] == "0", 0.0))
    if "0" in set(data["g"]):
        np.testing.assert_allclose(numbers(total(zeroed, "y", design))[0], numbers(parts)[0], rtol=1e-9)
        alone = data.assign(y=data["y"].where(data["g"] == "0"))
        np.testing.assert_allclose(
            numbers(mean(alone, "y", design))[0], numbers(mean(data, "y", design, "g"))[0], rtol=1e-9
        )


@FEW
@given(samples(), st.sampled_from(DESIGNS), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(data: pd.DataFrame, design: Design, random: Any) -> None:
    order = list(data.index)
    random.shuffle(order)
    frames = [ratio(rows, "y", "x", design, by="g") for rows in (data, data.loc[order])]
    np.testing.assert_allclose(numbers(frames[0]), numbers(frames[1]), rtol=1e-9)


@FEW
@given(samples(), st.sampled_from(DESIGNS))
def test_influence_values_of_a_mean_give_its_error(data: pd.DataFrame, design: Design) -> None:
    """As an array, as an expression over a column, and by group."""
    known = data["y"].notna()
    for by in (None, "g"):
        found = mean(data, "y", design, by=by)
        key = data["g"] if by else pd.Series(0, data.index)
        weight = (data["w"] * known).groupby(key).transform("sum")
        centre = key.map(dict(zip(found["g"], found["estimate"], strict=True))) if by else found["estimate"][0]
        influence = ((data["y"] - centre) / weight).fillna(0).to_numpy()
        se = linearised(data, design, {"mean": influence}, by=by)["se"]
        clusters = data[known].groupby(key)[design.stages[0].psu or "row"].nunique()
        sure = (clusters.reindex(found["g"] if by else [0]) > 1).to_numpy()
        np.testing.assert_allclose(se[sure], found["se"][sure], rtol=1e-7, atol=1e-12)


@FEW
@given(samples(), st.sampled_from(["linear", "raking", "logit"]))
def test_calibrated_weights_meet_the_totals_and_leave_no_error_in_them(data: pd.DataFrame, method: str) -> None:
    data = data.assign(g=np.where(np.arange(len(data)) % 3 == 0, "0", "1"))
    before = data.groupby("g")["w"].sum()
    totals = {"g": (before * [1.1, 0.95]).to_dict(), "x": float((data["w"] * data["x"]).sum() * 1.01)}
    bounds = (0.2, 4.0) if method == "logit" else None
    made = calibrate(data, DESIGNS[0], totals, method=method, bounds=bounds)
    for name, wanted in (("x", [totals["x"]]), ("one", list(totals["g"].values()))):
        frame = total(made.data.expr.mutate(one=1), name, made.design, by="g" if name == "one" else None)
        np.testing.assert_allclose(frame["estimate"], wanted, rtol=1e-8)
        assert (frame["se"] <= 1e-6 * frame["estimate"]).all()


@FEW
@given(samples())
def test_the_jackknife_of_a_total_is_its_linearisation(data: pd.DataFrame) -> None:
    """Exactly: a total is linear, and stratum by stratum the replicates' mean is the total itself."""
    for design in (DESIGNS[0], Design(weight="w", psu="c"), Design(weight="w", strata="h")):
        again = replace(design, replicates=Jackknife())
        np.testing.assert_allclose(
            total(data, "y", again, by="g")["se"], total(data, "y", design, by="g")["se"], rtol=1e-9
        )
