"""A record in a folder of its own, run by commands in processes of their own, as an operator runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Home:
    """folder: HAMYAR_HOME; more: other settings of the environment, such as DATABASE_URL."""

    folder: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HAMYAR_", "DATABASE_", "KEYS_DATABASE_"))
        }
        return kept | {"HAMYAR_HOME": str(self.folder), "PYTHONUTF8": "1"} | self.more

    def start(self, *arguments: str, stdin: int | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            env=self.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *arguments: str, fails: bool = False) -> str:
        """What `hamyar-server` printed."""
        return self._ended(self.start("-m", "hamyar_server.command", *arguments), fails)

    def python(self, text: str) -> str:
        """What this Python, with Django set up, printed."""
        return self._ended(self.start("-", stdin=subprocess.PIPE), False, SET_UP + text)

    def _ended(self, process: subprocess.Popen[str], fails: bool, given: str | None = None) -> str:
        out, err = process.communicate(given, timeout=300)
        assert (process.returncode != 0) == fails, out + err
        return out + err if fails else out


SET_UP = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "hamyar_server.settings"
import django
django.setup()
"""
