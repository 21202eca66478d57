"""Row-level security alone: PostgreSQL, a user who is no superuser, and queries that ask no gate."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys

import psycopg
import pytest

DIALOGUE = """
import json, pathlib, tempfile
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from django.core import checks
from django.db import ProgrammingError, transaction
from hamyar_server.core import walls
from hamyar_server.intake.models import Candidate
from hamyar_server.organisations import mandates
from hamyar_server.organisations.models import Function, Mandate
from tests.hamyar_server import cast as of

cast = of.build(pathlib.Path(tempfile.mkdtemp()))
made = {
    "city": of.nomination(cast.mayor, cast.areas["margin"]),
    "other city": of.nomination(cast.other_mayor, cast.areas["station"]),
    "village": of.nomination(cast.administrator, cast.areas["village"]),
    "other village": of.nomination(cast.other_administrator, cast.areas["other_village"]),
}
names = {str(candidate.pk): name for name, candidate in made.items()}
seen, gate = {}, {}
for who, actor in cast.actors.items():
    walls.act_as(actor.membership.pk)
    seen[who] = sorted(names[str(pk)] for pk in Candidate.objects.values_list("pk", flat=True))
    walls.open_again()
    gate[who] = sorted(names[str(pk)] for pk in Candidate.objects.visible_to(actor).values_list("pk", flat=True))
from django.db import Error
from hamyar_server.registry import actions as registry
from hamyar_server.registry.incoming import NewHousehold, NewIdentifier, NewPerson
from hamyar_server.registry.models import (
    Consent, Cover, Household, HouseholdNeed, Identifier, Membership, Need, Person, Vulnerability)
from hamyar_server.registry.names import Name
from tests.hamyar_server.cast import member

HUNG = [Membership, Cover, HouseholdNeed, Identifier, Consent, Vulnerability]
assessor = member("assessor-of-the-city", cast.organisations["municipality"], "assessor")
homes = {}
for name, area in (("city", "margin"), ("other city", "station"), ("village", "village"), ("other village", "other_village")):
    people = [NewPerson(Name(name), "head", identifiers=[NewIdentifier("phone", "1")]), NewPerson(Name("other"))]
    homes[name] = home = registry.register_household(by=None, new=NewHousehold(cast.areas[area], people, covered_by="a"))
    registry.give_consent(by=None, person=home.head, purpose="sensitive", evidence="form")
    registry.record_vulnerability(by=None, person=home.head, kind="kind")
    registry.record_need(by=None, household=home, version=home.version, need=Need.objects.get(pk="road"))
home_names = {home.pk: name for name, home in homes.items()}
READ = [f for f in Function if f not in (Function.ANALYSE, Function.MANAGE_PEOPLE)]
registered, gated, hung = {}, {}, {}
for who, actor in (cast.actors | {"city assessor": assessor}).items():
    walls.act_as(actor.membership.pk)
    registered[who] = sorted(home_names[pk] for pk in Household.objects.values_list("pk", flat=True))
    hung[who] = [Person.objects.count(), *(model.objects.count() for model in HUNG)]
    walls.open_again()
    gated[who] = sorted(home_names[pk] for pk in Household.objects.visible_to(actor, *READ).values_list("pk", flat=True))


def passes(act):
    try:
        with transaction.atomic():
            return bool(act())
    except Error:
        return False


def new_in(area):
    return lambda: registry.register_household(by=None, new=NewHousehold(cast.areas[area], people))


walls.act_as(assessor.membership.pk)
walled = {
    "own": passes(new_in("margin")),
    "other": passes(new_in("station")),
    "changes own": passes(lambda: Household.objects.filter(pk=homes["city"].pk).update(members=2)),
    "changes other": passes(lambda: Household.objects.filter(pk=homes["other city"].pk).update(members=2)),
    "takes away": passes(lambda: Household.objects.filter(pk=homes["city"].pk).update(path=homes["other city"].path)),
    "hangs on other": passes(lambda: Cover.objects.create(household_id=homes["other city"].pk, decile=1, as_of="2026-01-01")),
}
walls.act_as(cast.mayor.membership.pk)
walled["mayor changes"] = passes(lambda: Household.objects.filter(pk=homes["city"].pk).update(members=2))
walls.act_as(cast.director.membership.pk)
registry.erase_person(by=cast.director, person=homes["village"].head, ground="request")
walled["erased"] = Person.objects.filter(erased_at__isnull=False).count()
walls.act_as(None)
no_homes = [Household.objects.count(), *(model.objects.count() for model in HUNG)]
nobody = Candidate.objects.count()
walls.act_as(cast.mayor.membership.pk)
hidden = Candidate.needs.through.objects.count()
changed = Candidate.objects.filter(pk=made["village"].pk).update(reason="x")
try:
    with transaction.atomic():
        Candidate.objects.filter(pk=made["city"].pk).update(area=cast.areas["station"])
    moved = True
