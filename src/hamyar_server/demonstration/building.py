"""Builds the demonstration's database: a fictive province, its partners, two rounds and a few nominations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import transaction

import hamyar
from hamyar.datasets import Province, province
from hamyar.errors import error
from hamyar_server.analysis.actions import run_round
from hamyar_server.demonstration import cast, population, story
from hamyar_server.demonstration.starting import SEAL
from hamyar_server.organisations.actions import import_areas
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import User

Progress = Callable[[int, int, str], object]


def build(households: int, progress: Progress) -> None:
    """Fill the record's empty home. Raises HamyarError HY-B001 where this is a record of real people."""
    call_command("migrate", verbosity=0)
    if not settings.DEMONSTRATION or User.objects.exists():
        raise error(
            "HY-B001",
            en="demonstration accounts are made in an empty demonstration database only. Run `hamyar-server demo`.",
            fa="حساب‌های نمایشی فقط در پایگاه دادهٔ خالی و نمایشی ساخته می‌شود. «hamyar-server demo» را اجرا کنید.",
        )
    found = province(settings.HOME / "data", households=households, progress=progress)
    with transaction.atomic():
        import_areas(by=None, path=found.areas, progress=lambda done, total: progress(done, total, "areas"))
        progress(0, 1, "organisations")
        people = cast.gather()
        progress(1, 1, "organisations")
    _rounds(found, people.actors["statistician"], progress)
    with transaction.atomic():
        story.tell(people)
    progress(1, 1, "nominations")
    population.fill(found, people.foundation, progress)
    _seal(households)


def _rounds(found: Province, statistician: Actor, progress: Progress) -> None:
    for file in (found.round_counties, found.round_places):

        def steps(done: int, total: int, _what: str, name: str = file.stem) -> None:
            progress(done, total, name)

        run_round(by=statistician, round_file=file, out=settings.HOME / "rounds" / file.stem, progress=steps)


def _seal(households: int) -> None:
    """Written last: without it a folder is no demonstration."""
    sealed = {"version": hamyar.__version__, "households": households}
    Path(settings.HOME, SEAL).write_text(json.dumps(sealed), encoding="utf-8")
