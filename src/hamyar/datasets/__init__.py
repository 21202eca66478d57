"""The demonstration: a fictive province with the margins of a real one, its truth known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hamyar.datasets import files, sampling
from hamyar.datasets.areas import areas_with_indicators
from hamyar.datasets.population import FULL, Progress, chunks
from hamyar.errors import error
from hamyar.tables import write

__all__ = ["Province", "draw_survey", "province"]

SMALLEST = 20_000
_SURVEY, _COVERAGE, _NOMINATIONS = 1, 2, 3  # streams of random numbers


@dataclass(frozen=True)
class Province:
    """Where the files of a province lie."""

    directory: Path

    @property
    def areas(self) -> Path:
        return self.directory / "areas.parquet"

    @property
    def households(self) -> Path:
        return self.directory / "households.parquet"

    @property
    def persons(self) -> Path:
        return self.directory / "persons.parquet"

    @property
    def survey(self) -> Path:
        return self.directory / "survey.parquet"

    @property
    def coverage(self) -> Path:
        return self.directory / "coverage.parquet"

    @property
    def nominations(self) -> Path:
        return self.directory / "nominations.parquet"

    @property
    def truth(self) -> Path:
        return self.directory / "truth.parquet"

    @property
    def round_counties(self) -> Path:
        return self.directory / "round-counties.yaml"

    @property
    def round_places(self) -> Path:
        return self.directory / "round-places.yaml"

    @cached_property
    def frame(self) -> sampling.Frame:
        """The clusters that a sample may draw."""
        return sampling.Frame.of(self.households)

    @cached_property
    def homes(self) -> pa.Table:
        """All households in memory, for many samples from one province."""
        return pq.read_table(self.households).combine_chunks()


def province(
    directory: str | Path, households: int = 60_000, seed: int = 1405, progress: Progress | None = None
) -> Province:
    """Write the fictive province to `directory`: the same seed and size give the same bytes.

    households: from 20,000 to 1,938,703 (the census); seed: 0 or more; progress(done, total, what) is called along the
    way, what is "households", then "files". Raises HamyarError HY-D001, HY-D002 for a size or a seed outside.
    """
    if not SMALLEST <= households <= FULL:
        raise error(
            "HY-D001",
            en=f"{households:,} households: choose a number from {SMALLEST:,} to {FULL:,}.",
            fa=f"{households:,} خانوار: عددی از {SMALLEST:,} تا {FULL:,} انتخاب کنید.",
        )
    if seed < 0:
        raise error("HY-D002", en=f"seed {seed}: choose 0 or more.", fa=f"بذر {seed}: عددی از ۰ به بالا انتخاب کنید.")
    found = Province(Path(directory))
    found.directory.mkdir(parents=True, exist_ok=True)
    tell = progress or _silent
    settlements = _write_population(found, households, seed, tell)
    _write_samples(found, seed)
    tell(1, 3, "files")
    _write_rounds(found)
    tell(2, 3, "files")
    _write_truth(found, settlements)
    tell(3, 3, "files")
    return found


def _silent(done: int, total: int, what: str) -> None:
    """Nobody listens to the progress."""


def _write_population(found: Province, households: int, seed: int, progress: Progress) -> pd.DataFrame:
    """Homes, people and areas; gives the counts per settlement."""
    tallies = []
    with (
        files.Writer(found.households, contract="household") as homes,
        files.Writer(found.persons, contract="person") as people,
    ):
        for chunk in chunks(households, seed, progress):
            homes.write(files.households(chunk))
            people.write(files.persons(chunk))
            tallies.append(chunk.tally.assign(code=chunk.places.code))
    settlements = pd.concat(tallies, ignore_index=True)
    areas = areas_with_indicators(settlements)
    write(areas, found.areas, contract="area", universe="census", provenance="synthetic")
    return settlements


def _write_samples(found: Province, seed: int) -> None:
    for stream, path, choose in (
        (_SURVEY, found.survey, sampling.survey),
        (_COVERAGE, found.coverage, sampling.coverage),
    ):
        rng = _stream(seed, stream)
        drawn = choose(found.frame, rng)
        sample = sampling.as_sample(files.rows(found.households, drawn.positions), drawn, rng)
        write(sample, path, contract="survey_sample", universe="probability_sample", provenance="synthetic")
    named = sampling.nominated(found.households, _stream(seed, _NOMINATIONS))
    nominated = files.rows(found.households, named).drop_columns(["block"])
    write(nominated, found.nominations, contract="household", universe="list", provenance="synthetic")


def _write_rounds(found: Province) -> None:
    for path in (found.round_counties, found.round_places):
        path.write_bytes((resources.files(__package__) / path.name).read_bytes())


def _write_truth(found: Province, settlements: pd.DataFrame) -> None:
    from hamyar.datasets.truth import true_rates  # the engine takes a second to import

    population = settlements.set_index("code").population
    areas = pd.read_parquet(found.areas, columns=["code", "kind"])
    rates = true_rates(found.households, population, areas)
    write(rates, found.truth, universe="census", provenance="synthetic")


def _stream(seed: int, stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, stream]))


def draw_survey(province: Province, seed: int) -> pd.DataFrame:
    """Another survey of the same province and design: what a simulation repeats.

    The province's households stay in memory from the first call on.
    """
    rng = _stream(seed, _SURVEY)
    drawn = sampling.survey(province.frame, rng)
    return sampling.as_sample(province.homes.take(pa.array(drawn.positions)), drawn, rng)
