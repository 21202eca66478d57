"""The area index: score, order, what the choices behind it do to the order, and bad input."""

from __future__ import annotations

from io import StringIO

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

from hamyar.area_index import AreaIndex, geometric, minmax, rank_share, zscore
from hamyar.errors import HamyarError

COUNTIES = """area,poor,water,school
a,31,0.62,5.1
b,12,0.91,8.8
c,25,0.55,7.9
d,18,0.80,6.0
e,40,0.71,4.2
f,9,0.97,9.1
g,22,0.66,7.2
h,40,0.97,9.1
"""
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
    with pytest.raises(HamyarError, match="HY-X006"):
        AreaIndex(["poverty"])


@pytest.mark.parametrize("weights", [{"poor": 1}, {"poor": 1, "work": 0}, {"poor": 1, "work": 1, "roads": 1}])
def test_weights_must_fit(four, weights):
    assert fault(four, weights=weights).code == "HY-X007"


def test_geometric_and_other_normalisations_by_hand(four):
    signs = {"poor": 1, "work": -1}
    geometric_ = AreaIndex(signs, aggregation="geometric").fit(four).table().set_index("area")
    assert geometric_.loc["c", "score"] == pytest.approx(100 * np.sqrt((0.01 + 0.99 * 0.5) * (0.01 + 0.99 * 0.125)))
    ranks = AreaIndex(signs, normalisation="rank").fit(four).table().set_index("area")
    assert ranks["score"].to_dict() == pytest.approx({"a": 0, "b": 50, "c": 50, "d": 100})
    z = AreaIndex(signs, normalisation="zscore").fit(four).table().set_index("area")
    poor = (20 - 17.5) / np.std([0, 10, 20, 40])
    work = -(0.8 - 0.625) / np.std([0.9, 0.7, 0.8, 0.1])
    assert z.loc["c", "score"] == pytest.approx(100 * ((poor + work) / 2 / 6 + 0.5))
    assert z.loc["c", "poor"] == pytest.approx(poor / 6 + 0.5)


def test_weights_by_principal_component():
    rng = np.random.default_rng(0)
    common = rng.normal(size=200)
    data = pd.DataFrame({"area": [f"a{i}" for i in range(200)], "noise": rng.normal(size=200)})
    data = data.assign(one=common + 0.3 * rng.normal(size=200), two=5 - 2 * common + 0.6 * rng.normal(size=200))
    index = AreaIndex({"one": 1, "two": -1, "noise": 1}, weights="pca").fit(data, draws=60)
    correlation = np.corrcoef(np.column_stack([data["one"], -data["two"], data["noise"]]).T)
    value, vector = np.linalg.eigh(correlation)
    assert index.shares == pytest.approx(vector[:, -1] ** 2)
    assert index.explained == pytest.approx(value[-1] / 3)
    assert index.shares.sum() == pytest.approx(1)
    assert index.shares[2] < 0.05
    assert not [n for n in index.notes if "two" in n.en]
    turned = AreaIndex({"one": 1, "two": 1, "noise": 1}, weights="pca").fit(data, draws=60)
    assert [note.code for note in turned.notes] == ["HY-X009"]


# Human development in 2014 (UNDP, Human Development Report 2015, table 1, rounded as published), goalposts of its technical
# note 1: life expectancy 20 to 85, expected years of schooling 0 to 18, mean years 0 to 15, income 100 to 75,000 (its log).
HDI = pd.DataFrame(
    {
        "area": ["Norway", "Costa Rica", "Niger"],
        "life": [81.6, 79.4, 61.4],
        "expected": [17.5, 13.9, 5.4],
        "mean": [12.6, 8.4, 1.5],
        "income": np.log([64992, 13413, 908]),
        "published": [0.944, 0.766, 0.348],
    }
)


