"""The area index: score, order, what the choices behind it do to the order, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hamyar.area_index import AreaIndex, geometric, minmax, rank_share, zscore
from hamyar.errors import HamyarError

REAL = {"illiterate_share_active": 1, "unemp_rate": 1, "dependency": 1, "female_activity_10p": -1}


@pytest.fixture
def four() -> pd.DataFrame:
    return pd.DataFrame({"area": list("abcd"), "poor": [0.0, 10, 20, 40], "work": [0.9, 0.7, 0.8, 0.1]})


def fault(data, area="area", indicators=None, **kwargs):
    with pytest.raises(HamyarError) as caught:
        AreaIndex(indicators or {"poor": 1, "work": -1}, **kwargs).fit(data, area=area)
    assert all(one.fa and one.en for one in caught.value.faults)
    return caught.value.faults[0]


def test_score_by_hand(four):
    table = AreaIndex({"poor": 1, "work": -1}).fit(four).table().set_index("area")
    assert table["score"].to_dict() == pytest.approx({"a": 0, "b": 25, "c": 31.25, "d": 100})
    assert table["rank"].to_dict() == {"d": 1, "c": 2, "b": 3, "a": 4}
    assert table.loc["c", ["poor", "work"]].tolist() == pytest.approx([0.5, 0.125])


def test_weights(four):
    table = AreaIndex({"poor": 1, "work": -1}, weights={"work": 3, "poor": 1}).fit(four).table().set_index("area")
    assert table.loc["c", "score"] == pytest.approx(100 * (0.25 * 0.5 + 0.75 * 0.125))


def test_rows_draws_and_areas_stand_in_one_order(four):
    index = AreaIndex({"poor": 1, "work": -1}).fit(four, draws=60)
    assert index.areas == list(index.table()["area"]) == ["d", "c", "b", "a"]
    assert index.draws.shape == (60, 4)
    assert (index.draws[:, 0] >= index.draws[:, 3]).all()


def test_order_that_no_choice_can_change(four):
    table = AreaIndex({"poor": 1, "work": -1}).fit(four).table().set_index("area")
    assert table.loc["d", ["rank_low", "rank_high", "p_worst"]].tolist() == [1, 1, 1]
    assert table.loc["a", ["rank_low", "rank_high", "p_worst"]].tolist() == [4, 4, 0]
    assert table.loc["b", ["rank_low", "rank_high"]].tolist() == [2, 3], "b and c change places with the weights"


def test_seeded(four):
    one, same, other = (AreaIndex({"poor": 1, "work": -1}).fit(four, seed=s).draws for s in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_weightings_stand_around_those_given(four):
    """With almost all weight on one indicator its order is the order."""
    table = AreaIndex({"poor": 1, "work": -1}, weights={"poor": 1, "work": 0.01}).fit(four).table()
    assert (table["rank_high"] - table["rank_low"]).max() == 0


def test_normalisations_keep_the_order_and_the_scale():
    values = np.array([[1.0, 5], [2, 5], [9, 1], [4, 7]])
    for normalise in (minmax, zscore, rank_share):
        scaled = normalise(values)
        assert ((scaled >= 0) & (scaled <= 1)).all()
        assert (scaled[:, 0].argsort() == values[:, 0].argsort()).all()
        assert scaled[0, 1] == scaled[1, 1], "ties stay ties"


def test_geometric_mean_survives_zero_and_punishes_imbalance():
    even, uneven, zero = geometric(np.array([[0.5, 0.5], [1.0, 0.0], [0.0, 0.0]]), np.array([[0.5, 0.5]]))[0]
    assert even > uneven > zero > 0


def test_an_area_with_a_gap_is_not_ranked_but_named(four):
    gap = four.assign(work=four["work"].where(four["area"] != "b"))
    index = AreaIndex({"poor": 1, "work": -1}).fit(gap)
    assert index.not_ranked == {"b": ["work"]}
    assert index.areas == ["d", "c", "a"]


def test_missing_column(four):
    assert (fault(four.drop(columns="work")).code, fault(four, area="county").column) == ("HY-X001", "county")


def test_text_in_a_number_is_placed(four, tmp_path):
    path = tmp_path / "counties.csv"
    four.astype({"poor": object}).replace({"poor": {20.0: "many"}}).to_csv(path, index=False)
    found = fault(path)
    assert (found.code, found.file, found.row, found.column) == ("HY-X002", "counties.csv", 4, "poor")


def test_an_area_twice(four):
    found = fault(four.assign(area=["a", "b", "b", "d"]))
    assert (found.code, found.row) == ("HY-X003", 4)


def test_a_constant_indicator_is_named(four):
    found = fault(four.assign(poor=3))
    assert (found.code, found.column) == ("HY-X004", "poor")


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_fewer_than_three_areas(four, rows):
    assert fault(four.head(rows)).code == "HY-X005"


@pytest.mark.parametrize("indicators", [{}, {"poor": 0}, {"poor": 2}])
def test_directions(four, indicators):
    with pytest.raises(HamyarError, match="HY-X006"):
        AreaIndex(indicators)


@pytest.mark.parametrize("weights", [{"poor": 1}, {"poor": 1, "work": 0}, {"poor": 1, "work": 1, "roads": 1}])
def test_weights_must_fit(four, weights):
    assert fault(four, weights=weights).code == "HY-X007"


@pytest.mark.shared
def test_real_counties_in_order(shared):
    table = AreaIndex(REAL).fit(shared / "iran/kr_county_indicators_1395.csv", area="county_name").table()
    assert len(table) == 28
    assert list(table["rank"]) == list(range(1, 29))
    assert ((table["rank_low"] <= table["rank"]) & (table["rank"] <= table["rank_high"])).all()
    assert {"زاوه", "کلات", "باخرز"} == set(table["area"].head(3))
    assert table.set_index("area").loc["مشهد", "rank_low"] > 6
    assert (table["rank_high"] - table["rank_low"]).median() > 5, "choices move the middle of the list"
