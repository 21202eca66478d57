"""`hamyar-server copy-to DATABASE_URL KEYS_DATABASE_URL`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hamyar.errors import HamyarError
from hamyar_server.core.moving import copy_to


class Command(BaseCommand):
    help = "Copy the record and the keys of persons from SQLite to two empty databases of PostgreSQL, and compare"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("record", help="postgresql://user:password@host:port/name")
        parser.add_argument("keys", help="the same, for the keys of persons; better on another machine")

    def handle(self, *, record: str, keys: str, **_: Any) -> None:
        try:
            found = copy_to(record, keys, lambda table, rows: self.stdout.write(f"{table} {rows}"))
        except HamyarError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"audit {found.events}, {found.head}: the same on both · روی هر دو یکسان")
