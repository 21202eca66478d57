"""A database as Django's settings want it: SQLite in a file, or PostgreSQL by its address."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.db import connections

LOG, LONG_LOG = 8_000, 64_000  # pages of 4 KiB


def database(url: str | None, file: Path, more: str = "PRAGMA synchronous=NORMAL;") -> dict[str, Any]:
    """url: `postgresql://user:password@host:port/name?option=value`, or none for SQLite in the file; more: SQLite's pragmas."""
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": file,
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": f"PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536; "
                f"PRAGMA wal_autocheckpoint={LOG}; {more}",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise ValueError(f"{parts.scheme}://…: a database address is postgresql://user:password@host:port/name")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
        "OPTIONS": {"options": "-c jit=off"}  # a page's questions are shorter than their compilation
        | dict(pair.split("=", 1) for pair in unquote(parts.query).split("&") if "=" in pair),
    }


@contextmanager
def written_at_length(connection: Any) -> Iterator[None]:
    """Meanwhile SQLite moves what it wrote from its log to the file every quarter of a gigabyte, as most pages of an index are written
    again and again, and what would undo one statement stays in memory.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    with connection.cursor() as cursor:
        _set(cursor, LONG_LOG, "MEMORY")
        try:
            yield
        finally:
            _set(cursor, LOG, "DEFAULT")


def _set(cursor: Any, log: int, undo: str) -> None:
    cursor.execute(f"PRAGMA wal_autocheckpoint={log}")
    cursor.execute(f"PRAGMA temp_store={undo}")


def share_memory(connection: Any, **_: Any) -> None:
    """SQLite's own cache made small: a web process has a connection for each thread, and the system keeps the file in memory for all."""
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA cache_size=-8192")
        connection.opened = _identity(connection)


def leave_replaced(**_: Any) -> None:
    """Close the connections to a SQLite file in whose place another was put, as a restore does."""
    for connection in connections.all(initialized_only=True):
        if connection.connection and getattr(connection, "opened", None) not in (None, _identity(connection)):
            connection.close()


def _identity(connection: Any) -> tuple[int, int] | None:
    try:
        found = os.stat(connection.settings_dict["NAME"])
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
