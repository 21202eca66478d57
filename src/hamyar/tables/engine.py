"""The engines: DuckDB connections that read the one file they are given and nothing else, and one Spark session."""

from __future__ import annotations

import atexit
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from hamyar.errors import error

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


@cache
def spark() -> Any:
    """Ibis on the Spark session that runs, else on one of this machine. Raises HamyarError HY-T007 without pyspark or Java."""
    try:
        from pyspark.sql import SparkSession

        session = SparkSession.getActiveSession() or _local_spark()
        return ibis.pyspark.connect(session)
    except Exception as wrong:
        raise error(
            "HY-T007",
            en=f"Spark does not start ({type(wrong).__name__}). It needs the extra `spark` (pip install 'hamyar[spark]') and Java 17.",
            fa=f"Spark راه نمی‌افتد ({type(wrong).__name__}). افزونهٔ `spark` (pip install 'hamyar[spark]') و جاوا ۱۷ لازم است.",
        ) from wrong


def _local_spark() -> Any:
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": str(os.cpu_count() or 2),
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(spark_folder()),
        "spark.log.level": "ERROR",
    }
    builder = SparkSession.builder.master("local[*]").appName("hamyar")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


@cache
def spark_folder() -> Path:
    """A folder for rows that were not in a Parquet file; it goes when the process ends."""
    folder = tempfile.TemporaryDirectory(prefix="hamyar-spark-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def text(value: str) -> str:
    """A SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """A quoted SQL name."""
    return '"' + value.replace('"', '""') + '"'