def test_goalposts_make_the_human_development_index():
    schooling = AreaIndex(
        {"expected": 1, "mean": 1}, normalisation="goalposts", anchors={"expected": (0, 18), "mean": (0, 15)}
    ).fit(HDI, draws=60)
    data = HDI.assign(schooling=HDI["area"].map(schooling.scores / 100))
    anchors = {"life": (20, 85), "schooling": (0, 1), "income": (np.log(100), np.log(75000))}
    index = AreaIndex(dict.fromkeys(anchors, 1), None, "goalposts", "geometric", anchors).fit(data, draws=60)
    assert (index.scores[HDI["area"]] / 100).to_numpy() == pytest.approx(HDI["published"].to_numpy(), abs=1e-3)
    by_hand = np.cbrt((79.4 - 20) / 65 * (13.9 / 18 + 8.4 / 15) / 2 * np.log(134.13) / np.log(750))
    assert index.scores["Costa Rica"] == pytest.approx(100 * by_hand, rel=1e-12)
    assert index.normalised.loc["Niger", "life"] == pytest.approx(41.4 / 65)
    alone = AreaIndex(dict.fromkeys(anchors, 1), None, "minmax", "geometric").fit(data, draws=60)
    assert alone.scores["Niger"] == pytest.approx(1), "min-max depends on who is there, goalposts do not"


def test_goalposts_cut_and_a_zero_stays_a_zero(four):
    given = {"normalisation": "goalposts", "anchors": {"poor": (10, 30), "work": (0.1, 0.9)}}
    table = AreaIndex({"poor": 1, "work": -1}, aggregation="geometric", **given).fit(four).table().set_index("area")
    assert table["poor"].to_dict() == pytest.approx({"a": 0, "b": 0, "c": 0.5, "d": 1})
    assert table["work"].to_dict() == pytest.approx({"a": 0, "b": 0.25, "c": 0.125, "d": 1})
    assert table["score"].to_dict() == pytest.approx({"a": 0, "b": 0, "c": 25, "d": 100})


def test_ratios_to_a_reference(four):
    index = AreaIndex({"poor": 1, "work": -1}, normalisation="reference", anchors={"poor": 20, "work": 0.7}).fit(four)
    table = index.table().set_index("area")
    assert table["poor"].to_dict() == pytest.approx({"a": 0, "b": 0.5, "c": 1, "d": 2})
    assert table["work"].to_dict() == pytest.approx({"a": 7 / 9, "b": 1, "c": 7 / 8, "d": 7})
    assert table.loc["d", "score"] == pytest.approx(450)
    assert index.sensitivity(draws=20)["first"].between(-1e-9, 1 + 1e-9).all()
    assert index.draws[:, 0].max() == pytest.approx(700, rel=0.2), "the anchors, not min-max, are among the choices"


def test_scores_of_1_to_100_by_hand_under_both_means():
    """COINr 1.1.14: n_minmax(l_u = c(1, 100)), direction -1 turned, then a_gmean or a_amean, written out."""
    data = pd.read_csv(StringIO(COUNTIES))
    scaled = pd.DataFrame({"area": data["area"]})
    for name, sign in {"poor": 1, "water": -1, "school": -1}.items():
        x = sign * data[name]
        scaled[name] = 1 + 99 * (x - x.min()) / (x.max() - x.min())
    weight = np.array([0.5, 0.3, 0.2])
    values = scaled[["poor", "water", "school"]].to_numpy()
    gmean, amean = np.exp(np.log(values) @ weight), values @ weight
    weights = {"poor": 0.5, "water": 0.3, "school": 0.2}
    for aggregation, expected in (("geometric", gmean), ("arithmetic", (amean - 1) / 0.99)):
        found = AreaIndex({"poor": 1, "water": -1, "school": -1}, weights, aggregation=aggregation).fit(data, draws=60)
        assert found.scores[data["area"]].to_numpy() == pytest.approx(expected, rel=1e-12)
        ours, theirs = found.scores[data["area"]].rank(), pd.Series(expected).rank()
        assert kendalltau(ours, theirs).statistic == pytest.approx(1)
        assert np.corrcoef(ours, theirs)[0, 1] == pytest.approx(1)
    assert kendalltau(gmean, amean).statistic < 0.9, (
        "the geometric mean does not let h make good one lack by two riches"
    )


@pytest.mark.parametrize(
    "given",
    [
        {"normalisation": "goalposts"},
        {"normalisation": "goalposts", "anchors": {"poor": (0, 1)}},
        {"normalisation": "goalposts", "anchors": {"poor": (0, 40), "work": (1, 0)}},
        {"normalisation": "goalposts", "anchors": {"poor": (0, 40), "work": 1}},
        {"normalisation": "goalposts", "anchors": {"poor": (0, 40), "work": ("low", "high")}},
        {"normalisation": "reference", "anchors": {"poor": 20, "work": 0}},
        {"normalisation": "reference", "anchors": {"poor": 20, "work": (0, 1)}},
        {"normalisation": "minmax", "anchors": {"poor": (0, 40), "work": (0, 1)}},
    ],
)
def test_anchors_must_fit(four, given):
    assert fault(four, **given).code == "HY-X010"


