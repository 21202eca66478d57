"""A backup is whole, keeps the keys apart, and never brings back who was erased."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.hamyar_server.home import Home

PEOPLE = """
import sys
from django.core.management import call_command
call_command("migrate", verbosity=0, skip_checks=True)
from hamyar_server.areas.models import Area
from hamyar_server.core import audit
from hamyar_server.core.encryption import read_many
from hamyar_server.registry import actions
from hamyar_server.registry.incoming import NewHousehold, NewIdentifier, NewPerson
from hamyar_server.registry.models import Household, Identifier, Person
from hamyar_server.registry.names import Name

def told():
    people = list(Person.objects.order_by("pk"))
    print(read_many(people, "name"), [str(p) if p.mask else "gone" for p in people], read_many(list(Identifier.objects.all()), "value"))
    print(audit.verify())
"""
REGISTER = """
area = Area.objects.create(code="77", name="a", key="a", kind="province", path="77", depth=0, stratum="other")
head = NewPerson(Name("رضا", "کریمی"), "head", identifiers=[NewIdentifier("identity", "0499370899")])
child = NewPerson(Name("علی", "کریمی"), "child")
home = actions.register_household(by=None, new=NewHousehold(area, [head, child], {"rooms": 2}))
"""


def restored(home: Home, kept: Path, *more: str) -> str:
    return home.python(
        f'from django.core.management import call_command\ncall_command("restore", "{kept / "record"}", '
        f'"--keys", "{kept / "keys"}", *{list(more)!r})\n{PEOPLE}\ntold()'
    )


BACK_UP = 'call_command("backup", "{0}/record", "--keys", "{0}/keys")\n'


@pytest.fixture(scope="module")
def before(tmp_path_factory) -> Path:
    """A home with a household of two, and its backup in `kept`."""
    folder = tmp_path_factory.mktemp("before")
    Home(folder / "home").python(PEOPLE + REGISTER + BACK_UP.format(folder / "kept"))
    return folder


@pytest.fixture
def place(before: Path, tmp_path: Path) -> Path:
    """A copy of both, for one test."""
    shutil.copytree(before, tmp_path / "place")
    return tmp_path / "place"


def story(here: Home, elsewhere: Home, tmp_path: Path) -> None:
    """Both homes are empty, or `here` holds the household and `kept` its backup."""
    kept, newer = tmp_path / "kept", tmp_path / "newer"
    begin = "" if kept.exists() else REGISTER + BACK_UP.format(kept)
    erase = 'actions.erase_person(by=None, person=Household.objects.get().head, ground="request")\n'
    here.python(PEOPLE + begin + erase + BACK_UP.format(newer))
    assert {file.name for file in (kept / "keys").iterdir()} >= {"keys.json", "erased.txt", "manifest.json"}
    held = b"".join(file.read_bytes() for file in (kept / "record").rglob("*") if file.is_file())
    for secret in ("کریمی", "0499370899", json.loads((kept / "keys/keys.json").read_text())["wrapping"]["1"]):
        assert secret.encode() not in held

    said = restored(here, kept, "--replace")
    assert "erased 1, forgotten again 1" in said
    assert "'ر. ک.'" not in said
    assert '["علی", "کریمی", ""]' in said
    assert "0499370899" not in said
    assert "fault=None" in said

    said = restored(elsewhere, kept)
    assert "0499370899" in said, "the backup of the keys opens the backup of the record"
    said = restored(elsewhere, kept, "--replace", "--erased", str(newer / "record" / "erased.txt"))
    assert "0499370899" not in said
    assert "fault=None" in said


def test_a_restore_never_brings_back_who_was_erased_on_sqlite(place):
    story(Home(place / "home"), Home(place / "elsewhere"), place)
    refused = Home(place / "home").command(
        "restore", f"{place}/kept/record", "--keys", f"{place}/kept/keys", fails=True
    )
    assert "HY-K022" in refused


@pytest.mark.prove
@pytest.mark.postgres
def test_a_restore_never_brings_back_who_was_erased_on_postgresql(tmp_path, postgres_database):
    story(Home(tmp_path / "here", postgres_database()), Home(tmp_path / "elsewhere", postgres_database()), tmp_path)


def test_a_backup_that_is_not_whole_is_refused_and_says_which_file(place):
    file = place / "kept/record/record.sqlite3"
    spoiled = bytearray(file.read_bytes())
    spoiled[5000] ^= 1
    file.write_bytes(spoiled)
    said = Home(place / "new").command("restore", f"{place}/kept/record", "--keys", f"{place}/kept/keys", fails=True)
    assert "HY-K021" in said
    assert "record.sqlite3" in said
    assert not (place / "new/hamyar.sqlite3").exists()


def test_a_restore_that_was_cut_off_is_said_and_nothing_is_served(place):
    (place / "home/restoring.part").touch()
    with pytest.raises(AssertionError, match="HY-K023"):
        Home(place / "home").python("import hamyar_server.wsgi")


def test_what_is_not_two_new_folders_apart_is_refused(tmp_path, settings):
    from hamyar.errors import HamyarError
    from hamyar_server.core.backups import back_up

    (tmp_path / "old").mkdir()
    for record, keys in (("old", "new"), ("new", "old"), ("new", "new/keys"), ("new/record", "new"), ("new", "new")):
        with pytest.raises(HamyarError, match="HY-K020"):
            back_up(tmp_path / record, tmp_path / keys)
    assert [file.name for file in tmp_path.iterdir()] == ["old"]


@pytest.mark.postgres
def test_a_record_moves_from_sqlite_to_postgresql_whole(place, postgres_databases):
    home = Home(place / "home")
    addresses = list(postgres_databases.values())
    said = home.python(
        f"{PEOPLE}actions.erase_person(by=None, person=Person.objects.get(mask='ع. ک.'), ground='request')\n"
        f'told()\ncall_command("copy-to", *{addresses})'
    )
    for counted in ("registry.Person 2", "keys.PersonKey 1", "keys.Erased 1", "core.AuditEvent 4"):
        assert counted in said.splitlines()
    there = Home(place / "home", postgres_databases)
    assert there.python(f"{PEOPLE}told()").splitlines() == said.splitlines()[:2]
    register = "NewHousehold(Area.objects.get(), [NewPerson(Name('نو'), 'head')])"
    written = f"{PEOPLE}actions.register_household(by=None, new={register})\nprint(audit.verify().fault)"
    assert there.python(written).strip() == "None"
    assert "HY-K030" in home.command("copy-to", *addresses, fails=True)


def test_the_copy_of_sqlite_is_one_moment(before):
    with sqlite3.connect(before / "kept/record/record.sqlite3") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (events,) = connection.execute("SELECT max(number) FROM core_auditevent").fetchone()
    assert json.loads((before / "kept/record/manifest.json").read_text())["audit"]["number"] == events == 3


DESTROY = """
call_command("migrate", database="keys", verbosity=0, skip_checks=True)
from hamyar_server.core.ids import uuid7
from hamyar_server.core.keys import store
from hamyar_server.core.keys.models import PersonKey
people = [uuid7() for _ in range(200)]
store.make(people)
wrapped = [bytes(row.wrapped).hex() for row in PersonKey.objects.filter(pk__in=people[50:60])]
store.rotate(batch=70)
wrapped += [bytes(row.wrapped).hex() for row in PersonKey.objects.filter(pk__in=people[50:60])]
store.destroy(people[50:60])
print(*wrapped)
"""


def test_no_file_of_the_store_holds_a_destroyed_key_in_any_version(tmp_path):
    said = Home(tmp_path).python("from django.core.management import call_command\n" + DESTROY).split()
    held = b"".join(file.read_bytes() for file in tmp_path.glob("persons.keys*"))
    assert len(held) > 10_000
    assert len(said) == 20
    assert [key for key in said if bytes.fromhex(key) in held] == []
