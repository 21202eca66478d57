"""What every test may use."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("HAMYAR_HOME", tempfile.mkdtemp(prefix="hamyar-test-"))
SHARED = Path(__file__).resolve().parents[2] / "shared"
left_out = 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without ../shared the tests that need it are left out, and counted; who needs a database has the keys' too.

    Journeys come first: they wait much, and one worker would go through them at the end while the other has nothing left.
    """
    global left_out
    items.sort(key=lambda item: "journeys" not in item.path.parts)
    for item in items:
        marked = item.get_closest_marker("django_db")
        if marked or "db" in getattr(item, "fixturenames", ()):
            both = {"databases": ["default", "keys"]}
            item.add_marker(pytest.mark.django_db(**both | (marked.kwargs if marked else {})), append=False)
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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of an empty cluster of this run alone, without a database's name at the end."""
    from tests.postgres import cluster

    with cluster() as made:
        yield made.address


@pytest.fixture
def postgres_database(postgres: str) -> Callable[[], dict[str, str]]:
    """Makes the environment of a record whose two databases are empty ones of the cluster."""
    from tests.postgres import empty_databases

    return lambda: empty_databases(postgres)


@pytest.fixture
def postgres_databases(postgres_database: Callable[[], dict[str, str]]) -> dict[str, str]:
    return postgres_database()
