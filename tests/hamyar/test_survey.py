"""Survey estimates: what the frame holds, what is refused, and what is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

from hamyar.errors import HamyarError
from hamyar.indicators import Measure
from hamyar.poverty import alkire_foster
from hamyar.proxy_means import ProxyMeans
from hamyar.survey import (
    Bootstrap,
    Design,
    Jackknife,
    ReplicateWeights,
    calibrate,
    linearised,
    mean,
    post_stratify,
    proportion,
    quantile,
    rake,
    ratio,
    regression,
    total,
)

DESIGN = Design(weight="w", strata="h", psu="c")


def sample(seed: int = 3) -> pd.DataFrame:
    """Three strata of ten clusters of eight rows."""
    random = np.random.default_rng(seed)
    cluster = np.arange(240) % 30
    return pd.DataFrame(
        {
            "y": random.normal(50, 10, 240) + random.normal(0, 5, 30)[cluster],
            "x": random.uniform(1, 3, 240),
            "poor": random.random(240) < 0.3,
            "g": random.choice(["north", "south"], 240),
            "h": cluster // 10,
            "c": cluster,
            "w": random.uniform(10, 40, 240),
            "many": 200,
        }
    )


def refused(code: str, work: Callable[[], Any], *words: str) -> None:
    with pytest.raises(HamyarError) as caught:
        work()
    assert caught.value.faults[0].code == code
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_the_frame_is_tidy_and_says_what_it_is() -> None:
    frame = mean(sample(), ["y", "poor"], DESIGN, by="g")
    assert frame.columns.tolist() == (
        ["measure", "variable", "g", "estimate", "se", "low", "high", "n", "df", "deff", "universe", "provenance"]
    )
    assert frame["variable"].tolist() == ["y", "y", "poor", "poor"]
    assert frame["df"].tolist() == [27] * 4
    assert frame.loc[:1, "n"].sum() == 240
    assert frame.attrs["clusters"] == 30
    assert frame.attrs["strata"] == 3
    assert frame.attrs["notes"] == []
    assert (frame["low"] < frame["estimate"]).all()


@pytest.mark.parametrize(
    ("code", "changes", "words"),
    [
        ("HY-S010", {"w": 0.0}, ["all weights are zero", '"w"']),
        ("HY-S005", {"w": None}, ["240 rows", "unknown", '"w"']),
        ("HY-S005", {"w": -1.0}, ["below zero", '"w"']),
        ("HY-S005", {"w": np.inf}, ["infinite", '"w"']),
        ("HY-S005", {"c": None}, ["unknown", '"c"']),
        ("HY-S005", {"y": np.inf}, ["infinite", '"y"']),
        ("HY-S014", {"y": "much"}, ['"y"', "proportion"]),
        ("HY-S006", {"c": 1}, ["no stratum has two clusters"]),
    ],
)
def test_what_cannot_be_used_is_named(code: str, changes: dict[str, Any], words: list[str]) -> None:
    data = sample().assign(**changes)
    refused(code, lambda: mean(data, "y", DESIGN), *words)


def test_some_weights_unknown_or_negative_are_counted() -> None:
    for value, says in ((np.nan, "unknown"), (-2.0, "below zero")):
        data = sample()
        data.loc[[1, 5, 9], "w"] = value
        refused("HY-S005", lambda data=data: total(data, "y", DESIGN), "3 rows", says)


def test_missing_columns_and_no_rows() -> None:
    refused("HY-S003", lambda: mean(sample(), "income", DESIGN, by="county"), "county, income")
    refused("HY-S003", lambda: mean(sample(), "y", Design(weight="weight")), "weight")
    refused("HY-S004", lambda: mean(sample().head(0), "y", DESIGN))
    refused("HY-S017", lambda: quantile(sample(), "y", DESIGN, probabilities=1.5), "1.5")
    refused("HY-S017", lambda: quantile(sample(), "y", DESIGN, rule="hf5"), "hf5")
    refused("HY-S015", lambda: linearised(sample(), DESIGN, {"z": np.ones(3)}), "3 influence values for 240 rows")


def test_a_population_smaller_than_the_sample_and_one_that_varies() -> None:
    with_fpc = replace(DESIGN, fpc="many")
    refused("HY-S012", lambda: mean(sample().assign(many=9), "y", with_fpc), "9 < 10", '"many"')
    refused("HY-S011", lambda: mean(sample().assign(many=np.arange(240) + 100), "y", with_fpc), '"many"')
    refused("HY-S005", lambda: mean(sample().assign(many=np.nan), "y", with_fpc), "unknown")
    refused("HY-S007", lambda: Design(psu="c", fpc=["a", "b"]), "psu")
    whole = mean(sample().assign(many=10), "y", with_fpc)
    assert whole["se"][0] == 0
    share = mean(sample().assign(many=0.05), "y", with_fpc)["se"][0]
    assert share == pytest.approx(mean(sample(), "y", with_fpc)["se"][0], rel=1e-12)
    assert share == pytest.approx(mean(sample(), "y", DESIGN)["se"][0] * 0.95**0.5, rel=1e-12)


def test_a_lonely_cluster_is_reported_or_refused() -> None:
    data = sample()
    data.loc[data["c"] == 4, "h"] = 9
    notes = {
        rule: mean(data, "y", replace(DESIGN, lonely=rule)).attrs["notes"]
        for rule in ("adjust", "average", "certainty")
    }
    assert ["strata with one cluster: 1" in found[0]["en"] for found in notes.values()] == [True] * 3
    assert len({found[0]["fa"] for found in notes.values()}) == 3
    refused("HY-S013", lambda: mean(data, "y", replace(DESIGN, lonely="fail")), "1 strata")
    assert mean(sample(), "y", replace(DESIGN, lonely="fail"))["se"][0] > 0
    refused("HY-S001", lambda: Design(lonely="remove"), "remove")


def test_an_empty_domain_and_gaps_are_said() -> None:
    data = sample()
    data.loc[data["g"] == "south", "y"] = np.nan
    for estimator in (mean, total, quantile):
        frame = estimator(data, "y", DESIGN, by="g")
        assert any("no row to count in south" in note["en"] for note in frame.attrs["notes"])
        assert frame["n"].tolist()[1] == 0
    assert np.isnan(mean(data, "y", DESIGN, by="g")["estimate"][1])
    gaps = (data["g"] == "south").sum()
    assert f"{gaps} rows without a value" in mean(data, "y", DESIGN).attrs["notes"][0]["en"]


def test_one_cluster_in_a_domain_is_not_sure_of_itself() -> None:
    data = sample().assign(g=lambda frame: np.where(frame["c"] == 3, "alone", "rest"))
    frame = mean(data, "y", DESIGN, by="g")
    assert frame["se"][0] > 2 * frame["se"][1]
    assert "one cluster only" in frame.attrs["notes"][0]["en"]


def test_a_census_and_a_list() -> None:
    census = mean(sample(), "y", Design(universe="census"))
    assert (census["se"][0], census["low"][0]) == (0, census["estimate"][0])
    listed = total(sample(), "poor", Design(universe="list"), by="g")
    assert listed["estimate"].sum() == sample()["poor"].sum()
    assert listed[["se", "low", "high", "df"]].isna().all(axis=None)
    assert listed.attrs["label"]["en"] == "among those assessed"


def test_limits_of_shares_stay_between_0_and_1() -> None:
    data = sample().assign(always=True)
    frame = proportion(data, ["g", "always"], DESIGN)
    assert frame["category"].tolist() == ["north", "south", True]
    assert frame[["low", "high"]].stack().between(0, 1).all()
    assert frame.loc[:1, "estimate"].sum() == pytest.approx(1)
    assert 0 < frame["low"][2] < 1 == frame["high"][2]
    quartiles = quantile(data, "y", DESIGN, probabilities=[0.001, 0.5])
    assert np.isnan(quartiles["low"][0])
    assert "beyond the values" in quartiles.attrs["notes"][0]["en"]
    assert quartiles.loc[1, "low"] < quartiles.loc[1, "estimate"] < quartiles.loc[1, "high"]


def test_limits_of_a_quantile_are_a_jackknifes_of_its_share_and_its_error_is_woodruffs() -> None:
    random, sizes = np.random.default_rng(5), np.resize([6, 10, 25, 60], 12)
    c = np.repeat(np.arange(12), sizes)
    data = pd.DataFrame({"c": c, "y": random.normal(size=len(c)) + 0.5 * random.normal(size=12)[c]})
    found = quantile(data, "y", Design(psu="c")).iloc[0]
    below = (data["y"] <= found["estimate"]).to_numpy(float)
    share, se = mean(data.assign(below=below), "below", Design(psu="c")).loc[0, ["estimate", "se"]].astype(float)

    def back(half: float) -> Any:
        return np.quantile(data["y"], [share - half, share + half], method="inverted_cdf")

    apart = np.array([below[c != k].mean() for k in range(12)]) - share
    square = 11 / 12 * (apart - apart.mean()) ** 2
    freedom = 24 / (12 * (square**2).sum() / square.sum() ** 2 - 1 + 2 / 11)
    assert freedom < 11
    half = stdtrit(freedom, 0.975) * np.sqrt(11 / 12 * (apart**2).sum())
    np.testing.assert_allclose(found[["low", "high"]].astype(float), back(half))
    assert found["se"] == pytest.approx(np.ptp(back(stdtrit(11, 0.975) * se)) / (2 * stdtrit(11, 0.975)))


def test_weights_that_do_not_add_up_to_a_population_have_an_effect_against_sampling_with_replacement() -> None:
    data = sample()
    normal = data.assign(w=data["w"] / data["w"].mean())
    big = data.assign(w=data["w"] * 1e9)
    found = [mean(rows, "y", DESIGN)["deff"][0] for rows in (normal, big)]
    assert found[0] == pytest.approx(found[1], rel=1e-6)


def jackknife_weights(data: pd.DataFrame) -> tuple[pd.DataFrame, ReplicateWeights]:
    made = data.copy()
    for c in range(30):
        stratum = data["h"] == c // 10
        made[f"r{c}"] = np.where(data["c"] == c, 0, np.where(stratum, data["w"] * 10 / 9, data["w"]))
    return made, ReplicateWeights(tuple(f"r{c}" for c in range(30)), scale=9 / 10)


@pytest.mark.parametrize("by", [None, "g"])
def test_replicate_weights_that_came_with_the_data(by: str | None) -> None:
    """Jackknife weights written out row by row give the jackknife made from sums by cluster."""
    data, given = jackknife_weights(sample())
    two = Measure.of_columns({"a": ["poor"]}, cutoff=1)
    for estimator in (
        lambda design: mean(data, ["y", "poor"], design, by=by),
        lambda design: ratio(data, "y", "x", design, by=by),
        lambda design: total(data, "y", design, by=by),
        lambda design: quantile(data, "y", design, by=by),
        lambda design: alkire_foster(data.assign(poor=data["poor"] * 1), two, design, by=by),
    ):
        frames = [estimator(replace(DESIGN, replicates=made)) for made in (given, Jackknife())]
        np.testing.assert_allclose(frames[0]["se"], frames[1]["se"], rtol=1e-9)
    alone = mean(data, "y", Design(weight="w", replicates=given), by=by)
    np.testing.assert_allclose(alone["se"], mean(data, "y", replace(DESIGN, replicates=given), by=by)["se"], rtol=1e-9)
    assert alone["df"][0] == 29
    refused("HY-S018", lambda: Design(replicates=ReplicateWeights(("a", "b"), 1.0, (1.0,))), "1 rscales for 2")


def test_the_bootstrap_is_the_linearisation_within_its_own_noise() -> None:
    """2,000 replicates: a standard error has a relative standard error of about 1/√4000 = 1.6 %; three of them."""
    for design in (DESIGN, replace(DESIGN, fpc="many"), Design(weight="w")):
        taylor = total(sample(), ["y", "poor"], design)["se"]
        again = total(sample(), ["y", "poor"], replace(design, replicates=Bootstrap(2000, seed=7)))
        np.testing.assert_allclose(again["se"], taylor, rtol=0.048)
    seeds = [mean(sample(), "y", replace(DESIGN, replicates=Bootstrap(50, seed)))["se"][0] for seed in (1, 1, 2)]
    assert seeds[0] == seeds[1] != seeds[2]


SIZES = {"north": 3000.0, "south": 3000.0}


def test_totals_that_cannot_be_met_are_refused_by_name() -> None:
    data = sample()
    refused("HY-S020", lambda: calibrate(data, DESIGN, {"g": {"north": 3000}}), "category of g")
    refused("HY-S020", lambda: calibrate(data, DESIGN, {"g": {**SIZES, "east": 10}}), "g = east")
    refused(
        "HY-S020", lambda: rake(data, DESIGN, {"g": SIZES, "poor": {True: 1000, False: 4000}}), "different populations"
    )
    refused("HY-S020", lambda: calibrate(data, DESIGN, {"x": np.nan}), "no number")
    refused("HY-S021", lambda: calibrate(data, DESIGN, {"g": SIZES, "x": 60_000.0}, method="raking"), "no weights")
    near = data["w"].sum()
    refused(
        "HY-S021",
        lambda: calibrate(data, DESIGN, {"x": 2.2 * near}, population=near, bounds=(0.99, 1.01)),
        "in place of",
        "widen the bounds",
    )
    refused("HY-S022", lambda: calibrate(data, DESIGN, {"x": 1.2 * near}, population=near), "negative weight")
    for method, bounds in (("ipf", None), ("logit", None), ("raking", (0.5, 2)), ("linear", (1.2, 2))):
        refused("HY-S023", lambda m=method, b=bounds: calibrate(data, DESIGN, {"g": SIZES}, method=m, bounds=b))
    refused("HY-S003", lambda: calibrate(data, DESIGN, {"age": 3.0}), "age")
    refused("HY-S005", lambda: calibrate(data.assign(x=np.nan), DESIGN, {"x": 3.0}), '"x"')
    once = post_stratify(data, DESIGN, "g", SIZES)
    refused("HY-S009", lambda: calibrate(once.data, once.design, {"g": SIZES}, weight="again"), "already")
    refused("HY-S009", lambda: replace(once.design, replicates=Jackknife()))
    refused("HY-S024", lambda: rake(data, DESIGN, {"g": SIZES, "poor": {True: 1.0, False: 5999.0}}, stop_at=0.0))


def test_a_poststratified_share_knows_its_strata_for_sure() -> None:
    made = post_stratify(sample(), DESIGN, ("g", "poor"), {(g, p): 1500 for g in SIZES for p in (True, False)})
    shares = proportion(made.data, "g", made.design)
    assert shares["estimate"].tolist() == pytest.approx([0.5, 0.5], rel=1e-12)
    assert shares["se"].tolist() == pytest.approx([0, 0], abs=1e-9)
    before, after = mean(sample(), "y", DESIGN), mean(made.data, "y", made.design)
    assert 0.5 < after["se"][0] / before["se"][0] < 1.5
    assert made.lowest <= 1 <= made.highest or made.lowest > 0


def test_alkire_foster_counts_residuals_of_calibrated_weights() -> None:
    """H of a measure with one indicator is the mean of that indicator."""
    data = sample().assign(poor=lambda frame: frame["poor"] * 1)
    made = calibrate(data, DESIGN, {"g": SIZES, "x": 12_000.0})
    one = Measure.of_columns({"a": ["poor"]}, cutoff=1)
    for by in (None, "g"):
        af = alkire_foster(made.data, one, made.design, by=by)
        h = af[af["measure"] == "H"].reset_index(drop=True)
        wanted = mean(made.data, "poor", made.design, by=by)
        np.testing.assert_allclose(h[["estimate", "se"]], wanted[["estimate", "se"]], rtol=1e-9)


def test_an_estimator_that_cannot_use_the_whole_design_says_so() -> None:
    work = ProxyMeans(model="ols")
    refused("HY-S016", lambda: work.fit(sample(), y="y", X=["x"], design=replace(DESIGN, fpc="many")), "fpc")


def test_regression_leaves_out_gaps_and_refuses_what_it_cannot_tell_apart() -> None:
    data = sample()
    exact = regression(data.assign(z=3 + 2 * data["x"]), "z", ["x"], DESIGN)
    assert exact["estimate"].tolist() == pytest.approx([3, 2])
    assert exact["se"].tolist() == pytest.approx([0, 0], abs=1e-9)
    alone = regression(data, "y", [], DESIGN)
    wanted = mean(data, "y", DESIGN)
    assert alone.loc[0, ["estimate", "se"]].tolist() == pytest.approx(wanted.loc[0, ["estimate", "se"]].tolist())
    gaps = data.assign(y=data["y"].where(data["c"] > 2))
    assert regression(gaps, "y", ["x", "poor"], DESIGN)["n"].tolist() == [(data["c"] > 2).sum()] * 3
    refused("HY-S019", lambda: regression(data.assign(two=2 * data["x"]), "y", ["x", "two"], DESIGN), "x, two")
    refused("HY-S003", lambda: regression(data, "y", ["age"], DESIGN), "age")
