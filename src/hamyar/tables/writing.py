"""Parquet with a label: the same rows give the same bytes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hamyar.tables.labels import Label
from hamyar.tables.table import Table, arrow

ROWS = 100_000  # of a row group


def write(
    data: Any,
    path: str | Path,
    *,
    contract: str | None = None,
    universe: str | None = None,
    provenance: str | None = None,
) -> Path:
    """Write rows as Parquet with their label, streamed; the file appears when it is complete.

    data: a Table, an Ibis, pandas, polars or Arrow table, or Arrow batches in order. The bytes depend on the rows and
    their order alone, not on how they were cut into batches. A Table's own label is kept. Raises HamyarError.
    """
    target = Path(path)
    own = data.label if isinstance(data, Table) else Label()
    label = own.with_declared(Label(contract, universe, provenance), target.name)
    schema, batches = _batches(data)
    schema = schema.with_metadata(label.encoded())
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with pq.ParquetWriter(unfinished, schema, compression="zstd") as file:
            for group in _groups(batches, schema):
                file.write_table(group, row_group_size=ROWS)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def _batches(data: Any) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    if not isinstance(data, pa.Table | pa.RecordBatch) and isinstance(data, Iterable) and not _is_table(data):
        batches = iter(data)
        first = next(batches, None)
        if first is None:
            raise ValueError("no batches: give at least one, which may be empty, for its schema")
        return first.schema, _chain(first, batches)
    reader = arrow(data)
    return reader.schema, iter(reader)


def _is_table(data: Any) -> bool:
    return isinstance(data, Table) or hasattr(data, "__arrow_c_stream__") or hasattr(data, "to_pyarrow_batches")


def _chain(first: Any, rest: Iterator[Any]) -> Iterator[pa.RecordBatch]:
    for piece in itertools.chain([first], rest):
        yield from piece.to_batches() if isinstance(piece, pa.Table) else [piece]


def _groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    """Tables of exactly ROWS rows, the last one shorter."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        while count >= ROWS:
            table = _joined(waiting, schema)
            yield table.slice(0, ROWS)
            waiting, count = table.slice(ROWS).to_batches(), count - ROWS
    if count or not waiting:
        yield _joined(waiting, schema)


def _joined(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    plain = pa.Table.from_batches(batches, schema.remove_metadata()) if not batches else pa.Table.from_batches(batches)
    return plain.cast(schema).combine_chunks()
