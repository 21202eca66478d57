"""`hamyar-server audit verify`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hamyar_server.core.audit import verify


class Command(BaseCommand):
    help = "Verify that no event of the audit was changed, removed or put in"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        what.add_parser("verify", help="walk the chain of events from the first to the last")

    def handle(self, **_: Any) -> None:
        found = verify()
        if found.fault:
            raise CommandError(str(found.fault))
        self.stdout.write(
            f"{found.events} events, unbroken · {found.events} رویداد، زنجیره درست است\nhead {found.head}"
        )
