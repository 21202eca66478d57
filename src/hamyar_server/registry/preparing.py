"""The reading half of a long import, in a process of its own: it judges and seals the next households while the first process writes the last ones.

It ends with the process that began it, whose pipe breaks; until then it holds the import's lock, so that no second one begins.
"""

from __future__ import annotations

import os
import pickle  # nosec B403  between two processes of ours
import signal
import subprocess  # nosec B404
import sys
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder
from typing import IO, Any

from django.db import connection

from hamyar.errors import HamyarError
from hamyar_server.areas.models import Area
from hamyar_server.registry.incoming import Sealed
from hamyar_server.registry.models import Household, Import

CACHE = 8_000  # KiB of SQLite's pages: it looks keys up, and writes none of them
LENGTH = 8  # bytes that say how long what follows is
BEGIN = f"import sys, django; django.setup(); from {__name__} import main; main(*sys.argv[1:])"


@dataclass(frozen=True)
class Prepared:
    """A chunk of a file's households. passed: how many of the file's stand before its end, of the total; new: sealed, in `areas`; changed: each with its differences.

    counts: households and persons by what became of them. whole: of the last, which has no households: what is known at the end.
    """

    passed: int
    total: int
    counts: dict[str, int] = field(default_factory=dict)
    whole: dict[str, Any] = field(default_factory=dict)
    new: Sealed | None = None
    areas: list[Area] = field(default_factory=list)
    changed: list[tuple[Household, dict[str, Any]]] = field(default_factory=list)


def apart(batch: Import, lock: IO[str]) -> Generator[Prepared, None, None]:
    """What `imports.prepared` yields, made by a second process. Raises the HamyarError that it met, ChildProcessError where it was killed."""
    yield from _second("prepared", batch, lock)


def check_apart(batch: Import, lock: IO[str], progress: Callable[[int, int], object] | None) -> None:
    """`imports.looked_through` in a second process, whose memory goes with it. Raises as `apart`."""
    for done, total in _second("looked_through", batch, lock):
        if progress:
            progress(done, total)


def stage_apart(batch: Import, lock: IO[str]) -> None:
    """`imports.staged` in a second process, whose memory goes with it. Raises as `apart`."""
    for _ in _second("staged", batch, lock):
        pass


def _second(work: str, batch: Import, lock: IO[str]) -> Generator[Any, None, None]:
    command = [sys.executable, "-c", BEGIN, work, str(batch.pk)]
    with (
        subprocess.Popen(  # nosec B603  # noqa: S603  this very program
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, pass_fds=[lock.fileno()]
        ) as other,
        ThreadPoolExecutor(
            1
        ) as ahead,  # what comes next is taken off the pipe meanwhile, so that neither waits for the other
    ):
        assert other.stdout
        coming = ahead.submit(_next, other.stdout)
        try:
            while (said := pickle.loads(coming.result())) is not None:  # nosec B301  # noqa: S301
                if isinstance(said, HamyarError):
                    raise said
                coming = ahead.submit(_next, other.stdout)
                yield said
        except EOFError:
            raise ChildProcessError(f"the process that reads the file ended by itself ({other.wait()})") from None
        finally:
            other.kill()


def _next(pipe: IO[bytes]) -> bytes:
    """What was said next, its length before it. Raises EOFError."""
    length = int.from_bytes(pipe.read(LENGTH))
    if not length or len(said := pipe.read(length)) < length:
        raise EOFError
    return said


class _WithoutPandas(MetaPathFinder):
    """Arrow looks for pandas, 35 MB and half a second, though it is given nothing of it here."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def main(work: str, name: str) -> None:
    """The second process: what `imports.{work}` yields goes to its standard output, then None, or the HamyarError for which it ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.meta_path.insert(0, _WithoutPandas())
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    from hamyar_server.registry import imports

    if connection.vendor == "sqlite":
        connection.cursor().execute(f"PRAGMA cache_size=-{CACHE}")

    def say(what: Any) -> None:
        said = pickle.dumps(what, pickle.HIGHEST_PROTOCOL)
        out.write(len(said).to_bytes(LENGTH) + said)
        out.flush()

    with suppress(BrokenPipeError):
        try:
            for one in getattr(imports, work)(Import.objects.get(pk=name)):
                say(one)
        except HamyarError as refusal:
            say(refusal)
        else:
            say(None)
