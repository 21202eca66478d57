"""A million persons on SQLite and on PostgreSQL: what the list of households asks of the database, and its page under 16 users at once.

The databases are built once, under var/bench, with the record's own tables, seals and indexes, and used again afterwards; delete
them to build anew. HAMYAR_BENCH_PERSONS makes them smaller. Figures of the database are those of every statement of a page
together, each statement run to its last row. PostgreSQL is left out where none is installed.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import numpy as np

from bench.load import Page, load
from bench.measure import in_process
from bench.registry import FAMILY, FOLDER, GIVEN, PERSONS, begin, numbers

HOUSEHOLDS = PERSONS * 28 // 100
COUNTIES, QUARTERS, VILLAGES = 28, 12, 40  # quarters of a county's city, villages of a county
BATCH = 3_000  # households of one transaction
KNOWN = 1_000  # heads of whom the bench keeps place, name and numbers
TIMES = 20  # of each question, for each who asks
USERS = {"officer": 4, "mayor": 6, "administrator": 5, "assessor": 1}
PASSWORD = "a long one of the bench"
SOUNDS = "با دا را سا ما نا ها کا لا وا شا تا".split()
COVERED = {"نهاد یکم": 0.25, "نهاد دوم": 0.08, "نهاد سوم": 0.02, "نهاد چهارم": 0.001}  # share of households
TAIL = 0.25  # of names that few bear


def build(home: str, addresses: dict[str, str]) -> float:
    """The record: areas, organisations with mandates, households. Seconds."""
    from hamyar_server.core.bulk import without_garbage

    started = time.perf_counter()
    renew(home, addresses)
    places = _areas()
    _people(places)
    with without_garbage():
        _households(places)
    _analyze()
    return time.perf_counter() - started


def renew(home: str, addresses: dict[str, str]) -> None:
    """Bring a record that was built before to the tables of today."""
    begin(home, addresses)
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, skip_checks=True)
        _analyze()


def _analyze() -> None:
    from django.db import connections

    for name in ("default", "keys"):
        connections[name].set_autocommit(True)
        with connections[name].cursor() as cursor:
            cursor.execute("VACUUM ANALYZE" if connections[name].vendor == "postgresql" else "ANALYZE")


def _areas() -> list[Any]:
    """A province of counties, each with a city of quarters and with villages. The places where people live."""
    from hamyar_server.areas.models import Area

    made: list[Any] = []

    def put(code: str, kind: str, parent: Any = None, stratum: str = "other") -> Any:
        path = f"{parent.path}/{code}" if parent else code
        name = f"محل {code[-6:]}"
        given = {"code": code, "name": name, "key": name, "kind": kind, "stratum": stratum}
        made.append(Area(path=path, depth=path.count("/"), parent=parent, **given))
        return made[-1]

    province = put("77", "province")
    for number in range(COUNTIES):
        county = put(f"77{number + 1:02}", "county", province)
        district = put(f"{county.code}01", "district", county)
        city = put(f"{district.code}2000", "city", district, "small_city")
        for n in range(QUARTERS):
            put(f"{city.code}{n + 1:02}", "neighbourhood", city, "city_margin" if n % 3 == 0 else "other")
        rural = [put(f"{district.code}{n + 1:04}", "rural_district", district) for n in range(VILLAGES // 10)]
        for n in range(VILLAGES):
            put(f"{rural[n // 10].code}{n:06}", "village", rural[n // 10], "village")
    Area.objects.bulk_create(made)
    return [area for area in made if area.kind in ("neighbourhood", "village")]


def _people(places: list[Any]) -> None:
    """A foundation that grants to the cooperation organisation and a governor, these to cities and villages; users of each."""
    from hamyar_server.areas.models import Area
    from hamyar_server.organisations.actions import add_member, found
    from hamyar_server.organisations.actors import Actor
    from hamyar_server.organisations.granting import REPRESENTATIVE, grant, sign
    from hamyar_server.organisations.models import Function, User

    def organisation(kind: str, area: Any, name: str, parent: Any = None) -> Any:
        return found(by=None, kind=kind, name_fa=name, name_en=name, area=area, parent=parent)

    def member(name: str, where: Any, job: str) -> Actor:
        user = User(username=name, title_fa=name, title_en=name)
        user.set_password(PASSWORD)
        user.save()
        return Actor(user, add_member(by=None, user=user, organisation=where, job=job))

    province = Area.objects.get(code="77")
    foundation = organisation("foundation", province, "بنیاد")
    director = member("director", foundation, "director")
    partners = [organisation("cooperation", province, "همیاری"), organisation("governor", province, "فرمانداری")]
    signed = sign(by=director, number="1", date=date.today(), title_fa="همکاری", parties=partners)
    for partner in partners:
        given = [*REPRESENTATIVE, Function.MANAGE_PEOPLE]
        grant(by=director, holder=partner, functions=given, area=province, agreement=signed, reason="bench")
    officers = [member(f"officer{n}", partners[0], "officer") for n in range(USERS["officer"])]
    governor = member("governor", partners[1], "governor")
    for n in range(USERS["assessor"]):
        member(f"assessor{n}", foundation, "assessor")
    cities = Area.objects.filter(kind="city").order_by("path")[: USERS["mayor"]]
    villages = [place for place in places if place.kind == "village"][:: VILLAGES + 3][: USERS["administrator"]]
    for kind, by, parent, areas, job in (
        ("municipality", officers[0], partners[0], cities, "mayor"),
        ("village", governor, partners[1], villages, "administrator"),
    ):
        for n, area in enumerate(areas):
            one = organisation(kind, area, f"{job}{n}", parent)
            grant(by=by, holder=one, functions=[Function.NOMINATE], area=area, reason="bench")
            member(f"{job}{n}", one, job)


def names(draw: np.random.Generator, common: list[str], rare: int, size: int) -> np.ndarray:
    """Names as they are borne: few by many, many by few."""
    tail = ["".join(SOUNDS[n // 12**k % 12] for k in range(3)) for n in range(rare)]
    weights = 1 / np.arange(3, len(common) + 3)
    chance = np.concatenate([weights / weights.sum() * (1 - TAIL), np.full(rare, TAIL / rare)])
    return np.array([*common, *tail])[draw.choice(len(chance), size, p=chance)]


def _households(places: list[Any]) -> None:
    """Invented households, place by place; 60 % in cities, a fifth of these in the first."""
    from hamyar_server.registry.incoming import Origin, rows_of

    draw = np.random.default_rng(1405)
    chance = np.array([0.4 / VILLAGES if p.kind == "village" else 0.6 / QUARTERS for p in places])
    chance[[p.code.startswith("7701") and p.kind != "village" for p in places]] *= 7
    live = np.sort(draw.choice(len(places), HOUSEHOLDS, p=chance / chance.sum()))
    sizes = np.bincount(draw.integers(0, HOUSEHOLDS, PERSONS - HOUSEHOLDS), minlength=HOUSEHOLDS) + 1
    drawn, known = _Drawn(draw), []
    origin = Origin(source="bench", as_of=date(2026, 9, 1))
    first = 0
    for begun in range(0, HOUSEHOLDS, BATCH):
        these = range(begun, min(begun + BATCH, HOUSEHOLDS))
        new = []
        for n in these:
            new.append(drawn.household(n, places[live[n]], first, int(sizes[n])))
            if n % (HOUSEHOLDS // KNOWN) == 0:
                head = new[-1].people[0]
                known.append(
                    [places[live[n]].path, head.name.given, head.name.family, *(i.text for i in head.identifiers)]
                )
            first += int(sizes[n])
        rows_of(new, origin).sealed().insert()
    Path(os.environ["HAMYAR_HOME"], "known.json").write_text(json.dumps(known), encoding="utf-8")


class _Drawn:
    """Everything that is drawn, a column each."""

    def __init__(self, draw: np.random.Generator) -> None:
        families = [f"{name}{more}" for more in ("", "پور", "زاده", "‌نیا", " فر", " تبار", " خواه") for name in FAMILY]
        self.given = names(draw, GIVEN, 400, PERSONS).tolist()
        self.family = names(draw, families, 1700, HOUSEHOLDS).tolist()
        self.numbers = numbers(draw)
        self.phones = draw.integers(0, 10**7, HOUSEHOLDS).tolist()
        self.born = draw.integers(0, 365 * 25, PERSONS).tolist()
        self.female = (draw.random(PERSONS) < 0.5).tolist()
        self.decile = np.where(draw.random(HOUSEHOLDS) < 0.9, draw.integers(1, 11, HOUSEHOLDS), 0).tolist()
        rest = 1 - sum(COVERED.values())
        self.cover = draw.choice([*COVERED, ""], HOUSEHOLDS, p=[*COVERED.values(), rest]).tolist()
        self.rooms = draw.integers(1, 5, HOUSEHOLDS).tolist()

    def household(self, n: int, area: Any, first: int, size: int) -> Any:
        from hamyar_server.registry.incoming import NewHousehold

        facts = {"rooms": self.rooms[n], "electricity": True, "piped_water": self.rooms[n] > 1, "tenure": "owner"}
        facts |= {"bath": self.rooms[n] > 2, "refrigerator": True, "floor_material": "finished", "internet": False}
        people = [self.person(n, first + place, place) for place in range(size)]
        return NewHousehold(area, people, facts, self.decile[n] or None, self.cover[n], f"h{n}")

    def person(self, n: int, k: int, place: int) -> Any:
        from hamyar_server.registry.incoming import NewIdentifier, NewPerson
        from hamyar_server.registry.names import Name

        has = [NewIdentifier("identity", self.numbers[k])]
        if place == 0:
            has.append(NewIdentifier("phone", f"0915{self.phones[n]:07}"))
        born = date(1945 if place < 2 else 1999, 1, 1) + timedelta(days=self.born[k])
        role = ("head", "spouse")[place] if place < 2 else "child"
        sex = "female" if self.female[k] else "male"
        return NewPerson(Name(self.given[k], self.family[n]), role, sex, born, has, f"p{k}")


WHO = ("officer0", "mayor0", "administrator0")  # who sees all; the mayor of the largest city; a village
PLAIN = {  # one address each
    "first page": "",
    "decile": "decile=3",
    "deciles, a range": "decile=2&up_to=4",
    "covered": "cover=yes",
    "not covered": "cover=no",
    "covered by many's": "organisation=نهاد یکم",
    "covered by few's": "organisation=نهاد چهارم",
    "settlement": "stratum=city_margin",
    "merged": "state=merged",
    "three filters": "decile=3&cover=yes&stratum=village",
}
KINDS = {"province": "77", "county": "77{:02}", "city": "77{:02}012000", "village": "77{:02}010001{:06}"}


class Questions:
    """Addresses of the list for one who asks, drawn anew each time. search: the address of a search for a text."""

    def __init__(self, home: str, seed: int, search: Callable[[str], str]) -> None:
        self.known = json.loads(Path(home, "known.json").read_text("utf-8"))
        self.draw, self.search = random.Random(seed), search

    def head(self) -> list[str]:
        return self.draw.choice(self.known)

    def all(self) -> dict[str, Callable[[], str]]:
        """What it is → makes an address."""
        plain = {
            what: (lambda wanted=wanted: f"/households/?{quote(wanted, safe='=&')}") for what, wanted in PLAIN.items()
        }
        areas = {
            f"area: {kind}": (lambda code=code: f"/households/?area={self.code(code)}") for kind, code in KINDS.items()
        }
        names = {
            "common given name": lambda: self.draw.choice(GIVEN),
            "common family name": lambda: self.draw.choice(FAMILY),
            "given and family name": lambda: " ".join(self.head()[1:3]),
            "rare given name": lambda: "".join(self.draw.choices(SOUNDS[:6], k=3)),
            "nobody's name": lambda: "کسی که نیست",
            "national id": lambda: self.head()[3],
            "telephone": lambda: self.head()[4],
        }
        searches = {f"search: {what}": (lambda text=text: self.search(text())) for what, text in names.items()}
        within = {"search in a decile: common given name": lambda: f"{self.search(self.draw.choice(GIVEN))}&decile=3"}
        return {**plain, "a page far in": self.far, **areas, **searches, **within}

    def code(self, pattern: str) -> str:
        return pattern.format(self.draw.randrange(1, COUNTIES + 1), self.draw.randrange(10))

    def far(self) -> str:
        """The page after some household that the asker sees or not."""
        from types import SimpleNamespace

        from hamyar_server.core import paging
        from hamyar_server.registry import lists

        row = SimpleNamespace(path=self.head()[0], id=UUID(int=0))
        return f"/households/?after={paging._token(row, lists.ORDER, False)}"


def ask(home: str, addresses: dict[str, str], names: list[str]) -> dict[str, dict[str, Any]]:
    """Who asks and what → milliseconds in the database of each page, and its slowest statement."""
    begin(home, addresses)
    from django.db import connection
    from django.test import Client

    from hamyar_server.organisations.actors import Actor
    from hamyar_server.organisations.models import Membership
    from hamyar_server.registry import seeking

    found: dict[str, dict[str, Any]] = {}
    for who in WHO:
        membership = Membership.objects.select_related("user", "organisation").get(user__username=who)
        actor, client = Actor(membership.user, membership), Client(SERVER_NAME="localhost")
        client.force_login(actor.user)
        questions = Questions(home, 7, lambda text, actor=actor: f"/households/?who={seeking.hidden(actor, text)}")
        for what, address in questions.all().items():
            if names and not any(name in what for name in names):
                continue
            times, slowest = [], (0.0, "")
            for _ in range(TIMES):
                statements = Statements(connection)
                with connection.execute_wrapper(statements):
                    answer = client.get(address())
                assert answer.status_code == 200, answer.content[:1000]
                times.append(sum(seconds for seconds, _ in statements.spent) * 1000)
                slowest = max(slowest, *statements.spent)
            found[f"{who}: {what}"] = {"times": times, "slowest": [slowest[0] * 1000, slowest[1]]}
    return found


class Statements:
    """Runs each statement once more before it is run, to its last row, and keeps how long that took."""

    def __init__(self, connection: Any) -> None:
        self.connection, self.spent = connection, [(0.0, "")]

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT"):
            with closing(self.connection.create_cursor()) as cursor:
                started = time.perf_counter()
                cursor.execute(sql, params)
                cursor.fetchall()
                self.spent.append((time.perf_counter() - started, f"{sql} -- {params}"))
        return execute(sql, params, many, context)


def databases(
    stack: ExitStack, only: Sequence[str] = ("SQLite", "PostgreSQL")
) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Name, home and addresses of each record, built where it was not yet."""
    from tests.postgres import cluster, programs

    def built(kind: str, addresses: dict[str, str]) -> str:
        home = (FOLDER / f"queries-{kind}-{PERSONS}").resolve()
        if not (home / "built").exists():
            shutil.rmtree(home, ignore_errors=True)
            in_process("bench.queries", "build", str(home), addresses)
            (home / "built").touch()
        in_process("bench.queries", "renew", str(home), addresses)
        return str(home)

    if "SQLite" in only:
        yield "SQLite", built("sqlite", {}), {}
    if "PostgreSQL" in only and programs():
        address = stack.enter_context(cluster(FOLDER.resolve() / f"postgres-{PERSONS}")).address
        yield "PostgreSQL", *_on_postgresql(address, built)


