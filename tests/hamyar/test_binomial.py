"""The binomial unit-level model: against lme4 and against an integral written out, simulation, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import expit

from hamyar.errors import HamyarError
from hamyar.small_area import BinomialHeadcount


def world(seed: int = 42, areas: int = 40, n: int = 30, between: float = 0.6) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    area = np.repeat(np.arange(areas), n)
    x, z = rng.normal(size=len(area)), (rng.random(len(area)) < 0.4).astype(float)
    eta = -2.8 + 0.8 * x + 0.5 * z + (between * rng.normal(size=areas))[area]
    return pd.DataFrame({"area": area, "x": x, "z": z, "poor": (rng.random(len(area)) < expit(eta)).astype(int)})


def code(call, *args, **kwargs) -> str:
    with pytest.raises(HamyarError) as caught:
        call(*args, **kwargs)
    assert all(fault.fa and fault.en for fault in caught.value.faults)
    return caught.value.faults[0].code


def test_against_lme4():
    """lme4 1.1-31: glmer(y ~ x + z + (1|area), family = binomial, nAGQ = 25), bobyqa to 1e-10, on `world()`."""
    model = BinomialHeadcount().fit(world(), y="poor", X=["x", "z"], area="area")
    assert model.coefficients.to_numpy() == pytest.approx([-2.70162557, 0.8582037439, 0.258443106], rel=1e-6)
    assert model.variance == pytest.approx(0.2182949517, rel=1e-6)
    assert model.loglikelihood == pytest.approx(-341.2154156, rel=1e-9)


def test_against_integrals_written_out():
    """Likelihood and predictions of a small case, by adaptive integration of each area's effect."""
    data = world(4, areas=6, n=30, between=1.5)
    model = BinomialHeadcount().fit(data, y="poor", X=["x"], area="area")
    b0, b1 = model.coefficients
    sigma = np.sqrt(model.variance)
    assert sigma > 0.3
    rows = pd.DataFrame({"area": np.repeat(np.arange(7), 3), "x": np.tile([-1.0, 0.0, 1.5], 7)})
    table, total = model.predict(rows), 0.0
    for area in range(7):
        own = data[data["area"] == area]

        def joint(u, own=own):
            p = expit(b0 + b1 * own["x"].to_numpy() + u)
            chance = np.prod(np.where(own["poor"], p, 1 - p))
            return chance * np.exp(-(u**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))

        whole = quad(joint, -12, 12, limit=400, epsabs=0, epsrel=1e-10, points=[0])[0]
        total += np.log(whole)
        expected = [
            quad(lambda u, x=x: joint(u) * expit(b0 + b1 * x + u), -12, 12, limit=400, epsabs=0, points=[0])[0] / whole
            for x in (-1.0, 0.0, 1.5)
        ]
        assert table["estimate"][area] == pytest.approx(np.mean(expected), rel=1e-6)
    assert model.loglikelihood == pytest.approx(total, rel=1e-8)
    assert table["sampled"].tolist() == [True] * 6 + [False]


def test_an_area_without_a_case_is_not_at_zero_and_a_large_one_keeps_its_rate():
    data = world()
    none = data.groupby("area")["poor"].sum().idxmin()
    data.loc[data["area"] == none, "poor"] = 0
    large = pd.DataFrame({"area": 99, "x": 0.0, "z": 0.0, "poor": np.arange(4000) < 1600})
    both = pd.concat([data, large.astype({"poor": int})])
    table = BinomialHeadcount().fit(both, y="poor", X=["x", "z"], area="area").predict(both).set_index("area")
    assert 0 < table.loc[none, "estimate"] < table["estimate"].median()
    assert table.loc[99, "estimate"] == pytest.approx(0.4, abs=0.01)


def test_mse_tells_the_error():
    said = seen = 0.0
    for seed in range(12):
        rng = np.random.default_rng(1000 + seed)
        area, x = np.repeat(np.arange(31), 200), rng.normal(size=6200)
        u = 0.7 * rng.normal(size=31)
        poor = (rng.random(6200) < expit(-2.5 + 0.7 * x + u[area])).astype(int)
        population = pd.DataFrame({"area": area, "x": x, "poor": poor})
        sample = population[population["area"] < 30].groupby("area").sample(20, random_state=seed)
        model = BinomialHeadcount(bootstrap=10, seed=seed).fit(sample, y="poor", X=["x"], area="area")
        table = model.predict(population)
        truth = population.groupby("area")["poor"].mean().to_numpy()
        said += table["mse"].mean()
        seen += ((table["estimate"] - truth) ** 2).mean()
    assert said == pytest.approx(seen, rel=0.25)


def test_intervals_of_draws_hold():
    """Headcounts of about 6 %, 20 households in an area: 95 % intervals hold the share of the population."""
    held = []
    for seed in range(10):
        rng = np.random.default_rng(500 + seed)
        area, x = np.repeat(np.arange(31), 150), rng.normal(size=4650)
        u = 0.6 * rng.normal(size=31)
        poor = (rng.random(4650) < expit(-3.2 + 0.7 * x + u[area])).astype(int)
        population = pd.DataFrame({"area": area, "x": x, "poor": poor})
        sample = population[population["area"] < 30].groupby("area").sample(20, random_state=seed)
        model = BinomialHeadcount().fit(sample, y="poor", X=["x"], area="area")
        draws = model.draws(population, 300, seed)
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        truth = population.groupby("area")["poor"].mean().to_numpy()
        held.append((low <= truth) & (truth <= high))
        estimate = model.predict(population)["estimate"].to_numpy()
        assert np.abs(draws.mean(axis=0) - estimate).max() < 0.06
    assert 0.92 <= np.mean(held) <= 0.99, "310 intervals: a standard error of 1.2 points"


def test_no_difference_between_areas_is_reported():
    frame = pd.DataFrame({"area": np.repeat(np.arange(20), 20), "x": np.tile(np.linspace(-1, 1, 20), 20)})
    frame["poor"] = np.tile((np.arange(20) % 5 == 0).astype(int), 20)
    model = BinomialHeadcount().fit(frame, y="poor", X=["x"], area="area")
    assert model.at_zero
    assert [note.code for note in model.notes] == ["HY-U008"]
    assert np.isfinite(model.predict(frame)["estimate"]).all()
    draws = model.draws(frame, 200, 1)
    assert (draws == model.draws(frame, 200, 1)).all()
    assert draws.std(axis=0).min() > 0.03


def test_refused():
    data = world()

    def fit(frame):
        return BinomialHeadcount().fit(frame, y="poor", X=["x", "z"], area="area")

    assert code(fit, data.assign(poor=0)) == "HY-U013"
    assert code(fit, data.assign(poor=data["poor"] * 2)) == "HY-U013"
    assert code(fit, data.assign(x=np.where(data["poor"] == 1, 5.0, -5.0))) == "HY-U014"
    assert code(fit, data.assign(x=data["x"].where(data.index != 3))) == "HY-U002"
    model = fit(data)
    assert code(model.predict, data[data["area"] != 3]) == "HY-U006"
