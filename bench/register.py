"""Persons registered a second: checked, sealed under a key each, indexed, audited; in an empty record of SQLite's, or of DATABASE_URL."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

from bench.measure import in_process

BATCH = 2000  # households of three
BATCHES = 15
GIVEN = "علی محمد‌علی زهرا فاطمه رضا حسین مریم مهدی نرگس سکینه".split()
FAMILY = "رضایی حسینی‌نژاد محمدی احمدی کریمی ابراهیمی قاسمی".split()


def register() -> float:
    """Seconds for 10,000 persons, over all batches; the making of the invented persons is not counted."""
    os.environ.setdefault("HAMYAR_HOME", tempfile.mkdtemp(prefix="hamyar-bench-"))
    os.environ["DJANGO_SETTINGS_MODULE"] = "hamyar_server.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, skip_checks=True)
    from hamyar_server.areas.models import Area
    from hamyar_server.registry.actions import register_many
    from hamyar_server.registry.incoming import Origin, faults_of

    area = Area.objects.create(code="77", name="x", key="x", kind="province", path="77", depth=0, stratum="other")
    draw, spent, persons = random.Random(1405), 0.0, 0
    for batch in range(BATCHES):
        households = [_household(area, draw, batch * BATCH + n) for n in range(BATCH)]
        begun = time.perf_counter()
        assert not any(fault for one in households for fault in faults_of(one, date(2026, 9, 1)))
        persons += sum(
            map(len, register_many(by=None, households=households, origin=Origin(source="bench"), subject=area))
        )
        spent += time.perf_counter() - begun
    return spent / persons * 10_000


def _household(area: Any, draw: random.Random, number: int) -> Any:
    from hamyar_server.registry.incoming import NewHousehold, NewIdentifier, NewPerson
    from hamyar_server.registry.names import Name

    def person(place: int) -> Any:
        numbers = [NewIdentifier("identity", f"{draw.randrange(10**10):010}")]
        if place == 0:
            numbers.append(NewIdentifier("phone", f"0915{draw.randrange(10**7):07}"))
        name = Name(draw.choice(GIVEN), f"{draw.choice(FAMILY)} {draw.randrange(3000)}", draw.choice(GIVEN))
        role = "head" if place == 0 else "child"
        return NewPerson(name, role, "male", date(1980, 1, 1 + place), numbers, f"{number}-{place}")

    facts = {"rooms": 2, "electricity": True}
    return NewHousehold(
        area, [person(place) for place in range(3)], facts, draw.randrange(1, 11), source_key=str(number)
    )


def run() -> Iterator[tuple[str, float, str, float | None]]:
    measured = in_process("bench.register", "register")
    yield "10,000 persons registered", measured.answer, "s", 1
    yield "memory of it", measured.peak / 2**20, "MB", 300