def _on_postgresql(address: str, built: Callable[..., str]) -> tuple[str, dict[str, str]]:
    """As a user who is no superuser, so that the walls stand."""
    import psycopg

    name, keys = f"bench{PERSONS}", f"bench{PERSONS}keys"
    own = address.replace("//postgres@", "//hamyar@")
    addresses = {"DATABASE_URL": f"{own}{name}", "KEYS_DATABASE_URL": f"{own}{keys}"}
    with psycopg.connect(f"{address}postgres", autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'hamyar'").fetchone():
            connection.execute("CREATE ROLE hamyar LOGIN NOSUPERUSER")
        if not (FOLDER / f"queries-postgresql-{PERSONS}" / "built").exists():
            for one in (name, keys):
                connection.execute(f"DROP DATABASE IF EXISTS {one}")
                connection.execute(f"CREATE DATABASE {one} OWNER hamyar")
    return built("postgresql", addresses), addresses


def users(home: str, addresses: dict[str, str], port: int) -> dict[str, list[float]]:
    """Seconds of each page, by what it is, of all users at once."""
    begin(home, addresses)
    people = [f"{job}{n}" for job, count in USERS.items() for n in range(count)]

    def pages(seed: int) -> Iterator[Page]:
        questions = Questions(home, seed, lambda text: text)
        everything = questions.all()
        while True:
            what = questions.draw.choices(list(MIX), list(MIX.values()))[0]
            if what.startswith("search"):
                yield what, "/households/", {"q": everything[what]()}
            else:
                yield what, everything[what](), {}

    each = [(name, lambda seed=seed: pages(seed)) for seed, name in enumerate(people)]
    return load(port, each, PASSWORD, WARM, SECONDS)


MIX = {  # what is asked for how often, in hundredths
    "first page": 25,
    "a page far in": 15,
    "search: given and family name": 10,
    "search: common given name": 5,
    "search: common family name": 5,
    "search: national id": 7,
    "search: telephone": 3,
    "area: county": 7,
    "area: city": 6,
    "area: village": 7,
    "decile": 4,
    "deciles, a range": 2,
    "covered": 4,
}
WARM, SECONDS = 5, 25


def served(home: str, addresses: dict[str, str], workers: int) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Seconds of each page by what it is; megabytes that each process of the server held at most."""
    from tests.postgres import free_port

    port = free_port()
    command = [sys.executable, "-m", "hamyar_server.command", "serve", "--port", str(port), "--workers", str(workers)]
    with ExitStack() as stack:
        server = stack.enter_context(subprocess.Popen(command, env=os.environ | addresses | {"HAMYAR_HOME": home}))
        stack.callback(server.terminate)
        wait_for(port)
        times = in_process("bench.queries", "users", home, addresses, port).answer
        return times, {f"{pid} {what}": peak for pid, what, peak in family(server.pid)}


def wait_for(port: int) -> None:
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    raise TimeoutError("the server does not answer")


def family(pid: int) -> Iterator[tuple[int, str, float]]:
    """The process and all below it: id, what it runs, peak of its resident set in MB."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    yield pid, "work" if b"work" in command else "serve", int(status["VmHWM"].split()[0]) / 1024
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from family(int(child))


def main() -> Iterator[tuple[str, float, str, float | None]]:
    with ExitStack() as stack:
        for name, home, addresses in databases(stack):
            asked = in_process("bench.queries", "ask", home, addresses, []).answer
            for what, found in asked.items():
                for share in (50, 95):
                    bound = 50 if share == 95 else None
                    yield f"{name}: {what}, p{share}", float(np.percentile(found["times"], share)), "ms", bound
            times, peaks = served(home, addresses, WORKERS[name])
            together = [one * 1000 for some in times.values() for one in some]
            yield f"{name}: pages of {sum(USERS.values())} users at once", len(together) / SECONDS, "1/s", None
            for what, some in {"every page": together, **{k: [t * 1000 for t in v] for k, v in times.items()}}.items():
                for share in (50, 95):
                    bound = 250 if share == 95 else None
                    yield f"{name}: {what}, whole, p{share}", float(np.percentile(some, share)), "ms", bound
            for what, peak in peaks.items():
                yield f"{name}: memory of {what}", peak, "MB", 300


WORKERS = {"SQLite": 2, "PostgreSQL": 2}
run = main
