"""A file as it comes in: its heading, and its rows in batches with their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

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
