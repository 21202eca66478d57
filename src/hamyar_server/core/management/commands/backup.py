"""`hamyar-server backup DIR --keys DIR`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hamyar.errors import HamyarError
from hamyar_server.core import backups


class Command(BaseCommand):
    help = "Back up the record to one new folder and the keys of persons to another, while others write"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("record", type=Path, help="a new folder for the record")
        parser.add_argument("--keys", type=Path, required=True, help="a new folder elsewhere for the keys of persons")

    def handle(self, *, record: Path, keys: Path, **_: Any) -> None:
        try:
            kept = backups.back_up(record, keys)
        except HamyarError as refusal:
            raise CommandError(str(refusal)) from refusal
        audit = kept["audit"]
        self.stdout.write(f"{record}: audit {audit['number']}, {audit['head']}\n{keys}: keys · کلیدها")
