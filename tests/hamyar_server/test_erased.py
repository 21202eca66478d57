"""A person who was erased: no page, search, file, audit page or restored backup gives any value of theirs again.

A round that was made with their household is still what it was, and says how many of its persons were erased since.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.test import Client

from hamyar_server.organisations.actors import CHOSEN, Actor
from tests.hamyar_server.home import Home

ROOT = Path(__file__).resolve().parents[2]
VALUES = (
    "نیلوفر",
    "تهمینه‌زاده",
    "بهمن‌یار",
    "0499370899",
    "09151234567",
    "1982-08-03",
)  # of the person, and of nobody else
BRING = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from django.core.management import call_command
call_command("migrate", verbosity=0, skip_checks=True)
from tests.hamyar_server import cast as of
from hamyar_server.registry import actions, imports
from hamyar_server.registry.models import Person
cast = of.build(Path({folder!r}))
file = Path({file!r})
batch = imports.upload(by=cast.assessor, name=file.name, pieces=[file.read_bytes()], source="list", calendar="gregorian")
batch = imports.check(imports.map_columns(batch=batch, mapping=batch.mapping))
imports.run(imports.accept(by=cast.assessor, batch=batch))
person = Person.objects.identified("0499370899").get()
assert "تهمینه‌زاده" in str(actions.reveal_identity(by=cast.director, person=person, reason="to call them").name)
person.refresh_from_db()
from hamyar_server.registry.names import Name
actions.change_person(by=cast.assessor, person=person, version=person.version, name=Name("نیلوفر", "تهمینه‌زاده", "بهمن‌یار"))
import pyarrow.parquet as pq
from django.conf import settings
from hamyar_server.analysis.actions import run_round
from tests.hamyar_server.test_erased import export_of, write_round
round_file = write_round(export_of(cast.director), Path({folder!r}) / "round")
run_round(by=cast.statistician, round_file=round_file, out=settings.HOME / "rounds" / "of-the-record")
call_command("backup", {kept!r} + "/record", "--keys", {kept!r} + "/keys")
"""
WHO = """
from hamyar_server.registry.models import Person
print(Person.objects.identified("0499370899").get().pk)
"""
ERASE = """
from hamyar_server.registry import actions
from hamyar_server.registry.models import Person
person = Person.objects.identified("0499370899").get()
actions.erase_person(by=None, person=person, ground="request")
"""
LOOK = """
import itertools, sys
sys.path.insert(0, {root!r})
from django.conf import settings
settings.ALLOWED_HOSTS.append("testserver")
from django.urls import reverse
from hamyar_server.analysis.models import Round
from hamyar_server.core import audit
from hamyar_server.core.encryption import read_many
from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Membership as Job
from hamyar_server.registry.models import Household, Identifier, Import, Person
from tests.hamyar_server import gate
from tests.hamyar_server.test_erased import client_of
VALUES, SOMEBODY = {values!r}, {person!r}
told, pages, FORMS = [], 0, itertools.cycle(["csv", "xlsx", "parquet", "gpkg"])
def addresses():
    yield from ("/", "/rounds/", "/deciles/", "/places/", "/api/households", "/api/persons", "/api/imports")
    for name in ("households", "imports", "audit", "alarms"):
        yield reverse(f"registry:{{name}}")
    for what in ("households", "persons"):
        yield from (reverse("registry:export", args=[what, form]) for form in ("csv", "xlsx", "parquet", "gpkg"))
    for name, rows in (("household", Household), ("audit-household", Household), ("audit-person", Person)):
        yield from (reverse(f"registry:{{name}}", args=[row.pk]) for row in rows.objects.all()[:6])
    for name in ("identity", "sensitive", "move", "consent", "erase", "audit-person"):
        yield reverse(f"registry:{{name}}", args=[SOMEBODY])
    yield from (f"/api/persons/{{SOMEBODY}}", f"/api/persons?household={{HOME}}", f"/api/households/{{HOME}}")
    for batch in Import.objects.all():
        yield from (reverse(f"registry:{{name}}", args=[batch.pk]) for name in ("import", "refused-rows"))
    for kept in Round.objects.all():
        yield reverse("analysis:round", args=[kept.pk])
        yield from (reverse("analysis:download", args=[kept.pk, file]) for file in ("areas.parquet", "areas.csv", "report.html", "manifest.json"))
HOME = Household.objects.get(facts__rooms=49).pk
for job in Job.objects.filter(**{who!r}):
    client = client_of(Actor(job.user, job))
    for address in addresses():
        answer, text = gate.asked(client, address, "get", {{}})
        pages += answer.status_code == 200
        told += [(address, value) for value in VALUES if value in text]
        told += [("by id", name) for name in ("identity", "api/persons") if answer.status_code == 200 and name in address and SOMEBODY in address]
    for value in (*VALUES[:5], SOMEBODY):
        answer = client.post(reverse("registry:households"), {{"q": value}}, follow=True)
        told += [("search", value)] * (str(HOME) in answer.content.decode())
        if "who=" in (asked := answer.request["QUERY_STRING"]):
            _, text = gate.asked(client, reverse("registry:export", args=["persons", next(FORMS)]) + "?" + asked, "get", {{}})
            told += [("searched file", value)] * (SOMEBODY in text)
        answer = client.post("/api/households/search", {{"q": value}}, content_type="application/json")
        told += [("api search", value)] * (answer.status_code == 200 and bool(answer.json()["rows"]))
for model, field in ((Person, "name"), (Identifier, "value")):
    told += [(model.__name__, value) for text in read_many(list(model.objects.all()), field) if text for value in VALUES if value in text]
for event in AuditEvent.objects.filter(sealed__isnull=False):
    told += [("audit", value) for value in VALUES if value in str(audit.values_of(event))]
print("TOLD", told, "PAGES", pages, "FOUND", Person.objects.identified("0499370899").count(), Person.objects.named("نیلوفر تهمینه‌زاده").count(), audit.verify().fault)
"""
MEASURE = """
name: rooms
title: {fa: اتاق, en: Rooms}
unit: household
cutoff: 1
missing: drop
dimensions:
  housing:
    weight: 1
    indicators:
      crowded:
        title: {fa: تراکم, en: Crowding}
        deprived: "rooms < 2"
        source: "UN-Habitat (2003), The Challenge of Slums"
        examples:
          - {rooms: 1, deprived: true}
          - {rooms: 3, deprived: false}
"""
ROUND = """
name: of-the-record
title: {fa: دور سامانه, en: Round of the record}
date: 2026-10-23
seed: 5
inputs:
  households: {file: households.parquet, universe: census, provenance: declared}
  areas: {file: areas.csv, universe: census, provenance: declared}
area: area_code
measure: measure.yaml
"""
SOME = {"organisation__kind": "foundation"}  # who sees most; everybody is asked in the end
PLACES = ["7701010001000001", "7701012000", "7701020001000001"]


