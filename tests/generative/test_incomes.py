"""What must hold for any incomes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hamyar.poverty import (
    RelativeLine,
    atkinson,
    entropy,
    fgt,
    functionals,
    gini,
    hoover,
    quantile_share_ratio,
    sen,
    sst,
    theil,
    watts,
)
from hamyar.survey import Design

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
DESIGN = Design(weight="w", strata="h", psu="c")
LINE = RelativeLine(0.6)
EVERY: dict[str, Callable[[Any], pd.DataFrame]] = {
    "gini": lambda d: gini(d, "y", DESIGN, "g"),
    "hoover": lambda d: hoover(d, "y", DESIGN, "g"),
    "share ratio": lambda d: quantile_share_ratio(d, "y", DESIGN, "g"),
    "entropy": lambda d: entropy(d, "y", DESIGN, "g", alpha=0),
    "atkinson": lambda d: atkinson(d, "y", DESIGN, "g", epsilon=2),
    "headcount": lambda d: fgt(d, "y", DESIGN, "g", line=LINE),
    "gap": lambda d: fgt(d, "y", DESIGN, "g", line=LINE, alpha=1),
    "watts": lambda d: watts(d, "y", DESIGN, "g", line=LINE),
    "sen": lambda d: sen(d, "y", DESIGN, "g", line=LINE),
    "sst": lambda d: sst(d, "y", DESIGN, "g", line=LINE),
}
NUMBERS = ["estimate", "se", "low", "high"]


@st.composite
def incomes(draw: st.DrawFn) -> pd.DataFrame:
    """A sample in two strata of four clusters, with up to three groups and, sometimes, many ties."""
    rows = draw(st.integers(16, 60))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    y = random.lognormal(3, draw(st.floats(0.05, 1.5)), rows)
    cluster = np.arange(rows) % 8
    return pd.DataFrame({"y": np.ceil(y) if draw(st.booleans()) else y, "c": cluster, "h": cluster // 4}).assign(
        w=random.uniform(0.5, 3, rows), g=random.choice(list("abc"), rows)
    )


@FEW
@given(incomes(), st.sampled_from(list(EVERY)), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_neither_the_unit_of_income_nor_of_weights_matters(
    data: pd.DataFrame, name: str, currency: float, scale: float
) -> None:
    changed = EVERY[name](data.assign(y=data["y"] * currency, w=data["w"] * scale))
    np.testing.assert_allclose(changed[NUMBERS], EVERY[name](data)[NUMBERS], rtol=1e-6, atol=1e-9)


@FEW
@given(incomes(), st.sampled_from(list(EVERY)), st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_kind_of_table_matters(
    tmp_path_factory: Any, data: pd.DataFrame, name: str, random: Any
) -> None:
    order = list(data.index)
    random.shuffle(order)
    path: Path = tmp_path_factory.mktemp("incomes") / "rows.parquet"
    data.to_parquet(path)
    expected = EVERY[name](data)[NUMBERS]
    tables = [data.loc[order], pl.from_pandas(data), pa.Table.from_pandas(data), ibis.memtable(data), path]
    for table in tables:
        np.testing.assert_allclose(EVERY[name](table)[NUMBERS], expected, rtol=1e-9, atol=1e-12)


@FEW
@given(incomes(), st.integers(0, 2**32))
def test_a_gift_from_richer_to_poorer_lowers_inequality_and_poverty(data: pd.DataFrame, seed: int) -> None:
    """Pigou and Dalton: the same weights, no more than half the distance."""
    data = data.assign(w=1.0)
    random = np.random.default_rng(seed)
    i, j = random.choice(len(data), 2, replace=False)
    poorer, richer = (i, j) if data["y"][i] <= data["y"][j] else (j, i)
    gift = random.uniform(0, 0.5) * (data["y"][richer] - data["y"][poorer])
    after = data["y"].copy()
    after[poorer] += gift
    after[richer] -= gift
    w, line = np.ones(len(data)), float(data["y"].median())
    measures: list[Callable[[functionals.Floats], float]] = [
        lambda y: functionals.gini(y, w).value,
        lambda y: functionals.hoover(y, w).value,
        lambda y: functionals.entropy(y, w, 0).value,
        lambda y: functionals.entropy(y, w, 1).value,
        lambda y: functionals.entropy(y, w, 2).value,
        lambda y: functionals.atkinson(y, w, 0.5).value,
        lambda y: functionals.atkinson(y, w, 2).value,
        lambda y: functionals.fgt(y, w, line, 1).value,
        lambda y: functionals.fgt(y, w, line, 2).value,
        lambda y: functionals.watts(y, w, line).value,
        lambda y: functionals.sst(y, w, line).value,
    ]
    for measure in measures:
        assert measure(np.sort(after)) <= measure(np.sort(data["y"])) + 1e-12


@FEW
@given(incomes(), st.sampled_from([0, 1, 2]))
def test_fgt_is_the_mean_of_its_groups(data: pd.DataFrame, alpha: float) -> None:
    whole = fgt(data, "y", DESIGN, line=20, alpha=alpha)["estimate"].iloc[0]
    parts = fgt(data, "y", DESIGN, "g", line=20, alpha=alpha)
    population = data.groupby("g")["w"].sum().to_numpy()
    np.testing.assert_allclose(parts["estimate"] @ population / population.sum(), whole, rtol=1e-12, atol=1e-15)


@FEW
@given(incomes(), st.sampled_from([-1.0, 0.0, 1.0, 2.0, 1.5]))
def test_entropy_is_within_and_between_groups(data: pd.DataFrame, alpha: float) -> None:
    """GE = Σ f s^α GE_g + GE of the groups' means, f the group's share of people, s its mean over the mean of all."""
    weighted = (data["w"] * data["y"]).groupby(data["g"]).sum()
    population = data.groupby("g")["w"].sum()
    means = (weighted / population).to_numpy()
    share = (population / population.sum()).to_numpy()
    relative = means / (weighted.sum() / population.sum())
    within = share * relative**alpha @ entropy(data, "y", DESIGN, "g", alpha=alpha)["estimate"]
    order = np.argsort(means)
    between = functionals.entropy(means[order], population.to_numpy()[order], alpha).value
    whole = entropy(data, "y", DESIGN, alpha=alpha)["estimate"].iloc[0]
    np.testing.assert_allclose(within + between, whole, rtol=1e-10, atol=1e-13)
    if alpha == 1:
        assert theil(data, "y", DESIGN)["estimate"].iloc[0] == whole


@FEW
@given(incomes(), st.integers(2, 4))
def test_repeating_every_household_changes_no_estimate(data: pd.DataFrame, times: int) -> None:
    data = data.sort_values("y")
    y, w = data["y"].to_numpy(), data["w"].to_numpy()
    measures: list[Callable[[functionals.Floats, functionals.Floats], functionals.Estimated]] = [
        functionals.gini,
        functionals.hoover,
        lambda y, w: functionals.quantile_share_ratio(y, w, 0.2, 0.2),
        lambda y, w: functionals.atkinson(y, w, 2),
        lambda y, w: functionals.fgt(y, w, 20, 0),
        lambda y, w: functionals.sen(y, w, 20),
        lambda y, w: functionals.sst(y, w, 20),
    ]
    for measure in measures:
        copies = measure(np.repeat(y, times), np.repeat(w, times)).value
        np.testing.assert_allclose(copies, measure(y, w).value, rtol=1e-9, atol=1e-12)
