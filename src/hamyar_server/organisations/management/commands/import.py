"""`hamyar-server import areas FILE`, `import boundaries FILE`, `import undo BATCH`, `import recode OLD NEW --since DATE`."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from hamyar.errors import HamyarError
from hamyar_server.areas.models import Area, ImportBatch
from hamyar_server.organisations import imports

SHOWN = 100
FORMULA = ("=", "+", "-", "@", "\t")


class Command(BaseCommand):
    help = "Bring places or their boundaries into the record, or take a batch back"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        for name, text in (
            ("areas", "a table of places: CSV, XLSX or Parquet"),
            ("boundaries", "GeoJSON with a property “code”"),
        ):
            one = what.add_parser(name, help=text)
            one.add_argument("file", type=Path)
            one.add_argument("--refused", type=Path, help="where to write refused rows with the reason beside each")
        what.add_parser("undo", help="take a batch back").add_argument("batch")
        other = what.add_parser("recode", help="give an area another code from a day on")
        other.add_argument("old")
        other.add_argument("new")
        other.add_argument("--since", type=date.fromisoformat, required=True, metavar="DATE", help="such as 2026-03-21")

    def handle(self, *, what: str, **options: Any) -> None:
        try:
            if what == "undo":
                imports.undo_import(by=None, batch=self._batch(options["batch"]))
                self.stdout.write("undone · برگردانده شد")
            elif what == "recode":
                self._recode(options["old"], options["new"], options["since"])
            else:
                self._report(self._import(what, options["file"]), options["refused"])
        except HamyarError as refusal:
            raise CommandError("\n".join(str(fault) for fault in refusal.faults)) from refusal

    def _recode(self, old: str, new: str, since: date) -> None:
        area = Area.objects.by_codes([old]).get(old)
        if area is None:
            raise CommandError(f"no area has the code {old} · محدوده‌ای با کد {old} نیست")
        imports.recode(by=None, area=area, code=new, since=since)
        self.stdout.write(f"{area.name}: {old} → {new}, {since}")

    def _batch(self, name: str) -> ImportBatch:
        try:
            return ImportBatch.objects.get(pk=name)
        except (ImportBatch.DoesNotExist, ValidationError) as problem:
            raise CommandError(f"there is no batch {name} · چنین بارگذاری‌ای نیست") from problem

    def _import(self, what: str, file: Path) -> imports.Imported:
        if what == "boundaries":
            return imports.import_boundaries(by=None, path=file)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("areas · محدوده‌ها", total=None)
            return imports.import_areas(
                by=None, path=file, progress=lambda done, total: progress.update(task, completed=done, total=total)
            )

    def _report(self, result: imports.Imported, refused_to: Path | None) -> None:
        for fault in [*result.notes, *(fault for fault, _ in result.refused)][:SHOWN]:
            self.stdout.write(str(fault))
        self.stdout.write(
            f"made {result.made} · changed {result.changed} · unchanged {result.unchanged} · refused {len(result.refused)}"
        )
        if result.batch:
            self.stdout.write(f"batch {result.batch.pk} (hamyar-server import undo {result.batch.pk})")
        if result.refused and refused_to:
            write_refused(result, refused_to)
            self.stdout.write(f"refused rows: {refused_to}")


def write_refused(result: imports.Imported, path: Path) -> None:
    """Refused rows with the reason beside each; a cell that a spreadsheet would run is text."""
    columns = list(dict.fromkeys(name for _, cells in result.refused for name in cells))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, "row", "reason", "دلیل"])
        for fault, cells in result.refused:
            texts = [cells.get(name, "") for name in columns]
            writer.writerow(
                [
                    *(f"'{t}" if t.startswith(FORMULA) else t for t in texts),
                    fault.row,
                    fault.text("en"),
                    fault.text("fa"),
                ]
            )
