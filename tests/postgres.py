"""A PostgreSQL cluster in a folder of its own, on a free port, never as root; gone when the tests are."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
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


@dataclass
class Cluster:
    """A cluster in a folder, made there where none is, and not yet started. options: settings of the server."""

    folder: Path
    options: str = OPTIONS
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        bin_ = programs()
        assert bin_, "PostgreSQL 15 is not installed: sudo apt-get install --yes postgresql"
        self.programs = bin_
        if os.geteuid() == 0:
            os.chown(self.folder, pwd.getpwnam("postgres").pw_uid, -1)
        initdb = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        if not (self.folder / "data").exists():
            self._run("initdb", *initdb)

    @property
    def address(self) -> str:
        """`postgresql://postgres@127.0.0.1:PORT/`, without a database's name at the end."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= {self.options}"
        self._run("pg_ctl", "-l", self.folder / "log", "-w", "-o", options, "start")

    def stop(self, mode: str) -> None:
        self._run("pg_ctl", "-m", mode, "stop", check=False)

    def kill(self) -> None:
        """kill -9 of the server and everything that serves for it."""
        lock = self.folder / "data" / "postmaster.pid"
        first = int(lock.read_text().split()[0])
        os.kill(first, signal.SIGSTOP)  # or it might begin another meanwhile
        rest = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        for process in (first, *map(int, rest)):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        while any(_lives(process) for process in (first, *map(int, rest))):
            time.sleep(0.01)
        lock.unlink()  # names a process that may wait long for its parent

    def _run(self, program: str, *arguments: str | Path, check: bool = True) -> None:
        command = [*_other_user(), self.programs / program, "-D", self.folder / "data", *arguments]
        subprocess.run(command, check=check, stdout=subprocess.DEVNULL, cwd=self.folder)


def _lives(process: int) -> bool:
    """Whether it still holds anything; one that only waits for its parent holds nothing."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def cluster(kept: Path | None = None, options: str = OPTIONS) -> Iterator[Cluster]:
    """A started one, gone afterwards; kept: the folder of one that is used again."""
    folder = kept or Path(tempfile.mkdtemp(prefix="hamyar-postgres-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        made = Cluster(folder, options)
        try:
            made.start()
            yield made
        finally:
            made.stop("fast" if kept else "immediate")
    finally:
        if not kept:
            shutil.rmtree(folder)


def empty_databases(address: str) -> dict[str, str]:
    """The environment of a record on two new databases of the cluster at this address."""
    import psycopg

    name = f"record{secrets.token_hex(4)}"
    with psycopg.connect(f"{address}postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        connection.execute(f"CREATE DATABASE {name}keys")
    return {"DATABASE_URL": f"{address}{name}", "KEYS_DATABASE_URL": f"{address}{name}keys"}
