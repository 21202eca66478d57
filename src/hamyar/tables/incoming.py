"""A file as it comes in: its heading, and its rows in batches with their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hamyar.errors import Fault

MOST_COLUMNS = 2_000
Batch = tuple[np.ndarray[Any, np.dtype[np.int64]], pa.RecordBatch]


@dataclass
class Incoming:
    """types: of each column; batches: row numbers in the file, and rows; consumed once.

    While the batches are read, `faults` and `total` grow by what cannot be a row.
    """

    file: str
    heading: list[str]
    types: list[pa.DataType]
    batches: Iterator[Batch] = field(default_factory=lambda: iter(()))
    faults: list[Fault] = field(default_factory=list)
    total: int = 0


def without_empty(rows: np.ndarray[Any, np.dtype[np.int64]], batch: pa.RecordBatch) -> Batch:
    """The rows that hold anything."""
    if not batch.num_columns:
        return rows[:0], batch.slice(0, 0)
    filled = reduce(pc.or_, map(_filled, batch.columns))
    if pc.all(filled).as_py() in (True, None):
        return rows, batch
    return rows[filled.to_numpy(zero_copy_only=False)], batch.filter(filled)


def _filled(column: pa.Array) -> pa.Array:
    there = pc.is_valid(column)
    return pc.and_(there, pc.fill_null(pc.not_equal(column, ""), False)) if column.type == pa.string() else there
