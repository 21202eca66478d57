"""The households of a round: who is deprived in what, without names, ids, points or places below the round's areas."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from hamyar.indicators import Measure
from hamyar.poverty import household_scores
from hamyar.rounds.document import RoundFile
from hamyar.rounds.inputs import opened, require
from hamyar.tables.engine import batches

STREAM = 7  # of the seed's random numbers: the draws of rates use the seed itself


def households_of(given: RoundFile, measure: Measure) -> pa.Table:
    """row (1 to n, drawn anew in each round), area, stratum where known, members, each indicator (0, 1, null), score, poor.

    In the order of `row`, so that neither the number nor the place tells which household of the file it is.
    """
    source = given.inputs["households"]
    table = opened(source)
    require(table.expr.columns, [given.area], source)
    scored = household_scores(table, measure, on=given.day)
    size = measure.contract.size if measure.contract else None
    kept = [name for name in ("stratum", size) if name and name in scored.columns]
    names = [*kept, *(indicator.name for indicator in measure.indicators), "score", "poor"]
    chosen = scored.select(area=scored[given.area].cast("string"), **{name: scored[name] for name in names})
    rows = pa.Table.from_batches(batches(chosen))
    order = np.random.Generator(np.random.PCG64([given.seed, STREAM])).permutation(rows.num_rows)
    return rows.take(pa.array(order)).add_column(0, "row", pa.array(np.arange(1, rows.num_rows + 1)))
