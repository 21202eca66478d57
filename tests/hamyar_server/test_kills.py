"""kill -9 of everything at once, at random moments: server, worker, commands, exports, and PostgreSQL's own server.

Nothing acknowledged is missing, nothing is half done, no half file lies about.

HAMYAR_KILLS says how often for each database in `make prove`; twenty without it. Among the tests of every day is one of each kind.
"""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.hamyar_server.home import SET_UP, Home
from tests.postgres import Cluster, cluster, empty_databases, free_port

KILLS = range(1, int(os.environ.get("HAMYAR_KILLS", "20")) + 1)
JOB, COMMAND = [1], [2]  # a job while keys rotate, a command while a backup is made
HOUSEHOLDS = 7_700  # of one file: long enough for a second process, and to be killed in the middle
BAD = 7
AREA = "7701010001000001"
PATIENCE = 240  # seconds
OPTIONS = "-c fsync=off -c max_connections=50"  # the machine itself does not fail; commits are waited for

MIGRATE = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0, skip_checks=True)
from hamyar_server.areas.models import Area
above = None
for code, kind in (("77", "province"), ("7701", "county"), ("770101", "district"), ("7701010001", "rural_district"), ("{AREA}", "village")):
    path = f"{{above.path}}/{{code}}" if above else code
    above = Area.objects.create(code=code, name=code, key=code, kind=kind, path=path, depth=path.count("/"), parent=above, stratum="rural")
from hamyar_server.organisations.actions import add_member, found
from hamyar_server.organisations.models import User
province = Area.objects.get(code="77")
foundation = found(by=None, kind="foundation", name_fa="بنیاد", name_en="F", area=province)
add_member(by=None, user=User.objects.create(username="director"), organisation=foundation, job="director")
"""
QUEUE = """
import sys
from pathlib import Path
from hamyar_server.core import jobs
from hamyar_server.registry import imports
file = Path({file!r})
batch = imports.upload(by=None, name=file.name, pieces=[file.read_bytes()], source=file.name, calendar="gregorian")
batch = imports.check(imports.map_columns(batch=batch, mapping=batch.mapping))
assert batch.counts["new"] == {households}, batch.counts
imports.accept(by=None, batch=batch)
jobs.later(imports.WORK, str(batch.pk), name="import")
"""
CLERK = f"""
import itertools
from hamyar_server.areas.models import Area
from hamyar_server.registry.actions import register_household
from hamyar_server.registry.incoming import NewHousehold, NewIdentifier, NewPerson
from hamyar_server.registry.names import Name
area = Area.objects.get(code="{AREA}")
for n in itertools.count():
    people = [NewPerson(Name("علی", f"ف{{n}}"), "head", identifiers=[NewIdentifier("phone", f"0915{{n:07}}")]), NewPerson(Name("مریم"), "spouse")]
    print(register_household(by=None, new=NewHousehold(area, people, {{"rooms": 2}})).pk, flush=True)
