"""Rows, with what they are a picture of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa

from hamyar.errors import error
from hamyar.tables import engine
from hamyar.tables.contracts import Contract
from hamyar.tables.labels import Label


@dataclass(frozen=True)
class Table:
    """Rows and what they are.

    expr: an Ibis table, in a DuckDB of its own or on the backend it came from; contract: its columns' meaning, if
    known; universe: census | probability_sample | list; provenance: census | survey | assessed | declared | model |
    synthetic; source: the file's name, or the kind of object.
    """

    expr: ibis.Table
    contract: Contract | None
    universe: str | None
    provenance: str | None
    source: str

    @property
    def label(self) -> Label:
        return Label(self.contract.name if self.contract else None, self.universe, self.provenance)


def arrow(data: Any) -> pa.RecordBatchReader:
    """The rows of a Table or an Ibis, pandas, polars or Arrow table as Arrow batches. Raises HamyarError HY-T005."""
    if isinstance(data, Table):
        data = data.expr
    if isinstance(data, pa.RecordBatchReader):
        return data
    if isinstance(data, ibis.Table):
        return engine.batches(data)
    library = type(data).__module__.partition(".")[0]
    if library == "pandas":
        return pa.Table.from_pandas(_with_named_intervals(data), preserve_index=False).to_reader()
    if library == "polars":
        import polars

        frame = data.collect() if isinstance(data, polars.LazyFrame) else data
        return frame.to_arrow(
            compat_level=polars.CompatLevel.oldest()
        ).to_reader()  # Arrow takes little of views of text
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data)
    raise error(
        "HY-T005",
        en=f"{type(data).__name__} is no table. Give a path or an Ibis, pandas, polars or Arrow table.",
        fa=f"{type(data).__name__} جدول نیست. نشانی پرونده یا جدولی از Ibis، pandas، polars یا Arrow بدهید.",
    )


def _with_named_intervals(frame: pd.DataFrame) -> pd.DataFrame:
    """Classes as `pandas.cut` makes them by their names, which can be grouped by."""
    named = frame.copy(deep=False)
    for name, kind in frame.dtypes.items():
        if isinstance(getattr(kind, "categories", None), pd.IntervalIndex):
            named[name] = frame[name].cat.rename_categories(str)
    return named
