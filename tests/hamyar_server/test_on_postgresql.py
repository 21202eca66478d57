"""The same tests once more, with PostgreSQL under them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest

from tests.postgres import free_port

ROOT = Path(__file__).resolve().parents[2]
SAME = [
    "tests/hamyar_server/core/keys",
    "tests/hamyar_server/core/test_audit.py",
    "tests/hamyar_server/core/test_encryption.py",
    "tests/hamyar_server/registry",
]


@pytest.mark.postgres
def test_what_holds_on_sqlite_holds_on_postgresql(postgres, tmp_path):
    """By a user who is no superuser: what the pages do passes the wall too."""
    with psycopg.connect(f"{postgres}postgres", autocommit=True) as connection:
        connection.execute("CREATE ROLE same LOGIN NOSUPERUSER CREATEDB")
    address = postgres.replace("//postgres@", "//same@")
    addresses = {"DATABASE_URL": f"{address}hamyar", "KEYS_DATABASE_URL": f"{address}keys"}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            "-m",
            "not postgres and not prove",
            *SAME,
        ],
        cwd=ROOT,
        env=os.environ | addresses | {"HAMYAR_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


@pytest.mark.postgres
def test_each_web_process_speaks_over_a_connection_of_its_own(postgres, tmp_path):
    with psycopg.connect(f"{postgres}postgres", autocommit=True) as connection:
        for name in ("served", "servedkeys"):
            connection.execute(f"CREATE DATABASE {name}")
    addresses = {"DATABASE_URL": f"{postgres}served", "KEYS_DATABASE_URL": f"{postgres}servedkeys"}
    environment = os.environ | addresses | {"HAMYAR_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "hamyar_server.command"]
    subprocess.run([*command, "migrate", "-v0"], env=environment, check=True)
    serve = [*command, "serve", "--port", str(port := free_port()), "--workers", "4"]
    with (tmp_path / "said").open("wb") as said, subprocess.Popen(serve, env=environment, stderr=said) as server:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.2)
            for _ in range(20):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in/") as answer:
                    assert answer.status == 200
        finally:
            server.terminate()
    assert "Unexpected exit" not in (tmp_path / "said").read_text()
