"""People of the demonstration's registry: households of the fictive province with invented names and numbers of nobody.

Identity numbers begin with 999, which no office of the registration ever gave out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.utils import timezone

from hamyar.datasets import Province
from hamyar_server.areas.models import Area
from hamyar_server.core.bulk import slices
from hamyar_server.organisations.models import Organisation
from hamyar_server.registry.actions import register_many
from hamyar_server.registry.incoming import FACTS, NewHousehold, NewIdentifier, NewPerson, Origin
from hamyar_server.registry.models import Household, Import, ImportState, Need, Provenance
from hamyar_server.registry.names import Name
from hamyar_server.registry.particulars import record_need

PERSONS = 60_000
BATCH = 1_500  # households in one transaction
ADULT = 15  # years
SOURCE = "فهرست نمایشی"
ASSESSED = 200  # households of whom needs are written down
NEEDS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "drinking-water": lambda facts: not facts["piped_water"],
    "housing": lambda facts: facts["rooms"] == 1 or not facts["bath"],
    "jobs": lambda facts: facts["unemployed"] > 0,
    "medical-costs": lambda facts: facts["health_expenditure"] > 0.15 * facts["total_expenditure"],
}
CHARITIES = ("مرکز نیکوکاری نمایشی الف", "مرکز نیکوکاری نمایشی ب", "صندوق حمایت نمایشی")
GIVEN = {
    "female": "زهرا فاطمه مریم معصومه سکینه نرگس لیلا مینا الهام سمیه طاهره اعظم نسرین پروین شهناز مهناز سارا نازنین هستی باران یاسمن ریحانه",
    "male": "علی محمد حسین رضا مهدی حسن ابراهیم اسماعیل یوسف احمد محمود عباس جواد مصطفی مجتبی سعید حمید امیر آرش بهرام کیان پارسا",
}  # fmt: skip
FAMILY = "سپیداری مهرگانی آرامه‌ای بامدادی زرافشان نیک‌آویز دژآوین ارغوانی خجسته‌رود سیمین‌رود پرنیان‌کوه آبگینه کاروان‌گذر بنفشه‌زار گل‌پونه تاک‌دشتی روشن‌دره نارون‌پور سروناز کهن‌پل فراخ‌دشت هیرسا تیسپان شادی‌سرا مینودره چشمه‌بیدی بهاردوست رودباری‌نیا کوهسارنژاد دشت‌آرا"  # fmt: skip


def fill(found: Province, registering: Organisation, progress: Callable[[int, int, str], object]) -> int:
    """Register households from all over the province, about PERSONS persons in all; how many persons."""
    chance = random.Random(1405)  # noqa: S311 the same people each time
    chosen = _households(found)
    listed = Import.objects.create(
        organisation=registering, file_name=f"{SOURCE}.parquet", source=SOURCE, provenance=Provenance.SYNTHETIC,
        state=ImportState.DONE, total=len(chosen), done=len(chosen), ended_at=timezone.now(),
    )  # fmt: skip
    origin = Origin(Provenance.SYNTHETIC, SOURCE, timezone.localdate(), listed.pk)
    areas = {area.code: area for area in Area.objects.filter(code__in={row["area_code"] for row in chosen})}
    people, persons = _people(found, {row["household_id"] for row in chosen}), 0
    for some in slices(chosen, BATCH):
        new = [_new(row, people[row["household_id"]], areas[row["area_code"]], chance) for row in some]
        persons += sum(map(len, register_many(by=None, households=new, origin=origin, subject=listed)))
        progress(min(persons, PERSONS), PERSONS, "registry")
    progress(PERSONS, PERSONS, "registry")
    _needs(listed, origin)
    return persons


def _needs(listed: Import, origin: Origin) -> None:
    """What some of the poorest lack, as an assessor would have written it down."""
    known = {need.code: need for need in Need.objects.all()}
    poorest = Household.objects.filter(batch=listed.pk, decile=1).select_related("area").order_by("pk")
    for household in poorest[:ASSESSED]:
        for code in NEEDS:
            if NEEDS[code](household.facts):
                record_need(by=None, household=household, version=household.version, need=known[code], origin=origin)


def _households(found: Province) -> list[dict[str, Any]]:
    """Spread over the whole file, with the decile of each by expenditure per person."""
    columns = ["household_id", "area_code", "members", *FACTS]
    table = pq.read_table(found.households, columns=[name for name in columns if name in _columns(found.households)])
    step = max(1, round(pc.sum(table["members"]).as_py() / PERSONS))
    rows = table.take(list(range(0, table.num_rows, step))).to_pylist()
    ranked = sorted(rows, key=lambda row: (row.get("total_expenditure") or 0) / row["members"])
    for place, row in enumerate(ranked):
        row["decile"] = 10 * place // len(ranked) + 1
    return rows


def _columns(file: Any) -> list[str]:
    return pq.read_schema(file).names


def _people(found: Province, wanted: set[str]) -> dict[str, list[dict[str, Any]]]:
    """Members of the chosen households, in the file's order."""
    members: dict[str, list[dict[str, Any]]] = {}
    for batch in pq.ParquetFile(found.persons).iter_batches(columns=["household_id", "sex", "age", "relation"]):
        for row in batch.to_pylist():
            if row["household_id"] in wanted:
                members.setdefault(row["household_id"], []).append(row)
    return members


def _new(row: dict[str, Any], people: list[dict[str, Any]], area: Area, chance: random.Random) -> NewHousehold:
    family, father = chance.choice(FAMILIES), chance.choice(GIVENS["male"])
    known = chance.random() < 0.7
    covered = known and row["decile"] <= 3 and chance.random() < 0.4
    return NewHousehold(
        area,
        list(_persons(people, family, father, chance)),
        {name: row[name] for name in FACTS if row.get(name) is not None},
        row["decile"] if known else None,
        chance.choice(CHARITIES) if covered else "",
        row["household_id"],
    )


def _persons(people: list[dict[str, Any]], family: str, father: str, chance: random.Random) -> Iterator[NewPerson]:
    today = timezone.localdate()
    for each in people:
        own = family if each["relation"] != "spouse" else chance.choice(FAMILIES)
        name = Name(chance.choice(GIVENS[each["sex"]]), own, father if each["relation"] == "child" else "")
        born = date(today.year - each["age"] - 1, chance.randint(1, 12), chance.randint(1, 28))
        numbers = [NewIdentifier("identity", number(chance))] if each["age"] >= ADULT else []
        yield NewPerson(name, each["relation"], each["sex"], born, numbers)


def number(chance: random.Random) -> str:
    """An identity number of nobody, with the check digit that it would have."""
    first = f"999{chance.randrange(10**6):06}"
    rest = sum(int(digit) * weight for digit, weight in zip(first, range(10, 1, -1), strict=True)) % 11
    return f"{first}{rest if rest < 2 else 11 - rest}"


GIVENS = {sex: names.split() for sex, names in GIVEN.items()}
FAMILIES = FAMILY.split()
