"""Work that outlives a request: queued in the act's own transaction, done by a child process, done again where it was cut off.

A job is a function named by its path; it is idempotent, since a kill between its end and the note of it runs it twice. One worker
for each database: who holds the lock knows that nobody else works, and takes back at once what a killed one had begun.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

LOCK = 0x48414D58  # PostgreSQL's advisory lock of the worker


def later(function: str, *arguments: Any, name: str) -> str:
    """Queue `function(*arguments)`, a path such as `hamyar_server.registry.importing.run`; the job's id. It runs once this commits."""
    from django_q.tasks import async_task

    return async_task(function, *arguments, task_name=name[:100])


def start_worker() -> subprocess.Popen[bytes]:
    """`hamyar-server work` as a child of this process, which ends with it, however it ends."""
    return subprocess.Popen([sys.executable, "-m", "hamyar_server.command", "work"], preexec_fn=die_with_parent)


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def work(first: Callable[[], object]) -> None:
    """Do jobs until a signal ends it; first: what queues the work that a killed command left."""
    from django_q.cluster import Cluster

    with _alone():
        take_back()
        first()
        connections.close_all()
        os.register_at_fork(after_in_child=die_with_parent)
        cluster = Cluster()
        cluster.start()
        cluster.sentinel.join()


def take_back() -> int:
    """Free what a worker had begun and not ended. How many."""
    from django_q.models import OrmQ

    return OrmQ.objects.filter(lock__gt=timezone.now()).update(lock=timezone.now())


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other worker of this database lives."""
    if connection.vendor == "postgresql":
        with _advisory():
            yield
        return
    with (settings.HOME / "work.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _advisory() -> Iterator[None]:
    import psycopg

    with psycopg.connect(
        **connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}, autocommit=True
    ) as held:
        while not held.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()[0]:  # type: ignore[index]
            time.sleep(1)
        yield
