"""Small area models: what they give, what they refuse, and the rules for thin samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import comb

from hamyar.errors import HamyarError
from hamyar.small_area import FayHerriot, headcount_model
from hamyar.small_area.fay_herriot import reml_score
from hamyar.small_area.headcount import angles, pooled_design_effect


def simulated(areas: int = 40, sigma: float = 1.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(areas, 2))
    psi = rng.uniform(0.5, 2, areas)
    y = 1 + X @ [1.0, -0.5] + sigma * rng.normal(size=areas) + rng.normal(size=areas) * np.sqrt(psi)
    return y, psi, X


def code(call, *args, **kwargs) -> str:
    with pytest.raises(HamyarError) as caught:
        call(*args, **kwargs)
    assert all(fault.fa and fault.en for fault in caught.value.faults)
    return caught.value.faults[0].code


class TestFayHerriot:
    def test_the_score_is_zero_at_the_estimate(self):
        y, psi, X = simulated()
        model = FayHerriot().fit(y, psi, X)
        Q = np.linalg.qr(np.column_stack([np.ones(len(y)), X]))[0]
        slope = reml_score(model.variance_component * (1 + 1e-6), y, psi, Q) / 1e-6
        assert abs(reml_score(model.variance_component, y, psi, Q)) < 1e-9 * abs(slope)

    def test_against_matrices_written_out(self):
        """EBLUP and its g1 + g2 from V, P and the projector in full, as in Rao & Molina 5.3."""
        y, psi, X = simulated(12)
        model = FayHerriot().fit(y, psi, X)
        Z, s = np.column_stack([np.ones(12), X]), model.variance_component
        W = np.linalg.inv(np.diag(s + psi))
        C = np.linalg.inv(Z.T @ W @ Z)
        beta = C @ Z.T @ W @ y
        gamma = s / (s + psi)
        g3 = psi**2 / (s + psi) ** 3 * 2 / np.sum(1 / (s + psi) ** 2)
        mse = gamma * psi + (1 - gamma) ** 2 * np.diag(Z @ C @ Z.T) + 2 * g3
        table = model.estimates()
        assert table["estimate"].to_numpy() == pytest.approx(gamma * y + (1 - gamma) * (Z @ beta))
        assert table["mse"].to_numpy() == pytest.approx(mse)
        assert table["gamma"].to_numpy() == pytest.approx(gamma)

    def test_an_area_without_a_sample_gets_the_synthetic_part(self):
        y, psi, X = simulated()
        y[3], psi[7] = np.nan, np.nan
        model = FayHerriot().fit(y, psi, X)
        kept = np.delete(np.arange(len(y)), [3, 7])
        alone = FayHerriot().fit(y[kept], psi[kept], X[kept])
        table = model.estimates()
        assert list(table.index[~table["sampled"]]) == [3, 7]
        assert model.variance_component == pytest.approx(alone.variance_component)
        assert table.loc[kept, "mse"].to_numpy() == pytest.approx(alone.estimates()["mse"].to_numpy())
        assert table.loc[3, "estimate"] == pytest.approx(model.coefficients @ [1, *X[3]])
        assert table.loc[3, "gamma"] == 0
        assert table.loc[3, "mse"] > model.variance_component

    def test_the_synthetic_part_is_the_limit_of_a_worthless_sample(self):
        y, psi, X = simulated()
        huge = psi.copy()
        huge[3] = 1e12
        without = y.copy()
        without[3] = np.nan
        limit, synthetic = FayHerriot().fit(y, huge, X).estimates(), FayHerriot().fit(without, psi, X).estimates()
        assert limit.loc[3, "estimate"] == pytest.approx(synthetic.loc[3, "estimate"], rel=1e-6)
        assert limit.loc[3, "mse"] == pytest.approx(synthetic.loc[3, "mse"], rel=1e-6)

    def test_zero_area_variance_is_found_and_reported(self):
        rng = np.random.default_rng(1)
        X = rng.normal(size=(30, 1))
        model = FayHerriot().fit(2 * X[:, 0] + 0.01 * rng.normal(size=30), np.ones(30), X)
        assert model.at_zero
        assert model.variance_component == 0
        assert (model.estimates()["gamma"] == 0).all()
        assert np.isfinite(model.draws(500, 1)).all()
        assert model.draws(500, 1).std(axis=0).min() > 0.1, "the draws keep the uncertainty of σ²"

    def test_units_do_not_matter(self):
        y, psi, X = simulated()
        one = FayHerriot().fit(y, psi, X).estimates()
        other = FayHerriot().fit(y * 1e6, psi * 1e12, X * [1e-9, 1e7]).estimates()
        assert other["estimate"].to_numpy() == pytest.approx(one["estimate"].to_numpy() * 1e6, rel=1e-8)
        assert other["mse"].to_numpy() == pytest.approx(one["mse"].to_numpy() * 1e12, rel=1e-8)

    def test_without_a_constant(self):
        y, psi, X = simulated()
        ones = np.column_stack([np.ones(len(y)), X])
        assert FayHerriot(intercept=False).fit(y, psi, ones).variance_component == pytest.approx(
            FayHerriot().fit(y, psi, X).variance_component
        )

    def test_draws_are_seeded_and_joint(self):
        y, psi, X = simulated()
        psi = np.full(len(y), 50.0)
        model = FayHerriot().fit(y, psi, X)
        draws = model.draws(4000, 5)
        assert draws.shape == (4000, 40)
        assert (draws == model.draws(4000, 5)).all()
        assert (draws != model.draws(4000, 6)).any()
        assert np.corrcoef(draws.T)[np.triu_indices(40, 1)].mean() > 0.02, "areas share β"

    def test_draws_of_sigma_cover_the_truth(self):
        """In 100 simulated data sets the 80 % posterior interval of σ² holds the true 1.0 about 80 % of the time."""
        inside = 0
        for seed in range(100):
            values, probability = FayHerriot().fit(*simulated(30, 1.0, seed)).variance_posterior()
            cumulative = probability.cumsum()
            low, high = np.searchsorted(cumulative, [0.1, 0.9])
            inside += values[low] <= 1.0 <= values[high]
        assert 68 <= inside <= 92, "0.8 ± 3 binomial standard errors"

    @pytest.mark.parametrize("bad", [0.0, -1.0, np.inf])
    def test_a_variance_must_be_positive(self, bad):
        y, psi, X = simulated()
        psi[4] = bad
        assert code(FayHerriot().fit, y, psi, X) == "HY-M003"

    def test_collinear_covariates_are_named(self):
        y, psi, X = simulated()
        frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": 2 * X[:, 0] - 5 * X[:, 1] + 3})
        with pytest.raises(HamyarError, match=r"HY-M007 .*Collinear covariates: c "):
            FayHerriot().fit(y, psi, frame)

    def test_a_constant_covariate_is_collinear_with_the_constant(self):
        y, psi, X = simulated()
        X[:, 1] = 7
        assert code(FayHerriot().fit, y, psi, X) == "HY-M007"

    def test_a_gap_in_a_covariate_is_placed(self):
        y, psi, X = simulated()
        frame = pd.DataFrame(X, columns=["literacy", "work"])
        frame.loc[5, "work"] = np.nan
        with pytest.raises(HamyarError, match='row 6, column "work"'):
            FayHerriot().fit(y, psi, frame)

    @pytest.mark.parametrize("areas", [1, 2, 3])
    def test_fewer_areas_than_coefficients(self, areas):
        y, psi, X = simulated()
        assert code(FayHerriot().fit, y[:areas], psi[:areas], X[:areas]) == "HY-M006"

    def test_draws_need_more_areas(self):
        y, psi, X = simulated()
        assert code(FayHerriot().fit(y[:5], psi[:5], X[:5]).draws, 10, 0) == "HY-M009"

    def test_shapes(self):
        y, psi, X = simulated()
        assert code(FayHerriot().fit, y[:-1], psi, X) == "HY-M002"
        assert code(FayHerriot().fit, y, psi, X[:-1]) == "HY-M002"
        assert code(FayHerriot(intercept=False).fit, y, psi) == "HY-M002"
        assert code(FayHerriot().fit, 3.0, 1.0) == "HY-M002"

    def test_text_and_infinity(self):
        y, psi, X = simulated()
        assert code(FayHerriot().fit, ["much"] * len(y), psi, X) == "HY-M001"
        y[0] = np.inf
        assert code(FayHerriot().fit, y, psi, X) == "HY-M004"

    def test_only_methods_that_exist(self):
        assert code(FayHerriot, method="ml") == "HY-M008"


def survey(rates, n, deff=1.5, seed=0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rates, n = np.asarray(rates, dtype=float), np.asarray(n)
    effective = np.maximum(1, (n / deff).round().astype(int))
    estimate = rng.binomial(effective, rates) / effective
    se = np.sqrt(deff * estimate * (1 - estimate) / n)
    return pd.DataFrame({"area": [f"97{i:02}" for i in range(1, len(n) + 1)], "estimate": estimate, "se": se, "n": n})


@pytest.fixture
def province():
    rng = np.random.default_rng(4)
    x = rng.normal(size=28)
    rates = 1 / (1 + np.exp(1.4 - 0.6 * x))
    direct = survey(rates, np.r_[np.full(26, 40), 475, 5])
    return direct, pd.DataFrame({"x": x}, index=direct["area"])


class TestHeadcounts:
    def test_a_row_per_area_on_the_scale_of_probabilities(self, province):
        direct, covariates = province
        result = headcount_model(direct, covariates, draws=500, seed=1)
        table = result.table
        assert list(table["area"]) == list(covariates.index)
        assert result.draws.shape == (500, 28)
        assert ((result.draws >= 0) & (result.draws <= 1)).all()
        assert (table["low"] < table["estimate"]).all()
        assert (table["estimate"] < table["high"]).all()
        assert (table["se"] > 0).all()
        assert (result.draws == headcount_model(direct, covariates, draws=500, seed=1).draws).all()

    def test_below_ten_households_there_is_no_direct_estimate(self, province):
        direct, covariates = province
        result = headcount_model(direct, covariates)
        last = result.table.iloc[-1]
        assert (last["estimate_kind"], last["sampled"], last["gamma"], last["n"]) == ("synthetic_part", False, 0, 5)
        assert (result.table["estimate_kind"][:-1] == "model").all()
        changed = direct.assign(estimate=direct["estimate"].where(direct["n"] >= 10, 1.0))
        assert headcount_model(changed, covariates).table["estimate"].iloc[-1] == pytest.approx(
            last["estimate"], abs=0.03
        )
        assert any("10" in note["en"] and "خانوار" in note["fa"] for note in result.notes)

    def test_an_area_outside_the_survey(self, province):
        direct, covariates = province
        table = headcount_model(direct.drop(index=2), covariates).table
        assert table.loc[2, ["n", "estimate_kind"]].tolist() == [0, "synthetic_part"]
        assert table.loc[2, "se"] > table.loc[26, "se"]

    def test_an_area_with_one_cluster_has_no_error_of_its_own(self, province):
        direct, covariates = province
        lonely = direct.assign(se=direct["se"].where(direct.index != 3))
        table = headcount_model(lonely, covariates).table
        assert table.loc[3, "estimate_kind"] == "model"
        assert np.isfinite(table.loc[3, "se"])

    def test_areas_without_a_poor_household_still_have_an_interval(self, province):
        direct, covariates = province
        none = direct.assign(
            estimate=direct["estimate"].where(direct.index != 0, 0.0), se=direct["se"].where(direct.index != 0, 0.0)
        )
        row = headcount_model(none, covariates).table.iloc[0]
        assert row["estimate"] > 0
        assert row["high"] > row["low"] >= 0

    def test_no_poor_household_anywhere(self, province):
        direct, covariates = province
        result = headcount_model(direct.assign(estimate=0.0, se=0.0), covariates)
        assert (result.table["high"] < 0.15).all()
        assert (result.table["high"] > 0.001).all()

    def test_an_area_variance_of_zero_is_reported_and_intervals_stay(self, province):
        direct, covariates = province
        result = headcount_model(direct.assign(estimate=0.2, n=40), covariates)
        assert result.variance_component == 0
        assert any("area variance is estimated as 0" in note["en"] for note in result.notes)
        assert (result.table["se"] > 0.01).all()

    def test_angles_have_hardly_a_bias_where_the_plain_arcsine_does(self):
        p, n = 0.07, 20
        x = np.arange(n + 1)
        chance = comb(n, x) * p**x * (1 - p) ** (n - x)
        corrected, variance = angles(x / n, np.full(n + 1, float(n)))
        true = np.arcsin(np.sqrt(p))
        assert abs(chance @ corrected - true) < abs(chance @ np.arcsin(np.sqrt(x / n)) - true) / 3
        assert chance @ (corrected - true) ** 2 < 1.2 * variance[0]

    def test_design_effect_is_pooled(self, province):
        direct, _ = province
        columns = (direct[name].to_numpy(dtype=float) for name in ("estimate", "se", "n"))
        assert pooled_design_effect(*columns) == pytest.approx(1.5, rel=0.05)
        assert pooled_design_effect(np.array([0.2]), np.array([np.nan]), np.array([8.0])) == 1.0
        doubled = headcount_model(direct.assign(se=direct["se"] * np.sqrt(2)), province[1])
        assert 2.7 < doubled.design_effect < 3, "p(1 - p) is taken a little larger with a larger error"

    def test_benchmarked_to_the_province(self, province):
        direct, covariates = province
        people = np.arange(1, 29) * 1000.0
        result = headcount_model(direct, covariates, population=people, province=0.21)
        plain = headcount_model(direct, covariates)
        assert result.table["estimate"] @ people / people.sum() == pytest.approx(0.21)
        assert result.draws == pytest.approx(np.clip(plain.draws * result.benchmark, 0, 1))

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (lambda d, x: (pd.concat([d, d.head(1)]), x), "HY-M010"),
            (lambda d, x: (d, pd.concat([x, x.head(1)])), "HY-M010"),
            (lambda d, x: (d.drop(columns="se"), x), "HY-M011"),
            (lambda d, x: (d, x.iloc[1:]), "HY-M012"),
            (lambda d, x: (d.assign(estimate=d["estimate"] * 100), x), "HY-M013"),
            (lambda d, x: (d, x.assign(x=x["x"].where(x.index != "9703"))), "HY-M005"),
            (lambda d, x: (d.head(1), x.head(1)), "HY-M006"),
        ],
    )
    def test_bad_input(self, province, change, expected):
        assert code(headcount_model, *change(*province)) == expected

    @pytest.mark.parametrize("people", [np.ones(3), np.full(28, np.nan), np.full(28, -1.0), np.zeros(28)])
    def test_bad_population(self, province, people):
        assert code(headcount_model, *province, population=people, province=0.2) == "HY-M014"
