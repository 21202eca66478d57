"""Proxy means tests: scores, intervals, files, rules, and what is refused."""

from __future__ import annotations

from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import polars as pl
import pytest

from hamyar.errors import HamyarError
from hamyar.proxy_means import ProxyMeans, page, select
from hamyar.proxy_means.model import _bounds
from hamyar.proxy_means.sample import Clusters
from hamyar.survey import Design, regression

DESIGN = Design(weight="w", strata="h", psu="c")
X = ["rooms", "roof", "car"]
MODELS = [ProxyMeans(), ProxyMeans("quantile"), ProxyMeans("boosting", folds=3)]


def sample(households: int = 600, seed: int = 1) -> pd.DataFrame:
    """Sixty clusters in three strata; income from rooms, roof and car, a cluster's own level, and luck."""
    random = np.random.default_rng(seed)
    cluster = np.arange(households) % 60
    data = pd.DataFrame(
        {
            "rooms": random.integers(1, 6, households),
            "roof": random.choice(["mud", "iron", "concrete"], households, p=[0.2, 0.3, 0.5]),
            "car": random.random(households) < 0.3,
            "c": cluster,
            "h": cluster // 20,
            "w": random.uniform(1, 4, households),
        }
    )
    level = 0.2 * data["rooms"] - 0.5 * (data["roof"] == "mud") + 0.6 * data["car"]
    noise = random.normal(0, 0.4, households) + random.normal(0, 0.1, 60)[cluster]
    return data.assign(income=np.exp(5 + level + noise))


def fitted(model: ProxyMeans, data: pd.DataFrame | None = None) -> ProxyMeans:
    return model.fit(sample() if data is None else data, y="income", X=X, design=DESIGN)


def test_a_category_stands_against_the_commonest() -> None:
    model = fitted(ProxyMeans())
    found = model.coefficients.set_index("term")["estimate"]
    assert list(found.index) == ["constant", "rooms", "roof=iron", "roof=mud", "car"]
    assert found["roof=mud"] == pytest.approx(-0.5, abs=0.15)
    assert found["car"] == pytest.approx(0.6, abs=0.15)


def test_design_errors_equal_a_jackknife_over_clusters() -> None:
    data, model = sample(), fitted(ProxyMeans())
    left_out = []
    for cluster in range(60):
        one = data[data["c"] != cluster].copy()
        one.loc[one["h"] == cluster // 20, "w"] *= 20 / 19
        A = np.column_stack([np.ones(len(one)), one["rooms"], one["roof"] == "iron", one["roof"] == "mud", one["car"]])
        root = np.sqrt(one["w"].to_numpy())
        left_out.append(np.linalg.lstsq(A * root[:, None], np.log(one["income"]) * root, rcond=None)[0])
    found = np.array(left_out).reshape(3, 20, 5)
    jackknife = np.sqrt(19 / 20 * ((found - found.mean(axis=1, keepdims=True)) ** 2).sum(axis=(0, 1)))
    np.testing.assert_allclose(model.coefficients["se"], jackknife, rtol=0.05)


@pytest.mark.parametrize("clusters", [8, 60, 300])
def test_limits_of_coefficients_are_those_of_a_regression(clusters: int) -> None:
    data = sample().assign(c=lambda d: np.arange(len(d)) % clusters, log=lambda d: np.log(d["income"]))
    design = Design(weight="w", psu="c")
    found = ProxyMeans().fit(data, y="income", X=["rooms", "car"], design=design).coefficients
    wanted = regression(data.astype({"car": float}), "log", ["rooms", "car"], design)
    for column in ("estimate", "se"):
        np.testing.assert_allclose(found[column], wanted[column], rtol=1e-9)
    widths = (found["high"] - found["low"]) / (wanted["high"] - wanted["low"])
    if clusters <= 100:
        np.testing.assert_allclose(found[["low", "high"]], wanted[["low", "high"]], rtol=1e-8)
    else:
        assert ((widths >= 1) & (widths < 1.01)).all(), "a few clusters make more of the variance than others"


def test_a_term_of_one_cluster_is_left_open() -> None:
    data = sample().assign(only=lambda d: ((d["c"] == 3) & (d["rooms"] > 2)).astype(float))
    found = ProxyMeans().fit(data, y="income", X=["rooms", "only"], design=DESIGN).coefficients.set_index("term")
    assert np.isfinite(found).all(axis=None)
    assert found.loc["only", "low"] < 0 < found.loc["only", "high"]


def test_a_quantile_regressions_errors_equal_the_spread_over_samples() -> None:
    estimates, errors = [], []
    for seed in range(60):
        coefficients = fitted(ProxyMeans("quantile", folds=2), sample(400, seed)).coefficients
        estimates.append(coefficients["estimate"])
        errors.append(coefficients["se"])
    spread = np.std(estimates, axis=0)
    np.testing.assert_allclose(np.mean(errors, axis=0)[[1, 4]], spread[[1, 4]], rtol=0.25)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.model)
