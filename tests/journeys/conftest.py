"""A demonstration that really runs, built once for all workers of a test session, and a real browser."""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

HOUSEHOLDS = 20_000
WAIT = 240  # seconds until the address is said, on a busy machine


@dataclass
class Running:
    """A `hamyar-server demo` that answers at `url`."""

    url: str
    home: Path
    process: subprocess.Popen[str]
    said: list[str]

    def stop(self, how: int = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.process.wait(30)


def start(folder: Path, *options: str) -> Running:
    """The command in this folder, from its start to the address that it says."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HAMYAR_")}
    command = [sys.executable, "-m", "hamyar_server.command", "demo", "--households", str(HOUSEHOLDS), *options]
    process = subprocess.Popen(command, cwd=folder, env=own, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line) for line in process.stdout or ()], daemon=True).start()
    said: list[str] = []
    try:
        while not (found := re.search(r"http://[\d.:]+", "".join(said))):
            said.append(lines.get(timeout=WAIT))
    except queue.Empty:
        process.kill()
        raise AssertionError(f"no address within {WAIT} s: {said}") from None
    return Running(found[0], folder / "var" / "demo", process, said)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Where the demonstration is built: one for all workers, since the command itself waits for another that builds."""
    base = tmp_path_factory.getbasetemp()
    made = (base if worker_id == "master" else base.parent) / "demonstration"
    made.mkdir(exist_ok=True)
    return made


@pytest.fixture(scope="session")
def demonstration(folder: Path) -> Iterator[Running]:
    running = start(folder, "--port", "0")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of a module, since its event loop would disturb the database of other tests."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield found
        found.close()


Enter = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser, demonstration: Running) -> Iterator[Enter]:
    """`enter("mayor")`: a page at home on which this account has signed in, in a browser context of its own, without scripts."""
    opened: list[BrowserContext] = []

    def enter(name: str, language: str = "fa", width: int = 1280) -> Page:
        context = browser.new_context(
            base_url=demonstration.url, viewport={"width": width, "height": 800}, java_script_enabled=False
        )
        opened.append(context)
        context.add_cookies([{"name": "language", "value": language, "url": demonstration.url}])
        page = context.new_page()
        page.goto("/sign-in/")
        page.locator(f"li:has(code:text-is('{name}')) button").click()
        page.wait_for_url("**/")
        return page

    yield enter
    for context in opened:
        context.close()
