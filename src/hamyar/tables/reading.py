"""Tables from files and frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from hamyar.errors import HamyarError
from hamyar.tables import engine, labels
from hamyar.tables.checking import examine, without_empty
from hamyar.tables.contracts import Contract
from hamyar.tables.contracts import contract as contract_named
from hamyar.tables.files import is_parquet, open_file
from hamyar.tables.headings import headings
from hamyar.tables.kept import Kept
from hamyar.tables.labels import Label
from hamyar.tables.table import Table, arrow


def as_table(
    data: Any, *, contract: str | Contract | None = None, universe: str | None = None, provenance: str | None = None
) -> Table:
    """A Table from a Table, a path (CSV, XLSX, Parquet), or an Ibis, pandas, polars or Arrow table.

    Parquet stays on disk and is read when asked for; an Ibis table stays on its backend. A label in the file is
    honoured, and contradicting it raises HamyarError HY-T002. CSV and XLSX are read whole: with a contract as `read`
    does, else a column holds numbers where every value is one and none has a leading zero.
    """
    declared = Label(contract.name if isinstance(contract, Contract) else contract, universe, provenance)
    if isinstance(data, Table):
        return _labelled(data.expr, data.label.with_declared(declared, data.source), data.source)
    if isinstance(data, str | Path):
        return _of_file(Path(data), declared)
    source = type(data).__module__.partition(".")[0]
    expr = data if isinstance(data, ibis.Table) else _in_memory(arrow(data))
    return _labelled(expr, Label().with_declared(declared, source), source)


def read(
    path: str | Path, contract: str | Contract, *, universe: str | None = None, provenance: str | None = None
) -> Table:
    """Check a file as `check` does and give its rows typed: digits and codes mended, yes and no as booleans.

    universe and provenance may be left out where the file's own label says them. Parquet that needs no mending stays
    on disk. Raises HamyarError with the faults.
    """
    file, declared = Path(path), Label(None, universe, provenance)
    if is_parquet(file):
        examined = examine(file, contract, declared)
        examined.report.raise_if_any()
        if examined.unchanged:
            return _labelled(engine.parquet(file), examined.label, file.name)
    kept = Kept()
    examined = examine(file, contract, declared, kept)
    examined.report.raise_if_any()
    return _labelled(kept.table(examined.extra), examined.label, file.name)


def _of_file(path: Path, declared: Label) -> Table:
    if not is_parquet(path):
        if declared.contract:
            return read(path, declared.contract, universe=declared.universe, provenance=declared.provenance)
        return _labelled(_as_it_is(path), Label().with_declared(declared, path.name), path.name)
    open_file(path)
    return _labelled(engine.parquet(path), labels.of_parquet(path).with_declared(declared, path.name), path.name)


def _as_it_is(path: Path) -> ibis.Table:
    """A text file without a contract. Raises HamyarError for what cannot be a row."""
    incoming = open_file(path)
    found = headings(incoming, None)
    if found.faults:
        raise HamyarError(*found.faults)
    kept = Kept()
    for rows in incoming.batches:
        _, batch = without_empty(*rows)
        kept.add(pa.table({name: batch.column(place) for place, name in found.extra.items()}))
    if incoming.total:
        raise HamyarError(*incoming.faults, total=incoming.total)
    return kept.table(list(found.extra.values()))


def _labelled(expr: ibis.Table, label: Label, source: str) -> Table:
    contract = contract_named(label.contract) if label.contract else None
    return Table(expr, contract, label.universe, label.provenance, source)


def _in_memory(rows: pa.RecordBatchReader) -> ibis.Table:
    """The rows as a table of a DuckDB of their own."""
    backend = engine.connect()
    backend.con.register("incoming", rows)
    backend.raw_sql("CREATE TABLE rows AS FROM incoming")
    backend.con.unregister("incoming")
    return backend.table("rows")
