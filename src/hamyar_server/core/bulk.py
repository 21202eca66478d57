"""Many rows in one stream: COPY on PostgreSQL, executemany on SQLite. Objects and signals are left out, on purpose.

PostgreSQL copies into no table that has a wall (core.walls); there the rows pass through a table of the transaction's own.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from typing import Any
from uuid import UUID

from django.db import connections, models, transaction

Row = Sequence[Any]
PARAMETERS = 10_000  # of one query; SQLite takes 32,766, PostgreSQL 65,535
Convert = Callable[[Any], Any]


@contextmanager
def without_garbage() -> Iterator[None]:
    """No garbage collection meanwhile: a batch makes a million objects that all live until its end, and looking through them costs a third."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Dumped(str):
    """JSON text for a JSON column, where many rows hold the same."""

    __slots__ = ()


def slices(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (rows[first : first + size] for first in range(0, len(rows), size))


def present(model: type[models.Model], column: str, values: Sequence[Any]) -> list[bytes]:
    """Those of the values, of an indexed binary column, that stand in some row; each as often as it does."""
    field = connections["default"].ops.quote_name(model._meta.get_field(column).column)
    table = connections["default"].ops.quote_name(model._meta.db_table)
    found: list[bytes] = []
    with connections["default"].cursor() as cursor:
        for some in slices([value for value in values if value], PARAMETERS):
            marks = ", ".join(["%s"] * len(some))
            cursor.execute(f"SELECT {field} FROM {table} WHERE {field} IN ({marks})", some)  # nosec B608  # noqa: S608 names of ours
            found += [bytes(value) for (value,) in cursor]
    return found


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row], using: str = "default") -> None:
    """Add the rows; `columns` are names of concrete fields (`household`, not `household_id`), values as Python has them, an id also as its hexadecimal digits."""
    put(model, columns, ready(model, columns, rows, using), using)


def ready(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row], using: str = "default") -> list[Row]:
    """The rows as `put` takes them; another process may do it."""
    fields = [model._meta.get_field(name) for name in columns]
    return list(_converted(rows, [_convert(field, connections[using].vendor) for field in fields]))


def put(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row], using: str = "default") -> None:
    """Add rows that are ready."""
    if not rows:
        return
    connection = connections[using]
    fields = [model._meta.get_field(name) for name in columns]
    quote = connection.ops.quote_name
    table, names = quote(model._meta.db_table), ", ".join(quote(field.column) for field in fields)
    into = f"{table} ({names})"
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT row_security_active(%s)", [table])
            (walled,) = cursor.fetchone()
            if walled:
                cursor.execute(f"CREATE TEMP TABLE coming AS SELECT {names} FROM {table} WITH NO DATA")  # nosec B608  # noqa: S608
            with (
                connection.wrap_database_errors,
                cursor.copy(f"COPY {'coming' if walled else into} FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)
            if walled:
                cursor.execute(f"INSERT INTO {into} SELECT {names} FROM coming")  # nosec B608  # noqa: S608
                cursor.execute("DROP TABLE coming")
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)  # nosec B608  # noqa: S608  names of our own models


def _convert(field: Any, vendor: str) -> Convert | None:
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    if isinstance(field, models.JSONField):
        return lambda value: value if isinstance(value, Dumped) else json.dumps(value, ensure_ascii=False)
    if vendor == "postgresql":
        return None
    if isinstance(field, models.UUIDField):
        return lambda value: value.hex if isinstance(value, UUID) else value
    if isinstance(field, models.DateTimeField):
        return lambda value: value and str(value.astimezone(UTC).replace(tzinfo=None))
    if isinstance(field, models.DateField):
        return lambda value: value and value.isoformat()
    return None


def _converted(rows: Sequence[Row], converts: list[Convert | None]) -> Iterable[Row]:
    wanted = [(place, convert) for place, convert in enumerate(converts) if convert]
    if not wanted or not rows:
        return rows
    columns = list(zip(*rows, strict=True))
    for place, convert in wanted:
        values = columns[place]
        if values[0] is values[-1]:  # one moment, day or batch in every row, or in most
            converted = {one: convert(value) for one, value in {id(value): value for value in values}.items()}
            columns[place] = tuple([converted[id(value)] for value in values])
        else:
            columns[place] = tuple(map(convert, values))
    return zip(*columns, strict=True)
