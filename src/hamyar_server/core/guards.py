"""Triggers by which the database itself refuses to change or remove an audit event."""

from __future__ import annotations

from typing import Any

from django.db import connections

TABLE = "core_auditevent"
NAMES = {
    "sqlite": {"audit_refuses_update", "audit_refuses_delete", "audit_refuses_replace"},
    "postgresql": {"audit_refuses_update", "audit_refuses_delete", "audit_refuses_truncate"},
}
SQLITE = [
    f"CREATE TRIGGER IF NOT EXISTS audit_refuses_{name} BEFORE {act} ON {TABLE} {when} "
    "BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END"
    for name, act, when in (
        ("update", "UPDATE", ""),
        ("delete", "DELETE", ""),
        # INSERT OR REPLACE removes the old row without asking the trigger on DELETE
        ("replace", "INSERT", f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE number = NEW.number OR id = NEW.id)"),  # nosec B608  # noqa: S608
    )
]
POSTGRESQL = [
    "CREATE OR REPLACE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit is only added to'; END $$",
    *(
        f"CREATE OR REPLACE TRIGGER audit_refuses_{name.lower()} BEFORE {name} ON {TABLE} "
        f"FOR EACH {each} EXECUTE FUNCTION audit_refuses()"
        for name, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT"))
    ),
]


def refuse(_apps: Any, editor: Any) -> None:
    """For a migration: put the triggers on. Whoever rebuilds the table on SQLite puts them on again."""
    for statement in POSTGRESQL if editor.connection.vendor == "postgresql" else SQLITE:
        editor.execute(statement)


def allow(_apps: Any, editor: Any) -> None:
    """For a migration: take the triggers off."""
    tail = f" ON {TABLE}" if editor.connection.vendor == "postgresql" else ""
    for name in sorted(NAMES[editor.connection.vendor]):
        editor.execute(f"DROP TRIGGER IF EXISTS {name}{tail}")


def missing(using: str = "default") -> list[str]:
    """Names of the triggers that are not there, or are switched off."""
    connection = connections[using]
    ask = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'",
    }
    with connection.cursor() as cursor:
        cursor.execute(ask[connection.vendor])
        found = {name for (name,) in cursor.fetchall()}
    return sorted(NAMES[connection.vendor] - found)
