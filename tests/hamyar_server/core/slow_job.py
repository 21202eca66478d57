"""A job that can be watched: it says that it began, waits for leave, and says that it ended."""

from __future__ import annotations

import time
from pathlib import Path


def run(folder: str) -> None:
    place = Path(folder)
    with (place / "begun").open("a") as file:
        file.write("x")
    while not (place / "leave").exists():
        time.sleep(0.05)
    (place / "ended").write_text("x")