"""
EXPORTER = """
import itertools
from django.utils import timezone
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Membership
from hamyar_server.registry import exports
membership = Membership.objects.get(user__username="director")
director = Actor(membership.user, membership)
for n in itertools.count():
    what, form = ("households", "persons")[n % 2], tuple(exports.FORMS)[n // 2 % len(exports.FORMS)]
    answer = exports.export(by=director, wanted={}, what=what, form=form, today=timezone.localdate())
    sum(map(len, answer.streaming_content))
    print(what, flush=True)
"""
LOOK = """
import json, tempfile, time
from pathlib import Path
from collections import Counter
from django.db.models import Count, Q
from hamyar_server.core import audit
from hamyar_server.core.encryption import read_many
from hamyar_server.core.models import AuditEvent
from hamyar_server.registry import imports
from hamyar_server.registry.models import Household, Identifier, Import, ImportState, Membership, Person
until = time.monotonic() + {patience}
while Import.objects.exclude(state__in=["done", "undone", "checked", "uploaded"]).exists():
    assert time.monotonic() < until, list(Import.objects.values_list("state", "done", "message"))
    time.sleep(0.2)
while left := list(Path(tempfile.gettempdir()).glob("hamyar-export-*")):
    assert time.monotonic() < until, left
    time.sleep(0.2)
living = Count("memberships", filter=Q(memberships__until=None))
heads = Count("memberships", filter=Q(memberships__until=None, memberships__role="head"))
wrong = [str(h.pk) for h in Household.objects.annotate(n=living, heads=heads) if (h.n, h.heads) != (h.members, 1) or not h.members]
persons = Person.objects.order_by("pk").filter(**({{"pk__gt": {since!r}}} if {since!r} else {{}}))  # ids stand in the order of time
nameless = sum(not name for name in read_many(list(persons), "name"))
sealed = list(Identifier.objects.filter(person__in=persons))
events = Counter()
for fields in AuditEvent.objects.filter(action="households.registered").values_list("subject_id", "fields"):
    events[fields[0]] += fields[1]["households"]
batches = {{}}
for batch in Import.objects.filter(state="done"):
    refused = sum("HY-H001" in line for line in imports.refused_file(batch).read_text("utf-8-sig").splitlines())
    batches[str(batch.pk)] = [Household.objects.filter(batch=batch.pk).count(), batch.done, events[str(batch.pk)], refused]
found = audit.verify()
print(json.dumps({{
    "wrong": wrong, "nameless": nameless, "numberless": sum(not value for value in read_many(sealed, "value")),
    "outside": Person.objects.filter(household=None).count() + Person.objects.exclude(memberships__until=None).count(),
    "batches": batches, "fault": str(found.fault), "missing": sorted(set({acknowledged!r}) - {{str(pk) for pk in Household.objects.values_list("pk", flat=True)}}),
    "exports": {{what: AuditEvent.objects.filter(action=f"{{what}}.exported").count() for what in ("households", "persons")}},
    "last": str(Person.objects.order_by("pk").values_list("pk", flat=True).last() or ""),
    "audited": AuditEvent.objects.filter(action="household.registered").count(), "alone": Household.objects.filter(batch=None).count(),
}}))
"""


def write(file: Path, first: int) -> None:
    """HOUSEHOLDS sound ones of two persons, and BAD ones with two heads, scattered."""
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow("household_key person_key area_code role given family national_id birth_date rooms".split())
        for n in range(first, first + HOUSEHOLDS + BAD):
            second = "head" if (n - first) % (HOUSEHOLDS // BAD) == 5 and (n - first) < HOUSEHOLDS else "spouse"
            rows.writerow([n, f"{n}-1", AREA, "head", "رضا", f"کریمی {n % 97}", f"{n:010}", "1980-01-02", 3])
            rows.writerow([n, f"{n}-2", AREA, second, "مریم", "رستمی", "", "1985-01-02", 3])


def ask(home: Home, sql: str) -> list[tuple[Any, ...]]:
    """A look into the record that waits for nobody and is none of its own code."""
    if address := home.more.get("DATABASE_URL"):
        with psycopg.connect(address) as connection:
            return connection.execute(sql).fetchall()  # type: ignore[arg-type]
    with closing(sqlite3.connect(f"file:{home.folder / 'hamyar.sqlite3'}?mode=ro", uri=True, timeout=20)) as connection:
        return connection.execute(sql).fetchall()


class Everything:
    """Processes that live in groups of their own and are killed together."""

    def __init__(self, home: Home) -> None:
        self.home, self.running = home, []  # type: ignore[var-annotated]

    def begin(self, *arguments: str, out: Path | None = None) -> None:
        to = out.open("w") if out else subprocess.DEVNULL
        self.running.append(
            subprocess.Popen(
                [sys.executable, *arguments],
                env=self.home.environment,
                stdout=to,
                stderr=(self.home.folder / "errors").open("a"),
                start_new_session=True,
            )
        )

    def command(self, *arguments: str) -> None:
        self.begin("-m", "hamyar_server.command", *arguments)

    def kill(self) -> None:
        for process in self.running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        for process in self.running:
            process.wait()
        self.running.clear()


def progress(home: Home) -> tuple[int, int]:
    """Households that batches brought, and how far their counters stand, as one statement sees both."""
    counted = "(SELECT count(*) FROM registry_household WHERE batch IS NOT NULL)"
    [(rows, done)] = ask(home, f"SELECT {counted}, coalesce(sum(done), 0) FROM registry_import")
    return rows, int(done)


def story(home: Home, kept: Path, kills: Sequence[int], server: Cluster | None = None) -> None:
    """kills: numbers of which each is a kill, every third of a command and every second while a backup is made; server: PostgreSQL's, which is killed too, before the rest or after it."""
    draw, amid, acknowledged, everything, newest = random.Random(), 0, [], Everything(home), ""
    places = home.folder.parent / "temporary"
    places.mkdir()
    home.more["TMPDIR"] = str(places)
    home.python(MIGRATE)
    backups, exported, cut_off = 0, Counter[str](), 0
    try:
        for n in kills:
            by_command = n % 3 == 2
            file = kept / f"list{n}.csv"
            write(file, n * 10_000)
            if not by_command:
                home.python(QUEUE.format(file=str(file), households=HOUSEHOLDS))
            before = progress(home)[1]
            everything.command("serve", "--port", str(free_port()))
            if by_command:
                everything.command("register", str(file), "--source", file.name, "--calendar", "gregorian")
            said = kept / f"clerk{n}"
            everything.begin("-c", SET_UP + CLERK, out=said)
            everything.begin("-c", SET_UP + EXPORTER, out=kept / f"exporter{n}")
            if n % 2:
                everything.command("keys", "rotate")
            else:
                everything.command("backup", str(kept / f"record{n}"), "--keys", str(kept / f"keys{n}"))
            goal, until = before + draw.randrange(HOUSEHOLDS), time.monotonic() + PATIENCE
            while progress(home)[1] < goal and time.monotonic() < until:
                time.sleep(0.05)
            time.sleep(draw.uniform(0, 0.7))
            first, last = draw.sample([everything.kill, server.kill if server else everything.kill], 2)
            first()
            last()
            if server:
                server.start()
            cut_off += any(places.glob("hamyar-export-*"))
            amid += any(0 < done < total for done, total in ask(home, "SELECT done, total FROM registry_import"))
            acknowledged += said.read_text().split("\n")[:-1]
            exported.update((kept / f"exporter{n}").read_text().split("\n")[:-1])
            backups += (kept / f"record{n}").exists() and (kept / f"keys{n}").exists()
            everything.command("work")
            newest = look(home, acknowledged, exported, since=newest)
            everything.kill()
            print(f"kill {n}: {len(acknowledged)} households acknowledged", flush=True)
        assert amid or len(kills) < 3, "no kill came in the middle of an import"
        assert "unbroken" in home.command("audit", "verify")
        home.command("keys", "rotate")
        look(home, acknowledged, exported)
        restored(home, kept, kills)
        print(
            f"{len(kills)} kills: {amid} amid an import, {cut_off} amid the writing of a file, {backups} backups whole, {len(acknowledged)} households and {dict(exported)} files acknowledged"
        )
    finally:
        everything.kill()


def look(home: Home, acknowledged: list[str], exported: Counter[str], since: str = "") -> str:
    """What stands in the record once it runs again; values are opened of those who came after the person `since`, or of all. The last person."""
    told = json.loads(home.python(LOOK.format(patience=PATIENCE, acknowledged=acknowledged, since=since)))
    last = told.pop("last")
    audited = told.pop("exports")
    assert all(audited[what] >= count for what, count in exported.items()), (audited, exported)
    batches = told.pop("batches")
    assert (told.pop("audited"), told.pop("fault")) == (told.pop("alone"), "None")
    assert told == {"wrong": [], "nameless": 0, "numberless": 0, "outside": 0, "missing": []}
    for brought, done, audited, refused in batches.values():
        assert (brought, done, audited, refused) == (HOUSEHOLDS, HOUSEHOLDS + BAD, HOUSEHOLDS, BAD)
    return last


def restored(home: Home, kept: Path, kills: Sequence[int]) -> None:
    """Whatever backup bears its name is whole: it opens in its own place, and its chain holds."""
    for n in kills:
        record, keys = kept / f"record{n}", kept / f"keys{n}"
        if record.exists() and keys.exists():
            home.command("restore", str(record), "--keys", str(keys), "--replace")
            assert "unbroken" in home.command("audit", "verify")


@pytest.mark.parametrize("kills", [pytest.param(KILLS, marks=pytest.mark.prove), COMMAND], ids=["many", "one"])
def test_nothing_is_lost_by_kills_on_sqlite(tmp_path, kills):
    kept = tmp_path / "kept"
    kept.mkdir()
    story(Home(tmp_path / "home"), kept, kills)


@pytest.mark.postgres
@pytest.mark.parametrize("kills", [pytest.param(KILLS, marks=pytest.mark.prove), JOB], ids=["many", "one"])
def test_nothing_is_lost_by_kills_of_postgresql_too(tmp_path, kills):
    kept = tmp_path / "kept"
    kept.mkdir()
    with cluster(options=OPTIONS) as server:
        story(Home(tmp_path / "home", empty_databases(server.address)), kept, kills, server)