def test_intervals_hold_households_of_clusters_that_were_not_seen(model: ProxyMeans) -> None:
    one, others = fitted(model), sample(6000, seed=99)
    scored = one.score(others)
    inside = others["income"].between(scored["low"], scored["high"]).mean()
    assert 0.92 <= inside <= 0.98
    assert ((scored["low"] < scored["score"]) & (scored["score"] < scored["high"])).all()


def test_the_interval_is_wider_where_few_clusters_know_the_spread() -> None:
    """Of the same residuals, by whose clusters: each row its own, or a few clusters in which they are alike."""
    residuals = np.random.default_rng(2).normal(size=200) * np.repeat([0.5, 1, 1.5, 2], 50)
    w, places = np.ones(200), np.arange(200)
    rows, few = (
        Clusters.of(pd.DataFrame({"c": c}), Design(psu="c"), np.ones(200, bool)) for c in (places, places // 50)
    )
    narrow, wide = (np.ptp(_bounds(residuals, w, clusters)) for clusters in (rows, few))
    order = np.sort(residuals)
    assert np.ptp(order[[4, -5]]) < narrow < 1.02 * np.ptp(order[[4, -5]])
    assert 1.1 * narrow < wide < 2 * narrow


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.model)
def test_a_file_scores_exactly_as_the_model_it_was_written_from(model: ProxyMeans, tmp_path: Path) -> None:
    one, others = fitted(model), sample(100, seed=3)
    path = tmp_path / "test.yaml"
    text = one.to_yaml(path)
    for again in (ProxyMeans.from_yaml(path), ProxyMeans.from_yaml(text), ProxyMeans.from_yaml(str(path))):
        pd.testing.assert_frame_equal(again.score(others), one.score(others), check_exact=True)
        assert again.to_yaml() == text
    assert "income" in text
    assert str(round(sample()["w"][0], 3)) not in text, "no household is in the file"


def test_the_trees_in_the_file_are_scikit_learns() -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    from hamyar.proxy_means.regressions import boosting

    random = np.random.default_rng(1)
    A, w = random.normal(size=(500, 4)).round(1), random.uniform(1, 3, 500)
    y = A[:, 0] * A[:, 1] + random.normal(size=500)
    new = random.normal(size=(300, 4)).round(1)
    with threadpool_limits(1):
        peer = HistGradientBoostingRegressor(
            learning_rate=0.05, max_iter=200, max_depth=4, min_samples_leaf=20, early_stopping=False, random_state=7
        ).fit(A, y, sample_weight=w / w.mean())
        expected = peer.predict(new)
    np.testing.assert_allclose(boosting(A, y, w, 7).predict(new), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.model)
def test_an_unknown_answer_gives_no_score_and_is_named(model: ProxyMeans) -> None:
    others = sample(5).astype({"rooms": "float", "car": "object"})
    others.loc[1, "rooms"] = np.nan
    others.loc[2, "roof"] = "straw"
    others.loc[3, ["roof", "car"]] = None
    scored = fitted(model).score(others)
    assert scored["unknown"].tolist() == ["", "rooms", "roof", "roof, car", ""]
    assert scored["score"].isna().tolist() == [False, True, True, True, False]
    selection = select(scored["score"], quota=0.5)
    assert selection.selected.isna().tolist() == [False, True, True, True, False]
    assert "visited again: 3" in selection.notes[0]["en"]


def test_every_kind_of_table_scores_alike(tmp_path: Path) -> None:
    data, model = sample(50), fitted(ProxyMeans())
    data.to_parquet(tmp_path / "rows.parquet")
    for table in (pl.from_pandas(data), ibis.memtable(data), tmp_path / "rows.parquet"):
        pd.testing.assert_frame_equal(model.score(table), model.score(data))


def test_a_cluster_is_never_divided_among_folds() -> None:
    data = sample()
    found = ProxyMeans().cross_validate(data, y="income", X=X, design=DESIGN, folds=4)
    assert found.groupby(data["c"])["fold"].nunique().eq(1).all()
    assert found["fold"].nunique() == 4
    assert found.index.tolist() == data.index.tolist()
    again = ProxyMeans().cross_validate(data, y="income", X=X, design=DESIGN, folds=4)
    pd.testing.assert_frame_equal(found, again)


def test_gains_find_the_answers_that_matter_and_the_page_says_so() -> None:
    data = sample().assign(luck=np.random.default_rng(4).normal(size=600))
    model = ProxyMeans().fit(data, y="income", X=[*X, "luck"], design=DESIGN)
    gains = model.gains(data, y="income", X=[*X, "luck"], design=DESIGN)
    assert gains["answer"].iloc[-1] == "luck"
    assert abs(gains["gain"].iloc[-1]) < 0.01 < gains["gain"].iloc[0] < gains.attrs["r2"] < 0.8
    persian = page(model, gains, "fa", {"car": {"fa": "خودرو <دارد>", "en": "Has a car"}})
    assert 'dir="rtl"' in persian
    assert "خودرو &lt;دارد&gt;" in persian
    assert "۶۰۰ خانوار" in persian
    english = page(model, gains, "en")
    assert 'dir="ltr"' in english
    assert english.count("<tr>") == 5
    assert "600 households" in english


