"""Schooling and work of every person: who goes to school, works, seeks work and reads, as many as the margins say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hamyar.datasets.families import HEAD, Families
from hamyar.datasets.hardship import COUNTY_SHARE
from hamyar.datasets.tree import Booleans, Floats, Integers, Row

# By five-year age, 0–4 … 100+: log odds of being active.
MALE_ACTIVE = np.array([-9, -9, -5, -1, 1.2, 3, 3.5, 3.5, 3.5, 3.3, 2.9, 2, 1, 0.2, -0.6, -1.6, -3, -4, -5, -6, -6])
FEMALE_ACTIVE = np.array(
    [-9, -9, -5, -1.8, 0, 0.5, 0.5, 0.4, 0.3, 0.1, -0.3, -0.9, -1.6, -2.3, -3, -4, -5, -6, -7, -8, -8]
)


def top(score: Floats, count: int) -> Booleans:
    """Marks the `count` highest scores."""
    marks = np.zeros(len(score), bool)
    if count > 0:
        marks[np.argpartition(score, len(score) - count)[len(score) - count :]] = True
    return marks


@dataclass(frozen=True)
class Persons:
    """Schooling and work of each person, as `Families` orders them."""

    literate: Booleans
    student: Booleans
    employed: Booleans
    unemployed: Booleans
    years: Integers


def school_and_work(margin: Row, who: Families, hardship: Floats, chance: Floats, rng: np.random.Generator) -> Persons:
    """hardship, chance: per person, the household's and the settlement's."""
    age, group = who.age, np.minimum(who.age // 5, 20)

    def noise(where: Booleans) -> Floats:
        return rng.logistic(size=int(where.sum()))

    def mark(where: Booleans, score: Floats, share: float) -> Booleans:
        marks = np.zeros(len(age), bool)
        marks[where] = top(score[where] + noise(where), round(share * int(where.sum())))
        return marks

    school = (age >= 6) & (age <= 17)
    late = 1.6 * (age >= 15) + 0.6 * (age >= 12) + 0.2 * who.female
    out = mark(school, 1.3 * hardship + late + 0.3 * chance, margin["out_of_school"])
    student = school & ~out | mark((age >= 18) & (age <= 24), -0.8 * hardship, 0.36)
    ten = age >= 10
    men = mark(ten & ~who.female, MALE_ACTIVE[group] - 0.7 * hardship - 4 * student, margin["male_activity_10p"])
    lead = 0.8 * (who.relation == HEAD) - 0.2 * hardship
    women = mark(ten & who.female, FEMALE_ACTIVE[group] + lead - 2.5 * student, margin["female_activity_10p"])
    active = men | women
    young = 1.2 * (age < 25) + 0.7 * ((age >= 25) & (age < 30))
    unemployed = mark(active, young + 1.3 * hardship + 0.5 * chance, margin["unemp_rate"])
    trouble = 1.1 * hardship + 0.5 * who.female + 0.4 * chance
    illiterate = mark(active, age / 12 + trouble - 4 * student, margin["illiterate_share_active"])
    outside = (age >= 6) & ~active & ~student
    share = min(0.75, 1.9 * margin["illiterate_share_active"])
    illiterate |= mark(outside, age / 11 + trouble + 2.0 * (age < 15), share)
    literate = (age >= 6) & ~illiterate
    level = hardship + COUNTY_SHARE * margin["hardship"]
    taught = np.clip(12.5 - 0.1 * (age - 25) - 1.7 * level + rng.normal(0, 2.6, len(age)), 1, 20)
    years = np.where(student, np.maximum(age - 6, taught * (age > 18)), taught).astype(np.int64)
    years = np.where(literate, np.clip(years, 0, np.maximum(age - 6, 0)), 0)
    return Persons(literate, student, active & ~unemployed, unemployed, years)
