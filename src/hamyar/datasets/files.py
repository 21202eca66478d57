"""The province's columns of numbers as labelled Parquet files, streamed county by county."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hamyar.datasets.population import CATEGORIES, Chunk
from hamyar.datasets.tree import Integers
from hamyar.tables.labels import Label

ROWS = 100_000  # of a row group
_IDS = ["household_id", "person_id"]  # each value stands once, so a dictionary would only cost


class Writer:
    """A labelled Parquet file that grows table by table, for two files written at once; it appears when it is complete.
    The same tables in give the same bytes out."""

    def __init__(self, path: Path, *, contract: str) -> None:
        self._path = path
        self._unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        self._label = Label(contract, "census", "synthetic").encoded()
        self._file: pq.ParquetWriter | None = None

    def __enter__(self) -> Writer:
        return self

    def write(self, data: pa.Table) -> None:
        schema = data.schema.with_metadata(self._label)
        if self._file is None:
            dictionaries = [name for name in data.column_names if name not in _IDS]
            self._file = pq.ParquetWriter(self._unfinished, schema, compression="zstd", use_dictionary=dictionaries)
        self._file.write_table(data.cast(schema), row_group_size=ROWS)

    def __exit__(self, failed: object, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            if failed:
                self._unfinished.unlink()
            else:
                self._unfinished.replace(self._path)


def rows(path: Path, positions: Integers) -> pa.Table:
    """The rows at sorted positions, one row group in memory at a time."""
    return pa.concat_tables(_pieces(path, positions))


def _pieces(path: Path, positions: Integers) -> Iterator[pa.Table]:
    file = pq.ParquetFile(path)
    first = 0
    for group in range(file.num_row_groups):
        length = file.metadata.row_group(group).num_rows
        low, high = np.searchsorted(positions, [first, first + length])
        if high > low or group == 0:
            yield file.read_row_group(group).take(pa.array(positions[low:high] - first))
        first += length


def codes(prefix: str, numbers: Integers, width: int) -> pa.Array:
    """Texts `prefix` + zero-padded number, all of one length, without a Python object for each."""
    length = len(prefix) + width
    letters = np.empty((len(numbers), length), np.uint8)
    letters[:, : len(prefix)] = np.frombuffer(prefix.encode(), np.uint8)
    rest = numbers.copy()
    for place in range(length - 1, len(prefix) - 1, -1):
        rest, digit = np.divmod(rest, 10)
        letters[:, place] = digit + ord("0")
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * length
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(letters))


def _texts(values: Any, at: Integers) -> pa.Array:
    return pa.array(values, pa.string()).take(pa.array(at.astype(np.int32)))


def _column(name: str, values: Any) -> pa.Array:
    if name in CATEGORIES:
        return _texts(CATEGORIES[name], values)
    return pa.array(values.astype(np.int32) if values.dtype.kind == "i" else values)


def households(chunk: Chunk) -> pa.Table:
    """One county's rows of households.parquet: the contract, and `block`, the clusters a survey may draw."""
    homes = dict(chunk.households)
    settlement, block, female = homes.pop("settlement"), homes.pop("block"), homes.pop("head_female")
    n = len(settlement)
    first = {
        "household_id": codes(chunk.county, np.arange(1, n + 1), 7),
        "county_code": _texts([chunk.county], np.zeros(n, int)),
        "area_code": _texts(chunk.places.code.tolist(), settlement),
        "block": codes(chunk.county, block + 1, 6),
        "head_sex": _texts(["male", "female"], female),
    }
    return pa.table(first | {name: _column(name, values) for name, values in homes.items()})


def persons(chunk: Chunk) -> pa.Table:
    """One county's rows of persons.parquet; literate is unknown below the age of six."""
    who = chunk.persons
    home = who["household"]
    starts = np.r_[True, home[1:] != home[:-1]]
    at = np.arange(len(home))
    number = at - at[starts][home] + 1
    return pa.table(
        {
            "person_id": codes(chunk.county, (home + 1) * 100 + number, 9),
            "household_id": codes(chunk.county, home + 1, 7),
            "sex": _texts(["male", "female"], who["female"]),
            "age": _column("age", who["age"]),
            "relation": _column("relation", who["relation"]),
            "literate": pa.array(who["literate"], mask=who["age"] < 6),
            "student": pa.array(who["student"]),
            "activity": _column("activity", who["activity"]),
        }
    )
