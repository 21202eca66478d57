"""Families formed of exactly the persons that the census counts: heads, couples, children with parents of a fitting age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hamyar.datasets.tree import Booleans, Floats, Integers, largest_remainder

HEAD, SPOUSE, CHILD, OTHER = range(4)

# By five-year age, 0–4 … 100+: who heads a household, who of the heads is a husband, who of the others is a wife.
MALE_HEAD = np.array([0, 0, 0, 1, 25, 68, 88, 94, 96, 97, 97, 97, 97, 96, 95, 93, 90, 85, 80, 70, 60]) / 100
FEMALE_HEAD = np.array([0, 0, 0, 0.4, 1.5, 3, 5, 7, 9, 12, 15, 19, 25, 33, 43, 52, 57, 60, 60, 57, 50]) / 100
HUSBAND = np.array([0, 0, 0, 30, 70, 88, 93, 94, 95, 95, 94, 93, 92, 90, 87, 82, 74, 64, 52, 40, 30]) / 100
WIFE = np.array([0, 0, 0, 13, 52, 78, 87, 90, 91, 90, 89, 86, 82, 74, 64, 50, 36, 24, 14, 8, 5]) / 100


@dataclass(frozen=True)
class Families:
    """Who lives with whom: one entry per person, by household, the head first, then spouse, children by age, others;
    `members` has one entry per household."""

    household: Integers
    relation: Integers
    female: Booleans
    age: Integers
    members: Integers


def families(ages: Integers, hardship: Floats, rng: np.random.Generator) -> Families:
    """Forms households, one per entry of `hardship`, of exactly the persons in ages (2, 21)."""
    households = len(hardship)
    heads, couples, wives, rest = _roles(ages, households)
    order = rng.permutation(households)
    head_age, head_female = _people(heads, rng)
    head_age, head_female, married = head_age[order], head_female[order], _first(heads, couples)[order]
    husbands = np.flatnonzero(married)
    husbands = husbands[np.argsort(head_age[husbands] + rng.normal(0, 3, len(husbands)), kind="stable")]
    wife_age = np.sort(_people(np.array([np.zeros(21, int), wives]), rng)[0])
    parent_age = head_age.copy()
    parent_age[husbands] = wife_age
    rest_age, rest_female = _people(rest, rng)
    home, relation = _homes(rest_age, parent_age, head_female, married, hardship, rng)
    wed = np.ones(len(husbands), bool)
    joined = (
        np.concatenate([np.arange(households), husbands, home]),
        np.concatenate([np.full(households, HEAD), wed * SPOUSE, relation]),
        np.concatenate([head_female, wed, rest_female]),
        np.concatenate([head_age, wife_age, rest_age]),
    )
    line_up = np.argsort(joined[0] * 1024 + joined[1] * 256 - joined[3], kind="stable")
    household, relation, female, age = (values[line_up] for values in joined)
    return Families(household, relation, female, age, np.bincount(household, minlength=households))


def _roles(ages: Integers, households: int) -> tuple[Integers, Integers, Integers, Integers]:
    """How many persons of each sex and age are heads (2, 21), husbands among them (21), wives (21) and others (2, 21)."""
    heads = taken(ages.ravel(), np.r_[MALE_HEAD, FEMALE_HEAD], households).reshape(2, 21)
    rest = ages - heads
    couples = np.rint(heads[0] * HUSBAND).astype(np.int64)
    wives = taken(rest[1], WIFE, int(couples.sum()))
    rest[1] -= wives
    return heads, largest_remainder(couples, int(wives.sum())), wives, rest


def _people(counts: Integers, rng: np.random.Generator) -> tuple[Integers, Booleans]:
    """Age in single years and sex of the persons in counts (2, 21), in order of sex and age."""
    group = np.repeat(np.tile(np.arange(21), 2), counts.ravel())
    return group * 5 + rng.integers(0, 5, len(group)), np.repeat([False, True], counts.sum(1))


def _first(heads: Integers, couples: Integers) -> Booleans:
    """Marks, of the heads in order of sex and age, the first `couples` men of each age."""
    count = heads.ravel()
    within = np.arange(count.sum()) - np.repeat(count.cumsum() - count, count)
    return np.asarray(within < np.repeat(np.r_[couples, np.zeros(21, int)], count))


def _homes(
    age: Integers,
    parent_age: Integers,
    head_female: Booleans,
    married: Booleans,
    hardship: Floats,
    rng: np.random.Generator,
) -> tuple[Integers, Integers]:
    """A household and a relation for each remaining person: with parents of a fitting age; the old with grown children."""
    old = age >= 55
    gap = 17 + rng.gamma(4, 2.4, len(age))
    wanted = np.clip(np.where(old, age - gap, age + gap) // 5, 0, 20).astype(np.int64)
    room = np.where(married, 1.0, np.where(head_female, 0.6, 0.12))
    room = room * rng.gamma(5, 0.2, len(parent_age)) * np.exp(0.2 * hardship)
    home = _placed(wanted, parent_age, room, rng)
    return home, np.where(~old & (parent_age[home] >= age + 14), CHILD, OTHER)


def _placed(wanted: Integers, parent_age: Integers, room: Floats, rng: np.random.Generator) -> Integers:
    """A household for each person, of the five-year group of parents that is wanted or the nearest there is, in
    proportion to its room and evenly, so that sizes vary less than by chance."""
    line_up = np.argsort(parent_age, kind="stable")
    cumulative = np.r_[0.0, room[line_up].cumsum()]
    edges = np.searchsorted(parent_age[line_up], np.arange(0, 110, 5))
    filled = np.flatnonzero(np.diff(edges) > 0)
    group = filled[np.abs(np.arange(21)[:, None] - filled).argmin(1)][wanted]
    low, high = cumulative[edges[group]], cumulative[edges[group + 1]]
    at = np.searchsorted(cumulative, low + (high - low) * _evenly(group, rng), side="right") - 1
    return np.asarray(line_up[np.minimum(at, len(parent_age) - 1)])


def _evenly(group: Integers, rng: np.random.Generator) -> Floats:
    """Numbers in [0, 1), one per entry, spread evenly over each group in random order."""
    count = np.bincount(group, minlength=21)
    order = np.argsort(group + rng.random(len(group)), kind="stable")
    place = np.empty(len(group), np.int64)
    place[order] = np.arange(len(group)) - np.repeat(count.cumsum() - count, count)
    return np.asarray((place + rng.random(len(group))) / count[group])


def taken(available: Integers, rate: Floats, total: int) -> Integers:
    """How many of each group are taken, `total` in all, by rates whose odds are scaled to give it."""
    total = min(total, int(available[rate > 0].sum()))
    low, high = -40.0, 40.0
    for _ in range(80):
        middle = (low + high) / 2
        expected = available * _scaled(rate, middle)
        low, high = (middle, high) if expected.sum() < total else (low, middle)
    expected = np.minimum(available * _scaled(rate, high), available)
    whole = np.floor(expected).astype(np.int64)
    room = available - whole
    order = np.argsort(np.where(room > 0, whole - expected, np.inf), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole


def _scaled(rate: Floats, log_odds: float) -> Floats:
    odds = rate * np.exp(log_odds)
    return np.asarray(odds / (1 - rate + odds))
