"""Many rows in one stream: COPY on PostgreSQL, executemany on SQLite. Objects and signals are left out, on purpose.

PostgreSQL copies into no table that has a wall (core.walls); there the rows pass through a table of the transaction's own.
"""

from __future__ import annotations

import gc
import json
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import islice, repeat
from struct import Struct
from threading import Barrier
from typing import Any, TypeVar
from uuid import UUID

from django.db import connections, models, transaction

Row = Sequence[Any]
Ready = bytes | list[Row]
PARAMETERS = 10_000  # of one query; SQLite takes 32,766, PostgreSQL 65,535
Convert = Callable[[Any], Any]
Turn = Callable[[], None]
Part = TypeVar("Part")
WRITERS = 2  # connections that write one list together, where the database lets more than one write
TOGETHER = 2  # parts of one transaction, where it does not


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


def in_turn(parts: Iterable[Part], write: Callable[[Part, Turn], None]) -> Generator[Part, None, None]:
    """Write each part whole, in order; yields a part once it stands.

    write(part, turn) adds rows, calls `turn`, and then does what has to be in order: PostgreSQL writes the rows of two parts at once
    in two connections, and `turn` asks the foreign keys of what was added and waits until the part before stands. It raises where that
    one failed, so nothing stands whose predecessor does not. SQLite writes two parts in one transaction: most pages of an index of
    random keys are met by each part, and are written once for both.
    """
    connection = connections["default"]
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        coming = iter(parts)
        while some := list(islice(coming, TOGETHER)):
            with transaction.atomic():
                for part in some:
                    write(part, lambda: None)
            yield from some
        return
    under_way: deque[tuple[Part, Future[None]]] = deque()
    with ThreadPoolExecutor(WRITERS) as writers:
        try:
            for part in parts:
                last = under_way[-1][1] if under_way else None
                under_way.append((part, writers.submit(_one, write, part, last)))
                if len(under_way) == WRITERS:
                    yield _standing(under_way)
            while under_way:
                yield _standing(under_way)
        finally:
            leave = Barrier(WRITERS)
            for _ in range(WRITERS):
                writers.submit(_leave, leave)


def _one(write: Callable[[Part, Turn], None], part: Part, last: Future[None] | None) -> None:
    def turn() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        if last:
            last.result()

    with transaction.atomic():
        write(part, turn)


def _standing(under_way: deque[tuple[Part, Future[None]]]) -> Part:
    part, written = under_way.popleft()
    written.result()
    return part


def _leave(together: Barrier) -> None:
    """Each thread closes its own connections."""
    together.wait()
    connections.close_all()


class Dumped(str):
    """JSON text for a JSON column, where many rows hold the same."""

    __slots__ = ()


def slices(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (rows[first : first + size] for first in range(0, len(rows), size))


def present(model: type[models.Model], column: str, values: Sequence[Any]) -> list[bytes]:
    """Those of the values, of an indexed binary column, that stand in some row; each as often as it does."""
    connection = connections["default"]
    field = connection.ops.quote_name(model._meta.get_field(column).column)
    table = connection.ops.quote_name(model._meta.db_table)
    found: list[bytes] = []
    with connection.cursor() as cursor:
        for some in slices([value for value in values if value], PARAMETERS):
            if connection.vendor == "postgresql":
                among, given = "= ANY(%s::bytea[])", ["{" + ",".join(f'"\\\\x{value.hex()}"' for value in some) + "}"]
            else:
                size = min(PARAMETERS, 1 << len(some).bit_length())  # few sizes: the driver keeps a hundred statements
                among, given = f"IN ({', '.join(['%s'] * size)})", [*some, *[None] * (size - len(some))]
            cursor.execute(f"SELECT {field} FROM {table} WHERE {field} {among}", given)  # nosec B608  # noqa: S608 names of ours
            found += [bytes(value) for (value,) in cursor]
    return found


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row], using: str = "default") -> None:
    """Add the rows; `columns` are names of concrete fields (`household`, not `household_id`), values as Python has them, an id also as its hexadecimal digits."""
    put(model, columns, ready(model, columns, rows, using), using)


def ready(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row], using: str = "default") -> Ready:
    """The rows as `put` takes them; another process may do it. On PostgreSQL bytes of a binary COPY, where each column has a kind that we write."""
    if not rows:
        return []
    fields = [model._meta.get_field(name) for name in columns]
    connection = connections[using]
    if connection.vendor != "postgresql":
        return list(zip(*_converted(rows, [_plain(field) for field in fields]), strict=True))
    kinds = [(field.db_type(connection) or "").partition("(")[0] for field in fields]
    if not all(kind in CELLS for kind in kinds):
        return list(zip(*_converted(rows, [_json(field) for field in fields]), strict=True))
    cells = _converted(rows, [CELLS[kind] for kind in kinds], NULL)
    return b"".join([COPY, *map(b"".join, zip(repeat(SHORT(len(fields))), *cells)), END])


