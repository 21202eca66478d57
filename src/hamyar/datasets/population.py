"""Households and persons of the fictive province, county by county, each from a seed of its own.

Persons by county, sex and five-year age are taken as given; households are formed from them. What a household has or
lacks is chosen by a latent score, as many as the county's margin says, so that the margins hold to the rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hamyar.datasets.families import Families, families
from hamyar.datasets.hardship import COUNTY_SHARE, STRATA, STRATUM_EFFECT, amenities, county_hardship, field, tilted
from hamyar.datasets.schooling import Persons, school_and_work, top
from hamyar.datasets.tree import Booleans, Floats, Integers, Row, largest_remainder, table, tree

Progress = Callable[[int, int, str], None]

FULL = 1_938_703  # households of the census
BLOCK = 40  # households of a city block; a village or section of a village is a block too
SMALLEST_BLOCK = 8
HELD = [
    "electricity",
    "piped_water",
    "piped_gas",
    "bath",
    "kitchen",
    "sewer",
    "internet",
    "telephone",
    "television",
    "radio",
    "computer",
    "bicycle",
    "motorcycle",
    "animal_cart",
    "refrigerator",
    "car",
]
CATEGORIES = {
    "stratum": STRATA,
    "head_age_band": ("15-29", "30-44", "45-59", "60+"),
    "tenure": ("owner", "renter", "free", "service", "other"),
    "floor_material": ("finished", "earth"),
    "wall_material": ("durable", "adobe", "rudimentary"),
    "roof_material": ("durable", "wood", "rudimentary"),
    "sanitation": ("private_improved", "shared", "unimproved", "none"),
    "drinking_water": ("piped", "protected", "unprotected"),
    "cooking_fuel": ("gas", "electricity", "kerosene", "solid"),
    "relation": ("head", "spouse", "child", "other"),
    "activity": ("employed", "unemployed", "inactive"),
}


@dataclass(frozen=True)
class Chunk:
    """One county: `households` and `persons` as columns of numbers; `tally` has counts for each row of `places`."""

    county: str
    places: pd.DataFrame
    households: dict[str, Any]
    persons: dict[str, Any]
    tally: pd.DataFrame


def chunks(households: int, seed: int, progress: Progress | None = None) -> Iterator[Chunk]:
    """The counties in order of code. Each has its own stream of random numbers, so none depends on another."""
    margins = table("margins.csv")
    counts = largest_remainder(margins.households, households)
    own, *streams = np.random.SeedSequence(seed).spawn(len(margins) + 1)
    rng = np.random.Generator(np.random.PCG64(own))
    shares = _shares(margins, county_hardship(margins, rng))
    places = tree().settlements.assign(field=_field(rng))
    persons = persons_by_age(households)
    done = 0
    for k, margin in enumerate(shares.to_dict("records")):
        here = places[places.county_code == margin["code"]]
        generator = np.random.Generator(np.random.PCG64(streams[k]))
        yield _county(margin, here, int(counts[k]), persons[k], generator)
        done += int(counts[k])
        if progress:
            progress(done, households, "households")


def _field(rng: np.random.Generator) -> Floats:
    places = tree().settlements
    return field(places.lat.to_numpy(), places.lon.to_numpy(), rng)


def persons_by_age(households: int) -> Integers:
    """(counties, 2, 21): persons by county, sex (male, female) and age, in proportion to the census."""
    census = table("ages.csv").set_index(["code", "sex"]).to_numpy().reshape(-1, 2, 21)
    total = census.sum((1, 2))
    people = largest_remainder(total, round(total.sum() * households / FULL))
    found = [largest_remainder(one.ravel(), n) for one, n in zip(census, people, strict=True)]
    return np.array(found).reshape(census.shape)


def _shares(margins: pd.DataFrame, hardship: Floats) -> pd.DataFrame:
    """The margins with every county's share of households that lack each amenity, and of children out of school."""
    weight = margins.households.to_numpy(float)
    lacking = {str(name): tilted(row.lacking, row.tilt, hardship, weight) for name, row in amenities().iterrows()}
    out_of_school = tilted(0.065, 0.9, hardship, weight)
    return margins.assign(hardship=hardship, out_of_school=out_of_school, **lacking)


