"""Tables from files and frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import ibis
import pyarrow as pa

from hamyar.errors import HamyarError, error
from hamyar.tables import engine as engines
from hamyar.tables import labels
from hamyar.tables.checking import examine
from hamyar.tables.contracts import Contract
from hamyar.tables.contracts import contract as contract_named
from hamyar.tables.files import is_parquet, open_file
from hamyar.tables.headings import headings
from hamyar.tables.incoming import without_empty
from hamyar.tables.kept import Kept
from hamyar.tables.labels import Label
from hamyar.tables.table import Table, arrow
from hamyar.tables.writing import write


def as_table(
    data: Any,
    *,
    contract: str | Contract | None = None,
    universe: str | None = None,
    provenance: str | None = None,
    engine: str | None = None,
) -> Table:
    """A Table from a Table, a path (CSV, XLSX, Stata, Parquet), or an Ibis, pandas, polars or Arrow table.

    Parquet stays on disk and is read when asked for; an Ibis table stays on its backend, unless `engine` says "duckdb"
    or "spark" (the running session, else one on this machine; needs the extra `spark`). A label in the file is
    honoured, and contradicting it raises HamyarError HY-T002. CSV, XLSX and Stata files are read whole: with a contract as `read`
    does, else a column holds numbers where every value is one and none has a leading zero.
    """
    declared = Label(contract.name if isinstance(contract, Contract) else contract, universe, provenance)
    table = _table(data, declared)
    return table if engine is None else replace(table, expr=_on(engine, table.expr, data))


def _table(data: Any, declared: Label) -> Table:
    if isinstance(data, Table):
        return _labelled(data.expr, data.label.with_declared(declared, data.source), data.source)
    if isinstance(data, str | Path):
        return _of_file(Path(data), declared)
    source = type(data).__module__.partition(".")[0]
    expr = data if isinstance(data, ibis.Table) else _in_memory(arrow(data))
    return _labelled(expr, Label().with_declared(declared, source), source)


def _on(name: str, expr: ibis.Table, data: Any) -> ibis.Table:
    """The rows on an engine: those of a Parquet file read anew, others carried over."""
    if name not in ("duckdb", "spark"):
        raise error(
            "HY-T006",
            en=f"the engine is duckdb or spark, not {name!r}.",
            fa=f"موتور محاسبه duckdb یا spark است، نه {name!r}.",
        )
    if (expr.get_backend().name == "pyspark") == (name == "spark"):
        return expr
    if name == "duckdb":
        return _in_memory(arrow(expr))
    if isinstance(data, str | Path) and is_parquet(Path(data)):
        return engines.spark().read_parquet(str(Path(data).resolve()))
    folder = engines.spark_folder()
    return engines.spark().read_parquet(str(write(expr, folder / f"{uuid4().hex}.parquet")))


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
            return _labelled(engines.parquet(file), examined.label, file.name)
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
    return _labelled(engines.parquet(path), labels.of_parquet(path).with_declared(declared, path.name), path.name)


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
    backend = engines.connect()
    backend.con.register("incoming", rows)
    backend.raw_sql("CREATE TABLE rows AS FROM incoming")
    backend.con.unregister("incoming")
    return backend.table("rows")
