"""A PostgreSQL cluster in a folder of its own, on a free port, never as root; gone when the tests are."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OPTIONS = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=50"


def programs() -> Path | None:
    """Where Debian keeps the newest PostgreSQL, 15 or later."""
    found = [
        p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "initdb").exists() and int(p.parent.name) >= 15
    ]
    return max(found, key=lambda p: int(p.parent.name), default=None)


def _other_user() -> list[str]:
    """PostgreSQL refuses to run as root; then Debian's user `postgres` runs it."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def cluster(kept: Path | None = None) -> Iterator[str]:
    """Its address: `postgresql://postgres@127.0.0.1:PORT/`; kept: the folder of one that is used again."""
    bin_ = programs()
    assert bin_, "PostgreSQL 15 is not installed: sudo apt-get install --yes postgresql"
    folder = kept or Path(tempfile.mkdtemp(prefix="hamyar-postgres-"))
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
    run = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    data, port = folder / "data", free_port()
    as_user = _other_user()
    try:
        initdb = [bin_ / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        if not data.exists():
            subprocess.run([*as_user, *initdb], **run)
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= {OPTIONS}"
        subprocess.run(
            [*as_user, bin_ / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start"], **run
        )
        yield f"postgresql://postgres@127.0.0.1:{port}/"
    finally:
        stop = [bin_ / "pg_ctl", "-D", data, "-m", "fast" if kept else "immediate", "stop"]
        subprocess.run([*as_user, *stop], **{**run, "check": False})
        if not kept:
            shutil.rmtree(folder)
