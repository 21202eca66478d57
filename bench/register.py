"""`hamyar-server register` of a million persons, whole: read, checked, sealed under a key each, indexed, audited; on SQLite and on PostgreSQL.

Seconds are those of the clock, from the command's first line to its last, so the machine has to be quiet. HAMYAR_BENCH_PERSONS makes it
smaller. PostgreSQL is left out where none is installed.
"""

from __future__ import annotations

import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack

from bench.measure import in_process
from bench.registry import PERSONS, _areas, _databases, begin, file

AT_LEAST, MOST = 10_000, 300  # persons a second, MB


def register(home: str, addresses: dict[str, str], path: str) -> tuple[float, int]:
    """Seconds of the command, in an empty record with its areas; bytes that its second process had at its peak."""
    begin(home, addresses)
    from django.core.management import call_command

    call_command("migrate", verbosity=0, skip_checks=True)
    _areas()
    from hamyar_server.core import audit
    from hamyar_server.registry.models import Identifier, Person

    begun = time.perf_counter()
    call_command("register", path, source="bench")
    spent = time.perf_counter() - begun
    assert Person.objects.filter(name__isnull=False).count() == PERSONS
    assert Identifier.objects.filter(kind="identity", fault="").count() == PERSONS
    assert audit.verify().fault is None
    return spent, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def run() -> Iterator[tuple[str, float, str, float | None]]:
    path = str(file().resolve())
    with ExitStack() as stack:
        for name, addresses in _databases(stack):
            home = tempfile.mkdtemp(prefix="hamyar-bench-")
            stack.callback(shutil.rmtree, home)
            measured = in_process("bench.register", "register", home, addresses, path)
            spent, second = measured.answer
            yield f"{name}: {PERSONS:,} persons registered, clock", spent, "s", PERSONS / AT_LEAST
            yield f"{name}: persons a second", PERSONS / spent, "", None
            yield f"{name}: memory of the process that writes", measured.peak / 2**20, "MB", MOST
            yield f"{name}: memory of the one that reads", second / 2**20, "MB", MOST
