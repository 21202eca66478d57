"""`hamyar-server serve`: the record and its worker in one command. Behind TLS put a proxy in front and set HAMYAR_HTTPS=1."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connections

from hamyar_server.core import jobs

THREADS = 10  # requests in a process; of pages one is made at a time (core.turns), what is posted goes ahead


class Command(BaseCommand):
    help = "Serve the record until Ctrl-C, with its worker"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--address", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=1, help="web processes; two for each core, on PostgreSQL")

    def handle(self, *, address: str, port: int, workers: int, **_: Any) -> None:
        from granian import Granian
        from granian.constants import Interfaces

        connections.close_all()  # the web processes are forked, and no two of them may speak over one connection
        logging.getLogger("_granian").addFilter(lambda record: "Python threads" not in record.msg)  # most of them wait
        child = jobs.start_worker()
        self.stdout.write(f"http://{address}:{port}/")
        try:
            server: Any = Granian(
                "hamyar_server.wsgi:application",
                address=address,
                port=port,
                workers=workers,
                interface=Interfaces.WSGI,
                blocking_threads=THREADS,
                log_level="warning",
            )
            server.serve()
        finally:
            child.terminate()
