"""`hamyar-server keys status`, `hamyar-server keys rotate`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hamyar.errors import HamyarError
from hamyar_server.core.keys import masters, store


class Command(BaseCommand):
    help = "The master keys: which are there, and a new one"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        what.add_parser("status", help="versions, and how many persons' keys stand under each")
        what.add_parser("rotate", help="wrap all persons' keys under a new version, while the server runs")

    def handle(self, *, what: str, **_: Any) -> None:
        try:
            store.require_sound()
            if what == "rotate":
                done = store.rotate(progress=lambda n: print(n, end="\r", file=sys.stderr, flush=True))  # noqa: T201
                self.stdout.write(f"wrapped {done} · {done} کلید از نو بسته شد")
        except HamyarError as refusal:
            raise CommandError(str(refusal)) from refusal
        found = store.status()
        self.stdout.write(f"{masters.path()}: version {found['current']} · نسخهٔ {found['current']}")
        for version, persons in found["persons"].items():
            self.stdout.write(f"  version {version}: {persons} persons · {persons} نفر")
        self.stdout.write(f"  erased: {found['erased']} · پاک‌شده: {found['erased']}")