@pytest.mark.parametrize(("column", "value"), [("poor", -1.0), ("work", 0.0)])
def test_a_ratio_needs_values_above_zero(four, column, value):
    four.loc[1, column] = value
    found = fault(four, normalisation="reference", anchors={"poor": 20, "work": 0.7})
    assert (found.code, found.column) == ("HY-X011", column)


@pytest.mark.parametrize("choice", [{"normalisation": "log"}, {"aggregation": "harmonic"}])
def test_choices_that_do_not_exist(choice):
    with pytest.raises(HamyarError, match="HY-X008"):
        AreaIndex({"poor": 1}, **choice)


class TestSensitivity:
    def test_one_indicator_leaves_only_what_cannot_matter(self, four):
        """With one indicator no choice moves a rank: every share is 0."""
        shares = AreaIndex({"poor": 1}).fit(four).sensitivity(draws=50)
        assert (shares[["first", "total"]] == 0).all(axis=None)
        assert len(shares) == 3 * 5

    def test_shares_of_variance(self):
        rng = np.random.default_rng(2)
        data = pd.DataFrame(rng.lognormal(size=(15, 4)), columns=list("wxyz")).assign(area=[f"a{i}" for i in range(15)])
        index = AreaIndex(dict.fromkeys("wxyz", 1)).fit(data, draws=60)
        shares = index.sensitivity(draws=400, seed=1)
        assert (shares["first"] <= shares["total"] + 1e-12).all()
        assert (shares.groupby("area", dropna=False)["first"].sum() <= 1 + 1e-9).all()
        moved = shares.groupby("area", dropna=False)["total"].sum() > 0
        assert (shares.groupby("area", dropna=False)["total"].sum()[moved] >= 1 - 1e-9).all()
        weights = shares[shares["choice"] == "weights"]
        assert weights["total"].mean() > 0.5, "weightings are the wider choice"
        again = index.sensitivity(draws=400, seed=1)
        pd.testing.assert_frame_equal(shares, again)

    def test_against_pick_and_freeze(self):
        """First-order shares of an area's rank by Saltelli's own estimator, from choices drawn at random."""
        from scipy.stats import rankdata

        from hamyar.area_index import AGGREGATIONS, NORMALISATIONS

        rng = np.random.default_rng(3)
        data = pd.DataFrame(rng.lognormal(size=(8, 3)), columns=list("xyz")).assign(area=list("abcdefgh"))
        index = AreaIndex(dict.fromkeys("xyz", 1)).fit(data, draws=60)
        shares = index.sensitivity(draws=4000).set_index(["area", "choice"])["first"]
        directed = index.values.to_numpy()
        normalised, means = [f(directed) for f in NORMALISATIONS.values()], list(AGGREGATIONS.values())

        def ranks(n, a, w):
            scores = np.array([means[j](normalised[i], v[None])[0] for i, j, v in zip(n, a, w, strict=True)])
            return rankdata(-scores, axis=1, method="min")

        draws = 6000
        A, B = ((rng.integers(0, 3, draws), rng.integers(0, 2, draws), rng.dirichlet(np.ones(3), draws)) for _ in "AB")
        first, second = ranks(*A), ranks(*B)
        for k, choice in enumerate(("normalisation", "aggregation", "weights")):
            mixed = ranks(*(A[i] if i == k else B[i] for i in range(3)))
            estimate = ((first - first.mean(axis=0)) * (mixed - second)).mean(axis=0) / np.concatenate(
                [first, second]
            ).var(axis=0)
            assert estimate == pytest.approx(shares[:, choice].reindex(index.areas).to_numpy(), abs=0.06)


@pytest.mark.shared
def test_real_counties_in_order(shared):
    table = AreaIndex(REAL).fit(shared / "iran/kr_county_indicators_1395.csv", area="county_name").table()
    assert len(table) == 28
    assert list(table["rank"]) == list(range(1, 29))
    assert ((table["rank_low"] <= table["rank"]) & (table["rank"] <= table["rank_high"])).all()
    assert {"زاوه", "کلات", "باخرز"} == set(table["area"].head(3))
    assert table.set_index("area").loc["مشهد", "rank_low"] > 6
    assert (table["rank_high"] - table["rank_low"]).median() > 5, "choices move the middle of the list"
