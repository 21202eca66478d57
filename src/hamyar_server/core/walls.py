"""The second wall: PostgreSQL's row-level security repeats the gate, so that a query which forgot it still shows nothing.

Each request says for which membership it acts; the policies ask for a living mandate above the row's area. What acts without a request
(commands, jobs, migrations) says nothing and passes. The database's user must own no superuser's rights, which pass every policy;
`hamyar-server check --deploy` says so. SQLite has no such wall.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.checks import CheckMessage, Warning, register
from django.db import connection, migrations

NOBODY = "00000000-0000-0000-0000-000000000000"
OPEN = ""


def array(functions: Iterable[str]) -> str:
    return f"ARRAY[{', '.join(repr(str(function)) for function in sorted(functions))}]::text[]"


def by_path(column: str, read: Iterable[str], write: Iterable[str]) -> tuple[str, str]:
    """Conditions on a row with a path: to be read, to be written."""
    return tuple(f"hamyar_within({column}, (SELECT hamyar_roots({array(f)})))" for f in (read, write))  # type: ignore[return-value]


def by_area(column: str, read: Iterable[str], write: Iterable[str]) -> tuple[str, str]:
    """Conditions on a row that names an area."""
    path = f"(SELECT a.path::text FROM areas_area a WHERE a.id = {column})"  # nosec B608  # noqa: S608 names of ours
    return by_path(path, read, write)


def by_parent(table: str, column: str, write: str = "") -> tuple[str, str]:
    """Conditions on a row that hangs on one with a wall of its own: seen with it, and written where `write` holds of it.

    write: a condition on the row `parent`; without one, wherever it is seen. What acts for nobody asks for no parent, row by row.
    The parent is asked for as a value: of an EXISTS, PostgreSQL may first gather every parent that is seen.
    """
    nobody = "(SELECT coalesce(current_setting('hamyar.membership', true), '') = '')"
    seen, written = (
        f"{nobody} OR (SELECT true FROM {table} parent WHERE parent.id = {column}{more})"  # nosec B608  # noqa: S608 names of ours
        for more in ("", f" AND {write}" if write else "")
    )
    return seen, written


def build(walls: dict[str, tuple[str, ...]]) -> migrations.RunPython:
    """The migration that puts walls around tables: table → conditions on a row to be read, and to be written.

    A row is changed or taken away where it may be written as it stands, so that nobody moves into their own area what they only
    read; a third condition says what may stand there after a change. Walls that stood there before are replaced.
    """

    def put(_apps: Any, editor: Any) -> None:
        if editor.connection.vendor != "postgresql":
            return
        for table, (read, write, *after) in walls.items():
            editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            fall(editor, table)
            for name, conditions in (
                ("select", f"USING ({read})"),
                ("insert", f"WITH CHECK ({write})"),
                ("update", f"USING ({write}) WITH CHECK ({(after or [write])[0]})"),
                ("delete", f"USING ({write})"),
            ):
                editor.execute(f"CREATE POLICY wall_{name} ON {table} FOR {name} {conditions}")

    def take(_apps: Any, editor: Any) -> None:
        if editor.connection.vendor != "postgresql":
            return
        for table in walls:
            fall(editor, table)
            editor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")

    return migrations.RunPython(put, take)


def fall(editor: Any, table: str) -> None:
    for name in ("wall", "wall_select", "wall_insert", "wall_update", "wall_delete"):
        editor.execute(f"DROP POLICY IF EXISTS {name} ON {table}")


def act_as(membership: UUID | None) -> None:
    """From here on this connection sees what the membership may see; without one, nothing."""
    _say(str(membership or NOBODY))


def open_again() -> None:
    _say(OPEN)


def _say(membership: str) -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('hamyar.membership', %s, false)", [membership])


@register(deploy=True)
def the_wall_stands(**_: Any) -> list[CheckMessage]:
    """A superuser passes every policy."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        (passes,) = cursor.fetchone()
    hint = "Give the record a database user of its own: CREATE ROLE hamyar LOGIN; ALTER DATABASE … OWNER TO hamyar."
    return [Warning("The database's user passes row-level security.", hint=hint, id="hamyar.W001")] if passes else []