def spans(sizes: Integers, kinds: Integers) -> list[int]:
    """Households of each block. Settlements stand in a row: a large one is cut into blocks, a town into two at least;
    small ones of one kind that follow each other make one block together."""
    found: list[int] = []
    joins = False
    for k, size in enumerate(sizes.tolist()):
        least = 2 if kinds[k] and size >= 2 * SMALLEST_BLOCK else 1
        parts = largest_remainder(np.ones(max(least, round(size / BLOCK))), size).tolist()
        if joins and kinds[k] == kinds[k - 1]:
            found[-1] += parts.pop(0)
        found += parts
        joins = found[-1] < SMALLEST_BLOCK
    return found


def _county(margin: Row, places: pd.DataFrame, households: int, ages: Integers, rng: np.random.Generator) -> Chunk:
    places = places.assign(rural=places.kind == "village").sort_values(["rural", "code"], ignore_index=True)
    sizes = _sizes(places, households)
    stratum = pd.Index(STRATA).get_indexer(pd.Index(places.stratum))
    block = spans(sizes, stratum)
    settlement = np.repeat(np.arange(len(places)), sizes)
    chance = rng.normal(0, 1, (len(places), 1 + len(amenities())))  # a settlement's own luck, per thing
    common = STRATUM_EFFECT[stratum] + 0.3 * places.field.to_numpy() + 0.35 * chance[:, 0]
    own = rng.normal(0, 1, households)
    hardship = common[settlement] + np.repeat(rng.normal(0, 0.3, len(block)), block) + own
    who = families(ages, hardship, rng)
    lead = np.repeat(hardship, who.members), np.repeat(chance[settlement, 0], who.members)
    did = school_and_work(margin, who, *lead, rng)
    level = hardship + COUNTY_SHARE * margin["hardship"]
    lacks = _lacking(margin, hardship, stratum[settlement], chance[settlement, 1:], rng)
    counted = _counted(who, did)
    homes = {
        "settlement": settlement,
        "stratum": stratum[settlement],
        "block": np.repeat(np.arange(len(block)), block),
        **counted,
        **_dwelling(lacks, level, who.members, places.rural.to_numpy()[settlement], rng),
        **_welfare(lacks, level, counted, rng),
    }
    return Chunk(
        margin["code"],
        places,
        homes,
        _persons_of(who, did),
        _tally(homes, who, did, len(places)),
    )


def _sizes(places: pd.DataFrame, households: int) -> Integers:
    """Households of each settlement, towns before villages, at least one each."""
    weight, rural = places.size_.to_numpy(), places.rural.to_numpy()
    town, country = largest_remainder([weight[~rural].sum(), weight[rural].sum()], households)
    parts = (weight[~rural], int(town)), (weight[rural], int(country))
    return np.concatenate([largest_remainder(part, total, least=1) for part, total in parts])


def _lacking(
    margin: Row, hardship: Floats, stratum: Integers, chance: Floats, rng: np.random.Generator
) -> dict[str, Booleans]:
    """Which households lack each amenity: as many as the county's margin says."""
    found = {}
    for k, (name, row) in enumerate(amenities().iterrows()):
        score = row.hardship * hardship + row[list(STRATA)].to_numpy(float)[stratum] + row.settlement * chance[:, k]
        share = round(margin[str(name)] * len(hardship))
        found[str(name)] = top(score + rng.logistic(size=len(hardship)), share)
    return found


def _persons_of(who: Families, did: Persons) -> dict[str, Any]:
    names = ("household", "relation", "female", "age")
    return {name: getattr(who, name) for name in names} | {
        "literate": did.literate,
        "student": did.student,
        "activity": np.where(did.employed, 0, np.where(did.unemployed, 1, 2)),
    }


def _counted(who: Families, did: Persons) -> dict[str, Any]:
    """What a household's columns say of its persons."""
    starts = np.cumsum(who.members) - who.members

    def count(where: Booleans) -> Integers:
        return np.add.reduceat(where.astype(np.int32), starts)

    adult, school = who.age >= 15, (who.age >= 6) & (who.age <= 17)
    employed, unemployed = count(did.employed), count(did.unemployed)
    return {
        "members": who.members,
        "adults": count(adult),
        "literate_adults": count(adult & did.literate),
        "school_age_children": count(school),
        "children_out_of_school": count(school & ~did.student),
        "max_years_schooling": np.maximum.reduceat(did.years, starts),
        "head_female": who.female[starts],
        "head_age_band": np.searchsorted([30, 45, 60], who.age[starts], side="right"),
        "active": employed + unemployed,
        "employed": employed,
        "unemployed": unemployed,
    }


