"""DuckDB connections that read the one file they are given, and nothing else."""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import uuid4

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

BATCH = 100_000  # rows


def connect(file: Path | None = None, memory: str | None = None) -> Backend:
    """A DuckDB in memory: it may read `file`, nothing else on disk or network, loads no extension, and stays so."""
    spill = Path(tempfile.gettempdir()) / f"hamyar-{uuid4().hex}"  # made by DuckDB when memory runs out, and removed
    backend: Backend = ibis.duckdb.connect(
        autoinstall_known_extensions=False, autoload_known_extensions=False, temp_directory=str(spill)
    )
    if memory is not None:
        backend.raw_sql(f"SET memory_limit = {text(memory)}")
    if file is not None:
        backend.raw_sql(f"SET allowed_paths = [{text(str(file))}]")
    backend.raw_sql("SET enable_external_access = false")
    backend.raw_sql("SET lock_configuration = true")
    return backend


def parquet(file: Path) -> ibis.Table:
    """The rows of a Parquet file, read when asked for: columns and row groups that are not needed are skipped."""
    path = file.resolve()
    backend = connect(path)
    backend.raw_sql(f"CREATE VIEW rows AS FROM read_parquet({text(str(path))}, hive_partitioning = false)")
    return backend.table("rows")


def batches(expr: ibis.Table) -> pa.RecordBatchReader:
    """The rows of an Ibis table as Arrow batches, in the engine's order."""
    backend = expr.get_backend()
    if not isinstance(backend, Backend):
        return expr.to_pyarrow_batches()
    expr.limit(0).to_pyarrow()  # registers what the expression holds in memory
    relation = backend.con.sql(backend.compile(expr))  # Ibis 12 calls a method that DuckDB 2 lacks
    return relation.to_arrow_reader(BATCH)


def text(value: str) -> str:
    """A SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """A quoted SQL name."""
    return '"' + value.replace('"', '""') + '"'
