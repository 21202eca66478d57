"""Models of units within areas: closed forms, simulation, and what they refuse."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.stats import norm

from hamyar.errors import HamyarError
from hamyar.small_area import EmpiricalBest, NestedError
from hamyar.small_area.nested_error import NestedLikelihood
from hamyar.small_area.simulated import INDICATORS, indicators
from hamyar.small_area.unit_scale import SCALES, Scale


def code(call, *args, **kwargs) -> str:
    with pytest.raises(HamyarError) as caught:
        call(*args, **kwargs)
    assert all(fault.fa and fault.en for fault in caught.value.faults)
    return caught.value.faults[0].code


def world(seed: int = 0, areas: int = 30, units: int = 60, n: int = 6, between: float = 0.3):
    """A population with log welfare of a nested-error model, and a sample of n units in all but the last three areas."""
    rng = np.random.default_rng(seed)
    area = np.repeat(np.arange(areas), units)
    x, head = rng.normal(size=len(area)), rng.choice(["female", "male"], len(area))
    z = (
        5
        + 0.4 * x
        + 0.3 * (head == "male")
        + (between * rng.normal(size=areas))[area]
        + 0.5 * rng.normal(size=len(area))
    )
    population = pd.DataFrame({"area": [f"A{i:02}" for i in area], "x": x, "head": head, "income": np.exp(z)})
    sample = population[area < areas - 3].groupby("area").sample(n, random_state=seed)
    return sample, population


def fitted(transform="log", number=0, **kwargs) -> tuple[EmpiricalBest, pd.DataFrame]:
    sample, population = world(number)
    model = EmpiricalBest(transform, **kwargs).fit(sample, y="income", X=["x", "head"], area="area")
    return model, population


class TestLikelihood:
    @pytest.mark.parametrize("method", ["reml", "ml"])
    def test_against_matrices_written_out(self, method):
        """The likelihood from sums by area is that of the whole n × n matrix, and no other (σ²_u, σ²_e) is higher."""
        rng = np.random.default_rng(1)
        area, X = np.sort(rng.integers(0, 8, 40)), np.column_stack([np.ones(40), rng.normal(size=(40, 2))])
        y = X @ [1, 2, -1] + rng.normal(size=8)[area] + rng.normal(size=40)
        fit = NestedLikelihood(X, ["a", "b", "c"], area, 8, method).fit(y)
        same = (area[:, None] == area).astype(float)

        def dense(between: float, within: float) -> float:
            V = within * np.eye(40) + between * same
            inverse = np.linalg.inv(V)
            A = X.T @ inverse @ X
            r = y - X @ np.linalg.solve(A, X.T @ inverse @ y)
            value = np.linalg.slogdet(V)[1] + r @ inverse @ r
            value += np.linalg.slogdet(A)[1] if method == "reml" else 0
            return -(value + (37 if method == "reml" else 40) * np.log(2 * np.pi)) / 2

        assert fit.loglikelihood == pytest.approx(dense(fit.between, fit.within), rel=1e-12)
        near = [dense(fit.between * a, fit.within * b) for a in (0.99, 1, 1.01) for b in (0.99, 1, 1.01)]
        assert max(near) == near[4]
        step = 1e-4
        slope = (dense(fit.between * (1 + step), fit.within) - dense(fit.between * (1 - step), fit.within)) / step
        assert abs(slope) < 1e-5

    def test_no_difference_between_areas_is_found_and_reported(self):
        rng = np.random.default_rng(3)
        frame = pd.DataFrame({"area": np.arange(60) % 6, "x": rng.normal(size=60)})
        noise = rng.normal(size=60)
        frame["y"] = frame["x"] + noise - pd.Series(noise).groupby(frame["area"]).transform("mean")
        model = NestedError().fit(frame, y="y", X=["x"], area="area")
        assert model.at_zero
        assert model.between == 0
        assert [note.code for note in model.notes] == ["HY-U008"]
        eb = EmpiricalBest().fit(frame, y="y", X=["x"], area="area")
        assert [note.code for note in eb.notes] == ["HY-U008"]


class TestNestedError:
    def test_with_a_huge_area_variance_the_mean_is_the_samples(self):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"area": np.repeat(np.arange(9), 5), "x": rng.normal(size=45)})
        frame["y"] = 1e4 * rng.normal(size=9)[frame["area"]] + rng.normal(size=45)
        means = frame.groupby("area", as_index=False)["x"].mean()
        table = NestedError().fit(frame, y="y", X=["x"], area="area").estimates(means)
        assert table["estimate"].to_numpy() == pytest.approx(frame.groupby("area")["y"].mean().to_numpy(), rel=1e-5)
        assert table["gamma"].min() > 0.999
        assert table["mse"].isna().all(), "no bootstrap was asked for"

    def test_a_census_of_the_area_is_its_mean(self):
        sample, _ = world()
        sample = sample.assign(male=(sample["head"] == "male").astype(float))
        means = sample.groupby("area", as_index=False)[["x", "male"]].mean().assign(N=6)
        table = NestedError().fit(sample, y="income", X=["x", "male"], area="area").estimates(means, size="N")
        assert table["estimate"].to_numpy() == pytest.approx(sample.groupby("area")["income"].mean().to_numpy())

    def test_bootstrap_mse_tells_the_error(self):
        said, seen = [], []
        for seed in range(100):
            rng = np.random.default_rng(seed)
            frame = pd.DataFrame({"area": np.repeat(np.arange(15), 4), "x": rng.normal(size=60)})
            u = 0.7 * rng.normal(size=16)
            frame["y"] = 2 + frame["x"] + u[frame["area"]] + rng.normal(size=60)
            means = pd.DataFrame({"area": np.arange(16), "x": rng.normal(size=16) / 4})
            model = NestedError(bootstrap=12, seed=seed).fit(frame, y="y", X=["x"], area="area")
            table = model.estimates(means)
            said.append(table["mse"].to_numpy())
            seen.append((table["estimate"].to_numpy() - 2 - means["x"].to_numpy() - u) ** 2)
        said, seen = np.mean(said, axis=0), np.mean(seen, axis=0)
        assert said[:15].mean() == pytest.approx(seen[:15].mean(), rel=0.15)
        assert said[15] > 1.5 * said[:15].max(), "no sample, more error"

    def test_bad_input(self):
        sample, _ = world()
        means = sample.groupby("area", as_index=False)["x"].mean()
        model = NestedError().fit(sample, y="income", X=["x"], area="area")
        assert code(NestedError, method="moment") == "HY-U007"
        assert code(model.estimates, means.iloc[1:]) == "HY-U006"
        assert code(model.estimates, means.drop(columns="x")) == "HY-U001"
        assert code(model.estimates, means.assign(x=np.nan)) == "HY-U002"
        with pytest.raises(HamyarError, match=r"HY-U016 · row 2, column \"N\""):
            model.estimates(means.assign(N=5), size="N")


class TestIndicators:
    def test_by_hand(self):
        found = dict(zip(INDICATORS, indicators(np.array([[4.0, 1, 3, 2]]), 2.5)[0], strict=True))
        assert found["mean"] == 2.5
        assert found["headcount"] == 0.5
        assert found["poverty_gap"] == pytest.approx((0.6 + 0.2) / 4)
        assert found["squared_poverty_gap"] == pytest.approx((0.36 + 0.04) / 4)
        assert found["gini"] == pytest.approx(0.25)
        assert found["quantile_50"] == 2.5
        assert found["quantile_10"] == pytest.approx(1.3)
        assert found["quantile_share_ratio"] == pytest.approx(4 / 1)

    def test_weights_are_copies(self):
        rng = np.random.default_rng(0)
        y, times = np.exp(rng.normal(size=(3, 12))), rng.integers(1, 5, 12)
        weighted = indicators(y.copy(), 0.8, times.astype(float))
        copied = indicators(np.repeat(y, times, axis=1), 0.8)
        assert weighted[:, :5] == pytest.approx(copied[:, :5])
        by_count = np.quantile(np.repeat(y, times, axis=1), 0.5, axis=1, method="inverted_cdf")
        assert weighted[:, INDICATORS.index("quantile_50")] == pytest.approx(by_count)

    @pytest.mark.parametrize("name", SCALES)
    def test_there_and_back(self, name):
        y = np.geomspace(0.5, 1e6, 50)
        for parameter in (-0.5, 0.0, 1e-9, 0.6, 2.0) if name == "box-cox" else (3.0,):
            scale = Scale(name, parameter, 0.0, 1e6)
            assert scale.back(scale.forward(y).copy()) == pytest.approx(y, rel=1e-6)

    def test_where_box_cox_has_no_inverse(self):
        assert Scale("box-cox", 0.5, 0.0, 10.0).back(np.array([-3.0])) == 0
        assert Scale("box-cox", -0.5, 0.0, 10.0).back(np.array([3.0])) == pytest.approx(1e4)


class TestEmpiricalBest:
    @pytest.mark.parametrize("transform", [None, "log"])
    def test_against_closed_forms(self, transform):
        """Given the model, mean and headcount of an area are known exactly: within 4 simulation errors of 400 draws."""
        model, population = fitted(transform, draws=400, seed=3)
        line = 120.0
        table = model.predict(population, line=line).set_index(["measure", "area"])
        X = np.column_stack([np.ones(len(population)), population["x"], population["head"] == "male"]).astype(float)
        u = model.effects.reindex(population["area"]).fillna(0).to_numpy()
        n = 6 * np.isin(population["area"], model.effects.index)
        own = model.between * (1 - model.between / (model.between + model.within / np.maximum(n, 1e-9)))
        center, sd = X @ model.coefficients.to_numpy() + u, np.sqrt(own + model.within)
        mean = np.exp(center + sd**2 / 2) if transform else center
        poor = norm.cdf(((np.log(line) if transform else line) - center) / sd)
        for measure, exact in (("mean", mean), ("headcount", poor)):
            exact = pd.Series(exact).groupby(population["area"].to_numpy()).mean()
            found = table.loc[measure].reindex(exact.index)
            distance = (found["estimate"] - exact) / found["simulation_error"]
            assert distance.abs().max() < 4
            assert 0.6 < distance.std() < 1.5, "the stated simulation error is the true one"

    def test_box_cox_finds_the_power(self):
        rng = np.random.default_rng(5)
        area, x = np.repeat(np.arange(40), 25), rng.normal(size=1000)
        z = 8 + x + rng.normal(size=40)[area] + rng.normal(size=1000)
        frame = pd.DataFrame({"area": area, "x": x, "y": (0.5 * z + 1) ** 2})
        model = EmpiricalBest("box-cox").fit(frame, y="y", X=["x"], area="area")
        assert model.transform_parameter == pytest.approx(0.5, abs=0.1)
        assert model.between == pytest.approx(1, rel=0.5)

    def test_at_the_end_of_the_range_it_says_so(self):
        rng = np.random.default_rng(5)
        frame = pd.DataFrame({"area": np.arange(300) % 10, "x": rng.normal(size=300)})
        frame["y"] = (50 + frame["x"] + rng.normal(size=300)) ** (1 / 6)
        model = EmpiricalBest("box-cox").fit(frame, y="y", X=["x"], area="area")
        assert model.transform_parameter == pytest.approx(2)
        assert "HY-U012" in [note.code for note in model.notes]

    def test_incomes_that_are_not_above_zero_are_shifted(self):
        sample, population = world()
        shifted = sample.assign(income=sample["income"] - 80)
        for transform in ("log", "log-shift", "box-cox"):
            model = EmpiricalBest(transform, draws=20).fit(shifted, y="income", X=["x"], area="area")
            table = model.predict(population, line=40.0)
            assert np.isfinite(table.loc[table["measure"] != "gini", "estimate"]).all()

    def test_areas_without_a_sample_are_less_sure(self):
        model, population = fitted(draws=20, bootstrap=20, seed=1)
        table = model.predict(population, line=120.0).query("measure == 'headcount'").set_index("area")
        assert list(table.index[~table["sampled"]]) == ["A27", "A28", "A29"]
        assert table.loc[~table["sampled"], "mse"].mean() > 1.3 * table.loc[table["sampled"], "mse"].mean()
        assert (table["estimate"].between(0, 1)).all()

    def test_mse_tells_the_error(self):
        """Over 12 populations the mean of the bootstrap mse is the mean squared error of headcounts."""
        said = seen = 0.0
        for seed in range(12):
            model, population = fitted(number=seed, draws=30, bootstrap=15, seed=seed)
            table = model.predict(population, line=120.0).query("measure == 'headcount'").set_index("area")
            truth = (population["income"] < 120).groupby(population["area"]).mean()
            inside = table["sampled"]
            said += table.loc[inside, "mse"].mean()
            seen += ((table["estimate"] - truth)[inside] ** 2).mean()
        assert said == pytest.approx(seen, rel=0.25)

    def test_seeded_and_independent_of_the_order_of_rows(self):
        model, population = fitted(draws=5, seed=4)
        once, again = model.predict(population, line=120.0), model.predict(population, line=120.0)
        pd.testing.assert_frame_equal(once, again)
        mixed = population.sample(frac=1, random_state=1)
        other = EmpiricalBest("log", draws=300, seed=4).fit(
            world()[0].sample(frac=1, random_state=2), y="income", X=["x", "head"], area="area"
        )
        assert other.between == pytest.approx(model.between, rel=1e-9)
        close = other.predict(mixed, line=120.0)
        assert close["estimate"].to_numpy() == pytest.approx(
            EmpiricalBest("log", draws=300, seed=5)
            .fit(world()[0], y="income", X=["x", "head"], area="area")
            .predict(population, line=120.0)["estimate"]
            .to_numpy(),
            rel=0.2,
        )

    def test_other_frames(self):
        sample, population = world()
        model = EmpiricalBest("log", draws=5).fit(pl.from_pandas(sample), y="income", X=["x", "head"], area="area")
        pd.testing.assert_frame_equal(
            model.predict(pl.from_pandas(population), line=100.0),
            fitted(draws=5)[0].predict(population, line=100.0),
        )

    def test_people_count_by_the_size_of_the_household(self):
        model, population = fitted(draws=60, seed=1)
        doubled = model.predict(population.assign(members=2.0), line=120.0, size="members")
        plain = model.predict(population, line=120.0)
        same = ~plain["measure"].str.startswith("quantile")
        assert doubled.loc[same, "estimate"].to_numpy() == pytest.approx(
            plain.loc[same, "estimate"].to_numpy(), rel=1e-9
        )
        heavy = population.assign(members=np.where(population["income"] < 120, 9.0, 1.0))
        headcount = plain["measure"] == "headcount"
        weighted = model.predict(heavy, line=120.0, size="members")
        assert (weighted.loc[headcount, "estimate"] > plain.loc[headcount, "estimate"]).mean() > 0.8

    def test_weights_of_one_change_nothing_and_others_undo_selection(self):
        sample, _ = world()
        plain = EmpiricalBest("log").fit(sample, y="income", X=["x"], area="area")
        ones = EmpiricalBest("log").fit(sample.assign(w=3.0), y="income", X=["x"], area="area", weight="w")
        assert ones.coefficients.to_numpy() == pytest.approx(plain.coefficients.to_numpy(), rel=1e-9)
        assert ones.effects.to_numpy() == pytest.approx(plain.effects.to_numpy(), rel=1e-9)
        rng = np.random.default_rng(8)
        area = np.repeat(np.arange(40), 200)
        e = rng.normal(size=8000)
        frame = pd.DataFrame({"area": area, "x": rng.normal(size=8000), "p": np.clip(0.1 * np.exp(e), 0.01, 0.9)})
        frame["y"] = np.exp(2 + frame["x"] + 0.3 * rng.normal(size=40)[area] + e)
        chosen = frame[rng.random(8000) < frame["p"]].assign(w=lambda f: 1 / f["p"])
        naive = EmpiricalBest("log").fit(chosen, y="y", X=["x"], area="area")
        pseudo = EmpiricalBest("log").fit(chosen, y="y", X=["x"], area="area", weight="w")
        assert naive.coefficients["intercept"] > 2.5
        assert pseudo.coefficients["intercept"] == pytest.approx(2, abs=0.25)

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            (lambda f: f.drop(columns="x"), "HY-U001"),
            (lambda f: f.assign(x=f["x"].where(f.index != f.index[4])), "HY-U002"),
            (lambda f: f.assign(income="much"), "HY-U004"),
            (lambda f: f.assign(income=np.inf), "HY-U004"),
            (lambda f: f.assign(w=0.0), "HY-U005"),
            (lambda f: f.assign(income=3.0), "HY-U010"),
            (lambda f: f.assign(x=1.0), "HY-M007"),
            (lambda f: f.head(2), "HY-M006"),
        ],
    )
    def test_bad_samples(self, change, expected):
        sample, _ = world()
        data = change(sample.assign(w=1.0))
        assert code(EmpiricalBest("log").fit, data, y="income", X=["x", "head"], area="area", weight="w") == expected

    def test_bad_populations(self):
        model, population = fitted(draws=2)
        assert code(EmpiricalBest, "sqrt") == "HY-U009"
        assert code(model.predict, population[population["area"] != "A03"], line=100.0) == "HY-U006"
        assert code(model.predict, population.assign(head="unknown"), line=100.0) == "HY-U003"
        assert code(model.predict, population.assign(x=np.nan), line=100.0) == "HY-U002"
        assert code(model.predict, population, line=0.0) == "HY-U011"
        assert code(model.predict, population, line=np.nan) == "HY-U011"
        for size in (-1.0, np.where(population["area"] == "A04", 0.0, 1.0)):
            assert code(model.predict, population.assign(n=size), line=9.0, size="n") == "HY-U015"

    @pytest.mark.parametrize("transform", SCALES)
    def test_diagnostics(self, transform):
        model, _ = fitted(transform)
        table = model.diagnostics()
        assert len(table) == len(model.sample.y)
        assert table["standardised"].std() == pytest.approx(1, abs=0.1)
        assert (table["fitted"] + table["residual"]).to_numpy() == pytest.approx(table["observed"].to_numpy())
        if transform is None:
            plain = NestedError().fit(world()[0], y="income", X=["x", "head"], area="area").diagnostics()
            pd.testing.assert_frame_equal(plain, table)


def test_one_covariate_is_named_as_it_is():
    sample, _ = world()
    fits = [EmpiricalBest("log").fit(sample, y="income", X=X, area="area").coefficients for X in ("x", ["x"])]
    pd.testing.assert_series_equal(*fits)
