"""Inequality and income poverty: errors, relative lines, and what is refused or named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hamyar.errors import HamyarError
from hamyar.poverty import (
    RelativeLine,
    atkinson,
    entropy,
    fgt,
    functionals,
    gini,
    hoover,
    poverty_line,
    quantile_share_ratio,
    sen,
    sst,
    theil,
    watts,
)
from hamyar.survey import Bootstrap, Design, Jackknife, calibrate, linearised, mean
from hamyar.tables import as_table

DESIGN = Design(weight="w", strata="h", psu="c")
LINE = 60.0


def sample(households: int = 600, seed: int = 1) -> pd.DataFrame:
    """Three strata of twenty clusters; two groups that cut through the clusters."""
    random = np.random.default_rng(seed)
    cluster = np.arange(households) % 60
    income = np.exp(random.normal(4.5, 0.6, households) + random.normal(0, 0.3, 60)[cluster]).round(1)
    return pd.DataFrame({"y": income, "w": random.uniform(1, 5, households), "h": cluster // 20, "c": cluster}).assign(
        g=random.choice(["north", "south"], households), members=random.integers(1, 6, households)
    )


FUNCTIONS: dict[str, Callable[[functionals.Floats, functionals.Floats], functionals.Estimated]] = {
    "gini": functionals.gini,
    "hoover": functionals.hoover,
    "entropy0": lambda y, w: functionals.entropy(y, w, 0),
    "entropy1": lambda y, w: functionals.entropy(y, w, 1),
    "entropy2": lambda y, w: functionals.entropy(y, w, 2),
    "entropy-1": lambda y, w: functionals.entropy(y, w, -1),
    "atkinson.5": lambda y, w: functionals.atkinson(y, w, 0.5),
    "atkinson1": lambda y, w: functionals.atkinson(y, w, 1),
    "atkinson2": lambda y, w: functionals.atkinson(y, w, 2),
    "fgt0": lambda y, w: functionals.fgt(y, w, LINE, 0),
    "fgt1": lambda y, w: functionals.fgt(y, w, LINE, 1),
    "fgt2": lambda y, w: functionals.fgt(y, w, LINE, 2),
    "watts": lambda y, w: functionals.watts(y, w, LINE),
    "sen": lambda y, w: functionals.sen(y, w, LINE),
    "sst": lambda y, w: functionals.sst(y, w, LINE),
    "mean": functionals.mean_influence,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_influence_is_the_derivative_with_respect_to_the_weight(name: str) -> None:
    function, data = FUNCTIONS[name], sample(60).sort_values("y")
    y, w = data["y"].to_numpy().round(), data["w"].to_numpy()  # rounded: with ties
    influence, step = function(y, w).influence, 1e-4
    for i in range(len(y)):
        up, down = w.copy(), w.copy()
        up[i] += step
        down[i] -= step
        change = (function(y, up).value - function(y, down).value) / (2 * step)
        assert influence[i] == pytest.approx(change, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "near"), [("fgt1", 1e-6), ("fgt2", 1e-6), ("watts", 1e-6), ("sst", 1e-6), ("fgt0", 0.1), ("sen", 0.1)]
)
def test_the_slope_is_the_derivative_with_respect_to_the_line(name: str, near: float) -> None:
    """For the headcount and Sen the density enters, so that the derivative is that of a smoothed distribution."""
    data = sample(60_000 if near > 1e-3 else 600).sort_values("y")
    y, w = data["y"].to_numpy(), data["w"].to_numpy()
    of = {"fgt0": 0, "fgt1": 1, "fgt2": 2}
    by_name = {"watts": functionals.watts, "sen": functionals.sen, "sst": functionals.sst}

    def at(line: float) -> functionals.Estimated:
        return functionals.fgt(y, w, line, of[name]) if name in of else by_name[name](y, w, line)

    step, line = (3.0, LINE) if near > 1e-3 else (1e-5, 60.05)
    assert at(line).slope == pytest.approx((at(line + step).value - at(line - step).value) / (2 * step), rel=near)


def test_errors_equal_a_jackknife_over_clusters() -> None:
    """Deleting one cluster at a time, with its stratum's weights raised, agrees to the second order."""
    data = sample().sort_values("y", ignore_index=True)
    y, w, cluster, stratum = (data[name].to_numpy() for name in "ywch")
    line = RelativeLine(0.5, of="mean")

    def of_mean_line(y: functionals.Floats, w: functionals.Floats) -> functionals.Estimated:
        return functionals.fgt(y, w, line.function(y, w).value, 1)

    calls = [
        (functionals.gini, gini(data, "y", DESIGN)),
        (FUNCTIONS["sen"], sen(data, "y", DESIGN, line=LINE)),
        (FUNCTIONS["sst"], sst(data, "y", DESIGN, line=LINE)),
        (of_mean_line, fgt(data, "y", DESIGN, line=line, alpha=1)),
    ]
    for function, frame in calls:
        assert frame["estimate"].iloc[0] == pytest.approx(function(y, w).value, rel=1e-12)
        without = [np.where(stratum == c // 20, w * 20 / 19, w)[cluster != c] for c in range(60)]
        left_out = [function(y[cluster != c], without[c]).value for c in range(60)]
        by_stratum = np.array(left_out).reshape(3, 20)
        jackknife = np.sqrt(19 / 20 * ((by_stratum - by_stratum.mean(axis=1, keepdims=True)) ** 2).sum())
        assert frame["se"].iloc[0] == pytest.approx(jackknife, rel=0.03)


def test_a_relative_lines_error_holds_over_many_samples() -> None:
    """700 samples of 500: the mean linearised error is the spread of the estimates, and 95 % intervals cover."""
    random, line = np.random.default_rng(5), RelativeLine(0.6)
    truth = 0.19752  # Φ(log(.6)/.6)
    found = []
    for _ in range(700):
        y, w = np.sort(random.lognormal(0, 0.6, 500)), np.ones(500)
        of_line = line.function(y, w)
        one = functionals.fgt(y, w, of_line.value, 0)
        z = one.influence + one.slope * of_line.influence
        found.append((one.value, np.sqrt(500 / 499 * (z @ z - z.sum() ** 2 / 500))))
    estimates, errors = np.array(found).T
    assert errors.mean() == pytest.approx(estimates.std(), rel=0.08)
    covered = (np.abs(estimates - truth) <= 1.965 * errors).mean()
    assert 0.93 <= covered <= 0.97


MEASURES: dict[str, Callable[[Any, Design], pd.DataFrame]] = {
    "gini": lambda d, design: gini(d, "y", design),
    "share ratio": lambda d, design: quantile_share_ratio(d, "y", design),
    "theil": lambda d, design: theil(d, "y", design),
    "atkinson": lambda d, design: atkinson(d, "y", design, epsilon=1),
    "watts": lambda d, design: watts(d, "y", design, line=55.0),
    "fgt2": lambda d, design: fgt(d, "y", design, line=55.0, alpha=2),
    "sst": lambda d, design: sst(d, "y", design, line=55.0),
    "relative": lambda d, design: fgt(d, "y", design, line=RelativeLine(0.6)),
}


def coverage(clusters: int, between: float, samples: int) -> dict[str, float]:
    """How often 95 % limits hold the truth, in samples of villages of ten households, incomes of a village alike."""
    random = np.random.default_rng(3)
    everyone = np.exp(4.5 + random.normal(0, between, 3000)[:, None] + random.normal(0, 0.6, (3000, 25)))
    whole = pd.DataFrame({"y": everyone.ravel()})
    truth = {name: call(whole, Design(universe="census"))["estimate"][0] for name, call in MEASURES.items()}
    inside: dict[str, list[bool]] = {name: [] for name in MEASURES}
    for _ in range(samples):
        villages = random.choice(3000, clusters, replace=False)
        drawn = everyone[villages[:, None], random.integers(0, 25, (clusters, 10))]
        data = pd.DataFrame({"y": drawn.ravel(), "c": np.repeat(villages, 10)})
        for name, call in MEASURES.items():
            row = call(data, Design(psu="c")).iloc[0]
            inside[name].append(bool(row["low"] <= truth[name] <= row["high"]))
    return {name: float(np.mean(held)) for name, held in inside.items()}


def test_limits_hold_with_ten_clusters_and_few_are_noted() -> None:
    """200 samples: three binomial errors around .93 to .97 (before the jackknife the share ratio held .86, Theil .88)."""
    found = coverage(10, 0.3, 200)
    assert all(0.885 <= held <= 0.995 for held in found.values()), found
    assert np.mean(list(found.values())) >= 0.93, found
    notes = [
        note["en"] for note in gini(sample(100).assign(c=lambda d: d["c"] % 10), "y", Design(psu="c")).attrs["notes"]
    ]
    assert any("few clusters (10)" in note for note in notes)


@pytest.mark.prove
@pytest.mark.parametrize(
    ("clusters", "between", "least"), [(5, 0.3, 0.93), (10, 0.3, 0.93), (40, 0.3, 0.93), (10, 0.6, 0.91)]
)
def test_limits_hold_93_to_97_of_100(clusters: int, between: float, least: float) -> None:
    """800 samples; the bounds leave two binomial errors of .77 in a hundred."""
    found = coverage(clusters, between, 800)
    assert all(least - 0.015 <= held <= 0.985 for held in found.values()), found


def test_a_jackknife_of_the_share_ratio_has_no_jumps() -> None:
    data = sample(200).sort_values("y")
    y, w = data["y"].to_numpy(), data["w"].to_numpy()
    assert functionals.split_share_ratio(y, w, 0.2, 0.2) == pytest.approx(
        functionals.quantile_share_ratio(y, w, 0.2, 0.2).value, rel=0.06
    )
    five = np.arange(1.0, 6)
    assert functionals.split_share_ratio(five, np.ones(5), 0.2, 0.2) == pytest.approx(5)
    assert functionals.split_share_ratio(five, np.ones(5), 0.3, 0.3) == pytest.approx((5 + 0.5 * 4) / (1 + 0.5 * 2))


def test_limits_hold_their_estimate_and_leave_its_error_alone() -> None:
    for name, call in MEASURES.items():
        few = call(sample(100).assign(c=lambda d: d["c"] % 5), Design(psu="c")).iloc[0]
        assert few["low"] < few["estimate"] < few["high"] < np.inf, name


def test_groups_are_domains_of_the_whole_design() -> None:
    data = sample()
    whole = fgt(data, "y", DESIGN, by="g", line=RelativeLine(0.6))
    assert list(whole.columns) == [
        *("measure", "parameter", "line", "line_se", "g", "estimate", "se", "low", "high", "n", "people"),
        *("universe", "provenance"),
    ]
    assert whole["line"].nunique() == 1, "one line for all, estimated before the groups"
    assert whole["line"].iloc[0] == poverty_line(data, "y", RelativeLine(0.6), DESIGN).value
    assert whole["line_se"].iloc[0] == pytest.approx(poverty_line(data, "y", RelativeLine(0.6), DESIGN).se, rel=1e-12)
    assert whole["line_se"].iloc[0] > 0
    poor = data["y"] < whole["line"].iloc[0]
    np.testing.assert_allclose(whole["people"], data["w"].where(poor, 0).groupby(data["g"]).sum())
    north = data["g"] == "north"
    zeroed = data.assign(w=data["w"].where(north, 1e-9))
    of_gini = gini(data, "y", DESIGN, by="g")
    assert of_gini["se"].iloc[0] == pytest.approx(gini(zeroed, "y", DESIGN)["se"].iloc[0], rel=1e-6)
    assert whole.attrs["degrees_of_freedom"] == 57


def test_a_line_of_another_set_of_rows_is_refused_with_the_reason() -> None:
    data = sample()
    line = poverty_line(data, "y", RelativeLine(0.6), DESIGN)
    pd.testing.assert_frame_equal(
        fgt(data, "y", DESIGN, by="g", line=line), fgt(data, "y", DESIGN, by="g", line=RelativeLine(0.6))
    )
    with pytest.raises(HamyarError, match="HY-Y005.*estimated on 600 rows, the data have 312.*whole sample.*`by`"):
        fgt(data[data["g"] == "north"], "y", DESIGN, line=line)


def test_a_column_of_lines_is_each_rows_own() -> None:
    data = sample().assign(line=lambda d: np.where(d["g"] == "north", 50.0, 80.0))
    found = fgt(data, "y", DESIGN, line="line", alpha=1)["estimate"].iloc[0]
    gap = np.maximum(1 - data["y"] / data["line"], 0)
    assert found == pytest.approx(np.average(gap, weights=data["w"]), rel=1e-12)


def test_a_line_for_each_row_needs_no_column() -> None:
    data = sample()
    lines = pd.Series(np.where(data["g"] == "north", 50.0, 80.0), index=data.index)
    expected = fgt(data.assign(line=lines), "y", DESIGN, by="g", line="line", alpha=1)
    for given in (
        lines,
        lines.sample(frac=1, random_state=0),
        lines.to_numpy(),
        list(lines),
        lines.to_numpy()[:, None],
    ):
        pd.testing.assert_frame_equal(fgt(data, "y", DESIGN, by="g", line=given, alpha=1), expected)
    same = fgt(data, "y", DESIGN, line=np.full(len(data), LINE))
    assert same["estimate"].iloc[0] == fgt(data, "y", DESIGN, line=np.float64(LINE))["estimate"].iloc[0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (lambda d: np.full(len(d) - 1, LINE), "HY-Y019.*each of the 600 rows.*599 were given"),
        (lambda d: np.full((len(d), 2), LINE), "HY-Y019"),
        (lambda d: np.array([LINE]), "HY-Y019"),
        (lambda d: d["g"], 'HY-Y001.*column "line"'),
        (lambda d: np.where(d.index == 4, np.nan, LINE), "unknown"),
        (lambda d: np.where(d.index == 4, 0.0, LINE), "zero or less"),
    ],
)
def test_lines_by_row_that_cannot_be(given: Any, expected: str) -> None:
    data = sample()
    with pytest.raises(HamyarError, match=expected) as caught:
        fgt(data, "y", DESIGN, line=given(data))
    assert all(fault.fa and fault.en for fault in caught.value.faults)


def test_lines_by_row_go_with_rows_in_memory() -> None:
    data = sample()
    with pytest.raises(HamyarError, match="HY-Y019"):
        fgt(as_table(data, universe="probability_sample"), "y", DESIGN, line=np.full(len(data), LINE))


def test_size_counts_people() -> None:
    data = sample()
    counted = gini(data, "y", DESIGN, size="members")
    by_hand = gini(data.assign(w=data["w"] * data["members"]), "y", DESIGN)
    assert counted["estimate"].iloc[0] == by_hand["estimate"].iloc[0]
    poor = fgt(data, "y", DESIGN, line=LINE, size="members")
    assert poor["people"].iloc[0] == pytest.approx((data["w"] * data["members"] * (data["y"] < LINE)).sum())


def test_a_census_has_no_error_and_a_list_no_limits() -> None:
    census = gini(sample(), "y", Design(universe="census"))
    assert census["se"].iloc[0] == 0
    assert census["low"].iloc[0] == census["estimate"].iloc[0]
    of_list = fgt(sample(), "y", Design(universe="list"), line=LINE)
    assert of_list[["se", "low", "high", "line_se"]].isna().all(axis=None)
    assert of_list.attrs["label"]["en"] == "among those assessed"


EVERY: dict[str, Callable[[Any, Design], pd.DataFrame]] = {
    "gini": lambda d, design: gini(d, "y", design),
    "hoover": lambda d, design: hoover(d, "y", design),
    "share ratio": lambda d, design: quantile_share_ratio(d, "y", design),
    "theil": lambda d, design: theil(d, "y", design),
    "log deviation": lambda d, design: entropy(d, "y", design, alpha=0),
    "atkinson": lambda d, design: atkinson(d, "y", design, epsilon=1),
    "headcount": lambda d, design: fgt(d, "y", design, line=LINE),
    "watts": lambda d, design: watts(d, "y", design, line=LINE),
    "sen": lambda d, design: sen(d, "y", design, line=LINE),
    "sst": lambda d, design: sst(d, "y", design, line=LINE),
}


@pytest.mark.parametrize("name", EVERY)
def test_bad_rows_are_counted_by_name(name: str) -> None:
    call, data = EVERY[name], sample()
    weights = data["w"].to_numpy()
    for column, values, message in [
        ("w", np.where(data.index < 6, -1.0, weights), 'HY-Y013.*"w": 6 rows.*below zero'),
        ("w", np.where(data.index < 3, np.nan, weights), 'HY-Y013.*"w": 3 rows.*unknown'),
        ("w", np.where(data.index < 2, np.inf, weights), 'HY-Y013.*"w": 2 rows.*infinite'),
        ("c", np.where(data.index < 4, np.nan, data["c"]), 'HY-Y013.*"c": 4 rows.*unknown'),
        ("y", np.where(data.index < 5, np.inf, data["y"]), 'HY-Y013.*"y": 5 rows.*infinite'),
        ("y", data["y"].astype(str), "HY-Y001.*string"),
    ]:
        with pytest.raises(HamyarError, match=message):
            call(data.assign(**{column: values}), DESIGN)
    with pytest.raises(HamyarError, match="HY-S003.*no column y"):
        call(data.drop(columns="y"), DESIGN)
    with pytest.raises(HamyarError, match="HY-Y012"):
        call(data.iloc[:0], DESIGN)
    with pytest.raises(HamyarError, match="HY-Y012"):
        call(data.assign(y=np.nan), DESIGN)
    with pytest.raises(HamyarError, match="HY-Y012"):
        call(data.assign(w=0.0), DESIGN)
    with pytest.raises(HamyarError, match="HY-Y014"):
        call(data.iloc[:1], DESIGN)


@pytest.mark.parametrize("name", EVERY)
def test_a_row_of_weight_zero_counts_in_the_design_alone(name: str) -> None:
    """As R's survey has it: the row's cluster stays, so whole clusters without a weight count as clusters too."""
    call, data = EVERY[name], sample()
    weighed = data.assign(w=data["w"].where((data.index % 7 > 0) & (data["c"] != 3), 0.0))
    found, wanted = call(weighed, DESIGN), call(weighed.assign(y=weighed["y"].where(weighed["w"] > 0)), DESIGN)
    columns = ["estimate", "se", "low", "high", "n"]
    pd.testing.assert_frame_equal(found[columns], wanted[columns], rtol=1e-12)
    assert found["n"].sum() == (weighed["w"] > 0).sum()
    assert found.attrs["clusters"] == 60


@pytest.mark.parametrize(
    ("call", "negative", "zero"),
    [
        (lambda d: watts(d, "y", DESIGN, line=LINE), True, True),
        (lambda d: atkinson(d, "y", DESIGN, epsilon=1), True, True),
        (lambda d: atkinson(d, "y", DESIGN, epsilon=2), True, True),
        (lambda d: atkinson(d, "y", DESIGN, epsilon=0.5), True, False),
        (lambda d: entropy(d, "y", DESIGN, alpha=0), True, True),
        (lambda d: entropy(d, "y", DESIGN, alpha=-1), True, True),
        (lambda d: theil(d, "y", DESIGN), True, False),
        (lambda d: entropy(d, "y", DESIGN, alpha=2), False, False),
        (lambda d: sen(d, "y", DESIGN, line=LINE), True, False),
        (lambda d: sst(d, "y", DESIGN, line=LINE), True, False),
        (lambda d: gini(d, "y", DESIGN), False, False),
        (lambda d: fgt(d, "y", DESIGN, line=LINE, alpha=2), False, False),
    ],
)
def test_incomes_for_which_a_measure_is_not_defined_are_refused(
    call: Callable[[Any], pd.DataFrame], negative: bool, zero: bool
) -> None:
    data = sample()
    for value, refused in ((-5.0, negative), (0.0, zero)):
        some = data.assign(y=np.where(data.index < 7, value, data["y"]))
        if refused:
            with pytest.raises(HamyarError, match="HY-Y002.*; 7 rows have another"):
                call(some)
        else:
            found = call(some)
            assert found[["estimate", "se", "low", "high"]].notna().all(axis=None)
            assert (value < 0) == any("incomes below zero: 7" in note["en"] for note in found.attrs["notes"])


def test_unknown_incomes_are_left_out_counted_and_kept_in_the_design() -> None:
    data = sample()
    gaps = data.assign(y=data["y"].where(data["c"] != 0))
    found = gini(gaps, "y", DESIGN)
    assert found["n"].iloc[0] == 590
    assert found.attrs["clusters"] == 60
    assert "rows without y, left out of the estimates and kept in the design: 10." in [
        note["en"] for note in found.attrs["notes"]
    ]


def test_what_has_no_spread_or_no_size_is_named() -> None:
    data = sample()
    equal = gini(data.assign(y=7.0), "y", DESIGN)
    assert equal[["estimate", "se", "low", "high"]].iloc[0].tolist() == [0, 0, 0, 0]
    assert any("all incomes are equal" in note["en"] for note in equal.attrs["notes"])
    assert quantile_share_ratio(data.assign(y=7.0), "y", DESIGN)["estimate"].iloc[0] == 1
    one = data.assign(g=np.where(data.index == 0, "alone", "rest"))
    notes = [note["en"] for note in gini(one, "y", DESIGN, by="g").attrs["notes"]]
    assert "one household only: alone." in notes
    assert fgt(one, "y", DESIGN, by="g", line=LINE)["se"].gt(0).all()
    inside = data.assign(g=np.where(data["c"] == 3, "inside", "rest"))
    of_inside = gini(inside, "y", DESIGN, by="g")
    whole = gini(data, "y", DESIGN)["se"].iloc[0]
    assert of_inside["se"].iloc[0] == pytest.approx(whole * 60**0.5)
    assert any("one cluster only" in note["en"] and "inside" in note["en"] for note in of_inside.attrs["notes"])
    lost = data.assign(y=np.where(data["g"] == "north", -1.0, data["y"]))
    undefined = gini(lost, "y", DESIGN, by="g")
    assert undefined["estimate"].isna().tolist() == [True, False]
    assert any("not defined" in note["en"] and "north" in note["en"] for note in undefined.attrs["notes"])
    with pytest.raises(HamyarError, match="HY-Y003"):
        gini(data.assign(y=-1.0), "y", DESIGN)


def test_lines_and_parameters_that_cannot_be_are_refused() -> None:
    data = sample()
    for line in (0, -3, np.nan, np.inf):
        with pytest.raises(HamyarError, match="HY-Y008"):
            fgt(data, "y", DESIGN, line=line)
    with pytest.raises(HamyarError, match="HY-Y004"):
        RelativeLine(-0.6)
    with pytest.raises(HamyarError, match="HY-Y004"):
        RelativeLine(0.6, of="mode")  # type: ignore[arg-type]
    with pytest.raises(HamyarError, match="HY-Y009.*median income is not above zero"):
        fgt(data.assign(y=-1.0), "y", DESIGN, line=RelativeLine(0.6))
    with pytest.raises(HamyarError, match="HY-Y007"):
        fgt(data, "y", DESIGN, line=LINE, alpha=-1)
    for epsilon in (0, -1):
        with pytest.raises(HamyarError, match="HY-Y006"):
            atkinson(data, "y", DESIGN, epsilon=epsilon)
    with pytest.raises(HamyarError, match="HY-Y006"):
        quantile_share_ratio(data, "y", DESIGN, top=1.2)


def with_frames(seed: int = 1) -> tuple[pd.DataFrame, dict[str, Design]]:
    """The sample with all that a design may say beyond strata and clusters."""
    data = sample(seed=seed).assign(drawn=0.4, row=range(600), share=0.1)
    data["base"] = data["w"]
    made = calibrate(data, DESIGN, {"g": {"north": 900.0, "south": 1000.0}})
    data = made.data.expr.to_pandas()
    return data, {
        "fpc": replace(DESIGN, fpc="drawn"),
        "stages": Design(weight="w", strata="h", psu=["c", "row"], fpc=["drawn", "share"]),
        "rows": Design(weight="w", strata="h", fpc="share"),
        "certainty": replace(DESIGN, lonely="certainty"),
        "calibration": made.design,
    }


@pytest.mark.parametrize("by", [None, "g"])
@pytest.mark.parametrize("said", ["fpc", "stages", "rows", "certainty", "calibration"])
def test_the_whole_design_counts(said: str, by: str | None) -> None:
    """A headcount is the mean of being poor, which takes every design."""
    data, designs = with_frames()
    data = data.assign(poor=data["y"] < LINE).sample(frac=1, random_state=5)
    wanted = mean(data, "poor", designs[said], by=by)
    found = fgt(data, "y", designs[said], by, line=LINE)
    np.testing.assert_allclose(found[["estimate", "se"]], wanted[["estimate", "se"]], rtol=1e-10)
    assert found.attrs["degrees_of_freedom"] == wanted["df"][0]


@pytest.mark.parametrize("said", ["fpc", "stages", "calibration"])
def test_the_error_of_a_gini_is_that_of_its_influence(said: str) -> None:
    data, designs = with_frames()
    order = np.argsort(data["y"].to_numpy(), kind="stable")
    weight = data[designs[said].weight].to_numpy()
    influence = np.empty(len(data))
    influence[order] = functionals.gini(data["y"].to_numpy()[order], weight[order]).influence
    wanted = linearised(data, designs[said], {"z": influence})
    assert gini(data, "y", designs[said])["se"][0] == pytest.approx(wanted["se"][0], rel=1e-10)


def test_finite_populations_have_smaller_errors_and_their_limits_are_narrower() -> None:
    data, designs = with_frames()
    drawn = gini(data, "y", DESIGN)
    all_but = gini(data, "y", designs["fpc"])
    assert all_but["se"][0] / drawn["se"][0] == pytest.approx(0.6**0.5, rel=1e-9)
    assert (all_but["high"] - all_but["low"])[0] < 0.85 * (drawn["high"] - drawn["low"])[0]


@pytest.mark.parametrize("replicates", [Jackknife(), Bootstrap(500, seed=1)])
def test_replicates_agree_with_linearisation(replicates: Any) -> None:
    for work in (gini, theil):
        taylor, repeated = work(sample(), "y", DESIGN), work(sample(), "y", replace(DESIGN, replicates=replicates))
        assert repeated["se"][0] == pytest.approx(taylor["se"][0], rel=0.1)
        assert repeated["estimate"][0] == taylor["estimate"][0]


def test_the_density_is_that_of_the_incomes() -> None:
    """Against the log-normal density, low and high, and under other units of income and weight."""
    y, w = np.sort(np.random.default_rng(3).lognormal(4, 0.7, 20_000)), np.ones(20_000)
    for at in (20.0, 54.6, 150.0):
        true = np.exp(-(((np.log(at) - 4) / 0.7) ** 2) / 2) / (at * 0.7 * np.sqrt(2 * np.pi))
        found = functionals.density(y, w, at)
        assert found == pytest.approx(true, rel=0.05)
        assert functionals.density(10 * y, 7 * w, 10 * at) == pytest.approx(found / 10, rel=1e-9)
    with_debts = np.concatenate([-y[:5000], np.zeros(5000), y])
    with_debts.sort()
    assert functionals.density(with_debts, np.ones(30_000), 54.6) == pytest.approx(
        functionals.density(y, w, 54.6) / 1.5
    )


def test_one_poor_household_or_none_leaves_room_for_more() -> None:
    """The upper limit is no lower than where as many are poor as the headcount's allows."""
    data = sample(200).assign(c=lambda d: d["c"] % 10)
    low = data["y"].nsmallest(2).to_numpy()
    for line in (low.min() * 0.999, low.mean()):
        headcount = fgt(data, "y", Design(psu="c"), line=line)["high"].iloc[0]
        then = float(data["y"].quantile(headcount))
        for call in (watts, sen, sst):
            seen = call(data, "y", Design(psu="c"), line=line)["high"].iloc[0]
            assert seen >= 0.9 * call(data, "y", Design(psu="c"), line=then)["estimate"].iloc[0], (call, line)


def test_rows_left_out_are_clusters_where_rows_are() -> None:
    """A sample of rows in strata, some without an income or a weight: as if each row were named as its own cluster."""
    data = sample(90).assign(row=range(90))
    data.loc[::9, "y"] = np.nan
    data.loc[4::10, "w"] = 0
    columns = ["estimate", "se", "low", "high", "n"]
    for call in (
        lambda design: gini(data, "y", design, "g"),
        lambda design: fgt(data, "y", design, line=LINE, alpha=1),
    ):
        found = call(Design(weight="w", strata="h"))[columns]
        pd.testing.assert_frame_equal(found, call(Design(weight="w", strata="h", psu="row"))[columns], rtol=1e-10)


@pytest.mark.parametrize("more", [{"lonely": "average"}, {"fpc": "many"}])
def test_rows_left_out_under_a_design_that_says_more(more: dict[str, Any]) -> None:
    """Against the mean of the gaps, which the estimators of `hamyar.survey` make another way."""
    data = sample().assign(many=40)
    data.loc[::9, "y"] = np.nan
    data.loc[4::10, "w"] = 0
    gaps = data.assign(gap=np.maximum(1 - data["y"] / LINE, 0).where(data["y"].notna()))
    design = replace(DESIGN, **more)
    found, wanted = fgt(data, "y", design, "g", line=LINE, alpha=1), mean(gaps, "gap", design, "g")
    pd.testing.assert_frame_equal(found[["estimate", "se", "n"]], wanted[["estimate", "se", "n"]], rtol=1e-10)


def test_lonely_strata_of_a_domain_get_the_mean_of_its_own() -> None:
    """As R's survey has it, and `mean` (test_r_cases.py); the north has no lonely stratum."""
    data = sample()
    data = data.assign(h=data["h"].where(data["c"] != 59, 9), part=np.where(data["h"] == 0, "north", "south"))
    gaps, design = data.assign(gap=np.maximum(1 - data["y"] / LINE, 0)), replace(DESIGN, lonely="average")
    found, wanted = fgt(data, "y", design, "part", line=LINE, alpha=1), mean(gaps, "gap", design, "part")
    np.testing.assert_allclose(found["se"], wanted["se"], rtol=1e-10)
