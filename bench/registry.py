"""A million persons taken in from a file on SQLite and on PostgreSQL: how long, in how much memory.

The machine may be busy with other work: seconds of an import are the processor's, of the process that imports and of the server's for it.
HAMYAR_BENCH_PERSONS makes it smaller. PostgreSQL is left out where none is installed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from bench.measure import in_process

PERSONS = int(os.environ.get("HAMYAR_BENCH_PERSONS", "1000000"))
HOUSEHOLDS = PERSONS * 28 // 100
COUNTIES, VILLAGES = 28, 40  # villages of each county
FOLDER = Path("var/bench")
TIMES = 200  # of each query
GIVEN = "علی محمدعلی زهرا فاطمه رضا حسین مریم مهدی نرگس سکینه معصومه غلامرضا اکبر صدیقه طاهره امیرحسین".split()
FAMILY = "رضایی حسینی‌نژاد محمدی احمدی کریمی ابراهیمی قاسمی نوروزی صادقی طاهری یوسفی بهرامی شریفی مرادی".split()
PLACES = "پور زاده نیا فر تبار خواه".split()
FACTS = {"rooms": (1, 5), "electricity": (0, 2)}


def file() -> Path:
    """The list, made once: persons of invented households, in the order in which a source would have them."""
    made = FOLDER / f"persons-{PERSONS}.csv"
    if made.exists():
        return made
    FOLDER.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(1405)
    sizes = np.bincount(draw.integers(0, HOUSEHOLDS, PERSONS - HOUSEHOLDS), minlength=HOUSEHOLDS) + 1
    home = np.repeat(np.arange(HOUSEHOLDS), sizes)
    place = np.arange(PERSONS) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    villages = np.array([village(c, v) for c in range(COUNTIES) for v in range(VILLAGES)])
    families = np.array([f"{name} {more}" for name in FAMILY for more in PLACES])
    live, family = draw.integers(0, len(villages), HOUSEHOLDS), draw.integers(0, len(families), HOUSEHOLDS)
    year = np.where(place < 2, draw.integers(1320, 1380, PERSONS), draw.integers(1380, 1405, PERSONS))
    born = year * 10000 + draw.integers(1, 13, PERSONS) * 100 + draw.integers(1, 30, PERSONS)
    decile, rooms = draw.integers(1, 11, HOUSEHOLDS), draw.integers(1, 5, HOUSEHOLDS)
    table = pa.table(
        {
            "household_key": home,
            "person_key": np.arange(PERSONS),
            "area_code": villages[live[home]],
            "role": np.select([place == 0, place == 1], ["head", "spouse"], "child"),
            "given": np.array(GIVEN)[draw.integers(0, len(GIVEN), PERSONS)],
            "family": families[family[home]],
            "father": np.array(GIVEN)[draw.integers(0, len(GIVEN), PERSONS)],
            "national_id": numbers(draw),
            "phone": np.where(place == 0, [f"0915{n:07}" for n in draw.integers(0, 10**7, PERSONS)], ""),
            "sex": np.where(draw.random(PERSONS) < 0.5, "female", "male"),
            "birth_date": [f"{day // 10000}/{day // 100 % 100:02}/{day % 100:02}" for day in born],
            "decile": decile[home],
            "rooms": rooms[home],
        }
    )
    part = made.with_suffix(".part")
    pa.csv.write_csv(table, part)
    part.rename(made)
    return made


def numbers(draw: np.random.Generator) -> list[str]:
    """National ids with a right check digit, each once."""
    first = draw.permutation(10**7)[:PERSONS] + 10**8
    digits = first[:, None] // 10 ** np.arange(8, -1, -1) % 10
    remainder = (digits * np.arange(10, 1, -1)).sum(axis=1) % 11
    return [f"{n:09}{r if r < 2 else 11 - r}" for n, r in zip(first, remainder, strict=True)]


def village(county: int, number: int) -> str:
    return f"77{county + 1:02}0101{number // 10 + 1:02}{number:06}"


def begin(home: str, addresses: dict[str, str]) -> None:
    """Django, on a record of its own."""
    os.environ |= {"HAMYAR_HOME": home, "DJANGO_SETTINGS_MODULE": "hamyar_server.settings"} | addresses
    import django

    django.setup()


def take_in(home: str, addresses: dict[str, str], path: str) -> dict[str, float]:
    """Seconds of the processor for the check and for the taking in; persons that came."""
    begin(home, addresses)
    from django.core.management import call_command

    call_command("migrate", verbosity=0, skip_checks=True)
    _areas()
    from hamyar_server.registry import imports
    from hamyar_server.registry.models import Person

    with open(path, "rb") as content:
        pieces = iter(lambda: content.read(1 << 20), b"")
        batch = imports.upload(by=None, name="persons.csv", pieces=pieces, source="bench", calendar="jalali")
    batch = imports.map_columns(batch=batch, mapping=batch.mapping)
    checked, batch = _spent(lambda: imports.check(batch))
    assert batch.counts["persons"] == PERSONS, batch.counts
    batch = imports.accept(by=None, batch=batch)
    taken, batch = _spent(lambda: imports.run(batch))
    assert Person.objects.count() == PERSONS
    return {f"check {what}": value for what, value in checked.items()} | taken


def _spent(work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Seconds by the clock, and of the processor: this process and, beside it, PostgreSQL's backend for it."""
    clock, busy, backend = time.perf_counter(), time.process_time(), _backend()
    answer = work()
    spent = {"clock": time.perf_counter() - clock, "process": time.process_time() - busy}
    return spent | {"backend": _backend() - backend}, answer


