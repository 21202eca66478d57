"""The rows of the cast, made once by its actions and put again into every test's own transaction."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction

Rows = dict[str, tuple[list[str], list[tuple[Any, ...]]]]  # table → its columns, its rows in their order


@dataclass(frozen=True)
class Made:
    """kept: what the builder gave, as bytes, so that each test has objects of its own; rows: by database, what it wrote."""

    kept: bytes
    rows: dict[str, Rows]

    def again(self) -> Any:
        for database, tables in self.rows.items():
            with connections[database].cursor() as cursor:
                for table, (columns, rows) in tables.items():
                    names, places = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
                    cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', rows)
        return pickle.loads(self.kept)


def made_by(build: Callable[[], Any]) -> Made:
    """Build in a transaction of each database, keep the rows that came, and roll back."""
    before = {database: dict(_tables(database)) for database in connections}
    with ExitStack() as stack:
        for database in connections:
            stack.enter_context(transaction.atomic(using=database))
        built = build()
        rows = {database: _came(before[database], dict(_tables(database))) for database in connections}
        for database in connections:
            transaction.set_rollback(True, using=database)
    return Made(pickle.dumps(built), rows)


def _tables(database: str) -> Iterator[tuple[str, tuple[list[str], list[tuple[Any, ...]]]]]:
    with connections[database].cursor() as cursor:
        for table in sorted(connections[database].introspection.table_names(cursor)):
            cursor.execute(f'SELECT * FROM "{table}"')
            yield table, ([column[0] for column in cursor.description], [tuple(row) for row in cursor.fetchall()])


def _came(before: Rows, after: Rows) -> Rows:
    came: Rows = {}
    for table, (columns, rows) in after.items():
        earlier = set(before[table][1])
        assert earlier <= set(rows), f"{table}: the cast changed rows that were there before it"
        if new := [row for row in rows if row not in earlier]:
            came[table] = columns, new
    return came
