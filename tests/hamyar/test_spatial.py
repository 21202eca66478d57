"""Neighbours and years: against matrices written out and an optimiser of another kind, simulation, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from hamyar.errors import HamyarError
from hamyar.priority import tiers
from hamyar.small_area import FayHerriot, SpatialFayHerriot, SpatioTemporalFayHerriot
from hamyar.small_area.area_covariance import Spatial, SpatialOverTimes, SpatioTemporal


def ring(areas: int) -> np.ndarray:
    W = np.zeros((areas, areas))
    for i in range(areas):
        W[i, [i - 1, (i + 1) % areas]] = 0.5
    return W


def simulated(areas: int = 25, rho: float = 0.7, seed: int = 0):
    rng = np.random.default_rng(seed)
    W, X, psi = ring(areas), rng.normal(size=(areas, 1)), rng.uniform(0.3, 0.8, areas)
    truth = 1 + X[:, 0] + np.linalg.solve(np.eye(areas) - rho * W, rng.normal(size=areas))
    return truth + np.sqrt(psi) * rng.normal(size=areas), psi, X, W, truth


def panel(areas: int = 12, times: int = 4, seed: int = 1):
    rng = np.random.default_rng(seed)
    W = ring(areas)
    B = np.linalg.inv(np.eye(areas) - 0.5 * W)
    v = np.zeros((areas, times))
    v[:, 0] = rng.normal(size=areas) / np.sqrt(1 - 0.6**2)
    for t in range(1, times):
        v[:, t] = 0.6 * v[:, t - 1] + rng.normal(size=areas)
    X, psi = rng.normal(size=(areas * times, 1)), rng.uniform(0.2, 0.5, areas * times)
    truth = 1 + X[:, 0] + np.repeat(0.8 * B @ rng.normal(size=areas), times) + 0.6 * v.ravel()
    frame = pd.DataFrame({"area": np.repeat(np.arange(areas), times), "time": np.tile(np.arange(times), areas)})
    frame = frame.assign(y=truth + np.sqrt(psi) * rng.normal(size=len(psi)), psi=psi, x=X[:, 0], truth=truth)
    return frame, W


def code(call, *args, **kwargs) -> str:
    with pytest.raises(HamyarError) as caught:
        call(*args, **kwargs)
    assert all(fault.fa and fault.en for fault in caught.value.faults)
    return caught.value.faults[0].code


def dense_covariance(theta, W, times: int = 1):
    """Written anew: u by its autoregression, v by its, element by element."""
    B = np.linalg.inv(np.eye(len(W)) - theta[1] * W)
    G = theta[0] * np.kron(B @ B.T, np.ones((times, times)))
    if len(theta) > 2:
        ar = [[theta[3] ** abs(i - j) / (1 - theta[3] ** 2) for j in range(times)] for i in range(times)]
        G += theta[2] * np.kron(np.eye(len(W)), np.array(ar))
    return G


def dense_loglikelihood(theta, y, psi, Z, W, method, times=1):
    V = dense_covariance(theta, W, times) + np.diag(psi)
    inverse = np.linalg.inv(V)
    A = Z.T @ inverse @ Z
    r = y - Z @ np.linalg.solve(A, Z.T @ inverse @ y)
    value = np.linalg.slogdet(V)[1] + r @ inverse @ r + (len(y) - Z.shape[1] * (method == "reml")) * np.log(2 * np.pi)
    return -(value + (np.linalg.slogdet(A)[1] if method == "reml" else 0)) / 2


def searched(start, y, psi, Z, W, method, times=1):
    """The maximum by Nelder & Mead, restarted until nothing changes: slow, and by no derivative at all."""

    def down(theta):
        if theta[0] < 0 or (len(theta) > 2 and theta[2] < 0) or np.abs(theta[1::2]).max() >= 0.999:
            return np.inf
        return -dense_loglikelihood(theta, y, psi, Z, W, method, times)

    theta = np.array(start)
    for _ in range(6):
        theta = minimize(down, theta, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000}).x
    return theta, -down(theta)


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_spatial_against_matrices_written_out(method):
    y, psi, X, W, _ = simulated()
    model = SpatialFayHerriot(method).fit(y, psi, X, proximity=W)
    Z = np.column_stack([np.ones(len(y)), X])
    theta, best = searched([1.0, 0.4], y, psi, Z, W, method)
    assert model.parameters.to_numpy() == pytest.approx(theta, rel=1e-6)
    assert model.loglikelihood == pytest.approx(best, rel=1e-12)
    assert (model.variance_component, model.rho) == tuple(model.parameters)
    G = dense_covariance(model.parameters.to_numpy(), W)
    inverse = np.linalg.inv(G + np.diag(psi))
    beta = np.linalg.solve(Z.T @ inverse @ Z, Z.T @ inverse @ y)
    assert model.coefficients.to_numpy() == pytest.approx(beta, rel=1e-9)
    assert model.estimates()["estimate"].to_numpy() == pytest.approx(Z @ beta + G @ inverse @ (y - Z @ beta), rel=1e-9)


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_spatial_mse_term_by_term(method):
    """g1 to g4 and the bias by definition, derivatives by differences (Singh, Shukla & Kundu 2005; Molina et al. 2009)."""
    y, psi, X, W, _ = simulated(15)
    model = SpatialFayHerriot(method).fit(y, psi, X, proximity=W)
    theta, Z, h = model.parameters.to_numpy(), np.column_stack([np.ones(15), X]), 1e-4

    def shifted(*moves):
        return np.array(theta) + h * np.sum([np.eye(2)[k] * sign for k, sign in moves], axis=0)

    def G(at):
        return dense_covariance(at, W)

    def V(at):
        return G(at) + np.diag(psi)

    def slope(f, k):
        return (f(shifted((k, 1))) - f(shifted((k, -1)))) / (2 * h)

    def bend(f, k, j):
        signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
        return sum(a * b * f(shifted((k, a), (j, b))) for a, b in signs) / (4 * h * h)

    def weights(at):
        return G(at) @ np.linalg.inv(V(at))

    inverse, B = np.linalg.inv(V(theta)), weights(theta)
    bread = np.linalg.inv(Z.T @ inverse @ Z)
    g1 = np.diag(G(theta) - B @ G(theta))
    d = Z - B @ Z
    g2 = np.diag(d @ bread @ d.T)
    Vk = [slope(V, k) for k in (0, 1)]
    information = np.array([[np.trace(inverse @ a @ inverse @ b) / 2 for b in Vk] for a in Vk])
    precision = np.linalg.inv(information)
    dB = [slope(weights, k) for k in (0, 1)]
    psi_inverse = np.diag(psi) @ inverse
    g3, g4 = np.zeros(15), np.zeros(15)
    for k in (0, 1):
        for j in (0, 1):
            g3 += precision[k, j] * np.diag(dB[k] @ V(theta) @ dB[j].T)
            g4 += precision[k, j] * np.diag(psi_inverse @ bend(V, k, j) @ psi_inverse.T) / 2
    expected = g1 + g2 + 2 * g3 - g4
    if method == "ml":
        lost = np.array([np.trace(bread @ Z.T @ inverse @ a @ inverse @ Z) for a in Vk])
        slopes = np.array([slope(lambda at: np.diag(G(at) - weights(at) @ G(at)), k) for k in (0, 1)])
        expected += (precision @ lost / 2) @ slopes
    assert model.estimates()["mse"].to_numpy() == pytest.approx(expected, rel=1e-4)


def test_without_neighbours_it_is_fay_herriot():
    y, psi, X, _, _ = simulated()
    y[4] = np.nan
    plain = FayHerriot().fit(y, psi, X)
    model = SpatialFayHerriot().fit(y, psi, X, proximity=np.zeros((25, 25)))
    assert model.parameters["variance"] == pytest.approx(plain.variance_component, rel=1e-8)
    assert model.estimates()[["estimate", "mse"]].to_numpy() == pytest.approx(
        plain.estimates()[["estimate", "mse"]].to_numpy(), rel=1e-7
    )


def test_mse_tells_the_error_and_neighbours_help():
    said = seen = plain = 0.0
    for seed in range(80):
        y, psi, X, W, truth = simulated(30, 0.8, seed)
        table = SpatialFayHerriot().fit(y, psi, X, proximity=W).estimates()
        said += table["mse"].mean() / 80
        seen += ((table["estimate"] - truth) ** 2).mean() / 80
        plain += ((FayHerriot().fit(y, psi, X).estimates()["estimate"] - truth) ** 2).mean() / 80
    assert said == pytest.approx(seen, rel=0.1)
    assert seen < 0.97 * plain


def test_an_area_without_a_sample_hears_its_neighbours():
    y, psi, X, W, truth = simulated(40, 0.95, 3)
    y[10] = np.nan
    model = SpatialFayHerriot().fit(y, psi, X, proximity=W)
    synthetic = np.r_[1, X[10]] @ model.coefficients
    row = model.estimates().iloc[10]
    assert not row["sampled"]
    assert abs(row["estimate"] - truth[10]) < abs(synthetic - truth[10])
    assert row["mse"] > model.estimates()["mse"].drop(10).max()


def test_bootstrap_and_formula_agree():
    y, psi, X, W, _ = simulated(30, 0.6, 5)
    formula = SpatialFayHerriot().fit(y, psi, X, proximity=W).estimates()["mse"]
    drawn = SpatialFayHerriot(bootstrap=200, seed=1).fit(y, psi, X, proximity=W).estimates()["mse"]
    assert drawn.mean() == pytest.approx(formula.mean(), rel=0.1)


class TestDraws:
    @pytest.mark.parametrize("method", ["reml", "ml"])
    def test_they_carry_the_mse(self, method):
        y, psi, X, W, _ = simulated(60, 0.6, 2)
        y[5] = np.nan
        model = SpatialFayHerriot(method).fit(y, psi, X, proximity=W)
        draws, table = model.draws(4000, seed=1), model.estimates()
        ratio = draws.var(axis=0) / table["mse"].to_numpy()
        assert np.abs(draws.mean(axis=0) - table["estimate"]).max() < 0.2 * np.sqrt(table["mse"].max())
        assert 0.85 < ratio.mean() < 1.2
        assert ((ratio > 0.65) & (ratio < 1.6)).all()
        assert np.corrcoef(draws[:, 9], draws[:, 10])[0, 1] > np.corrcoef(draws[:, 9], draws[:, 40])[0, 1], "neighbours"

    def test_intervals_hold(self):
        held = []
        for seed in range(25):
            y, psi, X, W, truth = simulated(25, 0.6, seed)
            low, high = np.quantile(
                SpatialFayHerriot().fit(y, psi, X, proximity=W).draws(1000, 1), [0.025, 0.975], axis=0
            )
            held.append((low <= truth) & (truth <= high))
        assert 0.93 <= np.mean(held) <= 0.975

    def test_a_variance_of_zero_keeps_its_uncertainty_and_tiers_follow(self):
        rng = np.random.default_rng(0)
        x = rng.normal(size=30)
        model = SpatialFayHerriot().fit(2 * x + 0.01 * rng.normal(size=30), np.ones(30), x, proximity=ring(30))
        draws = model.draws(500, 3)
        assert draws.std(axis=0).min() > 0.1
        assert (draws == model.draws(500, 3)).all()
        assert set(tiers(draws, range(30))["tier"]) <= {"surely_in", "uncertain", "surely_out"}

    def test_years_too(self):
        frame, W = panel()
        mixed = frame.sample(frac=1, random_state=0)
        model = SpatioTemporalFayHerriot().fit(
            mixed["y"], mixed["psi"], mixed[["x"]], proximity=pd.DataFrame(W), area=mixed["area"], time=mixed["time"]
        )
        table = model.estimates()
        assert np.corrcoef(model.draws(1000, 1).mean(axis=0), table["estimate"])[0, 1] > 0.99


@pytest.mark.parametrize("structure", [Spatial(ring(6)), SpatioTemporal(ring(5), 4), SpatialOverTimes(ring(5), 4)])
def test_derivatives_are_differences(structure):
    theta, h = np.array([0.7, 0.4, 0.5, -0.3])[: len(structure.names)], 1e-5
    covariance = structure.at(theta)
    for k, step in enumerate(h * np.eye(len(theta))):
        up, down = structure.at(theta + step), structure.at(theta - step)
        assert (up.G - down.G) / (2 * h) == pytest.approx(covariance.first[k], abs=1e-8)
        for j in range(len(theta)):
            second = covariance.second.get((min(k, j), max(k, j)), 0)
            assert (up.first[j] - down.first[j]) / (2 * h) == pytest.approx(second + np.zeros_like(up.G), abs=1e-7)


class TestSpatioTemporal:
    @pytest.mark.parametrize("method", ["reml", "ml"])
    def test_against_matrices_written_out(self, method):
        frame, W = panel(16, seed=2)
        model = SpatioTemporalFayHerriot(method).fit(
            frame["y"], frame["psi"], frame[["x"]], proximity=W, area=frame["area"], time=frame["time"]
        )
        y, psi, Z = frame["y"].to_numpy(), frame["psi"].to_numpy(), np.column_stack([np.ones(len(frame)), frame["x"]])
        theta, best = searched(model.parameters.to_numpy() * 0.9, y, psi, Z, W, method, 4)
        assert model.parameters.to_numpy() == pytest.approx(theta, rel=1e-5, abs=1e-7)
        assert model.loglikelihood == pytest.approx(best, rel=1e-11)
        G = dense_covariance(model.parameters.to_numpy(), W, 4)
        inverse = np.linalg.inv(G + np.diag(psi))
        beta = np.linalg.solve(Z.T @ inverse @ Z, Z.T @ inverse @ y)
        table = model.estimates()
        assert table["estimate"].to_numpy() == pytest.approx(Z @ beta + G @ inverse @ (y - Z @ beta), rel=1e-8)
        assert (table["mse"] > 0).all()

    def test_the_order_of_rows_does_not_matter_and_a_gap_is_filled(self):
        frame, W = panel()
        frame.loc[7, "y"] = np.nan
        names = pd.Index([f"A{i}" for i in range(12)])
        proximity = pd.DataFrame(W, index=names, columns=names)
        frame["area"] = names[frame["area"]]
        mixed = frame.sample(frac=1, random_state=0)
        one, other = (
            SpatioTemporalFayHerriot()
            .fit(f["y"], f["psi"], f[["x"]], proximity=proximity, area=f["area"], time=f["time"])
            .estimates()
            for f in (frame, mixed)
        )
        pd.testing.assert_frame_equal(one, other.loc[one.index], rtol=1e-7)
        assert not one.loc[7, "sampled"]
        assert one.loc[7, "mse"] > one["mse"].drop(7).max()

    def test_mse_tells_the_error(self):
        said = seen = 0.0
        for seed in range(30):
            frame, W = panel(seed=seed)
            table = (
                SpatioTemporalFayHerriot()
                .fit(frame["y"], frame["psi"], frame[["x"]], proximity=W, area=frame["area"], time=frame["time"])
                .estimates()
            )
            said += table["mse"].mean() / 30
            seen += ((table["estimate"] - frame["truth"]) ** 2).mean() / 30
        assert said == pytest.approx(seen, rel=0.12)

    def test_independent_times_are_a_correlation_of_zero(self):
        frame, W = panel(16, seed=2)
        given = (frame["y"], frame["psi"], frame[["x"]])
        places = {"proximity": W, "area": frame["area"], "time": frame["time"]}
        model = SpatioTemporalFayHerriot(correlated_times=False).fit(*given, **places)
        assert list(model.parameters.index) == ["variance_area", "rho_area", "variance_time"]
        y, psi, Z = frame["y"].to_numpy(), frame["psi"].to_numpy(), np.column_stack([np.ones(len(frame)), frame["x"]])
        whole = SpatioTemporalFayHerriot().fit(*given, **places)

        def likelihood(theta):
            return dense_loglikelihood(np.append(theta, 0.0), y, psi, Z, W, "reml", 4)

        best = model.parameters.to_numpy()
        assert model.loglikelihood == pytest.approx(likelihood(best), rel=1e-11)
        assert model.loglikelihood < whole.loglikelihood
        for step in 1e-3 * np.vstack([np.eye(3), -np.eye(3)]):
            assert likelihood(best + step) < model.loglikelihood
        assert model.draws(200, 1).shape == (200, len(frame))
        bootstrap = SpatioTemporalFayHerriot(correlated_times=False, bootstrap=60, seed=2).fit(*given, **places)
        ratio = bootstrap.estimates()["mse"].mean() / model.estimates()["mse"].mean()
        assert ratio == pytest.approx(1, abs=0.15)

    def test_incomplete(self):
        frame, W = panel()
        for bad in (frame.iloc[1:], pd.concat([frame, frame.head(1)], ignore_index=True)):
            call = SpatioTemporalFayHerriot().fit
            found = code(call, bad["y"], bad["psi"], bad[["x"]], proximity=W, area=bad["area"], time=bad["time"])
            assert found == "HY-M028"


def test_bounds_are_reported_by_name():
    rng = np.random.default_rng(0)
    x = rng.normal(size=30)
    model = SpatialFayHerriot().fit(2 * x + 0.01 * rng.normal(size=30), np.ones(30), x, proximity=ring(30))
    assert "HY-M026" in [note.code for note in model.notes]
    table = model.estimates()
    assert np.isfinite(table.to_numpy(dtype=float)).all()
    wave = 5 * np.sin(2 * np.pi * np.arange(60) / 60) + 1e-4 * rng.normal(size=60)
    far = SpatialFayHerriot().fit(wave, np.full(60, 1e-6), proximity=ring(60))
    assert far.parameters["rho"] == 0.999
    assert "HY-M027" in [note.code for note in far.notes]
    assert (far.estimates()["mse"] > 0).all()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda W: W[:5], "HY-M023"),
        (lambda W: W + np.eye(25), "HY-M023"),
        (lambda W: np.where(W == 0.5, np.nan, W), "HY-M023"),
        (lambda W: -W, "HY-M023"),
        (lambda W: (W > 0).astype(float), "HY-M024"),
        (lambda W: [["near"] * 25] * 25, "HY-M001"),
    ],
)
def test_bad_proximity(change, expected):
    y, psi, X, W, _ = simulated()
    assert code(SpatialFayHerriot().fit, y, psi, X, proximity=change(W)) == expected
    assert code(SpatialFayHerriot, method="moment") == "HY-M025"


def test_neighbours_in_a_frame_or_a_sparse_matrix():
    """A frame is brought to the order of the areas' names; without names it is taken as it stands."""
    from scipy.sparse import csr_matrix

    y, psi, X, W, _ = simulated()
    W[0, [1, 2]], W[0, -1] = [0.2, 0.3], 0.5
    names = [f"a{i:02}" for i in range(len(y))]
    data, order = pd.DataFrame({"y": y, "v": psi, "x": X[:, 0]}, names), np.random.default_rng(3).permutation(len(y))
    frame = pd.DataFrame(W, names, names)

    def estimates(proximity, rows=data):
        model = SpatialFayHerriot().fit(rows["y"], rows["v"], rows[["x"]], proximity=proximity)
        return model.estimates().loc[names, "estimate"]

    wanted = estimates(W)
    for proximity in (csr_matrix(W), frame, frame.iloc[order, order], frame.iloc[order], pd.DataFrame(W)):
        np.testing.assert_allclose(estimates(proximity), wanted, rtol=1e-9)
    np.testing.assert_allclose(estimates(frame, data.iloc[order]), wanted, rtol=1e-9)


def test_neighbours_of_years_in_a_frame_without_the_names_of_areas():
    frame, W, *_ = panel()
    named = frame.assign(area=[f"p{area:02}" for area in frame["area"]])

    def estimates(proximity):
        model = SpatioTemporalFayHerriot().fit(
            named["y"], named["psi"], named[["x"]], proximity=proximity, area=named["area"], time=named["time"]
        )
        return model.estimates()

    pd.testing.assert_frame_equal(estimates(pd.DataFrame(W)), estimates(W))
