"""Questions that every page asks: the ORM writes each of them once, PostgreSQL plans it once for each connection, and then only what is given changes."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.db import connection, connections
from django.db.models import QuerySet

Row = TypeVar("Row")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d")
_days = count(1)


class Question(Generic[Row]):
    """asks: makes the query from what is given: UUIDs, texts, dates, moments, and lists of one of these, for `__in`.

    What is given must reach the database as it is, and a date must be given: what the query reads of a clock or of anything else
    is written once and stands still. Raises ValueError where that is not so.
    """

    def __init__(self, asks: Callable[..., QuerySet[Any]]) -> None:
        self.asks = asks
        self.written: dict[tuple[object, ...], _Written] = {}

    def __call__(self, *given: Any) -> list[Row]:
        if any(isinstance(one, list) and not one for one in given):
            return []
        filled = [_filled(one) if isinstance(one, list) else one for one in given]
        shape = (connection.vendor, *map(_shape, filled))
        if shape not in self.written:
            self.written[shape] = self._write(filled)
        return self.written[shape].asked(_flat(filled))

    def _write(self, given: Sequence[Any]) -> _Written:
        marks = [[_mark(each) for each in one] if isinstance(one, list) else _mark(one) for one in given]
        rows = self.asks(*marks)
        compiler = rows.query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        at = {_prepared(mark): place for place, mark in enumerate(_flat(marks))}
        fixed = [None if each in at else each for each in parameters]
        if lost := set(at.values()) - {at[each] for each in parameters if each in at}:
            raise ValueError(f"given but not asked for as it is: {sorted(lost)} in {sql}")
        if still := [each for each in fixed if isinstance(each, date) or MOMENT.match(str(each))]:
            raise ValueError(f"a day that stands still: {still} in {sql}")
        compiler.connection = None
        return _Written(rows, compiler, sql, [(at.get(each), one) for each, one in zip(parameters, fixed, strict=True)])


@dataclass(frozen=True)
class _Written:
    """parameters: place among what is given, or none and what is always the same."""

    rows: QuerySet[Any]
    compiler: Any
    sql: str
    parameters: list[tuple[int | None, Any]]

    def asked(self, given: Sequence[Any]) -> list[Any]:
        ready = [_prepared(one) for one in given]
        filled = tuple(fixed if place is None else ready[place] for place, fixed in self.parameters)
        query: Any = _Query(self.compiler, self.sql, filled)
        return list(self.rows._iterable_class(QuerySet(self.rows.model, query, self.rows.db)))


@dataclass(frozen=True)
class _Query:
    """What the ORM's readers of rows ask of a query."""

    compiler: Any
    sql: str
    parameters: tuple[Any, ...]

    def get_compiler(self, using: str) -> Any:
        compiler = copy(self.compiler)
        one = connections[using]
        compiler.connection = _Planned(one) if one.vendor == "postgresql" else one
        compiler.as_sql = lambda: (self.sql, self.parameters)
        return compiler


class _Planned:
    """A connection to PostgreSQL, which keeps the plan of what it is asked through this."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def cursor(self) -> Any:
        found = self.connection.cursor()
        raw = self.connection.connection
        raw.prepare_threshold = 0  # from the first time on; Django's own cursors prepare nothing
        found.cursor = self.connection.Database.Cursor(raw)
        return found


def _flat(given: Sequence[Any]) -> list[Any]:
    return [each for one in given for each in (one if isinstance(one, list) else (one,))]


def _filled(given: list[Any]) -> list[Any]:
    """A list made longer by its last, so that few lengths are written."""
    return given + given[-1:] * ((1 << (len(given) - 1).bit_length()) - len(given))


def _shape(given: Any) -> object:
    return (type(given[0]), len(given)) if isinstance(given, list) else type(given)


def _mark(like: Any) -> Any:
    """A value of the same kind that stands nowhere else."""
    if isinstance(like, UUID):
        return uuid4()
    if isinstance(like, datetime):
        return datetime(1, 1, 1, tzinfo=UTC) + timedelta(days=next(_days))
    if isinstance(like, date):
        return date(1, 1, 1) + timedelta(days=next(_days))
    if isinstance(like, str):
        return secrets.token_hex()
    raise ValueError(f"a question takes no {type(like).__name__}")


def _prepared(value: Any) -> Any:
    """As the ORM hands it to the database's driver."""
    if isinstance(value, UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, date):
        return connection.ops.adapt_datefield_value(value)
    return value
