"""`hamyar-server rounds verify`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hamyar.errors import HamyarError
from hamyar_server.analysis.models import Round
from hamyar_server.analysis.withdrawn import withdrawn


class Command(BaseCommand):
    help = "Run every kept round again, compare it with its manifest, and say how many persons of it were erased since"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_subparsers(dest="what", required=True)
        what.add_parser("verify", help="verify the kept rounds, the newest first")

    def handle(self, **_: Any) -> None:
        differing = [kept.name for kept in Round.objects.newest_first() if not self.verified(kept)]
        if differing:
            raise CommandError(
                f"not as they were kept: {', '.join(differing)} · همان نیست که نگه داشته شد: {'، '.join(differing)}"
            )

    def verified(self, kept: Round) -> bool:
        from hamyar import rounds  # the engine and the methods take seconds to import

        try:
            faults, gone = rounds.verify(kept.folder), withdrawn(kept)
        except HamyarError as refusal:
            faults, gone = list(refusal.faults), 0
        for fault in faults:
            self.stderr.write(str(fault))
        state = "differs · تفاوت دارد" if faults else "verified · راستی‌آزمایی شد"
        self.stdout.write(
            f"{kept.name} {kept.date}: {state}\npersons of it erased since: {gone} · افرادی که پس از آن پاک شده‌اند: {gone}"
        )
        return not faults