except ProgrammingError:
    moved = False
walls.open_again()
Mandate.objects.filter(holder=cast.organisations["municipality"]).update(until="2021-01-01")
walls.act_as(cast.mayor.membership.pk)
expired = Candidate.objects.count()
walls.open_again()
with django.db.connection.cursor() as cursor:
    jobs = {}
    for job in [*mandates.JOBS, "stranger"]:
        cursor.execute("SELECT hamyar_job_does(%s)", [job])
        jobs[job] = sorted(cursor.fetchone()[0])
warned = [w.id for w in checks.run_checks(include_deployment_checks=True, databases=["default"]) if w.id == "hamyar.W001"]
print(json.dumps({"seen": seen, "gate": gate, "nobody": nobody, "hidden": hidden, "changed": changed, "moved": moved,
                  "registered": registered, "gated": gated, "hung": hung, "walled": walled, "no_homes": no_homes,
                  "expired": expired, "jobs": jobs, "warned": warned}))
"""


@pytest.fixture(scope="module")
def walled(postgres: str, tmp_path_factory) -> dict[str, str]:
    """The environment of a record whose database has a user that is no superuser."""
    name = f"wall{secrets.token_hex(4)}"
    with psycopg.connect(f"{postgres}postgres", autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN NOSUPERUSER")
        connection.execute(f"CREATE DATABASE {name} OWNER {name}")
        connection.execute(f"CREATE DATABASE {name}keys OWNER {name}")
    address = postgres.replace("//postgres@", f"//{name}@")
    return {
        "DATABASE_URL": f"{address}{name}",
        "KEYS_DATABASE_URL": f"{address}{name}keys",
        "HAMYAR_HOME": str(tmp_path_factory.mktemp("home")),
        "DJANGO_SETTINGS_MODULE": "hamyar_server.settings",
    }


def answered(environment: dict[str, str], dialogue: str) -> dict[str, object]:
    """What the dialogue printed last, in a process of its own."""
    run = [sys.executable, "-c", dialogue]
    done = subprocess.run(run, env=os.environ | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def told(walled: dict[str, str]) -> dict[str, object]:
    """What each of the cast sees when the application's filter is left out."""
    return answered(walled, DIALOGUE)


pytestmark = pytest.mark.postgres


def test_the_wall_shows_what_the_gate_shows(told):
    assert told["seen"] == told["gate"]
    assert told["seen"]["mayor"] == ["city"]
    assert told["seen"]["governor"] == ["city", "village"]  # both lie in the district
    assert len(told["seen"]["director"]) == 4
    assert told["seen"]["outsider"] == []


def test_without_a_membership_nothing_is_seen(told):
    assert told["nobody"] == 0


def test_nothing_is_written_behind_the_wall_or_moved_there(told):
    assert told["changed"] == 0
    assert told["moved"] is False


def test_what_hangs_on_a_row_is_seen_with_it(told):
    assert told["hidden"] == 1


def test_the_wall_shows_the_households_that_the_gate_shows_and_what_hangs_on_them(told):
    assert told["registered"] == told["gated"]
    assert told["registered"]["mayor"] == ["city"]
    assert told["registered"]["statistician"] == []
    for who, names in told["registered"].items():
        persons, *rest = told["hung"][who]
        assert (persons, rest) == (2 * len(names), [2 * len(names), *[len(names)] * 5]), who
    assert told["no_homes"] == [0] * 7


def test_only_who_assesses_there_writes_a_household_and_erasing_passes_the_wall(told):
    allowed = {what for what, passed in told["walled"].items() if passed}
    assert allowed == {"own", "changes own", "erased"}


def test_an_expired_mandate_opens_nothing(told):
    assert told["expired"] == 0


def test_the_wall_knows_the_jobs_as_the_gate_does(told):
    from hamyar_server.organisations.mandates import JOBS

    assert told["jobs"] == {job: sorted(functions) for job, functions in JOBS.items()} | {"stranger": []}


def test_a_user_who_is_no_superuser_gets_no_warning(told):
    assert told["warned"] == []


STORIES = """
import json
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests.hamyar_server import walled
print(json.dumps(walled.run({stories})))
"""


def holds_in(environment: dict[str, str], stories: int) -> None:
    told = answered(environment, STORIES.format(stories=stories))
    assert (len(told["faults"]), told["faults"][:5]) == (0, [])
    assert len(told["tables"]) == 13, told["tables"]
    acts = ["SELECT", "UPDATE", "DELETE", "INSERT", "move", "erase"]
    assert {f"{act} {how}" for act in acts for how in ("passes", "is stopped")} == set(told["counts"]), told["counts"]
    print(told["counts"])


def test_over_random_grants_the_wall_lets_through_what_they_let_through(walled):
    holds_in(walled, 3)


@pytest.mark.prove
def test_over_many_random_grants_the_wall_lets_through_what_they_let_through(walled):
    holds_in(walled, 60)
