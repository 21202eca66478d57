"""Random stories on PostgreSQL with the application's filter left out: what row-level security alone lets each actor read and write.

Run in a process of its own, whose database has a user that is no superuser. What should be let through is reckoned in Python from the
rows of the grants, and asks neither the gate nor the database's own functions.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from django.apps import apps
from django.db import Error, connection, models, transaction
from django.utils import timezone

from hamyar_server.analysis.models import AreaResult, IndicatorResult
from hamyar_server.areas.models import Area
from hamyar_server.core import walls
from hamyar_server.core.ids import uuid7
from hamyar_server.intake.models import Candidate
from hamyar_server.organisations.actors import Actor
from hamyar_server.registry import erasure
from hamyar_server.registry.models import Consent, Household, Import, ImportedChange, Person, Vulnerability
from tests.hamyar_server import gate
from tests.hamyar_server.test_random_grants import random_story

PEOPLE = {"nominate", "assess", "verify", "decide", "deliver", "see_identities", "audit", "administer"}
EVERY = PEOPLE | {"analyse", "manage_people"}
LAW = {  # app: functions that read, functions that write
    "registry": (PEOPLE, {"assess", "administer"}),
    "intake": (EVERY, {"nominate", "verify", "decide"}),
    "analysis": (EVERY, {"analyse"}),
}
PARENT = {"household": Household, "person": Person, "candidate": Candidate, "result": AreaResult}
Seen = dict[Any, str | None]  # key of a row → where it lies; None where the person was erased
Row = dict[str, Any]
Kept = dict[Any, list[Row]]


def walled_models() -> list[type[models.Model]]:
    """Every model whose table has a wall."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        tables = {name for (name,) in cursor.fetchall()}
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.db_table in tables]


def lying(model: type[models.Model]) -> Seen:
    return {row.pk: None if getattr(row, "erased_at", None) else gate.path_of(row) for row in model._base_manager.all()}


def story(seed: int, folder: Path) -> list[Actor]:
    """A random story with something in every table that has a wall, somebody erased, and somebody whose membership is over."""
    chance = random.Random(seed)
    actors, _, _ = random_story(seed, folder)
    for result in AreaResult.objects.all():
        IndicatorResult.objects.create(result=result, indicator="school", title_fa="ف", title_en="f")
    batch = Import.objects.create(file_name="list", source="list")
    for household in Household.objects.all():
        ImportedChange.objects.create(batch=batch, household=household, before={}, version=1)
    erasure.erase_person(by=None, person=chance.choice(Person.objects.all()), ground="request")
    over = chance.choice(actors).membership
    over.since = over.until = timezone.localdate() - timedelta(days=1)
    over.save()
    return actors


def held_by(actor: Actor) -> dict[str, set[str]]:
    """Function → roots of the areas in which the actor holds it; nothing where the membership is over."""
    membership, today = actor.membership, timezone.localdate()
    held: dict[str, set[str]] = {}
    if membership.since <= today and (membership.until is None or membership.until >= today):
        for function, path in gate.reach(actor):
            held.setdefault(function, set()).add(path)
    return held


class Told:
    """What an actor was let through to, beside what the grants let through."""

    def __init__(self, actor: Actor, model: type[models.Model], held: dict[str, set[str]]) -> None:
        self.model, self.who = model, f"{actor.membership.job} {actor}"
        read, write = LAW[model._meta.app_label]
        self.roots = {
            "read": {r for f in read for r in held.get(f, ())},
            "write": {r for f in write for r in held.get(f, ())},
        }
        self.faults: list[str] = []
        self.counts: Counter[str] = Counter()

    def may(self, act: str, path: str | None) -> bool:
        return (act == "read" and path is None) or (path is not None and gate.lies_in(path, self.roots[act]))

    def compare(self, what: str, passed: Any, right: Any) -> None:
        self.counts[f"{what} {'passes' if right else 'is stopped'}"] += 1
        if passed != right:
            self.faults.append(f"{self.who}: {what} {self.model._meta.db_table}: {passed}, by the grants {right}")


