"""truth.parquet: the true H and M0 of every area, which no sample knows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from hamyar.datasets.areas import by_area
from hamyar.indicators import Measure
from hamyar.poverty import alkire_foster
from hamyar.survey import Design

MEASURE = "iran-household"


def true_rates(households: Path, population: pd.Series, areas: pd.DataFrame) -> pd.DataFrame:
    """One row per area where people live: code, kind, population, H, M0, people (the poor among them).

    population: people by settlement. A city's rates are those of the city with its neighbourhoods.
    """
    found = alkire_foster(households, Measure.load(MEASURE), Design(universe="census"), by="area_code")
    rates = found[found.measure.isin(["H", "M0"])].pivot(index="area_code", columns="measure", values="estimate")
    weighted = rates.mul(population, axis=0).assign(population=population)
    sums = by_area(weighted)
    sums = sums.assign(people=sums.H, H=sums.H / sums.population, M0=sums.M0 / sums.population)
    sums["people"] = sums.people.round().astype("int64")
    kinds = areas.set_index("code").kind
    return sums.assign(kind=kinds).reset_index()[["code", "kind", "population", "H", "M0", "people"]]
