"""Connections that are kept leave a file in whose place another was put."""

from __future__ import annotations

import sqlite3

from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper

from hamyar_server.core.databases import database, leave_replaced, share_memory


def made(path, word: str) -> None:
    with sqlite3.connect(path) as one:
        one.execute("CREATE TABLE said (word text)")
        one.execute("INSERT INTO said VALUES (?)", [word])


def asked(connection: DatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        return cursor.execute("SELECT word FROM said").fetchone()[0]


def test_a_restored_file_is_read_at_the_next_request(db, tmp_path, monkeypatch):
    file, other = tmp_path / "record.sqlite3", tmp_path / "restored.sqlite3"
    made(file, "before")
    made(other, "after")
    settings = connections.configure_settings({"default": database(None, file)})["default"]
    connection = DatabaseWrapper(settings, "other")
    monkeypatch.setattr(connections, "all", lambda initialized_only: [connection])
    assert settings["CONN_MAX_AGE"] == 60
    assert asked(connection) == "before"
    share_memory(connection)
    held = connection.connection
    leave_replaced()
    assert connection.connection is held, "the same file"
    other.replace(file)
    leave_replaced()
    assert connection.connection is None
    assert asked(connection) == "after"
    connection.close()
