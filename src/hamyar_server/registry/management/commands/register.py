"""`hamyar-server register FILE --source NAME`: brings a list of persons into the registry; `register undo IMPORT` takes it back."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress

from hamyar.errors import HamyarError
from hamyar.persian import calendars
from hamyar.persian.calendars import CALENDARS
from hamyar_server.registry import columns, imports
from hamyar_server.registry.models import Import

PIECE = 1 << 20


class Command(BaseCommand):
    help = "Bring a list of persons into the registry, or take one back"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="CSV, XLSX or Parquet, one row per person; or the word undo")
        parser.add_argument("batch", nargs="?", help="the import to undo")
        parser.add_argument("--source", default="", help="where the list comes from; the same name each time")
        parser.add_argument("--calendar", choices=CALENDARS, default="jalali", help="of the dates in the file")
        parser.add_argument("--as-of", help="date of the list, in that calendar")
        parser.add_argument(
            "--column", action="append", default=[], help="COLUMN=ours, where it is not known by its name"
        )
        parser.add_argument("--suspected", action="store_true", help="take suspected duplicates in too")
        parser.add_argument("--check", action="store_true", help="say what it would bring, and stop")

    def handle(self, *, file: str, batch: str | None, **options: Any) -> None:
        try:
            if file == "undo":
                self._undo(self._known(batch))
            else:
                self._bring(Path(file), options)
        except HamyarError as refusal:
            raise CommandError("\n".join(str(fault) for fault in refusal.faults)) from refusal

    def _undo(self, batch: Import) -> None:
        imports.undo(by=None, batch=batch)
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("undo · بازگرداندن", total=None)
            imports.take_back(batch, lambda done, total: bar.update(task, completed=done, total=total))
        self.stdout.write(f"undone, kept {batch.counts['kept']} · برگردانده شد")

    def _known(self, name: str | None) -> Import:
        try:
            return Import.objects.get(pk=name)
        except (Import.DoesNotExist, ValidationError) as problem:
            raise CommandError(f"there is no import {name} · چنین بارگذاری‌ای نیست") from problem

    def _bring(self, file: Path, options: dict[str, Any]) -> None:
        if not options["source"]:
            raise CommandError("--source: say where the list comes from · بگویید فهرست از کجا آمده است")
        if not file.is_file():
            raise CommandError(f"{file}: there is no such file · چنین پرونده‌ای نیست")
        day = calendars.parse(options["as_of"], options["calendar"]) if options["as_of"] else None
        with file.open("rb") as content:
            pieces = iter(lambda: content.read(PIECE), b"")
            given = {"name": file.name, "pieces": pieces, "source": options["source"], "calendar": options["calendar"]}
            batch = imports.upload(by=None, as_of=day, **given)
        named = dict(pair.split("=", 1) for pair in options["column"] if "=" in pair)
        known = {c.name for c in columns.CONTRACT.columns}
        mapping = batch.mapping | {typed: ours for typed, ours in named.items() if ours in known}
        batch = imports.map_columns(batch=batch, mapping=mapping)
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("check · بررسی", total=None)
            if options["check"]:
                batch = imports.check(batch, lambda done, total: bar.update(task, completed=done, total=total))
            else:
                batch = imports.accept(by=None, batch=batch, take_suspected=options["suspected"], beforehand=True)
                imports.run(batch, lambda done, total: bar.update(task, completed=done, total=total, description="·"))
        self._say(batch)
        self.stdout.write(f"import {batch.pk} (hamyar-server register undo {batch.pk})")

    def _say(self, batch: Import) -> None:
        counts = batch.counts
        for en, _fa in counts["first"]:
            self.stdout.write(en)
        parts = ("new", "persons", "changed", "unchanged", "suspected", "refused")
        self.stdout.write(" · ".join(f"{part} {counts[part]}" for part in parts))
        if counts["refused"]:
            self.stdout.write(f"refused rows: {imports.refused_file(batch)}")