def _backend() -> float:
    from django.db import connections

    total = 0.0
    for name in ("default", "keys"):
        if connections[name].vendor == "postgresql":
            connections[name].ensure_connection()
            pid = connections[name].connection.info.backend_pid
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _areas() -> None:
    from hamyar_server.areas.models import Area

    def put(code: str, kind: str, parent: Any) -> Any:
        path = f"{parent.path}/{code}" if parent else code
        return Area.objects.create(
            code=code, name=code, key=code, kind=kind, path=path, depth=path.count("/"), parent=parent, stratum="rural"
        )

    province = put("77", "province", None)
    for county in range(COUNTIES):
        above = put(f"77{county + 1:02}", "county", province)
        above = put(f"{above.code}01", "district", above)
        rural = [put(f"{above.code}01{n + 1:02}", "rural_district", above) for n in range(VILLAGES // 10)]
        for number in range(VILLAGES):
            put(village(county, number), "village", rural[number // 10])


def main() -> Iterator[tuple[str, float, str, float | None]]:
    path = str(file().resolve())
    with ExitStack() as stack:
        for name, addresses in _databases(stack):
            home = tempfile.mkdtemp(prefix="hamyar-bench-")
            stack.callback(shutil.rmtree, home)
            measured = in_process("bench.registry", "take_in", home, addresses, path)
            spent = measured.answer
            busy = spent["process"] + spent["backend"]
            yield f"{name}: check of {PERSONS:,} persons", spent["check process"] / PERSONS * 10_000, "s/10,000", None
            yield f"{name}: persons taken in, CPU", busy / PERSONS * 10_000, "s/10,000", 1
            yield f"{name}: persons taken in, clock", spent["clock"] / PERSONS * 10_000, "s/10,000", None
            yield f"{name}: of it in the database's process", spent["backend"] / PERSONS * 10_000, "s/10,000", None
            yield f"{name}: memory of it", measured.peak / 2**20, "MB", 300


def _databases(stack: ExitStack) -> Iterator[tuple[str, dict[str, str]]]:
    yield "SQLite", {}
    from tests.postgres import cluster, programs

    if programs():
        import psycopg

        address = stack.enter_context(cluster(options="")).address  # every commit waits for the disk
        with psycopg.connect(f"{address}postgres", autocommit=True) as connection:
            connection.execute("CREATE ROLE hamyar LOGIN NOSUPERUSER")  # before whom the walls stand
            connection.execute("CREATE DATABASE bench OWNER hamyar")
            connection.execute("CREATE DATABASE benchkeys OWNER hamyar")
        address = address.replace("postgres@", "hamyar@")
        yield "PostgreSQL", {"DATABASE_URL": f"{address}bench", "KEYS_DATABASE_URL": f"{address}benchkeys"}


run = main
