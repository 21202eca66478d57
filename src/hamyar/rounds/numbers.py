"""What makes the same inputs give the same bytes on any number of threads."""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd
import pyarrow as pa

DIGITS = 10
STEP = 2.0**24
KINDS = {"text": pa.string(), "number": pa.float64(), "whole": pa.int64(), "truth": pa.bool_()}


def rounded(values: pd.Series) -> pd.Series:
    """Numbers to 10 significant digits: parallel sums differ in their last bits."""
    return values.astype("float64").map(lambda value: float(f"{value:.{DIGITS}g}"))


def exact_weights(rows: ibis.Table, weight: str | None) -> ibis.Table:
    """Weights as multiples of 2⁻²⁴, so that their sums are exact in any order (up to 500 million households and persons)."""
    if weight is None or weight not in rows.columns:
        return rows
    return rows.mutate(**{weight: (rows[weight].cast("float64") * STEP).round().cast("float64") / STEP})


def stated(frame: pd.DataFrame, columns: dict[str, str]) -> pa.Table:
    """The frame with these columns, in this order and of these kinds; numbers to 10 significant digits."""

    def column(name: str, kind: str) -> Any:
        values = frame[name]
        if kind == "number":
            return pa.array(rounded(values), pa.float64(), from_pandas=True)
        if kind == "whole":
            return pa.array(values.astype("Int64"), pa.int64(), from_pandas=True)
        return pa.array([None if pd.isna(value) else value for value in values], KINDS[kind])

    return pa.table({name: column(name, kind) for name, kind in columns.items()})
