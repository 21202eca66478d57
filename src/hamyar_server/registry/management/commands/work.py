"""`hamyar-server work`: do the jobs that wait, and what a killed command left."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from hamyar_server.core import jobs
from hamyar_server.registry import exports, imports


class Command(BaseCommand):
    help = "Do the jobs that wait, until a signal ends it"
    requires_system_checks: list[str] = []

    def handle(self, **_: Any) -> None:
        exports.clear_abandoned()
        jobs.work(first=imports.go_on)