def put(model: type[models.Model], columns: Sequence[str], rows: Ready, using: str = "default") -> None:
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
            coming = quote(f"coming_{model._meta.db_table}")
            if walled:  # made once, since the catalogue grows with each
                cursor.execute(
                    f"CREATE TEMP TABLE IF NOT EXISTS {coming} AS SELECT * FROM {table} WITH NO DATA"  # nosec B608  # noqa: S608
                )
            with connection.wrap_database_errors:
                _copy(cursor, f"{coming} ({names})" if walled else into, rows)
            if walled:
                cursor.execute(f"INSERT INTO {into} SELECT {names} FROM {coming}")  # nosec B608  # noqa: S608
                cursor.execute(f"TRUNCATE {coming}")
        else:
            marks = ", ".join(["%s"] * len(fields))
            cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)  # nosec B608  # noqa: S608  names of our own models


def _copy(cursor: Any, into: str, rows: Ready) -> None:
    if isinstance(rows, bytes):
        with cursor.copy(f"COPY {into} FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(rows)
        return
    with cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _plain(field: Any) -> Convert | None:
    """As SQLite's driver takes it."""
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    if isinstance(field, models.UUIDField):
        return lambda value: value.hex if isinstance(value, UUID) else value
    if isinstance(field, models.DateTimeField):
        return lambda value: str(value.astimezone(UTC).replace(tzinfo=None))
    if isinstance(field, models.DateField):
        return date.isoformat
    return _json(field)


def _json(field: Any) -> Convert | None:
    return _dumped if isinstance(field, models.JSONField) else None


def _dumped(value: Any) -> str:
    return value if isinstance(value, Dumped) else json.dumps(value, ensure_ascii=False)


def _converted(rows: Sequence[Row], converts: list[Convert | None], nothing: Any = None) -> list[Sequence[Any]]:
    """Columns of the rows, each value converted once; nothing: what stands for a value that is missing."""
    columns = list(zip(*rows, strict=True))
    return [_each(*one, nothing) if one[1] else one[0] for one in zip(columns, converts, strict=True)]


def _each(column: Sequence[Any], convert: Convert, nothing: Any) -> Sequence[Any]:
    try:
        distinct = set(column)
    except TypeError:  # dictionaries
        distinct = None
    if distinct is None or len(distinct) * 3 > len(column):
        if convert is _uuid and distinct and None not in distinct:
            return _uuids(column)
        return [nothing if value is None else convert(value) for value in column]
    converted = {value: nothing if value is None else convert(value) for value in distinct}
    return [converted[value] for value in column]


LONG, SHORT = Struct("!i").pack, Struct("!h").pack
COPY = b"PGCOPY\n\xff\r\n\0" + LONG(0) + LONG(0)
NULL, END = LONG(-1), SHORT(-1)
EPOCH = date(2000, 1, 1).toordinal()
BEGIN = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def _sized(form: str) -> Convert:
    """A number, with its length before it."""
    pack, size = Struct(f"!i{form}").pack, Struct(f"!{form}").size
    return lambda value: pack(size, value)


def _bytes(value: bytes) -> bytes:
    return LONG(len(value)) + value


def _uuid(value: UUID | str) -> bytes:
    return b"\0\0\0\x10" + (value.bytes if isinstance(value, UUID) else bytes.fromhex(value))


def _uuids(values: Sequence[UUID | str]) -> list[bytes]:
    """As `_uuid`, in half the time."""
    whole = bytes.fromhex("".join([value.hex if isinstance(value, UUID) else value for value in values]))
    return [b"\0\0\0\x10" + whole[at : at + 16] for at in range(0, len(whole), 16)]


_days, _microseconds = _sized("i"), _sized("q")
CELLS: dict[
    str, Convert
] = {  # PostgreSQL's kinds in its binary COPY. Source: its manual, COPY, “Binary Format”, and each type's *_recv
    "uuid": _uuid,
    "bytea": _bytes,
    "varchar": lambda value: _bytes(value.encode()),
    "text": lambda value: _bytes(value.encode()),
    "jsonb": lambda value: _bytes(b"\1" + _dumped(value).encode()),
    "smallint": _sized("h"),
    "integer": _sized("i"),
    "bigint": _sized("q"),
    "boolean": _sized("?"),
    "double precision": _sized("d"),
    "date": lambda value: _days(value.toordinal() - EPOCH),
    "timestamp with time zone": lambda value: _microseconds((value - BEGIN) // MICROSECOND),
}
