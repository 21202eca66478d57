"""One, ten and 26 million households: Alkire-Foster with errors, against a hand-written query for the same sums."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.measure import in_process, seconds

HOUSEHOLDS = (1_000_000, 10_000_000, 26_000_000)
CHUNK = 1_000_000
STRATA, CLUSTERS, REGIONS = 500, 40, 31  # clusters in each stratum
FILE = "var/bench/households-{}.parquet"
DIMENSIONS = {"health": ["d0", "d1"], "education": ["d2", "d3"], "living": ["d4", "d5", "d6", "d7", "d8", "d9"]}
COLUMNS = [column for columns in DIMENSIONS.values() for column in columns]
WEIGHTS = [3, 3, 3, 3, 1, 1, 1, 1, 1, 1]  # of 18; a third is 6, a fifth 3.6
TIMES = 5  # the fastest counts

Figure = tuple[str, float, str, float | None]


def make(households: int) -> None:
    """The same file every time."""
    file = FILE.format(households)
    rng = np.random.default_rng(1)
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    writer = None
    for start in range(0, households, CHUNK):
        cluster = (start + np.arange(CHUNK)) * (STRATA * CLUSTERS) // households
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
        writer = writer or pq.ParquetWriter(file, table.schema, compression="zstd")
        writer.write_table(table)
    assert writer is not None
    writer.close()


def estimates(households: int) -> list[float]:
    """H of each region."""
    from hamyar.indicators import Measure
    from hamyar.poverty import alkire_foster
    from hamyar.survey import Design

    design = Design(weight="weight", strata="stratum", psu="psu")
    measure = Measure.of_columns(DIMENSIONS, cutoff="1/3")
    frame = alkire_foster(FILE.format(households), measure, design, by=["region"], cutoffs=["1/5", "1/3"])
    return list(frame.loc[(frame["measure"] == "H") & (frame["cutoff"] == "1/3"), "estimate"])


def sums_by_hand(households: int) -> str:
    """The sums by stratum, cluster and region, as somebody would write them for complete answers: no checks."""
    score = " + ".join(f"{weight} * {name}" for weight, name in zip(WEIGHTS, COLUMNS, strict=True))
    sums = ["count(*) AS n", "sum(weight) AS w"] + [f"sum(weight * {name}) AS u_{name}" for name in COLUMNS]
    for k in (4, 6):
        sums += [f"sum(poor{k}) AS n{k}", f"sum(weight * poor{k}) AS p{k}"]
        sums += [f"sum(weight * poor{k} * {name}) AS c{k}_{name}" for name in COLUMNS]
    return f"""
        SELECT stratum, psu, region, {", ".join(sums)}
        FROM (SELECT *, (score >= 4)::INTEGER AS poor4, (score >= 6)::INTEGER AS poor6
              FROM (SELECT *, {score} AS score FROM read_parquet('{FILE.format(households)}')) WHERE score IS NOT NULL)
        GROUP BY stratum, psu, region
    """


def by_hand(households: int) -> list[float]:
    """H of each region from these sums; no errors."""
    import duckdb

    cells = duckdb.connect().sql(sums_by_hand(households)).to_arrow_table().to_pandas().groupby("region")[["p6", "w"]]
    totals = cells.sum()
    return list(totals["p6"] / totals["w"])


def errors_by_hand(households: int) -> list[float]:
    """The standard error of H of each region, from a query for every estimate and error that `alkire_foster` gives."""
    import duckdb

    ratios = {f"u_{name}": (f"u_{name}", "w") for name in COLUMNS}
    scores = []
    for k in (4, 6):
        parts = zip(WEIGHTS, COLUMNS, strict=True)
        scores.append(f"({' + '.join(f'{weight} * c{k}_{name}' for weight, name in parts)}) / 18 AS s{k}")
        ratios |= {f"m{k}": (f"s{k}", "w"), f"h{k}": (f"p{k}", "w"), f"a{k}": (f"s{k}", f"p{k}")}
        for weight, name in zip(WEIGHTS, COLUMNS, strict=True):
            ratios[f"c{k}_{name}"] = f"c{k}_{name}", "w"
            ratios[f"absolute{k}_{name}"] = f"{weight} / 18 * c{k}_{name}", "w"
            ratios[f"percentage{k}_{name}"] = f"{weight} / 18 * c{k}_{name}", f"s{k}"
    columns = ["n", "w", "n4", "n6", "p4", "p6", "s4", "s6"] + [f"u_{name}" for name in COLUMNS]
    columns += [f"c{k}_{name}" for k in (4, 6) for name in COLUMNS]
    estimates = [
        f"sum({above}) / sum({below}) AS e_{name}, sum({below}) AS d_{name}" for name, (above, below) in ratios.items()
    ]
    influences = [f"({above} - e_{name} * {below}) / d_{name} AS i_{name}" for name, (above, below) in ratios.items()]
    sums = [f"sum(i_{name}) AS i_{name}, sum(i_{name} ** 2) AS q_{name}" for name in ratios]
    errors = [f"sqrt(sum(m / (m - 1) * (q_{name} - i_{name} ** 2 / m))) AS {name}" for name in ratios]
    query = f"""
        WITH plain AS MATERIALIZED ({sums_by_hand(households)}),
        cells AS MATERIALIZED (SELECT *, {", ".join(scores)} FROM plain),
        totals AS (SELECT region, {", ".join(estimates)}, {", ".join(f"sum({c}) AS t_{c}" for c in columns)} FROM cells GROUP BY region),
        clusters AS (SELECT stratum, count(DISTINCT psu) AS m FROM cells GROUP BY stratum),
        influences AS (SELECT region, stratum, {", ".join(influences)} FROM cells JOIN totals USING (region)),
        strata AS (SELECT region, stratum, {", ".join(sums)} FROM influences GROUP BY region, stratum),
        errors AS (SELECT region, {", ".join(errors)} FROM strata JOIN clusters USING (stratum) GROUP BY region)
        SELECT * FROM totals JOIN errors USING (region) ORDER BY region
    """
    return list(duckdb.connect().sql(query).to_arrow_table().to_pandas()["h6"])


def both(households: int) -> list[float]:
    """The least seconds and processor seconds of each, by turns, so that a busy machine is busy for all."""
    np.testing.assert_allclose(estimates(households), by_hand(households), rtol=1e-10)
    work = (estimates, by_hand, errors_by_hand)
    times = [[figure for each in work for figure in timed(partial(each, households))] for _ in range(TIMES)]
    return [min(column) for column in zip(*times, strict=True)]


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and those of all processors together, which other people's work does not lengthen."""
    processors = process_time()
    return seconds(work), process_time() - processors


def run() -> list[Figure]:
    return [figure for households in HOUSEHOLDS for figure in of(households)]


def of(households: int) -> list[Figure]:
    if not Path(FILE.format(households)).exists():
        in_process("bench.alkire_foster", "make", households)
    ours, our_work, sums, sums_work, errors, errors_work = in_process("bench.alkire_foster", "both", households).answer
    peak = in_process("bench.alkire_foster", "estimates", households).peak
    return [
        (f"alkire_foster with errors on {households:,} households", ours, "s", None),
        ("  in processor seconds", our_work, "s", None),
        ("  ÷ the same with errors in hand-written SQL", ours / errors, "×", 1.2),
        ("  in processor seconds", our_work / errors_work, "×", 1.2),
        ("  ÷ the sums alone, without errors, in hand-written SQL", ours / sums, "×", 1.2),
        ("  in processor seconds", our_work / sums_work, "×", 1.2),
        ("  peak memory of alkire_foster", peak / 1e6, "MB", 500),
    ]
