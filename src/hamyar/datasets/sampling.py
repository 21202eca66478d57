"""Samples and lists of the province's households: survey, coverage sample, nominations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hamyar.datasets.tree import Booleans, Floats, Integers, table

TAKE = 7  # households of a cluster
COVERAGE_CLUSTERS, COVERAGE_TAKE = 6, 8
UNANSWERED = {"income": 0.03, "floor_area": 0.02, "total_expenditure": 0.01, "max_years_schooling": 0.01}


@dataclass(frozen=True)
class Frame:
    """Every cluster (block) of the province, in the file's order: county, stratum, first household, households."""

    block: pd.Series
    county: pd.Series
    stratum: pd.Series
    start: Integers
    size: Integers

    @staticmethod
    def of(path: Path) -> Frame:
        names = ["block", "county_code", "stratum"]
        data = pq.read_table(path, columns=names, read_dictionary=names).combine_chunks()
        block = data["block"].chunk(0).indices.to_numpy()
        start = np.flatnonzero(np.r_[True, block[1:] != block[:-1]])
        first = data.take(pa.array(start)).to_pandas().astype(str)
        return Frame(first.block, first.county_code, first.stratum, start, np.diff(np.r_[start, len(block)]))


@dataclass(frozen=True)
class Drawn:
    """A sample: positions in the file (sorted), weight, stratum and cluster of each household."""

    positions: Integers
    weight: Floats
    stratum: list[str]
    psu: list[str]


def draw(frame: Frame, strata: pd.Series, wanted: dict[str, tuple[int, int]], rng: np.random.Generator) -> Drawn:
    """Two stages: clusters with probability proportional to size, systematically; then households at random.

    strata: code of each cluster's stratum; wanted: stratum → (clusters, households).
    """
    parts = []
    for stratum, (clusters, households) in wanted.items():
        inside = np.flatnonzero((strata == stratum).to_numpy())
        size = frame.size[inside]
        chance = inclusion(size, min(clusters, len(inside)))
        chosen = systematic(chance, rng)
        share = np.bincount(np.arange(households) % len(chosen), minlength=len(chosen))
        for cluster, take in zip(chosen, share, strict=True):
            k, take = inside[cluster], min(int(take), int(size[cluster]))
            weight = size[cluster] / (take * chance[cluster])
            positions = frame.start[k] + rng.choice(size[cluster], take, replace=False)
            parts.append((positions, np.full(take, weight), [stratum] * take, [frame.block[k]] * take))
    positions, weight = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    names, psu = ([value for part in parts for value in part[i]] for i in (2, 3))
    order = np.argsort(positions)
    return Drawn(positions[order], weight[order], [names[k] for k in order], [psu[k] for k in order])


def inclusion(size: Integers, clusters: int) -> Floats:
    """Inclusion probabilities proportional to size, none above one, that sum to `clusters`."""
    certain = np.zeros(len(size), bool)
    while True:
        rest = np.where(certain, 0, size)
        chance = np.where(certain, 1.0, rest / max(rest.sum(), 1) * (clusters - certain.sum()))
        over = (chance > 1) & ~certain
        if not over.any():
            return chance
        certain |= over


def systematic(chance: Floats, rng: np.random.Generator) -> Integers:
    """Which clusters one random start takes, each with its chance; their number is the sum of the chances."""
    edges = np.r_[0.0, chance.cumsum()]
    picks = np.floor(edges - rng.random())
    return np.flatnonzero(np.diff(picks) > 0)


def survey(frame: Frame, rng: np.random.Generator) -> Drawn:
    """A survey of the real sizes by county: strata county × urban (1) or rural (2), two clusters each at least."""
    strata = frame.county + np.where(frame.stratum == "village", "2", "1")
    homes = pd.Series(frame.size).groupby(strata.to_numpy()).sum()
    wanted = {}
    for county, sample in table("margins.csv")[["code", "survey_households"]].itertuples(index=False):
        urban, rural = homes[f"{county}1"], homes[f"{county}2"]
        town = min(max(round(sample * urban / (urban + rural)), 2), sample - 2)
        for stratum, households in ((f"{county}1", town), (f"{county}2", sample - town)):
            wanted[stratum] = (max(2, round(households / TAKE)), int(households))
    return draw(frame, strata, wanted, rng)


def coverage(frame: Frame, rng: np.random.Generator) -> Drawn:
    """A few clusters of every settlement stratum, drawn without a look at the nominations."""
    clusters = (COVERAGE_CLUSTERS, COVERAGE_CLUSTERS * COVERAGE_TAKE)
    return draw(frame, frame.stratum, dict.fromkeys(sorted(frame.stratum.unique()), clusters), rng)


def as_sample(homes: pa.Table, drawn: Drawn, rng: np.random.Generator) -> pd.DataFrame:
    """The households drawn, with their design, a few answers missing at random."""
    found: pd.DataFrame = homes.drop_columns(["block"]).to_pandas()
    for name, share in UNANSWERED.items():
        found[name] = found[name].mask(rng.random(len(found)) < share)
    found["max_years_schooling"] = found["max_years_schooling"].astype("Int32")
    return found.assign(weight=drawn.weight, survey_stratum=drawn.stratum, psu=drawn.psu)


def nominated(path: Path, rng: np.random.Generator) -> Integers:
    """Positions of the households that mayors and village administrations put forward: a biased list.

    Better-connected places put forward more. In towns the poorer are likelier to be named; in villages hardly, and
    the poorest, without car or telephone, are missed.
    """
    columns = ["area_code", "stratum", "members", "total_expenditure", "car", "telephone", "internet"]
    data = pq.read_table(path, columns=columns, read_dictionary=["area_code", "stratum"]).combine_chunks()
    place = data["area_code"].chunk(0).indices.to_numpy()
    ties = rng.normal(0, 0.9, place.max() + 1) + 0.5 * _standard(_share(place, data["internet"].to_numpy()))
    village = pc.equal(data["stratum"].chunk(0).cast(pa.string()), "village").to_numpy(zero_copy_only=False)
    poor = -_standard(np.log(data["total_expenditure"].to_numpy() / data["members"].to_numpy() ** 0.5))
    remote = ~data["car"].to_numpy() & ~data["telephone"].to_numpy()
    score = -4.3 + ties[place] + np.where(village, 0.25, 1.0) * poor - 2.0 * (village & (remote | (poor > 1.5)))
    return np.flatnonzero(rng.random(len(score)) < 1 / (1 + np.exp(-score)))


def _share(place: Integers, marks: Booleans) -> Floats:
    found: Floats = np.bincount(place, weights=marks) / np.maximum(np.bincount(place), 1)
    return found


def _standard(values: Floats) -> Floats:
    found: Floats = (values - values.mean()) / values.std()
    return found
