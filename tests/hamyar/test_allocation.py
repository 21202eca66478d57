"""Allocation: the optimum is the optimum, beside a uniform and a perfect transfer."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize

from hamyar.allocation import Allocation, allocate
from hamyar.errors import HamyarError
from hamyar.survey import Design

LINE = 60.0
CENSUS = Design(universe="census")


def country(areas: int = 5, households: int = 60, seed: int = 1) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    area = np.arange(households) % areas
    income = random.lognormal(4.0 + 0.25 * area, 0.5, households).round(1)
    return pd.DataFrame(
        {"area": area, "y": income, "c": np.arange(households) // 2, "w": random.uniform(1, 3, households)}
    )


def fgt(data: pd.DataFrame, transfer: dict[int, float], alpha: int) -> float:
    gap = 1 - (data["y"] + data["area"].map(transfer)) / LINE
    return float(np.average(np.where(gap > 1e-12, np.maximum(gap, 0) ** alpha, 0), weights=data["w"]))


def found(data: pd.DataFrame, budget: float, alpha: int) -> tuple[dict[int, float], Allocation]:
    result = allocate(data, "y", "area", Design(weight="w", psu="c"), line=LINE, budget=budget, alpha=alpha)
    return dict(zip(result.areas["area"], result.areas["transfer"], strict=True)), result


def after(result: object, rule: str, alpha: int) -> float:
    summary = result.summary
    return float(summary[(summary["rule"] == rule) & (summary["parameter"] == alpha)]["estimate"].iloc[0])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.05, 0.9))
def test_alpha_1_is_the_optimum_of_its_linear_programme(seed: int, share: float) -> None:
    data = country(4, 40, seed % 1000)
    n = data.groupby("area")["w"].sum().to_numpy()
    budget = share * float(data["w"] @ np.maximum(LINE - data["y"], 0)) + 1
    transfer, result = found(data, budget, 1)
    rows, areas = len(data), 4
    cost = np.concatenate([np.zeros(areas), data["w"]])  # min Σ w lack, lack >= line - y - t, lack >= 0
    each = np.zeros((rows, areas + rows))
    each[np.arange(rows), data["area"]] = -1
    each[np.arange(rows), areas + np.arange(rows)] = -1
    spend = np.append(n, np.zeros(rows))[None]
    best = linprog(cost, np.vstack([each, spend]), np.append(data["y"] - LINE, budget), bounds=(0, None))
    assert fgt(data, transfer, 1) == pytest.approx(best.fun / LINE / n.sum(), rel=1e-9, abs=1e-12)
    assert result.bound == pytest.approx(fgt(data, transfer, 1), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_alpha_2_makes_gaps_equal_and_no_step_is_better(share: float) -> None:
    data = country()
    n = data.groupby("area")["w"].sum()
    budget = share * float(data["w"] @ np.maximum(LINE - data["y"], 0))
    transfer, result = found(data, budget, 2)
    spent = sum(transfer[a] * n[a] for a in transfer)
    assert spent == pytest.approx(budget, rel=1e-12)
    gaps = {a: fgt(data[data["area"] == a], transfer, 1) for a in transfer}
    receiving = [gaps[a] for a in transfer if transfer[a] > 0]
    np.testing.assert_allclose(receiving, receiving[0], rtol=1e-9)
    assert all(gaps[a] <= receiving[0] + 1e-12 for a in transfer if transfer[a] == 0)
    y, place, w = data["y"].to_numpy(), data["area"].to_numpy(), data["w"].to_numpy()
    best = minimize(
        lambda t: np.average(np.maximum(1 - (y + t[place]) / LINE, 0) ** 2, weights=w),
        np.full(5, budget / n.sum()),
        bounds=[(0, None)] * 5,
        constraints={"type": "eq", "fun": lambda t: t @ n.to_numpy() - budget},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 300},
    )
    assert fgt(data, transfer, 2) <= best.fun + 1e-10
    assert after(result, "optimal", 2) == pytest.approx(fgt(data, transfer, 2), rel=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_alpha_0_is_the_best_of_all_combinations(seed: int) -> None:
    """The best of every combination of amounts that bring somebody to the line, three areas of ten."""
    data = country(3, 30, seed).assign(w=1.0)
    budget = 0.4 * float(np.maximum(LINE - data["y"], 0).sum())
    transfer, result = found(data, budget, 0)
    choices = [[0.0, *(LINE - data["y"][(data["area"] == a) & (data["y"] < LINE)])] for a in range(3)]
    best = min(fgt(data, dict(enumerate(t)), 0) for t in product(*choices) if 10 * sum(t) <= budget + 1e-9)
    mine = fgt(data, transfer, 0)
    assert sum(transfer.values()) * 10 <= budget + 1e-9
    assert mine == pytest.approx(best, abs=1e-12) == result.bound


def test_combinations_beyond_number_leave_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    data = country(3, 30, 3).assign(w=1.0)
    budget = 0.4 * float(np.maximum(LINE - data["y"], 0).sum())
    exact = fgt(data, found(data, budget, 0)[0], 0)
    monkeypatch.setattr("hamyar.allocation._MOST_COMBINATIONS", 1)
    transfer, result = found(data, budget, 0)
    assert result.bound < exact < fgt(data, transfer, 0)


def test_money_that_brings_nobody_to_the_line_is_left_and_said() -> None:
    data = pd.DataFrame({"area": [0, 0, 1, 1], "y": [50.0, 70, 30, 80], "c": range(4), "w": 1.0})
    transfer, result = found(data, 45, 0)
    assert transfer == {0: 10.0, 1: 0.0}
    assert result.notes[0]["en"] == "20 of 45 is spent; the rest would bring nobody else to the line."


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([0, 1, 2]), st.floats(0.02, 1.5))
def test_perfect_is_best_then_optimal_then_uniform(seed: int, alpha: int, share: float) -> None:
    data = country(seed=seed % 1000)
    budget = share * float(data["w"] @ np.maximum(LINE - data["y"], 0)) + 1
    _, result = found(data, budget, alpha)
    order = [after(result, rule, alpha) for rule in ("perfect", "optimal", "uniform", "none")]
    if alpha:
        assert order == sorted(order) or np.allclose(order, sorted(order), atol=1e-12)
        assert result.uniform_cost >= min(budget, result.areas["cost"].sum()) - 1e-6
    assert order[0] <= order[1] + 1e-12
    assert result.bound <= order[1] + 1e-12
    spent = result.summary.groupby("rule")["cost"].first()
    assert (spent <= budget * (1 + 1e-9)).all()


def test_the_perfect_gap_falls_by_the_whole_budget() -> None:
    data = country()
    budget = 0.3 * float(data["w"] @ np.maximum(LINE - data["y"], 0))
    for alpha in (1, 2):
        _, result = found(data, budget, alpha)
        before = after(result, "none", 1)
        assert after(result, "perfect", 1) == pytest.approx(before - budget / LINE / data["w"].sum())


def test_one_area_is_uniform_and_errors_come_from_the_design() -> None:
    data = country(areas=1)
    result = allocate(data, "y", "area", Design(weight="w", psu="c"), line=LINE, budget=300, alpha=2)
    by_rule = result.summary.set_index(["rule", "parameter"])
    for alpha in (0, 1, 2):
        assert by_rule.loc[("optimal", alpha), "estimate"] == pytest.approx(
            by_rule.loc[("uniform", alpha), "estimate"], abs=1e-12
        )
    assert (by_rule["se"] > 0).all()
    assert list(result.areas.columns) == ["area", "people", "transfer", "cost", "before", "after"]
    assert result.uniform_cost == pytest.approx(300)


def test_a_budget_that_ends_poverty_is_not_all_spent() -> None:
    data = country()
    for alpha in (0, 1, 2):
        result = allocate(data, "y", "area", CENSUS, line=LINE, budget=1e9, alpha=alpha)
        assert result.areas["after"].max() == 0
        assert result.bound == pytest.approx(0, abs=1e-15)
        assert result.areas["cost"].sum() < 1e6
        assert "the rest is not spent" in result.notes[0]["en"]
        assert (result.summary[result.summary["rule"] != "none"]["estimate"] == 0).all()
        rich = allocate(data.assign(y=100.0), "y", "area", CENSUS, line=LINE, budget=10, alpha=alpha)
        assert rich.areas["transfer"].max() == 0


def test_what_cannot_be_allocated_is_refused() -> None:
    data = country()
    for message, change in {
        "HY-C001.*3": {"alpha": 3},
        "HY-C002.*budget": {"budget": 0},
        "HY-C002.*line": {"line": np.inf},
    }.items():
        with pytest.raises(HamyarError, match=message):
            allocate(data, "y", "area", CENSUS, **{"line": LINE, "budget": 5, "alpha": 1, **change})
    with pytest.raises(HamyarError, match="HY-C003.*2 households"):
        allocate(data.assign(area=data["area"].where(data.index > 1)), "y", "area", CENSUS, line=LINE, budget=5)
    with pytest.raises(HamyarError, match="HY-S003"):
        allocate(data, "y", "district", CENSUS, line=LINE, budget=5)
    gaps = allocate(data.assign(y=data["y"].where(data.index > 2)), "y", "area", CENSUS, line=LINE, budget=5)
    assert gaps.notes[0]["en"] == "rows without y, left out: 3."
