"""The same tests once more, with PostgreSQL under them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAME = [
    "tests/hamyar_server/core/keys",
    "tests/hamyar_server/core/test_audit.py",
    "tests/hamyar_server/core/test_encryption.py",
    "tests/hamyar_server/registry",
]


@pytest.mark.postgres
def test_what_holds_on_sqlite_holds_on_postgresql(postgres, tmp_path):
    addresses = {"DATABASE_URL": f"{postgres}hamyar", "KEYS_DATABASE_URL": f"{postgres}keys"}
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
