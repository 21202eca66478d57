"""`hamyar-server demo`: builds once, says where it is, takes a free port, ends cleanly."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest

from hamyar_server.demonstration import starting
from tests.journeys.conftest import Running, start


def answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/sign-in/", timeout=20) as answer:
            return answer.status == 200
    except OSError:
        return False


def gone(url: str) -> bool:
    """Whether nothing listens there any more, within five seconds."""
    for _ in range(50):
        if not answers(url):
            return True
        time.sleep(0.1)
    return False


def test_a_second_start_reuses_the_database_on_a_free_port(demonstration: Running, folder: Path):
    before = (demonstration.home / starting.SEAL).stat().st_mtime_ns
    taken = demonstration.url.rpartition(":")[2]
    second = start(folder, "--port", taken)
    try:
        assert second.url != demonstration.url
        assert answers(second.url)
        assert answers(demonstration.url)
        assert (demonstration.home / starting.SEAL).stat().st_mtime_ns == before
    finally:
        assert second.stop() == 0
    assert gone(second.url)


def test_the_worker_ends_with_a_killed_parent(demonstration: Running, folder: Path):
    second = start(folder, "--port", "0")
    assert answers(second.url)
    second.stop(signal.SIGKILL)
    assert gone(second.url)


def test_what_an_earlier_attempt_left_is_no_demonstration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder without its seal is put aside, a half-built one removed, and Ctrl-C while building leaves neither."""
    home = tmp_path / "var" / "demo"
    home.mkdir(parents=True)
    (home / "mine.txt").write_text("keep me")
    (home.parent / ".demo-building-x").mkdir()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(starting, "_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        starting._ready(home, 20_000)
    assert [path.read_text() for path in home.parent.glob("demo-aside-*/mine.txt")] == ["keep me"]
    assert not home.exists()
    assert not list(home.parent.glob(".demo-building-*"))


def test_a_taken_port_is_not_taken():
    with socket.socket() as mine:
        mine.bind((starting.ADDRESS, 0))
        mine.listen()
        port = mine.getsockname()[1]
        assert starting._free(port) != port


def test_the_seal_says_what_was_built(demonstration: Running):
    assert json.loads((demonstration.home / starting.SEAL).read_text())["households"] == 20_000


def test_no_invented_place_is_called_census(demonstration: Running):
    with closing(sqlite3.connect(f"file:{demonstration.home}/hamyar.sqlite3?mode=ro", uri=True)) as record:
        assert record.execute("SELECT DISTINCT provenance FROM areas_area").fetchall() == [("synthetic",)]
        assert record.execute("SELECT count(*) FROM areas_area WHERE kind = 'village'").fetchone() == (7000,)
        assert record.execute("SELECT count(*) FROM core_auditevent").fetchone()[0] > 200


def test_demonstration_accounts_are_made_nowhere_else(tmp_path: Path):
    home = {**os.environ, "HAMYAR_HOME": str(tmp_path), "HAMYAR_DEMONSTRATION": "0"}
    command = [sys.executable, "-m", "hamyar_server.command", "build_demonstration", "--households", "20000"]
    refused = subprocess.run(command, env=home, capture_output=True, text=True, encoding="utf-8")
    assert refused.returncode != 0
    assert "HY-B001" in refused.stderr
