"""One answer in every engine and from every kind of table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from hamyar.errors import HamyarError
from hamyar.indicators import Measure
from hamyar.poverty import RelativeLine, alkire_foster, changes, fgt, gini
from hamyar.survey import Design, Jackknife, calibrate, linearised, mean, proportion, quantile, ratio, total
from hamyar.tables import Table, as_table, write

DESIGN = Design(weight="w", strata="h", psu="c")
STAGES = Design(weight="w", strata="h", psu=["c", "row"], fpc=["many", "more"])
MEASURE = Measure.of_columns({"health": ["a", "b"], "school": ["d"]}, cutoff="1/2")
GAPS = Measure.of_columns({"health": ["a", "b"], "school": ["d"]}, cutoff="1/2", missing="reweight")


def sample() -> pd.DataFrame:
    """Two strata of six clusters; gaps in a and in y; a group that is unknown in places; years 2020 and 2022."""
    random = np.random.default_rng(5)
    rows = 360
    cluster = np.arange(rows) % 12
    data = pd.DataFrame({name: (random.random(rows) < 0.4).astype(float) for name in "abd"})
    data["a"] = data["a"].mask(random.random(rows) < 0.1)
    data["y"] = pd.Series(random.lognormal(3, 1, rows)).mask(random.random(rows) < 0.1)
    return data.assign(
        x=random.uniform(1, 2, rows),
        income=random.lognormal(2, 0.7, rows),
        g=np.where(random.random(rows) < 0.1, None, np.where(cluster % 3 == 0, "north", "south")),
        h=cluster // 6,
        c=cluster,
        row=np.arange(rows),
        w=random.uniform(5, 20, rows),
        many=60,
        more=400,
        t=2020 + 2 * (np.arange(rows) // 180),
    )


WORK: dict[str, Callable[[Any], pd.DataFrame]] = {
    "mean": lambda data: mean(data, ["y", "x"], DESIGN, by="g"),
    "mean of rows": lambda data: mean(data, "y", Design(weight="w", strata="h"), by="g"),
    "mean in stages": lambda data: mean(data, "y", STAGES),
    "total": lambda data: total(data, "y", replace(DESIGN, replicates=Jackknife()), by="g"),
    "ratio": lambda data: ratio(data, "y", "x", DESIGN),
    "proportion": lambda data: proportion(data, "g", DESIGN),
    "quantile": lambda data: quantile(data, "y", DESIGN, by="g", probabilities=[0.2, 0.5]),
    "linearised": lambda data: linearised(data, DESIGN, {"z": np.arange(360.0)}),
    "alkire_foster": lambda data: alkire_foster(data, MEASURE, DESIGN, by="g", cutoffs=["1/4", "1/2"]),
    "alkire_foster with gaps": lambda data: alkire_foster(data, GAPS, Design(weight="w")),
    "changes": lambda data: changes(data, MEASURE, DESIGN, wave="t"),
    "gini": lambda data: gini(data, "income", DESIGN),
    "fgt": lambda data: fgt(data, "income", DESIGN, line=RelativeLine(0.6, of="median"), alpha=1),
}


def calibrated(data: Any) -> pd.DataFrame:
    made = calibrate(data, DESIGN, {"h": {0: 3000, 1: 2500}, "x": 8_400.0}, method="raking")
    return mean(made.data, "y", made.design, by="g")


WORK["calibrate"] = calibrated


@pytest.fixture(scope="module")
def wanted() -> dict[str, pd.DataFrame]:
    return {name: work(sample()) for name, work in WORK.items()}


def same(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-12, atol=1e-12, check_dtype=False)


def parquet(folder: Path) -> Path:
    return write(pa.Table.from_pandas(sample(), preserve_index=False), folder / "sample.parquet")


@pytest.mark.parametrize("kind", ["polars", "arrow", "ibis", "table", "parquet", "csv"])
def test_every_kind_of_table_gives_the_same(kind: str, wanted: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    made: dict[str, Callable[[], Any]] = {
        "polars": lambda: pl.from_pandas(sample()),
        "arrow": lambda: pa.Table.from_pandas(sample(), preserve_index=False),
        "ibis": lambda: ibis.memtable(sample()),
        "table": lambda: as_table(sample()),
        "parquet": lambda: parquet(tmp_path),
        "csv": lambda: tmp_path / "sample.csv",
    }
    sample().to_csv(tmp_path / "sample.csv", index=False)
    data = made[kind]()
    for name, work in WORK.items():
        if kind != "csv" or not ("g" in wanted[name] or name == "proportion"):  # in CSV an empty text is a text, no gap
            same(work(data), wanted[name])


@pytest.mark.spark
def test_spark_gives_the_same(wanted: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    on_spark = as_table(parquet(tmp_path), engine="spark")
    assert on_spark.expr.get_backend().name == "pyspark"
    for name in ("mean", "mean of rows", "quantile", "alkire_foster", "alkire_foster with gaps", "fgt", "calibrate"):
        same(WORK[name](on_spark), wanted[name])


@pytest.mark.spark
def test_the_engine_is_asked_for_by_name(wanted: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    frame = mean(sample(), ["y", "x"], DESIGN, by="g", engine="spark")
    same(frame, wanted["mean"])
    frame = mean(parquet(tmp_path), "y", STAGES, engine="spark")
    same(frame, wanted["mean in stages"])
    frame = fgt(sample(), "income", DESIGN, "g", line=RelativeLine(0.6), alpha=1, engine="spark")
    same(frame, fgt(sample(), "income", DESIGN, "g", line=RelativeLine(0.6), alpha=1))
    frame = gini(parquet(tmp_path), "income", STAGES, engine="spark")
    same(frame, gini(sample(), "income", STAGES))
    back = as_table(as_table(sample(), engine="spark"), engine="duckdb")
    assert isinstance(back, Table)
    assert back.expr.get_backend().name == "duckdb"
    same(ratio(back, "y", "x", DESIGN), wanted["ratio"])


def test_another_engine_is_refused() -> None:
    with pytest.raises(HamyarError, match="HY-T006"):
        mean(sample(), "y", DESIGN, engine="dask")


def test_categories_and_classes_are_groups_whatever_holds_them() -> None:
    """polars writes categories over views of text, which Arrow does not cast; pandas names classes by intervals."""
    data = sample().assign(part=lambda rows: pd.Categorical(rows["g"].astype(str)))
    named = data.assign(part=data["part"].astype(str))
    for held in (pl.from_pandas(data), pl.from_pandas(named).with_columns(pl.col("part").cast(pl.Categorical)).lazy()):
        for call in (lambda rows: gini(rows, "y", DESIGN, by="part"), lambda rows: mean(rows, "y", DESIGN, by="part")):
            pd.testing.assert_frame_equal(call(held), call(named), check_dtype=False, rtol=1e-12)
    cut = data.assign(part=pd.cut(data["y"], [0, 50, 100, np.inf]))
    found = mean(cut, "y", DESIGN, by="part")
    assert set(found["part"].dropna()) == {"(0.0, 50.0]", "(50.0, 100.0]", "(100.0, inf]"}