def _dwelling(
    lacks: dict[str, Booleans], hardship: Floats, members: Integers, rural: Booleans, rng: np.random.Generator
) -> dict[str, Any]:
    """The dwelling's columns; categories as numbers in the order of `CATEGORIES`."""
    n = len(hardship)
    u = rng.random((6, n))
    rented = np.where(rural, 0.25, 0.62)
    tenure = np.where(u[0] < rented, 1, np.where(u[0] < 0.96, 2, np.where(u[0] < 0.995, 3, 4)))
    dry = lacks["piped_water"]
    solid = lacks["piped_gas"] & (u[1] < 0.03 * np.exp(0.7 * hardship))
    rooms = np.rint(3.35 - 0.55 * hardship + 0.16 * (members - 3.3) + rng.normal(0, 0.75, n))
    area = 90 * np.exp(-0.17 * hardship + 0.05 * (members - 3.3) + rng.normal(0, 0.25, n))
    has = {name: ~lacks[name] for name in HELD}
    return has | {
        "rooms": np.clip(rooms, 1, 9).astype(np.int64),
        "floor_area": np.clip(np.rint(area), 12, 450),
        "tenure": np.where(lacks["home_of_own"], tenure, 0),
        "floor_material": lacks["finished_floor"].astype(np.int64),
        "wall_material": np.where(lacks["durable_wall"], np.where(u[2] < 0.93, 1, 2), 0),
        "roof_material": np.where(lacks["durable_roof"], np.where(u[3] < 0.95, 1, 2), 0),
        "sanitation": np.where(lacks["own_toilet"], np.where(u[4] < 0.6, 1, np.where(u[4] < 0.93, 2, 3)), 0),
        "drinking_water": np.where(dry, np.where(u[5] < 0.65, 1, 2), 0),
        "water_minutes": np.where(dry, np.clip(np.rint(rng.gamma(2, 11, n)), 1, 180), 0).astype(np.int64),
        "cooking_fuel": np.where(solid, 3, np.where(u[1] > 0.999, 1, np.where(u[1] > 0.998, 2, 0))),
    }


def _welfare(
    lacks: dict[str, Booleans], hardship: Floats, counted: dict[str, Any], rng: np.random.Generator
) -> dict[str, Any]:
    """Health and money; rial a month, rounded to 100,000."""
    members, n = counted["members"], len(hardship)
    part = np.ceil(members * rng.uniform(0.3, 1.6, n)).astype(np.int64)
    uninsured = np.where(lacks["insurance"], np.minimum(part, members), 0)
    work = 0.1 * counted["employed"] - 0.15 * counted["unemployed"]
    total = np.exp(18.5 - 0.36 * hardship + 0.5 * np.log(members / 3.3) + work + rng.normal(0, 0.36, n))
    share = np.minimum(np.exp(-2.95 + 0.5 * hardship + 0.75 * rng.normal(0, 1, n)), 0.9)
    return {
        "insured_members": members - uninsured,
        "undernourished_members": np.where(lacks["food"], np.minimum(part, members), 0),
        "child_deaths": lacks["child_survival"].astype(np.int64),
        "total_expenditure": np.rint(total / 1e5) * 1e5,
        "health_expenditure": np.rint(total * share / 1e5) * 1e5,
        "income": np.rint(total * np.exp(0.06 + rng.normal(0, 0.28, n)) / 1e5) * 1e5,
    }


def _tally(homes: dict[str, Any], who: Families, did: Persons, settlements: int) -> pd.DataFrame:
    """Counts per settlement from which the indicators of every area are made."""
    at = np.repeat(homes["settlement"], who.members)
    active, ten = did.employed | did.unemployed, who.age >= 10
    persons = {
        "population": np.ones(len(at), bool),
        "young_or_old": (who.age < 15) | (who.age >= 65),
        "active": active,
        "unemployed": did.unemployed,
        "illiterate_active": active & ~did.literate,
        "women": ten & who.female,
        "active_women": active & who.female,
    }
    places = homes["settlement"]
    lacking = {f"no_{name}": ~homes[name] for name in ("piped_gas", "internet", "sewer", "car")}
    lacking["households"] = np.ones(len(places), bool)
    return pd.DataFrame(
        {name: np.bincount(at[where], minlength=settlements) for name, where in persons.items()}
        | {name: np.bincount(places[where], minlength=settlements) for name, where in lacking.items()}
    )
