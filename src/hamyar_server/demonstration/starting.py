"""`hamyar-server demo`: builds the demonstration in ./var/demo once, then serves it until Ctrl-C.

This process reads no settings: building, migrating and serving are its children, each given the demonstration's home.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from hamyar_server.core import jobs

ADDRESS = "127.0.0.1"
HOME = Path("var/demo")
SEAL = "demonstration.json"


def demo(arguments: list[str]) -> None:
    options = _options(arguments)
    try:
        home = _ready(HOME.absolute(), options.households)
        if options.serve:
            _serve(home, _free(options.port))
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)


def _options(arguments: list[str]) -> Namespace:
    parser = ArgumentParser(
        prog="hamyar-server demo",
        description="A fictive province, served on this machine until Ctrl-C. · استانی خیالی، روی همین رایانه تا Ctrl-C.",
    )
    parser.add_argument("--no-serve", dest="serve", action="store_false", help="build it and stop")
    parser.add_argument("--households", type=int, default=60_000, help="20,000 to 1,938,703; the first start decides")
    parser.add_argument("--port", type=int, default=8000, help="a free one is taken where this one is not")
    return parser.parse_args(arguments)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _run(home: Path, *command: str) -> None:
    subprocess.run([sys.executable, "-m", "hamyar_server.command", *command], env=_environment(home), check=True)  # noqa: S603


def _environment(home: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name != "HAMYAR_SECRET_KEY"}
    return own | {"HAMYAR_HOME": str(home), "HAMYAR_DEMONSTRATION": "1", "PYTHONUTF8": "1"}


def _ready(home: Path, households: int) -> Path:
    """The demonstration's home, built where there is none; one that cannot be brought up to date is put aside, never lost."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / ".demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if home.exists() and not _up_to_date(home, households):
            aside = home.with_name(f"demo-aside-{time.strftime('%Y%m%d-%H%M%S')}")
            home.rename(aside)
            _say(f"{home} could not be used and lies in {aside} · قابل استفاده نبود و در این پوشه است: {aside}")
        if not home.exists():
            _build(home, households)
    return home


def _up_to_date(home: Path, households: int) -> bool:
    """Whether a finished demonstration lies there, of this version or migrated to it."""
    try:
        sealed = json.loads((home / SEAL).read_text(encoding="utf-8"))
        _run(home, "migrate", "--verbosity", "0")
    except (OSError, ValueError, subprocess.CalledProcessError):
        return False
    if sealed["households"] != households:
        n = sealed["households"]
        _say(
            f"reused: {n:,} households. Delete {home} to build another. · با {n:,} خانوار از پیش ساخته شده؛ برای ساختن دوباره پوشه را پاک کنید."
        )
    return True


def _build(home: Path, households: int) -> None:
    """In a folder beside it, which becomes the home when it is complete; what an earlier attempt left is removed."""
    for left in home.parent.glob(".demo-building-*"):
        shutil.rmtree(left)
    _say("building the demonstration, under a minute … · ساختن نمونهٔ نمایشی، کمتر از یک دقیقه …")
    building = Path(tempfile.mkdtemp(prefix=".demo-building-", dir=home.parent))
    try:
        _run(building, "build_demonstration", "--households", str(households))
        building.rename(home)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _free(port: int) -> int:
    """The port, or any free one where it is taken."""
    for wanted in (port, 0):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((ADDRESS, wanted))
            except OSError:
                continue
            found: int = trial.getsockname()[1]
            return found
    raise OSError("no free port")


def _serve(home: Path, port: int) -> None:
    """Serve in this process group; the worker is a child and ends with this process."""
    from granian import Granian
    from granian.constants import Interfaces

    os.environ.update(_environment(home))
    os.environ.pop("HAMYAR_SECRET_KEY", None)
    server: Any = Granian(
        "hamyar_server.demonstration.serving:application",
        address=ADDRESS,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=4,
        log_level="warning",
    )
    threading.Thread(target=_announce, args=[port], daemon=True).start()
    worker = jobs.start_worker()
    try:
        server.serve()
    finally:
        worker.terminate()


def _announce(port: int) -> None:
    """Say the address as soon as a page comes back: the port listens before the record is loaded."""
    address = f"http://{ADDRESS}:{port}/"
    while True:
        with suppress(OSError), urlopen(address, timeout=60):  # nosec B310  # its own address, which the demonstration made
            break
        time.sleep(0.1)
    _say(f"Hamyar's demonstration is at {address} (Ctrl-C ends it)")
    _say(f"نمونهٔ نمایشی همیار در این نشانی است: {address} (پایان: Ctrl-C)")
