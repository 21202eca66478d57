"""Rows of text files, kept typed in a DuckDB of their own."""

from __future__ import annotations

import ibis
import pyarrow as pa

from hamyar.tables import engine
from hamyar.tables.engine import name

_TYPES = {  # in order: a column takes the first that all its values have
    "BOOLEAN": "lower(trim({0})) IN ('true', 'false')",
    "BIGINT": "regexp_full_match(trim({0}), '[+-]?(0|[1-9][0-9]{{0,14}})')",
    "DOUBLE": "isfinite(TRY_CAST({0} AS DOUBLE)) AND regexp_full_match(trim({0}), '[+-]?(0|[1-9][0-9]{{0,14}})?([.][0-9]*)?([eE][+-]?[0-9]+)?')",
}
_GAP = "trim({0}) IN ('', 'NA', 'NaN', 'nan', 'NULL', 'null')"


class Kept:
    """Typed rows as they come; what does not fit in memory lies in a temporary file."""

    def __init__(self) -> None:
        self._backend = engine.connect()
        self._started = False

    def add(self, rows: pa.Table) -> None:
        self._backend.con.register("incoming", rows)
        self._backend.raw_sql(f"{'INSERT INTO rows' if self._started else 'CREATE TABLE rows AS'} FROM incoming")
        self._backend.con.unregister("incoming")
        self._started = True

    def table(self, untyped: list[str]) -> ibis.Table:
        """The rows. An untyped column of text becomes true/false or numbers where every value is one; a leading zero or
        more than 15 digits make a column of codes, which stays text."""
        rows = self._backend.table("rows")
        texts = [column for column in untyped if rows.schema()[column].is_string()]
        typed = {column: kind for column in texts if (kind := self._kind(name(column)))}
        if not typed:
            return rows
        casts = ", ".join(
            f"TRY_CAST(trim({name(column)}) AS {kind}) AS {name(column)}" for column, kind in typed.items()
        )
        self._backend.raw_sql(f"CREATE TABLE typed AS SELECT * REPLACE ({casts}) FROM rows")  # nosec B608  # noqa: S608  names are quoted
        self._backend.raw_sql("DROP TABLE rows")
        return self._backend.table("typed")

    def _kind(self, column: str) -> str | None:
        fits = ", ".join(f"bool_and({test.format(column)})" for test in _TYPES.values())
        answers = self._backend.con.execute(
            f"SELECT {fits} FROM rows WHERE {column} IS NOT NULL AND NOT ({_GAP.format(column)})"  # nosec B608  # noqa: S608
        ).fetchall()[0]
        return next((kind for kind, fit in zip(_TYPES, answers, strict=True) if fit), None)
