"""`hamyar-server restore DIR --keys DIR`: a backup in the place of what is here, without those who were erased since."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from hamyar.errors import HamyarError
from hamyar_server.core import audit, backups
from hamyar_server.registry.erasure import finish_erasures


class Command(BaseCommand):
    help = "Restore a backup; whoever was erased since stays erased, before anything is served"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("record", type=Path, help="the folder with the record")
        parser.add_argument("--keys", type=Path, required=True, help="the folder with the keys of persons")
        parser.add_argument(
            "--erased", type=Path, nargs="*", default=[], help="newer lists of the erased, kept elsewhere"
        )
        parser.add_argument("--replace", action="store_true", help="put it in the place of the record that is here")

    def handle(self, *, record: Path, keys: Path, erased: list[Path], replace: bool, **_: Any) -> None:
        try:
            listed = backups.restore(record, keys, erased, replace)
            call_command("migrate", verbosity=0, skip_checks=True)
            forgotten = finish_erasures()
        except HamyarError as refusal:
            raise CommandError(str(refusal)) from refusal
        found = audit.verify()
        if found.fault:
            raise CommandError(str(found.fault))
        backups.finished()
        self.stdout.write(
            f"restored · بازیابی شد: audit {found.events}, {found.head}\n"
            f"erased {listed}, forgotten again {forgotten} · پاک‌شده {listed}، دوباره فراموش‌شده {forgotten}"
        )
