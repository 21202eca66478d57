"""Alkire-Foster: what the frame holds, how errors are made, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from hamyar.errors import HamyarError
from hamyar.indicators import Measure
from hamyar.poverty import alkire_foster, household_scores
from hamyar.survey import Design
from hamyar.tables import as_table

TWO = Measure.of_columns({"a": ["x", "y"], "b": ["z"]}, cutoff="1/2")
DESIGN = Design(weight="w", strata="h", psu="c")


def sample(households: int = 600, seed: int = 1) -> pd.DataFrame:
    """Three strata of ten clusters; two groups that cut through the clusters."""
    random = np.random.default_rng(seed)
    cluster = np.arange(households) % 30
    lean = random.normal(0, 0.2, 30)[cluster]
    answers = {name: (random.random(households) < 0.4 + lean).astype(float) for name in "xyz"}
    return pd.DataFrame({**answers, "h": cluster // 10, "c": cluster, "w": random.uniform(1, 5, households)}).assign(
        g=random.choice(["north", "south"], households)
    )


def score(data: pd.DataFrame) -> pd.Series:
    return data["x"] / 4 + data["y"] / 4 + data["z"] / 2


def taylor(data: pd.DataFrame, numerator: pd.Series, denominator: pd.Series) -> tuple[float, float]:
    """Ratio and standard error, written out row by row."""
    total = (data["w"] * denominator).sum()
    ratio = (data["w"] * numerator).sum() / total
    influence = data["w"] * (numerator - ratio * denominator) / total
    variance = 0.0
    for _, stratum in influence.groupby(data["h"]):
        clusters = stratum.groupby(data.loc[stratum.index, "c"]).sum()
        m = len(clusters)
        variance += m / (m - 1) * ((clusters - clusters.mean()) ** 2).sum() if m > 1 else clusters.iloc[0] ** 2
    return ratio, variance**0.5


def row(frame: pd.DataFrame, measure: str, indicator: str | None = None, **groups: object) -> pd.Series:
    chosen = frame["measure"] == measure
    if indicator is not None:
        chosen &= frame["indicator"] == indicator
    for column, value in groups.items():
        chosen &= frame[column] == value
    assert chosen.sum() == 1
    return frame[chosen].iloc[0]


def test_the_frame_has_the_columns_and_order_that_are_promised() -> None:
    frame = alkire_foster(sample(), TWO, DESIGN, by=["g"], cutoffs=["1/2", "1/4"])
    assert list(frame.columns) == [
        *("measure", "indicator", "cutoff", "g", "estimate", "se", "low", "high", "n", "people"),
        *("universe", "provenance"),
    ]
    assert list(frame["measure"].unique()) == [
        *("M0", "H", "A", "uncensored_headcount", "censored_headcount"),
        *("absolute_contribution", "percentage_contribution"),
    ]
    assert len(frame) == 2 * (2 * 3 + 3 + 2 * 3 * 3)
    assert list(frame["cutoff"].head(4)) == ["1/4", "1/4", "1/2", "1/2"]
    assert list(frame["g"].head(2)) == ["north", "south"]
    assert frame.loc[frame["measure"] == "uncensored_headcount", "cutoff"].isna().all()
    assert frame.loc[~frame["measure"].isin(["H", "uncensored_headcount", "censored_headcount"]), "people"].isna().all()
    assert set(frame["universe"]) == {"probability_sample"}


@pytest.mark.parametrize("with_psu", [True, False])
@pytest.mark.parametrize("group", [None, "north"])
def test_errors_equal_a_row_by_row_linearisation(with_psu: bool, group: str | None) -> None:
    data = sample()
    if not with_psu:
        data["c"] = np.arange(len(data))
    design = DESIGN if with_psu else Design(weight="w", strata="h")
    frame = alkire_foster(data, TWO, design, by="g" if group else None)
    inside = (data["g"] == group).astype(float) if group else pd.Series(1.0, data.index)
    poor, s = (score(data) >= 0.5) * inside, score(data)
    expected = {
        ("H", None): (poor, inside),
        ("M0", None): (poor * s, inside),
        ("A", None): (poor * s, poor),
        ("uncensored_headcount", "y"): (data["y"] * inside, inside),
        ("censored_headcount", "y"): (data["y"] * poor, inside),
        ("absolute_contribution", "y"): (data["y"] * poor / 4, inside),
        ("percentage_contribution", "y"): (data["y"] * poor / 4, poor * s),
    }
    df = data.groupby("h")["c"].nunique().sum() - 3
    for (measure, indicator), pair in expected.items():
        found = row(frame, measure, indicator, **({"g": group} if group else {}))
        ratio, error = taylor(data, *pair)
        assert found["estimate"] == pytest.approx(ratio, rel=1e-12)
        assert found["se"] == pytest.approx(error, rel=1e-9), measure
        half = stats.t.ppf(0.975, df) * error / (ratio * (1 - ratio))
        logit = np.log(ratio / (1 - ratio))
        assert found["low"] == pytest.approx(1 / (1 + np.exp(-(logit - half))), rel=1e-9)
        assert found["high"] == pytest.approx(1 / (1 + np.exp(-(logit + half))), rel=1e-9)
    assert row(frame, "H", **({"g": group} if group else {}))["people"] == pytest.approx((data["w"] * poor).sum())
    assert frame.attrs["degrees_of_freedom"] == df


def test_a_group_is_zeroed_not_dropped() -> None:
    """A group inside one stratum still stands against all clusters of the design."""
    data = sample()
    whole = alkire_foster(data, TWO, DESIGN, by="g")
    alone = alkire_foster(data[data["g"] == "north"], TWO, DESIGN)
    assert row(whole, "H", g="north")["estimate"] == pytest.approx(row(alone, "H")["estimate"])
    assert whole.attrs["degrees_of_freedom"] == 27
    few = data[(data["g"] == "north") & (data["c"] % 10 < 5)].index
    data["part"] = np.where(data.index.isin(few), "part", "rest")
    found = row(alkire_foster(data, TWO, DESIGN, by="part"), "H", part="part")
    inside = (data["part"] == "part").astype(float)
    assert found["se"] == pytest.approx(taylor(data, (score(data) >= 0.5) * inside, inside)[1], rel=1e-9)


def test_a_score_of_exactly_the_cutoff_is_poor() -> None:
    columns = [f"d{j}" for j in range(9)]
    measure = Measure.of_columns({"a": columns}, cutoff="1/3")
    data = pd.DataFrame([[1] * 3 + [0] * 6, [1] * 2 + [0] * 7], columns=columns)
    frame = alkire_foster(data, measure, Design(universe="census"))
    assert row(frame, "H")["estimate"] == 0.5
    assert row(frame, "M0")["estimate"] == pytest.approx(1 / 6, abs=1e-15)


@pytest.mark.parametrize(
    ("missing", "headcount", "m0", "n"),
    [("drop", 1 / 2, 1 / 2, 2), ("not_deprived", 1 / 3, 1 / 3, 3), ("reweight", 2 / 3, 2 / 3, 3)],
)
def test_a_gap_is_dropped_not_deprived_or_reweighted(missing: str, headcount: float, m0: float, n: int) -> None:
    """Third row: x unknown, y deprived, z not; known weights 1/4 + 1/2, score 1/3 of them."""
    data = pd.DataFrame({"x": [1, 0, None], "y": [1, 0, 1], "z": [1, 0, 0]}, dtype="float64")
    measure = Measure.of_columns({"a": ["x", "y"], "b": ["z"]}, cutoff="1/3", missing=missing)  # type: ignore[arg-type]
    frame = alkire_foster(data, measure, Design(universe="census"))
    assert row(frame, "H")["estimate"] == pytest.approx(headcount)
    assert row(frame, "H")["n"] == n
    expected = (1 + 1 / 3) / 3 if missing == "reweight" else m0
    assert row(frame, "M0")["estimate"] == pytest.approx(expected)
    shares = frame.loc[frame["measure"] == "absolute_contribution", "estimate"].sum()
    assert shares == pytest.approx(expected)
    assert frame.loc[frame["measure"] == "percentage_contribution", "estimate"].sum() == pytest.approx(1)


def test_reweighting_leaves_out_a_household_of_which_nothing_is_known() -> None:
    data = pd.DataFrame({"x": [1, None], "y": [1, None], "z": [0, None]}, dtype="float64")
    measure = Measure.of_columns({"a": ["x", "y"], "b": ["z"]}, cutoff="1/2", missing="reweight")
    frame = alkire_foster(data, measure, Design(universe="census"))
    assert row(frame, "H")["estimate"] == 1
    assert row(frame, "H")["n"] == 1
    assert row(frame, "uncensored_headcount", "z")["estimate"] == 0


@pytest.mark.parametrize("psu", ["c", None])
def test_reweighted_errors_equal_a_row_by_row_linearisation(psu: str | None) -> None:
    data = sample()
    data.loc[data.index[::7], "x"] = np.nan
    data.loc[data.index[::11], "z"] = np.nan
    if psu is None:
        data["c"] = np.arange(len(data))
    measure = Measure.of_columns({"a": ["x", "y"], "b": ["z"]}, cutoff="1/2", missing="reweight")
    frame = alkire_foster(data, measure, Design("w", "h", psu))
    weights = pd.Series({"x": 0.25, "y": 0.25, "z": 0.5})
    of = data[["x", "y", "z"]].notna() @ weights
    s = data[["x", "y", "z"]].fillna(0) @ weights / of
    poor, one, seen = (s >= 0.5).astype(float), pd.Series(1.0, data.index), data["x"].notna().astype(float)
    part = poor * data["x"].fillna(0) * 0.25 / of
    for measure_name, indicator, pair in [
        ("M0", None, (poor * s, one)),
        ("uncensored_headcount", "x", (data["x"].fillna(0), seen)),
        ("absolute_contribution", "x", (part, one)),
        ("percentage_contribution", "x", (part, poor * s)),
    ]:
        ratio, error = taylor(data, *pair)
        found = row(frame, measure_name, indicator)
        assert found["estimate"] == pytest.approx(ratio, rel=1e-12)
        assert found["se"] == pytest.approx(error, rel=1e-9), measure_name


def test_a_list_has_no_error_and_says_so() -> None:
    data = as_table(sample(), universe="list", provenance="assessed")
    frame = alkire_foster(data, TWO, Design())
    assert frame[["se", "low", "high"]].isna().all(axis=None)
    assert frame.attrs["label"] == {"fa": "در میان ارزیابی‌شدگان", "en": "among those assessed"}
    assert set(frame["universe"]) == {"list"}
    assert set(frame["provenance"]) == {"assessed"}
    assert row(frame, "H")["people"] == (score(sample()) >= 0.5).sum()


@pytest.mark.parametrize("design", [DESIGN, Design(weight="w"), Design(strata="h"), Design(psu="c")])
@pytest.mark.parametrize("universe", ["list", "census"])
def test_a_list_passed_off_as_a_sample_is_refused(design: Design, universe: str) -> None:
    with pytest.raises(HamyarError, match="HY-S002"):
        alkire_foster(as_table(sample(), universe=universe), TWO, design)


def test_a_list_in_a_file_is_refused_too(tmp_path: Path) -> None:
    label = b'{"contract": null, "universe": "list", "provenance": "declared"}'
    table = pa.Table.from_pandas(sample(), preserve_index=False).replace_schema_metadata({b"hamyar": label})
    pa.parquet.write_table(table, tmp_path / "nominated.parquet")
    with pytest.raises(HamyarError, match="HY-S002"):
        alkire_foster(tmp_path / "nominated.parquet", TWO, DESIGN)
    frame = alkire_foster(tmp_path / "nominated.parquet", TWO, Design())
    assert frame.attrs["label"]["en"] == "among those assessed"


def test_a_census_has_no_sampling_error() -> None:
    frame = alkire_foster(sample(), TWO, Design(universe="census"))
    assert (frame["se"] == 0).all()
    assert frame["low"].equals(frame["estimate"])
    assert frame["high"].equals(frame["estimate"])


def test_an_area_with_one_cluster_gets_the_error_of_the_whole_design() -> None:
    data = sample()
    data["county"] = np.where(data["c"] == 4, "single", "many")
    frame = alkire_foster(data, TWO, DESIGN, by="county")
    whole = row(alkire_foster(data, TWO, DESIGN), "H")
    found = row(frame, "H", county="single")
    assert found["se"] == pytest.approx(whole["se"] * 30**0.5)
    assert "one cluster only" in frame.attrs["notes"][0]["en"]
    assert "single" in frame.attrs["notes"][0]["fa"]
    assert row(frame, "H", county="many")["se"] < found["se"]


def test_a_stratum_with_one_cluster_is_centred_at_the_mean_of_the_whole() -> None:
    data = sample()
    data = data[(data["h"] > 0) | (data["c"] == 0)]
    frame = alkire_foster(data, TWO, DESIGN)
    poor = (score(data) >= 0.5).astype(float)
    ratio, error = taylor(data, poor, pd.Series(1.0, data.index))
    assert row(frame, "H")["se"] == pytest.approx(error, rel=1e-9)
    assert "strata with one cluster: 1" in frame.attrs["notes"][0]["en"]


def test_a_group_without_answers_is_reported_and_has_no_rate() -> None:
    data = sample()
    data.loc[data["g"] == "south", "x"] = np.nan
    frame = alkire_foster(data, TWO, DESIGN, by="g")
    found = row(frame, "H", g="south")
    assert np.isnan([found["estimate"], found["se"], found["low"], found["high"]]).all()
    assert found["n"] == 0
    assert frame.attrs["notes"][0]["en"] == "no answers to count in: south."


def test_an_unknown_group_stays_a_group() -> None:
    data = sample()
    data["g"] = data["g"].where(data["g"] == "north")
    frame = alkire_foster(data, TWO, DESIGN, by="g")
    assert frame["g"].isna().sum() == len(frame) / 2
    assert frame["n"].head(2).sum() == len(data)


def test_limits_are_the_same_in_any_order_where_one_cluster_has_all_the_poor() -> None:
    """Without it the share is 0 but for rounding, which the order of the rows decides."""
    random, cluster = np.random.default_rng(3), np.arange(30) % 5
    measure = Measure.of_columns({"one": ["d"]}, cutoff="1/1")
    for _ in range(20):
        data = pd.DataFrame({"c": cluster, "d": np.where(cluster == 0, 1, 0), "w": random.random(30).round(1) + 0.1})
        frames = [
            alkire_foster(rows, measure, Design(weight="w", psu="c"))
            for rows in (data, data.sample(frac=1, random_state=random))
        ]
        pd.testing.assert_frame_equal(*frames, rtol=1e-10)


def test_nobody_poor_has_an_exact_upper_limit() -> None:
    data = sample().assign(z=0.0, y=0.0)
    found = row(alkire_foster(data, TWO, DESIGN), "H")
    assert (found["estimate"], found["se"], found["low"]) == (0, 0, 0)
    assert found["high"] == pytest.approx(1 - 0.025 ** (1 / 600))
    everyone = row(alkire_foster(data.assign(x=1.0, y=1.0, z=1.0), TWO, DESIGN), "H")
    assert (everyone["estimate"], everyone["se"], everyone["high"]) == (1, 0, 1)
    assert everyone["low"] == pytest.approx(0.025 ** (1 / 600))
    intensity = row(alkire_foster(data, TWO, DESIGN), "A")
    assert np.isnan([intensity["estimate"], intensity["se"], intensity["low"], intensity["high"]]).all()


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("w", -1.0, "2 rows have a value that is below zero"),
        ("w", None, "2 rows have a value that is unknown"),
        ("w", np.inf, "2 rows have a value that is infinite"),
        ("h", None, "2 rows have a value that is unknown"),
        ("c", None, "2 rows have a value that is unknown"),
        ("x", 2.0, "2 rows have a value that is neither 0, 1 nor empty"),
        ("x", 0.5, "2 rows have a value that is neither 0, 1 nor empty"),
        ("x", -1.0, "2 rows have a value that is neither 0, 1 nor empty"),
    ],
)
@pytest.mark.parametrize("by", [None, "g"])
def test_bad_values_are_counted(column: str, value: float | None, says: str, by: str | None) -> None:
    data = sample()
    data.loc[[5, 17], column] = value
    with pytest.raises(HamyarError) as caught:
        alkire_foster(data, TWO, DESIGN, by=by)
    assert [(fault.code, fault.column) for fault in caught.value.faults] == [("HY-S005", column)]
    assert says in caught.value.faults[0].en


def test_all_weights_zero_and_every_other_fault_at_once() -> None:
    data = sample().assign(w=-1.0, y=3)
    with pytest.raises(HamyarError) as caught:
        alkire_foster(data, TWO, DESIGN)
    assert [fault.column for fault in caught.value.faults] == ["w", "y"]
    assert "600 rows" in caught.value.faults[0].en
    with pytest.raises(HamyarError, match="HY-S010"):
        alkire_foster(sample().assign(w=0.0), TWO, DESIGN)


def test_a_row_without_weight_counts_its_cluster_alone() -> None:
    data = sample()
    data.loc[data["c"] == 3, "w"] = 0.0
    frame, outside = alkire_foster(data, TWO, DESIGN), data.assign(inside=data["c"] != 3, w=sample()["w"])
    domain = alkire_foster(outside, TWO, DESIGN, by="inside")
    domain = domain[domain["inside"]].drop(columns="inside").reset_index(drop=True)
    pd.testing.assert_frame_equal(frame, domain)


def test_no_rows_missing_columns_and_a_design_without_errors() -> None:
    data = sample()
    with pytest.raises(HamyarError, match="HY-S004"):
        alkire_foster(data.head(0), TWO, DESIGN)
    with pytest.raises(HamyarError, match="HY-S004"):
        alkire_foster(data.head(0), TWO, Design(universe="census"))
    with pytest.raises(HamyarError, match="HY-S003.*weight, county"):
        alkire_foster(data, TWO, Design(weight="weight"), by="county")
    with pytest.raises(HamyarError, match="HY-I017.*z"):
        alkire_foster(data.drop(columns="z"), TWO, DESIGN)
    with pytest.raises(HamyarError, match="HY-Y015"):
        alkire_foster(data[data["c"] == 3], TWO, DESIGN)


def test_people_are_counted_by_the_contracts_size() -> None:
    measure = Measure.load("iran-household")
    frame = alkire_foster(households(), measure, Design(universe="census"), on=date(2026, 1, 1))
    assert row(frame, "H")["estimate"] == pytest.approx(6 / 10)
    assert row(frame, "H")["people"] == 6
    empty = households().assign(members=[0, 0])
    assert np.isnan(row(alkire_foster(empty, measure, Design(universe="census")), "H")["estimate"])
    for members, says in (([6, None], "unknown"), ([6, -1], "below zero")):
        with pytest.raises(HamyarError, match=f"HY-S005.*members.*{says}"):
            alkire_foster(households().assign(members=members), measure, Design(universe="census"))


def households() -> pd.DataFrame:
    """Two households: six members without water, kitchen or work; four members who lack nothing."""
    good = {
        "members": 4,
        "school_age_children": 0,
        "children_out_of_school": 0,
        "adults": 2,
        "literate_adults": 2,
        "insured_members": 4,
        "health_expenditure": 1,
        "total_expenditure": 100,
        "rooms": 3,
        "wall_material": "durable",
        "bath": True,
        "kitchen": True,
        "piped_water": True,
        "cooking_fuel": "gas",
        "internet": True,
        "head_age_band": "30-44",
        "employed": 1,
        "unemployed": 0,
        "active": 1,
    }
    bad = good | {
        "members": 6,
        "kitchen": False,
        "piped_water": False,
        "employed": 0,
        "unemployed": 1,
        "insured_members": 0,
    }
    return pd.DataFrame([bad, good])


def test_each_household_has_a_score_and_is_poor_or_not() -> None:
    scored = household_scores(households(), Measure.load("iran-household")).to_pandas()
    assert scored["score"].tolist() == pytest.approx([1 / 10 + 1 / 15 + 1 / 15 + 1 / 5, 0])
    assert scored["poor"].tolist() == [True, False]
    assert scored["facilities"].tolist() == [1, 0]
    assert not [column for column in scored.columns if column.startswith("_")]


def test_a_universe_that_is_none_is_refused() -> None:
    with pytest.raises(HamyarError, match="HY-S001"):
        Design(universe="sample")
    with pytest.raises(HamyarError, match="HY-S002"):
        Design(weight="w", universe="list")
    with pytest.raises(HamyarError, match="HY-S002"):
        alkire_foster(as_table(sample(), universe="probability_sample"), TWO, Design(universe="census"))


def test_weights_too_fine_to_count_exactly_are_refused() -> None:
    """Nine dimensions of 17 to 47 indicators: a common denominator of 10¹³, whose product with a cut-off fits no integer."""
    sizes = (17, 19, 23, 29, 31, 37, 41, 43, 47)
    columns = {f"g{n}": [f"d{n}_{j}" for j in range(size)] for n, size in enumerate(sizes)}
    names = [name for group in columns.values() for name in group]
    one = pd.DataFrame([[1] * len(names)], columns=names)
    exact = alkire_foster(one, Measure.of_columns(columns, cutoff=1), Design(universe="census"))
    assert exact.loc[exact["measure"] == "H", "estimate"].tolist() == [1.0]
    with pytest.raises(HamyarError, match="HY-Y040"):
        alkire_foster(one, Measure.of_columns(columns, cutoff=1, missing="reweight"), Design(universe="census"))


def test_one_cutoff_by_itself() -> None:
    data = pd.DataFrame({"a": [1, 0, 1, 0], "b": [1, 1, 0, 0]})
    measure = Measure.of_columns({"a": ["a"], "b": ["b"]}, cutoff="1/2")
    pd.testing.assert_frame_equal(
        alkire_foster(data, measure, Design(), cutoffs="1"), alkire_foster(data, measure, Design(), cutoffs=["1"])
    )