def test_the_rule_must_be_said() -> None:
    score = pd.Series([1.0, 2, 2, 3, 4])
    by_quota = select(score, quota=0.4)
    assert by_quota.selected.tolist() == [True, True, True, False, False], "ties at the end are all selected"
    assert by_quota.share == pytest.approx(0.6)
    assert "share the last score 2, all selected: 2" in by_quota.notes[0]["en"]
    assert select(score, line=2).selected.tolist() == [True, False, False, False, False]
    weighted = select(score, quota=0.5, weight=[1, 1, 1, 1, 6])
    assert weighted.cutoff == 4
    for wrong in ({}, {"quota": 0.2, "line": 3.0}):
        with pytest.raises(HamyarError, match="HY-E010.*quota=.*line="):
            select(score, **wrong)
    for quota in (0, 1, 20):
        with pytest.raises(HamyarError, match="HY-E011"):
            select(score, quota=quota)
    with pytest.raises(HamyarError, match="HY-E012"):
        select(score, quota=0.2, weight=np.zeros(5))
    with pytest.raises(HamyarError, match="HY-E012"):
        select(score * np.nan, quota=0.2)


def test_what_cannot_be_fitted_is_refused_by_name() -> None:
    data = sample()

    def refused(changed: pd.DataFrame, code: str, columns: list[str] = X) -> None:
        with pytest.raises(HamyarError, match=code):
            ProxyMeans().fit(changed, y="income", X=columns, design=DESIGN)

    refused(data, "HY-E001.*no column sheep", [*X, "sheep"])
    refused(data.assign(religion="a"), "HY-E002.*religion", [*X, "religion"])
    refused(data.assign(rooms=3), 'HY-E003.*"rooms"')
    refused(data.assign(roof="mud"), 'HY-E003.*"roof"')
    refused(data.assign(double=2 * data["rooms"] + 1), "HY-E007.*(rooms|double)", [*X, "double"])
    refused(data.assign(w=-1), 'HY-E009.*"w": 600 rows')
    refused(data.assign(w=0), "HY-E014")
    refused(data.assign(w=data["w"].where(data.index > 2)), 'HY-E009.*"w": 3 rows')
    refused(data.assign(c=data["c"].where(data.index > 3)), 'HY-E009.*"c": 4 rows.*unknown')
    refused(data.assign(income=np.where(data.index < 2, np.inf, 5)), 'HY-E009.*"income": 2 rows.*infinite')
    refused(data.assign(rooms=np.where(data.index < 2, np.inf, data["rooms"])), 'HY-E009.*"rooms": 2 rows.*infinite')
    refused(data.iloc[:4], "HY-E013.*4 clusters")
    refused(data.assign(income=np.nan), "HY-E014")
    refused(data.assign(income=np.where(data.index < 5, 0, data["income"])), "HY-E015.*5 rows")
    refused(data.assign(income=7.0), "HY-E016")
    with pytest.raises(HamyarError, match="HY-E004"):
        ProxyMeans("forest")  # type: ignore[arg-type]
    with pytest.raises(HamyarError, match="HY-E008"):
        ProxyMeans().score(data)
    with pytest.raises(HamyarError, match="HY-E005"):
        _ = fitted(ProxyMeans("boosting", folds=2)).coefficients


def test_zero_incomes_are_taken_without_logarithm() -> None:
    data = sample()
    data.loc[:9, "income"] = 0
    model = fitted(ProxyMeans(log=False), data)
    assert model.score(data)["score"].notna().all()
    assert model.coefficients["estimate"].iloc[1] > 10


def test_gaps_are_left_out_and_counted() -> None:
    data = sample().astype({"rooms": "float"})
    data.loc[:4, "rooms"] = np.nan
    data.loc[3:7, "income"] = np.nan
    model = fitted(ProxyMeans(), data)
    assert model.need_fitted().households == 592
    data = sample().assign(income=lambda d: d["income"].where(d["c"] > 1))
    gone, never = (fitted(ProxyMeans(), one).coefficients for one in (data, data[data["c"] > 1]))
    np.testing.assert_allclose(gone["estimate"], never["estimate"])
    assert (gone["se"] != never["se"]).all(), "clusters without a usable row stay in the design"
    assert model.need_fitted().notes[0]["en"] == "rows without income or an answer, left out: 8 (income 5, rooms 5)."


@pytest.mark.parametrize(
    "text", ["", "a: [", "format: other\nmodel: ols\n", "just text", "format: hamyar proxy means test 1\nmodel: ols\n"]
)
def test_a_file_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(HamyarError, match="HY-E006"):
        ProxyMeans.from_yaml(text)


def test_a_row_of_weight_zero_counts_in_the_design_alone() -> None:
    data = sample()
    data.loc[::7, "w"] = 0
    found, wanted = (
        fitted(ProxyMeans(), data),
        fitted(ProxyMeans(), data.assign(income=data["income"].where(data["w"] > 0))),
    )
    pd.testing.assert_frame_equal(found.coefficients, wanted.coefficients)
    assert found.need_fitted().households == (data["w"] > 0).sum()
    assert not found.need_fitted().notes
