"""Fills an empty demonstration database; `hamyar-server demo` calls it in a process of its own."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from hamyar.errors import HamyarError
from hamyar_server.demonstration.building import build

SAID = {
    "households": "households · خانوارها",
    "files": "files · فایل‌ها",
    "areas": "areas · محدوده‌ها",
    "organisations": "organisations · سازمان‌ها",
    "round-counties": "round of counties · دور شهرستان‌ها",
    "round-places": "round of places · دور محل‌ها",
    "nominations": "nominations · معرفی‌ها",
    "registry": "registry · افراد و خانوارها",
}


class Command(BaseCommand):
    help = "Fill an empty demonstration database (used by `hamyar-server demo`)"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--households", type=int, required=True)

    def handle(self, *, households: int, **_: Any) -> None:
        with Progress(console=Console(stderr=True)) as shown:
            bars: dict[str, Any] = {}

            def progress(done: int, total: int, what: str) -> None:
                if what not in bars:
                    bars[what] = shown.add_task(SAID.get(what, what), total=total)
                shown.update(bars[what], completed=done, total=total)

            try:
                build(households, progress)
            except HamyarError as refusal:
                raise CommandError("\n".join(str(fault) for fault in refusal.faults)) from refusal
