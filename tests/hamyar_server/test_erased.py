"""A person who was erased: no page, search, file, audit page or restored backup gives any value of theirs again."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

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
call_command("backup", {kept!r} + "/record", "--keys", {kept!r} + "/keys")
"""
ERASE = """
from hamyar_server.registry import actions
from hamyar_server.registry.models import Person
person = Person.objects.identified("0499370899").get()
print(person.pk)
actions.erase_person(by=None, person=person, ground="request")
"""
LOOK = """
from django.conf import settings
settings.ALLOWED_HOSTS.append("testserver")
from django.db import connections
from django.test import Client
from hamyar_server.core import audit
from hamyar_server.core.encryption import read_many
from hamyar_server.organisations.actors import CHOSEN
from hamyar_server.organisations.models import Membership as Job
from hamyar_server.core.models import AuditEvent
from hamyar_server.registry.models import Household, Identifier, Import, Person
from django.urls import reverse
def shown():
    for job in Job.objects.all():
        client = Client()
        client.force_login(job.user, backend="django.contrib.auth.backends.ModelBackend")
        session = client.session
        session[CHOSEN] = str(job.pk)
        session.save()
        for address in addresses():
            yield address, client.get(address)
        for value in {values!r}:
            answer = client.post(reverse("registry:households"), {{"q": value}}, follow=True)
            if any(str(home) in answer.content.decode() for home in Household.objects.values_list("pk", flat=True)):
                told.append(("search", value))
def addresses():
    yield "/"
    for name in ("households", "imports", "audit", "alarms"):
        where = reverse(f"registry:{{name}}")
        yield where
    for name, rows in (("household", Household), ("audit-household", Household), ("audit-person", Person)):
        yield from (reverse(f"registry:{{name}}", args=[row.pk]) for row in rows.objects.all())
    for batch in Import.objects.all():
        yield from (reverse(f"registry:{{name}}", args=[batch.pk]) for name in ("import", "refused-rows"))
told, pages = [], 0
for address, answer in shown():
    pages += answer.status_code == 200
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = body.decode("utf-8", "replace")
    told += [(address, value) for value in {values!r} if value in text]
for model, field in ((Person, "name"), (Identifier, "value")):
    told += [(model.__name__, value) for text in read_many(list(model.objects.all()), field) if text for value in {values!r} if value in text]
for event in AuditEvent.objects.filter(sealed__isnull=False):
    told += [("audit", value) for value in {values!r} if value in str(audit.values_of(event))]
print("TOLD", told, "PAGES", pages, "FOUND", Person.objects.identified("0499370899").count(), Person.objects.named("نیلوفر تهمینه‌زاده").count(), audit.verify().fault)
"""


def write(file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(
            "household_key person_key area_code role given family father national_id phone birth_date rooms".split()
        )
        given, family, father, number, phone, born = VALUES
        rows.writerow([1, "1-1", "7701010001000001", "head", "حسن", "کریمی", "", "", "", "1970-01-01", 2])
        rows.writerow([1, "1-2", "7701010001000001", "spouse", given, family, father, number, phone, born, 2])


def look(home: Home) -> str:
    said = home.python(LOOK.format(values=VALUES))
    return said[said.index("TOLD") :].strip()


def erased_everywhere(home: Home, folder: Path) -> None:
    kept = folder / "kept"
    kept.mkdir()
    write(folder / "list.csv")
    home.python(BRING.format(root=str(ROOT), folder=str(folder), file=str(folder / "list.csv"), kept=str(kept)))
    before = look(home)
    assert "('Person', 'نیلوفر')" in before, before  # it would be found
    assert "('audit', 'نیلوفر')" in before
    assert "('search', 'نیلوفر')" in before
    assert "FOUND 1 1 None" in before
    home.python(ERASE)
    after = look(home)
    assert after.startswith("TOLD [] PAGES"), after
    assert after.endswith("FOUND 0 0 None")
    assert int(after.split()[3]) > 10, after
    home.command("restore", str(kept / "record"), "--keys", str(kept / "keys"), "--replace")
    assert look(home).startswith("TOLD [] PAGES")
    assert look(home).endswith("FOUND 0 0 None")
    for file in home.folder.rglob("*"):
        if file.is_file() and file.suffix != ".log":
            whole = file.read_bytes()
            assert not [value for value in VALUES[:5] if value.encode() in whole], file


def test_who_was_erased_is_told_by_nothing(tmp_path):
    erased_everywhere(Home(tmp_path / "home"), tmp_path)


@pytest.mark.postgres
@pytest.mark.prove
def test_who_was_erased_is_told_by_nothing_on_postgresql(tmp_path, postgres_databases):
    erased_everywhere(Home(tmp_path / "home", postgres_databases), tmp_path)