def client_of(actor: Actor) -> Client:
    client = Client()
    client.force_login(actor.user, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session[CHOSEN] = str(actor.membership.pk)
    session.save()
    return client


def export_of(actor: Actor) -> pa.Table:
    """The record's own file of households."""
    settings.ALLOWED_HOSTS.append("testserver")
    answer = client_of(actor).get("/households/export/households/parquet/")
    return pq.read_table(io.BytesIO(answer.getvalue()))


def write_round(exported: pa.Table, folder: Path) -> Path:
    """A round whose households are those of the record's file."""
    folder.mkdir()
    kept = exported.select(["household", "area_code", "members", "rooms"])
    pq.write_table(
        kept.rename_columns(["household_id", "area_code", "members", "rooms"]), folder / "households.parquet"
    )
    lines = ["code,name,population", *(f"{code},{code},400" for code in PLACES)]
    (folder / "areas.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "measure.yaml").write_text(MEASURE, encoding="utf-8")
    (folder / "round.yaml").write_text(ROUND, encoding="utf-8")
    return folder / "round.yaml"


def write(file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(
            "household_key person_key area_code role given family father national_id phone birth_date rooms".split()
        )
        given, family, father, number, phone, born = VALUES
        rows.writerow([1, "1-1", PLACES[0], "head", "حسن", "کریمی", "", "", "", "1970-01-01", 49])
        rows.writerow([1, "1-2", PLACES[0], "spouse", given, family, father, number, phone, born, 49])
        for n in range(2, 62):
            rows.writerow([n, f"{n}-1", PLACES[n % 3], "head", "حسن", "کریمی", "", "", "", "1970-01-01", 1 + n % 7 % 3])


def look(home: Home, person: str, **who: str) -> str:
    """What those among the members, or all, are told."""
    said = home.python(LOOK.format(values=VALUES, person=person, root=str(ROOT), who=who))
    return said[said.index("TOLD") :].strip()


def erased_everywhere(home: Home, folder: Path) -> None:
    kept = folder / "kept"
    kept.mkdir()
    write(folder / "list.csv")
    home.python(BRING.format(root=str(ROOT), folder=str(folder), file=str(folder / "list.csv"), kept=str(kept)))
    person = home.python(WHO).split()[-1]
    before = look(home, person, **SOME)
    for way in (
        "('Person', 'نیلوفر')",  # each would be found
        "('audit', 'نیلوفر')",
        "('search', 'نیلوفر')",
        "('search', '0499370899')",
        "('searched file', '09151234567')",
        "('api search', '0499370899')",
        "('by id', 'identity')",
        "('by id', 'api/persons')",
        "FOUND 1 1 None",
    ):
        assert way in before, way
    rounds_say(home, erased=0)
    home.python(ERASE)
    nothing_told(home, person, **SOME)
    home.command("restore", str(kept / "record"), "--keys", str(kept / "keys"), "--replace")
    nothing_told(home, person)
    for file in home.folder.rglob("*"):
        if file.is_file() and file.suffix != ".log":
            whole = file.read_bytes()
            assert not [value for value in VALUES[:5] if value.encode() in whole], file


def nothing_told(home: Home, person: str, **who: str) -> None:
    after = look(home, person, **who)
    assert after.startswith("TOLD [] PAGES"), after
    assert after.endswith("FOUND 0 0 None")
    assert int(after.split()[3]) > (40 if who else 100), after
    rounds_say(home, erased=1)


def rounds_say(home: Home, erased: int) -> None:
    said = home.command("rounds", "verify")
    assert "verified" in said, said
    assert f"erased since: {erased} " in said, said


def test_who_was_erased_is_told_by_nothing(tmp_path):
    erased_everywhere(Home(tmp_path / "home"), tmp_path)


@pytest.mark.postgres
@pytest.mark.prove
def test_who_was_erased_is_told_by_nothing_on_postgresql(tmp_path, postgres_databases):
    erased_everywhere(Home(tmp_path / "home", postgres_databases), tmp_path)
