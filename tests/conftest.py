"""What every test may use."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

os.environ.setdefault("HAMYAR_HOME", tempfile.mkdtemp(prefix="hamyar-test-"))
SHARED = Path(__file__).resolve().parents[2] / "shared"
left_out = 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without ../shared the tests that need it are left out, and counted."""
    global left_out
    if SHARED.is_dir():
        return
    without = [item for item in items if item.get_closest_marker("shared")]
    left_out = len(without)
    config.hook.pytest_deselected(items=without)
    items[:] = [item for item in items if item not in without]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if left_out:
        terminalreporter.write_line(f"{left_out} tests left out: they need ../shared, which is not there")


@pytest.fixture(scope="session")
def shared() -> Path:
    return SHARED
