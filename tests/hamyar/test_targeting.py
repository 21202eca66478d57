"""Targeting: the errors of a selection, their errors, methods side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import beta, t

from hamyar.errors import HamyarError
from hamyar.proxy_means import select
from hamyar.survey import Design
from hamyar.targeting import at_quota, auc, both, by_decile, compare, evaluate, geographic, roc, within

DESIGN = Design(weight="w", strata="h", psu="c")


def population(households: int = 600, seed: int = 1) -> pd.DataFrame:
    """Sixty clusters (villages) in three strata; income, and two scores that see it through noise."""
    random = np.random.default_rng(seed)
    cluster = np.arange(households) % 60
    income = random.lognormal(5, 0.6, households) * np.exp(random.normal(0, 0.3, 60))[cluster]
    return (
        pd.DataFrame({"income": income, "c": cluster, "h": cluster // 20, "w": random.uniform(1, 4, households)})
        .assign(
            test=np.log(income) + random.normal(0, 0.3, households),
            rank=np.log(income) + random.normal(0, 0.6, households),
        )
        .assign(poor=lambda d: d["income"] < d["income"].quantile(0.25))
    )


def values(frame: pd.DataFrame) -> dict[str, float]:
    return dict(zip(frame["measure"], frame["estimate"], strict=True))


def test_the_definitions_on_eight_households() -> None:
    poor = [True, True, True, False, False, False, False, False]
    selected = [True, True, False, True, False, False, False, False]
    found = values(evaluate(selected, poor))
    assert found == pytest.approx(
        {"coverage": 3 / 8, "exclusion": 1 / 3, "inclusion": 1 / 3, "leakage": 1 / 3, "cgh": (2 / 3) / (3 / 8)}
    )
    weighted = values(evaluate(selected, poor, weight=[1, 2, 3, 4, 1, 1, 1, 1]))
    assert weighted == pytest.approx(
        {"coverage": 7 / 14, "exclusion": 3 / 6, "inclusion": 4 / 7, "leakage": 4 / 7, "cgh": (3 / 7) / (6 / 14)}
    )
    paid = values(evaluate(selected, poor, benefit=[10, 20, 99, 70, 0, 0, 0, 0]))
    assert paid["leakage"] == pytest.approx(0.7)
    assert paid["cgh"] == pytest.approx(0.3 / (3 / 8))
    assert paid["inclusion"] == pytest.approx(1 / 3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.05, 0.95))
def test_with_coverage_equal_to_the_poverty_rate_both_errors_are_equal(seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    poor, score, w = random.random(40) < share, random.normal(size=40).round(1), random.uniform(1, 3, 40)
    if poor.any() and not poor.all():
        chances = at_quota(score, float(w[poor].sum() / w.sum()), w)
        found = values(evaluate(chances, poor, weight=w))
        assert found["exclusion"] == pytest.approx(found["inclusion"], abs=1e-12)
        assert found["coverage"] == pytest.approx(w[poor].sum() / w.sum(), abs=1e-12), (
            "a quota is met exactly, also with ties"
        )
        nobody_targeted = values(evaluate(np.ones(40, dtype=bool), poor, weight=w))
        assert nobody_targeted["cgh"] == pytest.approx(1)


def test_design_errors_equal_a_jackknife_and_the_bootstrap_is_near() -> None:
    data = population()
    chosen = (data["test"] < 5).to_numpy()
    linear = evaluate(chosen, data["poor"], data=data, design=DESIGN).set_index("measure")
    left_out = []
    for cluster in range(60):
        one = data["c"] != cluster
        w = data["w"].where(data["h"] != cluster // 20, data["w"] * 20 / 19)[one]
        left_out.append(
            [
                *values(evaluate(chosen[one], data["poor"][one], weight=w)).values(),
                auc(data["test"][one], data["poor"][one], weight=w)["estimate"].iloc[0],
            ]
        )
    found = np.array(left_out).reshape(3, 20, -1)
    jackknife = np.sqrt(19 / 20 * ((found - found.mean(axis=1, keepdims=True)) ** 2).sum(axis=(0, 1)))
    area = auc(data["test"], data["poor"], data=data, design=DESIGN)
    np.testing.assert_allclose([*linear["se"], area["se"].iloc[0]], jackknife, rtol=0.04)
    drawn = evaluate(chosen, data["poor"], data=data, design=DESIGN, bootstrap=400, seed=3).set_index("measure")
    np.testing.assert_allclose(drawn["se"], linear["se"], rtol=0.15)
    assert (drawn["low"] < drawn["estimate"]).all()
    assert (drawn["estimate"] < drawn["high"]).all()
    again = evaluate(chosen, data["poor"], data=data, design=DESIGN, bootstrap=400, seed=3).set_index("measure")
    pd.testing.assert_frame_equal(drawn, again)


@pytest.mark.parametrize("measure", ["exclusion", "cgh"])
def test_limits_on_few_clusters_are_a_jackknifes_on_their_scale(measure: str) -> None:
    data = population(400).assign(c=lambda d: d["c"] % 8)
    chosen, design = (data["test"] < 4.6).to_numpy(), Design(weight="w", psu="c")
    whole = evaluate(chosen, data["poor"], data=data, design=design).set_index("measure").loc[measure]
    there, back = (logit, expit) if measure == "exclusion" else (np.log, np.exp)
    apart = np.array(
        [
            there(values(evaluate(chosen[one], data["poor"][one], weight=data["w"][one]))[measure])
            for one in (data["c"] != cluster for cluster in range(8))
        ]
    ) - there(whole["estimate"])
    square = 7 / 8 * (apart - apart.mean()) ** 2
    freedom = min(2 * 8 / (8 * (square**2).sum() / square.sum() ** 2 - 1 + 2 / 7), 7)
    half = t.ppf(0.975, freedom) * np.sqrt(7 / 8 * (apart**2).sum())
    wanted = back(there(whole["estimate"]) + half * np.array([-1, 1]))
    np.testing.assert_allclose(whole[["low", "high"]].astype(float), wanted, rtol=1e-9)


def test_one_household_leaves_the_limits_of_one_household() -> None:
    """All variance in one cluster is one degree of freedom; the exact limits of 1 in 40 say more."""
    data = population(400).assign(c=lambda d: np.arange(len(d)) // 10, w=1.0)
    chosen = np.arange(400) == np.flatnonzero(data["poor"])[0]
    found = evaluate(chosen, data["poor"], data=data, design=Design(weight="w", psu="c")).set_index("measure")
    poor = int(data["poor"].sum())
    share = 1 - found.loc["exclusion", ["high", "low"]].astype(float).to_numpy()
    assert beta.ppf(0.025, 1, poor) * 0.8 < share[0] < 1 / poor < share[1] < 10 / poor


def test_intervals_cover_what_they_say() -> None:
    """600 simple random samples of 300."""
    everyone = population(30_000, seed=9)
    chosen, poor = (everyone["test"] < 4.8).to_numpy(), everyone["poor"].to_numpy()
    truth = evaluate(chosen, poor)["estimate"].to_numpy()
    random, inside = np.random.default_rng(4), []
    for _ in range(600):
        rows = random.choice(30_000, 300)
        found = evaluate(chosen[rows], poor[rows])
        inside.append((found["low"] <= truth) & (truth <= found["high"]))
    covered = np.mean(inside, axis=0)
    assert ((covered >= 0.93) & (covered <= 0.97)).all(), covered


def test_an_error_that_no_household_made_may_still_be_there() -> None:
    """Exact limits for as many households as could have made it; a census knows."""
    poor = np.arange(40) < 10
    found = evaluate(poor, poor).set_index("measure")
    assert found.loc["exclusion", ["estimate", "low"]].tolist() == [0, 0]
    assert found.loc["exclusion", "high"] == pytest.approx(1 - 0.025 ** (1 / 10))
    data = pd.DataFrame({"y": np.zeros(40)})
    known = evaluate(poor, poor, data=data, design=Design(universe="census")).set_index("measure")
    assert known.loc["exclusion", ["low", "high"]].tolist() == [0, 0]


def test_methods_side_by_side_on_one_population() -> None:
    data = population()
    rates = data.groupby("c")["poor"].mean().to_dict()
    methods = {
        "lottery": np.zeros(600),
        "proxy means": data["test"],
        "community": within(data["c"], data["rank"], 0.25, data["w"]),
        "geographic": geographic(data["c"], rates),
        "geographic quotas, then test": within(data["c"], data["test"], rates, data["w"]),
        "community list, then test": both(data["rank"], data["test"], 0.4, data["w"]),
        "perfect": data["income"],
        "list": (data["test"] < 5).to_numpy(),
    }
    found = compare(methods, data["poor"], quota=0.25, data=data, design=DESIGN)
    assert list(found["method"].unique()) == list(methods)
    exclusion = found[found["measure"] == "exclusion"].set_index("method")["estimate"]
    assert exclusion["lottery"] == pytest.approx(0.75)
    assert exclusion["perfect"] < 0.08 < exclusion["proxy means"] < exclusion["geographic"] < exclusion["lottery"]
    assert exclusion["geographic quotas, then test"] < exclusion["community"]
    coverage = found[found["measure"] == "coverage"].set_index("method")["estimate"]
    np.testing.assert_allclose(coverage.drop(["list", "geographic quotas, then test"]), 0.25)
    first = found[found["method"] == "lottery"]
    assert (first["difference"] == 0).all()
    assert (first["difference_se"] == 0).all()
    row = found[(found["method"] == "proxy means") & (found["measure"] == "exclusion")].iloc[0]
    assert row["difference"] == pytest.approx(exclusion["proxy means"] - 0.75)
    assert 0 < row["difference_se"] <= row["se"] + first["se"].max()


def test_a_selection_with_unknowns_is_counted() -> None:
    data = population()
    score = data["test"].where(data.index > 9)
    selection = select(score, quota=0.3)
    found = evaluate(selection, data["poor"], weight=data["w"])
    assert found.attrs["notes"][0]["en"] == "households not decided on yet, counted as not selected: 10."
    poor = data["poor"].astype("boolean").where(data.index > 4)
    assert "left out: 5." in evaluate(data["test"] < 5, poor).attrs["notes"][0]["en"]
    nobody = evaluate(np.zeros(600, dtype=bool), data["poor"])
    assert nobody["estimate"].isna().tolist() == [False, False, True, True, True]
    assert "nobody is selected" in nobody.attrs["notes"][0]["en"]


def test_tenths_add_up() -> None:
    data = population()
    chances = at_quota(data["test"], 0.25, data["w"])
    found = by_decile(chances, data["income"], data=data, design=DESIGN)
    assert found["n"].sum() == 2 * len(data)
    received = found[found["measure"] == "share_of_benefits"]
    assert received["decile"].tolist() == list(range(1, 11))
    assert received["estimate"].sum() == pytest.approx(1)
    coverage = found[found["measure"] == "coverage"]["estimate"].to_numpy()
    assert coverage[0] > 0.7 > 0.1 > coverage[9]
    assert np.average(coverage) == pytest.approx(0.25, abs=0.01)
    fifths = by_decile(chances, data["income"], groups=5, data=data, design=DESIGN)
    assert fifths["decile"].max() == 5


def test_the_curve_encloses_the_area() -> None:
    data = population()
    data["test"] = data["test"].round(1)
    curve = roc(data["test"], data["poor"], weight=data["w"])
    assert [curve[name].iloc[-1] for name in ("true_positive", "false_positive")] == [1, 1]
    assert curve["coverage"].iloc[-1] == pytest.approx(1)
    across, up = np.append(0, curve["false_positive"]), np.append(0, curve["true_positive"])
    enclosed = ((up[1:] + up[:-1]) / 2 * np.diff(across)).sum()
    found = auc(data["test"], data["poor"], data=data, design=DESIGN)
    assert found["estimate"].iloc[0] == pytest.approx(enclosed, rel=1e-12)
    row = curve[curve["cutoff"] == 5.0].iloc[0]
    by_hand = values(evaluate(data["test"] <= 5.0, data["poor"], weight=data["w"]))
    assert (row["exclusion"], row["inclusion"]) == pytest.approx((by_hand["exclusion"], by_hand["inclusion"]))
    assert auc(-data["test"], data["poor"], weight=data["w"])["estimate"].iloc[0] == pytest.approx(1 - enclosed)


def test_a_census_has_no_error() -> None:
    data = population()
    found = evaluate(data["test"] < 5, data["poor"], design=Design(universe="census"))
    assert (found["se"] == 0).all()
    np.testing.assert_array_equal(found["low"], found["estimate"])


def test_what_cannot_be_measured_is_refused_by_name() -> None:
    data = population()
    chosen, poor = data["test"] < 5, data["poor"]
    for message, call in {
        "HY-J009.*nobody is poor": lambda: evaluate(chosen, np.zeros(600, dtype=bool)),
        "HY-J009.*nobody is other than poor": lambda: auc(data["test"], np.ones(600, dtype=bool)),
        "HY-J008.*600, 599": lambda: evaluate(chosen[:599], poor),
        "HY-J004.*600 households": lambda: evaluate(chosen, poor, weight=-np.ones(600)),
        "HY-J003": lambda: evaluate(chosen, poor, design=DESIGN),
        "HY-J007.*no column c": lambda: evaluate(chosen, poor, data=data.drop(columns="c"), design=DESIGN),
        "HY-J006": lambda: evaluate(data["test"], poor),
        "HY-J005.*2 households": lambda: auc(data["test"].where(data.index > 1), poor),
        "HY-J001.*1.5": lambda: at_quota(data["test"], 1.5),
        "HY-J002.*59 areas": lambda: geographic(data["c"], {0: 0.1}),
        "HY-J010": lambda: evaluate([True], [True]),
    }.items():
        with pytest.raises(HamyarError, match=message):
            call()


def test_a_household_of_weight_zero_counts_for_nobody() -> None:
    random = np.random.default_rng(4)
    poor, chosen, w = random.random(300) < 0.3, random.random(300) < 0.4, random.uniform(1, 3, 300)
    w[::10] = 0
    found, without = evaluate(chosen, poor, weight=w), evaluate(chosen[w > 0], poor[w > 0], weight=w[w > 0])
    pd.testing.assert_frame_equal(found[["estimate", "n"]], without[["estimate", "n"]], rtol=1e-12)
    np.testing.assert_allclose(found["se"], without["se"] * np.sqrt(300 / 299 * 269 / 270), rtol=1e-9)
