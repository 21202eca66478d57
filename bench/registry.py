"""A list of a million invented persons, and the databases that benches take it into.

HAMYAR_BENCH_PERSONS makes it smaller. PostgreSQL is left out where none is installed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

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
