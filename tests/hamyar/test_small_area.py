"""Small area models: what they give, what they refuse, and the rules for thin samples."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import comb

from hamyar.errors import HamyarError
from hamyar.small_area import FayHerriot, benchmark, headcount_model, smooth_variances
from hamyar.small_area.headcount import angles, pooled_design_effect
from hamyar.small_area.variance_component import METHODS, loglikelihood, score


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
        slope = score(model.variance_component * (1 + 1e-6), y, psi, Q) / 1e-6
        assert abs(score(model.variance_component, y, psi, Q)) < 1e-9 * abs(slope)

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

    def test_a_constant_among_the_covariates_is_the_constant(self):
        y, psi, X = simulated()
        wanted = FayHerriot().fit(y, psi, X).estimates()
        found = FayHerriot().fit(y, psi, np.column_stack([np.ones(len(y)), X])).estimates()
        np.testing.assert_allclose(found["estimate"], wanted["estimate"], rtol=1e-12)
        assert code(FayHerriot(intercept=False).fit, y, psi, np.column_stack([X, X[:, 0]])) == "HY-M007"

    def test_rows_with_the_labels_of_y_are_brought_to_its_order(self):
        y, psi, X = simulated()
        names = [f"a{i}" for i in range(len(y))]
        data = pd.DataFrame({"y": y, "v": psi, "x": X[:, 0]}, names)
        wanted = FayHerriot().fit(data["y"], data["v"], data[["x"]]).estimates()
        turned = data.iloc[::-1]
        pd.testing.assert_frame_equal(FayHerriot().fit(data["y"], turned["v"], turned[["x"]]).estimates(), wanted)
        other = turned.set_axis(np.arange(len(y)) + 1, axis=0)  # other labels say nothing: as they stand
        found = FayHerriot().fit(data["y"], other["v"], other[["x"]]).estimates()
        assert not np.allclose(found["estimate"], wanted["estimate"])

    def test_a_table_of_one_column_is_a_column(self):
        y, psi, X = simulated()
        wanted = FayHerriot().fit(y, psi, X).estimates()
        pd.testing.assert_frame_equal(FayHerriot().fit(y[:, None], psi[:, None], X).estimates(), wanted)

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
        assert code(FayHerriot, method="mle") == "HY-M008"
        assert code(FayHerriot, transform="logit") == "HY-M016"

    @pytest.mark.parametrize("method", [name for name in METHODS if name != "moment"])
    def test_the_score_is_the_slope_of_the_likelihood(self, method):
        y, psi, X = simulated()
        Q = np.linalg.qr(X)[0]
        for s in (0.05, 0.7, 4.0):
            step = 1e-5 * s
            slope = loglikelihood(s + step, y, psi, Q, method) - loglikelihood(s - step, y, psi, Q, method)
            assert score(s, y, psi, Q, method) == pytest.approx(slope / step, rel=1e-5)

    @pytest.mark.parametrize("method", METHODS)
    def test_no_other_variance_is_more_likely(self, method):
        for seed in range(5):
            y, psi, X = simulated(15, 0.5, seed)
            model = FayHerriot(method).fit(y, psi, X)
            if method != "moment":
                Q, s = model.data.Q, model.variance_component
                others = s * np.geomspace(1e-4, 1e4, 200) if s else np.geomspace(1e-6, 1e4, 200)
                top = loglikelihood(s, y, psi, Q, method)
                assert max(loglikelihood(o, y, psi, Q, method) for o in others) <= top + 1e-9

    def test_the_moment_equation_holds(self):
        y, psi, X = simulated()
        model = FayHerriot("moment").fit(y, psi, X)
        residual = y - np.column_stack([np.ones(len(y)), X]) @ model.coefficients
        assert np.sum(residual**2 / (model.variance_component + psi)) == pytest.approx(len(y) - 3, rel=1e-10)

    def test_zero_is_reported_by_name_and_adjusted_away(self):
        rng = np.random.default_rng(1)
        X = rng.normal(size=(30, 1))
        y = 2 * X[:, 0] + 0.01 * rng.normal(size=30)
        for method in ("reml", "ml", "moment"):
            model = FayHerriot(method).fit(y, np.ones(30), X)
            assert [note.code for note in model.notes] == ["HY-M018"]
            assert model.notes[0].fa
        for method in ("adjusted", "adjusted_ml", "adjusted_yl", "adjusted_ml_yl"):
            model = FayHerriot(method).fit(y, np.ones(30), X)
            assert model.variance_component > 0
            assert not model.notes
            assert (model.estimates()["gamma"] > 0).all()

    def test_an_adjusted_likelihood_needs_more_areas(self):
        y, psi, X = simulated()
        assert code(FayHerriot("adjusted").fit, y[:5], psi[:5], X[:5]) == "HY-M017"

    @pytest.mark.parametrize("method", METHODS)
    def test_mse_tells_the_error(self, method):
        """Over 300 simulated data sets the mean of mse is the mean squared error, sampled areas and the one without."""
        rng = np.random.default_rng(7)
        X, psi = rng.normal(size=(25, 1)), np.linspace(0.5, 1.5, 25)
        said, seen = np.zeros(25), np.zeros(25)
        for _ in range(300):
            truth = X[:, 0] + rng.normal(size=25)
            y = truth + np.sqrt(psi) * rng.normal(size=25)
            y[7] = np.nan
            table = FayHerriot(method).fit(y, psi, X).estimates()
            said += table["mse"].to_numpy() / 300
            seen += (table["estimate"].to_numpy() - truth) ** 2 / 300
        assert said.mean() == pytest.approx(seen.mean(), rel=0.06)
        assert said[7] == pytest.approx(seen[7], rel=0.3)

    def test_diagnostics(self):
        y, psi, X = simulated(200)
        y[3] = np.nan
        table = FayHerriot().fit(y, psi, X).diagnostics()
        assert list(table.index[:4]) == [0, 1, 2, 4]
        assert table["standardised"].std() == pytest.approx(1, abs=0.15)
        assert (table["gain"] < 1).all()
        assert table["gain"].mean() > 0.2
        assert (table["synthetic"] + table["effect"]).to_numpy() == pytest.approx(table["estimate"].to_numpy())


class TestTransforms:
    def test_arcsine_by_simulation(self):
        """The back-transformed estimate is the mean of sin² of the area value given the data."""
        rng = np.random.default_rng(2)
        rate = np.clip(rng.beta(2, 10, 30), 0.02, 0.9)
        variance = rate * (1 - rate) / 40
        model = FayHerriot(transform="arcsin").fit(rate, variance, rng.normal(size=(30, 1)))
        plain = FayHerriot().fit(np.arcsin(np.sqrt(rate)), np.full(30, 1 / 160), model.data.X[:, 1:])
        assert model.variance_component == pytest.approx(plain.variance_component, rel=1e-10)
        table, inner = model.estimates(), plain.estimates()
        sd = np.sqrt(plain.variance_component * (1 - inner["gamma"].to_numpy()))
        t = np.clip(inner["estimate"].to_numpy() + sd * rng.standard_normal((40_000, 30)), 0, np.pi / 2)
        drawn = np.sin(t) ** 2
        error = drawn.std(axis=0) / 200
        assert (np.abs(drawn.mean(axis=0) - table["estimate"].to_numpy()) < 4 * error + 1e-9).all()
        assert ((table["estimate"] > 0) & (table["estimate"] < 1)).all()

    def test_logarithm_by_hand(self):
        rng = np.random.default_rng(3)
        y = np.exp(rng.normal(3, 0.5, 30))
        model = FayHerriot(transform="log").fit(y, (0.2 * y) ** 2)
        inner = FayHerriot().fit(np.log(y), np.full(30, 0.04))
        table, plain = model.estimates(), inner.estimates()
        own = inner.variance_component * (1 - plain["gamma"])
        assert table["estimate"].to_numpy() == pytest.approx(np.exp(plain["estimate"] + own / 2).to_numpy(), rel=1e-10)

    def test_slud_and_maiti_by_differences(self):
        """Each term anew: the mse at known parameters and its derivatives in σ² by differences, for areas without a sample too."""
        rng = np.random.default_rng(4)
        x, y = rng.normal(size=25), np.exp(rng.normal(3, 0.5, 25))
        y[3] = np.nan
        model = FayHerriot("ml", "log").fit(y, (0.25 * y) ** 2, x)
        table, sigma, fit = model.estimates(), model.variance_component, model._at(model.variance_component)
        bias = -np.trace(fit.inverse @ (model._Q * fit.weight[:, None] ** 2).T @ model._Q) / np.sum(fit.weight**2)
        variance = 2 / np.sum(fit.weight**2)
        for area, psi in ((0, 0.0625), (3, np.inf)):
            mean, lever = (
                model.data.basis[area] @ fit.beta,
                model.data.basis[area] @ fit.inverse @ model.data.basis[area],
            )

            def known(s, psi=psi, mean=mean):
                own = s if np.isinf(psi) else s * psi / (s + psi)
                return np.exp(2 * mean + 2 * s) - np.exp(2 * mean + 2 * s - own)

            h, gamma = 1e-4, table["gamma"][area]
            slope = (known(sigma + h) - known(sigma - h)) / (2 * h)
            bend = (known(sigma + h) - 2 * known(sigma) + known(sigma - h)) / h**2
            square = np.exp(2 * mean + sigma * (1 + gamma)) * (1 - gamma) ** 2
            in_sigma = ((1 + 3 * gamma) / 2) ** 2 + (0 if np.isinf(psi) else 1 / (sigma + psi))
            expected = known(sigma) + square * (lever + variance * in_sigma)
            expected -= 2 * lever * known(sigma) + bias * slope + variance * bend / 2
            assert table["mse"][area] == pytest.approx(expected, rel=1e-6)

    def test_an_mse_is_above_zero(self):
        """Eight areas with σ² of 1.5 on the log scale: the bias is larger than what it is taken off, and stays in."""
        y = np.array([24.3, 11.9, 13.3, 1.7, 121.5, 63.1, 14.5, 43.5])
        model = FayHerriot(transform="log").fit(y, (np.array([0.5, 0.3, 0.3, 0.5, 0.3, 0.5, 0.3, 0.3]) * y) ** 2)
        table = model.estimates()
        assert model.variance_component > 1
        assert (table["mse"] > 0).all()

    def test_the_conditional_mse_is_larger_where_the_estimate_is(self):
        rng = np.random.default_rng(9)
        hit = {None: 0.0, "conditional": 0.0}
        for _ in range(60):
            theta = 2 + 0.45 * rng.normal(size=40)
            y = np.exp(theta + 0.3 * rng.normal(size=40))
            for back in hit:
                table = FayHerriot(transform="log", back=back).fit(y, (0.3 * y) ** 2).estimates()
                top = table["estimate"].nlargest(8).index
                near = np.abs(table["estimate"] - np.exp(theta))[top] < 1.96 * np.sqrt(table["mse"][top])
                hit[back] += near.mean() / 60
        assert hit["conditional"] > 0.92 > 0.89 > hit[None], (
            "the mse over samples is too small for the largest estimates"
        )

    @pytest.mark.parametrize(
        ("transform", "back"), [(None, "crude"), ("arcsin", "crude"), ("log", "naive"), ("log", "bc")]
    )
    def test_only_ways_back_that_exist(self, transform, back):
        with pytest.raises(HamyarError, match="HY-M029"):
            FayHerriot(transform=transform, back=back)

    @pytest.mark.parametrize("transform", ["arcsin", "log"])
    def test_mse_tells_the_error(self, transform):
        rng = np.random.default_rng(11)
        said = seen = bias = 0.0
        for _ in range(200):
            x = rng.normal(size=40)
            if transform == "log":
                theta, psi = 2 + 0.3 * x + 0.3 * rng.normal(size=40), 0.05
                y = np.exp(theta + np.sqrt(psi) * rng.normal(size=40))
                truth, variance = np.exp(theta), psi * y**2
            else:
                theta, n = 0.5 + 0.1 * x + 0.1 * rng.normal(size=40), 50
                truth = np.sin(theta) ** 2
                y = np.clip(rng.binomial(n, truth) / n, 0.5 / n, 1 - 0.5 / n)
                variance = y * (1 - y) / n
            table = FayHerriot(transform=transform).fit(y, variance, x).estimates()
            error = table["estimate"].to_numpy() - truth
            said += table["mse"].mean() / 200
            seen += (error**2).mean() / 200
            bias += error.mean() / truth.mean() / 200
        assert said == pytest.approx(seen, rel=0.1)
        assert abs(bias) < {"log": 0.01, "arcsin": 0.025}[transform], "asin √p itself is about 1 / (8n √p) too low"

    @pytest.mark.parametrize(("transform", "bad"), [("arcsin", 0.0), ("arcsin", 1.0), ("log", 0.0), ("log", -3.0)])
    def test_no_image(self, transform, bad):
        y = np.full(20, 0.3)
        y[6] = bad
        with pytest.raises(HamyarError, match="HY-M015 · row 7"):
            FayHerriot(transform=transform).fit(y, np.full(20, 0.01))


class TestBenchmark:
    TABLE = pd.DataFrame({"estimate": [0.1, 0.2, 0.4], "mse": [0.01, 0.02, 0.03]}, index=list("abc"))

    @pytest.mark.parametrize("method", ["ratio", "difference"])
    def test_adds_up(self, method):
        people = [100, 300, 600]
        table = benchmark(self.TABLE, people, 0.25, method=method)
        assert np.average(table["estimate"], weights=people) == pytest.approx(0.25, rel=1e-14)
        assert list(table.index) == list("abc")

    def test_by_hand(self):
        ratio, difference = (benchmark(self.TABLE, [100, 300, 600], 0.155, method=m) for m in ("ratio", "difference"))
        assert ratio["estimate"].tolist() == pytest.approx([0.05, 0.1, 0.2])
        assert ratio["mse"].tolist() == pytest.approx([0.0025, 0.005, 0.0075])
        assert difference["estimate"].tolist() == pytest.approx([-0.055, 0.045, 0.245])
        assert difference["mse"].tolist() == [0.01, 0.02, 0.03]

    def test_refused(self):
        assert code(benchmark, self.TABLE, [1, 1, 1], 0.2, method="raking") == "HY-M019"
        for people in ([1, 1], [1, -1, 1], [0, 0, 0], [1, np.nan, 1]):
            assert code(benchmark, self.TABLE, people, 0.2) == "HY-M020"
        assert code(benchmark, self.TABLE.assign(estimate=-1.0), [1, 1, 1], 0.2) == "HY-M021"


class TestSmoothVariances:
    def test_finds_the_function_and_keeps_the_sum(self):
        rng = np.random.default_rng(0)
        n = rng.integers(10, 200, 300)
        true = 2.5 * n**-1.0
        noisy = pd.Series(true * rng.chisquare(5, 300) / 5)
        noisy.iloc[:4] = [0.0, np.nan, 0.0, np.nan]
        smooth = smooth_variances(noisy, np.log(n))
        assert smooth.to_numpy() == pytest.approx(true, rel=0.15)
        assert smooth.iloc[4:].sum() == pytest.approx(noisy.iloc[4:].sum())
        assert (smooth > 0).all()

    def test_an_exact_function_is_returned(self):
        n = np.arange(5.0, 25)
        assert smooth_variances(3 * n**-0.7, np.log(n)).to_numpy() == pytest.approx(3 * n**-0.7, rel=1e-10)

    def test_refused(self):
        with np.errstate(divide="ignore"):
            assert code(smooth_variances, np.ones(5), np.log([3, 0, 4, 5, 6])) == "HY-M022"
        assert code(smooth_variances, np.ones(5), np.outer(np.arange(5), [1, 2])) == "HY-M007"

    def test_samples_of_one_size_have_one_variance(self):
        assert smooth_variances(np.array([1.0, 2, 6]), np.ones(3)).to_numpy() == pytest.approx(np.full(3, 3.0))


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
