"""`hamyar-server purge`: erase those whose time is over."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from hamyar_server.registry import retention


class Command(BaseCommand):
    help = "Erase for good the persons whose retention period is over"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say how many")

    def handle(self, *, dry_run: bool, **_: Any) -> None:
        found = {kind: len(people) for kind, people in retention.over()} if dry_run else retention.purge()
        for kind, count in found.items():
            self.stdout.write(f"{kind}: {count} persons · {count} نفر")