def tried(statement: str, values: list[Any] | None = None) -> set[Any]:
    """Keys of the rows that the statement reached; none where the wall stopped it. Taken back at once."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values or [])
            found = {key for (key,) in cursor.fetchall()}
            transaction.set_rollback(True)
            return found
    except Error as stopped:
        if isinstance(stopped.__cause__, psycopg.errors.InsufficientPrivilege | psycopg.errors.RaiseException):
            return set()
        if isinstance(stopped.__cause__, psycopg.errors.UniqueViolation):  # the wall stands before it
            return {"unique"}
        raise


def place_of(
    model: type[models.Model], chance: random.Random, rows: dict[Any, Seen], kept: Kept
) -> tuple[Row, str | None]:
    """Columns that say where a row lies, at random, and where that is."""
    if model is Vulnerability:  # has a consent of its own person, or another rule of the database stops it first
        one = chance.choice(kept[Consent])
        return {"consent_id": one["id"], "person_id": one["person_id"]}, rows[Person][one["person_id"]]
    names = {field.name for field in model._meta.concrete_fields}
    for name, parent in PARENT.items():
        if name in names and model is not Person:
            key = chance.choice(sorted(rows[parent], key=str))
            return {f"{name}_id": key}, rows[parent][key]
    area = chance.choice(list(Area.objects.all()))
    return ({"path": area.path} if "path" in names else {"area_id": area.pk}), area.path


def acting(actor: Actor, rows: dict[Any, Seen], kept: Kept, chance: random.Random) -> Iterator[Told]:
    """Each table, read and written straight on by this actor."""
    held = held_by(actor)
    for model, seen in rows.items():
        table, key = model._meta.db_table, model._meta.pk.column
        told = Told(actor, model, held)
        for what, act, statement in (
            ("SELECT", "read", f"SELECT {key} FROM {table}"),
            ("UPDATE", "write", f"UPDATE {table} SET {key} = {key} RETURNING {key}"),
            ("DELETE", "write", f"DELETE FROM {table} RETURNING {key}"),
        ):
            passed = tried(statement)
            for row, path in seen.items():
                told.compare(what, row in passed, told.may(act, path))
        for row in kept[model]:
            columns, path = place_of(model, chance, rows, kept)
            changes = ", ".join(f"{name} = %s" for name in columns)
            moved = tried(
                f"UPDATE {table} SET {changes} WHERE {key} = %s RETURNING {key}", [*columns.values(), row[key]]
            )
            told.compare("move", bool(moved), told.may("write", seen[row[key]]) and told.may("write", path))
            new = row | {key: uuid7() if isinstance(model._meta.pk, models.UUIDField) else 10**6} | columns
            marks = ", ".join(["%s"] * len(new))
            made = tried(f"INSERT INTO {table} ({', '.join(new)}) VALUES ({marks}) RETURNING {key}", list(new.values()))
            told.compare("INSERT", bool(made), told.may("write", path))
        if model is Person:
            for row, path in seen.items():
                gone = tried(f"UPDATE {table} SET erased_at = now(), path = '' WHERE id = %s RETURNING id", [row])
                told.compare("erase", bool(gone), told.may("write", path))
        yield told


def raw(model: type[models.Model]) -> list[Row]:
    """The rows as the database holds them, JSON as text."""
    names = [field.column for field in model._meta.concrete_fields]
    json = {field.column for field in model._meta.concrete_fields if isinstance(field, models.JSONField)}
    with connection.cursor() as cursor:
        columns = ", ".join(f"{name}::text" if name in json else name for name in names)
        cursor.execute(f"SELECT {columns} FROM {model._meta.db_table}")
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def run(stories: int) -> dict[str, Any]:
    """Faults, and how often each act passed and was stopped, over so many stories."""
    faults: list[str] = []
    counts: Counter[str] = Counter()
    found = walled_models()
    for seed in range(stories):
        with transaction.atomic():
            actors = story(seed, Path(tempfile.mkdtemp()))
            rows, kept = {model: lying(model) for model in found}, {model: raw(model) for model in found}
            chance = random.Random(seed)
            for actor in actors:
                walls.act_as(actor.membership.pk)
                for told in acting(actor, rows, kept, chance):
                    faults += [f"story {seed}: {fault}" for fault in told.faults]
                    counts += told.counts
                walls.open_again()
            transaction.set_rollback(True)
    return {"faults": faults, "counts": counts, "tables": sorted(model._meta.db_table for model in found)}
