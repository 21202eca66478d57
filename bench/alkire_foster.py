"""Ten million households: Alkire-Foster with errors, against a hand-written query for the same sums."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.measure import in_process, seconds

HOUSEHOLDS = 10_000_000
CHUNK = 1_000_000
STRATA, CLUSTERS, REGIONS = 500, 40, 31  # clusters in each stratum
FILE = "var/bench/households.parquet"
DIMENSIONS = {"health": ["d0", "d1"], "education": ["d2", "d3"], "living": ["d4", "d5", "d6", "d7", "d8", "d9"]}
COLUMNS = [column for columns in DIMENSIONS.values() for column in columns]
WEIGHTS = [3, 3, 3, 3, 1, 1, 1, 1, 1, 1]  # of 18; a third is 6
TIMES = 5  # the fastest counts

Figure = tuple[str, float, str, float | None]


def make() -> None:
    """The same file every time."""
    rng = np.random.default_rng(1)
    Path(FILE).parent.mkdir(parents=True, exist_ok=True)
    writer = None
    for start in range(0, HOUSEHOLDS, CHUNK):
        cluster = (start + np.arange(CHUNK)) * (STRATA * CLUSTERS) // HOUSEHOLDS
        stratum = (cluster // CLUSTERS).astype(np.int32)
        hardship = rng.standard_normal(CHUNK)
        columns = {
            "region": stratum % REGIONS,
            "stratum": stratum,
            "psu": cluster.astype(np.int32),
            "weight": rng.uniform(1, 5, CHUNK),
        }
        columns |= {name: (rng.standard_normal(CHUNK) < hardship - 1).astype(np.int8) for name in COLUMNS}
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(FILE, table.schema, compression="zstd")
        writer.write_table(table)
    assert writer is not None
    writer.close()


def estimates() -> list[float]:
    """H of each region."""
    from hamyar.indicators import Measure
    from hamyar.poverty import alkire_foster
    from hamyar.survey import Design

    design = Design(weight="weight", strata="stratum", psu="psu")
    frame = alkire_foster(FILE, Measure.of_columns(DIMENSIONS, cutoff="1/3"), design, by="region")
    return list(frame.loc[frame["measure"] == "H", "estimate"])


def by_hand() -> list[float]:
    """The same from the same sums by stratum, cluster and region, as somebody would write them: no checks, no errors."""
    import duckdb

    score = " + ".join(f"{weight} * {name}" for weight, name in zip(WEIGHTS, COLUMNS, strict=True))
    uncensored = ", ".join(f"sum(weight * {name}) AS u_{name}" for name in COLUMNS)
    censored = ", ".join(f"sum(weight * poor * {name}) AS c_{name}" for name in COLUMNS)
    query = f"""
        SELECT stratum, psu, region, count(*) AS n, sum(weight) AS w, sum(weight * poor) AS p, {uncensored}, {censored}
        FROM (SELECT *, (({score}) >= 6)::INTEGER AS poor FROM read_parquet('{FILE}')) GROUP BY stratum, psu, region
    """
    sums = duckdb.connect().execute(query).to_arrow_table().to_pandas().groupby("region")[["p", "w"]].sum()
    return list(sums["p"] / sums["w"])


def both() -> tuple[float, float]:
    """The least seconds of each, by turns, so that a busy machine is busy for both."""
    np.testing.assert_allclose(estimates(), by_hand(), rtol=1e-10)
    times = [(seconds(estimates), seconds(by_hand)) for _ in range(TIMES)]
    return min(ours for ours, _ in times), min(theirs for _, theirs in times)


def run() -> list[Figure]:
    if not Path(FILE).exists():
        in_process("bench.alkire_foster", "make")
    ours, theirs = in_process("bench.alkire_foster", "both").answer
    peak = in_process("bench.alkire_foster", "estimates").peak
    return [
        (f"alkire_foster with errors on {HOUSEHOLDS:,} households", ours, "s", None),
        ("the same sums in hand-written SQL", theirs, "s", None),
        ("their ratio", ours / theirs, "×", 1.2),
        ("peak memory of alkire_foster", peak / 1e6, "MB", 500),
    ]
