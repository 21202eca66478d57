"""Tables from files and frames, each with what it is a picture of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from hamyar.errors import error
from hamyar.tables import engine, labels
from hamyar.tables.contracts import Contract
from hamyar.tables.contracts import contract as contract_named
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


def as_table(
    data: Any, *, contract: str | Contract | None = None, universe: str | None = None, provenance: str | None = None
) -> Table:
    """A Table from a Table, a path (CSV, XLSX, Parquet), or an Ibis, pandas, polars or Arrow table.

    Parquet stays on disk and is read when asked for; an Ibis table stays on its backend. A label in the file is
    honoured, and contradicting it raises HamyarError HY-T002. Text files become typed: with a contract as `read` does,
    else numbers where every value is one and none has a leading zero.
    """
    name = contract.name if isinstance(contract, Contract) else contract
    declared = Label(name, universe, provenance)
    if isinstance(data, Table):
        return _labelled(data.expr, data.label.with_declared(declared, data.source), data.source)
    if isinstance(data, str | Path):
        return _of_file(Path(data), declared)
    source = type(data).__module__.partition(".")[0]
    expr = data if isinstance(data, ibis.Table) else in_memory(arrow(data))
    return _labelled(expr, Label().with_declared(declared, source), source)


def _of_file(path: Path, declared: Label) -> Table:
    if not path.is_file():
        raise error(
            "HY-T004",
            en="there is no such file. Check the path.",
            fa="چنین پرونده‌ای نیست. نشانی را بررسی کنید.",
            file=str(path),
        )
    if path.suffix.lower() in (".parquet", ".pq"):
        return _labelled(engine.parquet(path), labels.of_parquet(path).with_declared(declared, path.name), path.name)
    raise NotImplementedError(path)


def _labelled(expr: ibis.Table, label: Label, source: str) -> Table:
    contract = contract_named(label.contract) if label.contract else None
    return Table(expr, contract, label.universe, label.provenance, source)


def arrow(data: Any) -> pa.RecordBatchReader:
    """The rows of a Table or an Ibis, pandas, polars or Arrow table as Arrow batches. Raises HamyarError HY-T005."""
    if isinstance(data, Table):
        data = data.expr
    if isinstance(data, pa.RecordBatchReader):
        return data
    if isinstance(data, ibis.Table):
        return engine.batches(data)
    if type(data).__module__.partition(".")[0] == "pandas":
        return pa.Table.from_pandas(data, preserve_index=False).to_reader()
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data)
    raise error(
        "HY-T005",
        en=f"{type(data).__name__} is no table. Give a path or an Ibis, pandas, polars or Arrow table.",
        fa=f"{type(data).__name__} جدول نیست. نشانی پرونده یا جدولی از Ibis، pandas، polars یا Arrow بدهید.",
    )


def in_memory(rows: pa.RecordBatchReader) -> ibis.Table:
    """The rows as a table of a DuckDB of their own."""
    backend = engine.connect()
    backend.con.register("incoming", rows)
    backend.raw_sql("CREATE TABLE rows AS FROM incoming")
    backend.con.unregister("incoming")
    return backend.table("rows")
