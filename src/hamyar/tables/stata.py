"""Stata files (.dta), as most household surveys are published: answers as they were coded, without their labels."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from hamyar.errors import HamyarError, error
from hamyar.tables.incoming import Batch, Incoming

ROWS = 20_000  # of a batch
_SPOILED = (  # what pandas raises for bytes that are no file of Stata's
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    AttributeError,
    TypeError,
    struct.error,
    OSError,
)
_WIDER = {pa.int64(): pa.float64(), pa.date32(): pa.timestamp("ns")}


def open_dta(path: Path) -> Incoming:
    """Columns and rows; a row's number is its place, counted from 1.

    Coded answers are whole numbers, days without an hour are dates, and Stata's missing values (. and .a to .z, empty text)
    are gaps. The file is gone through twice, the first time for the types of its columns. Raises HamyarError HY-T017.
    """
    try:
        with pd.read_stata(path, iterator=True) as reader:
            types: dict[str, pa.DataType] = dict.fromkeys(reader.variable_labels(), pa.null())
        for frame in _frames(path):
            if not types or list(frame) != list(types):
                raise _no_stata(path)
            for name, before in types.items():
                found = _type(frame[name])
                types[name] = before if _WIDER.get(found) == before else found
    except _SPOILED as wrong:
        raise _no_stata(path) from wrong
    return Incoming(path.name, list(types), list(types.values()), _batches(path, types))


def _frames(path: Path) -> Iterator[pd.DataFrame]:
    with pd.read_stata(path, convert_categoricals=False, chunksize=ROWS) as reader:
        yield from reader


def _type(values: pd.Series) -> pa.DataType:
    known = values[values.notna()]
    if values.dtype.kind == "M":
        return pa.date32() if (known == known.dt.normalize()).all() else pa.timestamp("ns")
    if values.dtype.kind in "fiu":
        return pa.int64() if ((known == np.floor(known)) & (known.abs() < 2**53)).all() else pa.float64()
    return pa.string()


def _batches(path: Path, types: dict[str, pa.DataType]) -> Iterator[Batch]:
    first = 1
    try:
        for frame in _frames(path):
            columns = [_column(frame[name], kind) for name, kind in types.items()]
            yield np.arange(first, first + len(frame)), pa.RecordBatch.from_arrays(columns, list(types))
            first += len(frame)
        if first == 1:
            yield np.arange(0), pa.RecordBatch.from_pylist([], pa.schema(types.items()))
    except _SPOILED as wrong:
        raise _no_stata(path) from wrong


def _column(values: pd.Series, kind: pa.DataType) -> pa.Array:
    return pa.Array.from_pandas(values.where(values != "") if kind == pa.string() else values).cast(kind)


def _no_stata(path: Path) -> HamyarError:
    return error(
        "HY-T017",
        en="this is no Stata file that can be read: it is damaged or of another kind. Save it anew, or as CSV.",
        fa="این پرونده Stata خواندنی نیست: آسیب‌دیده یا از نوع دیگری است. آن را دوباره، یا به CSV، ذخیره کنید.",
        file=path.name,
    )
