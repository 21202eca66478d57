"""areas.parquet: the tree with the indicators of every area, counted from the generated population."""

from __future__ import annotations

import pandas as pd

from hamyar.datasets.tree import tree

LEVELS = (2, 4, 6, 10, 12, 16)  # digits of the codes, province to village
SMALLEST_FOCUS = 10  # households; a place below it is not ranked


def areas_with_indicators(tally: pd.DataFrame) -> pd.DataFrame:
    """One row per area. tally: counts per settlement, with its `code`.

    A city includes its neighbourhoods. `focus` marks the places that a round of places compares: inhabited villages,
    small cities and margins of at least ten households.
    """
    counts = pd.concat(
        [
            tally[tally.code.str.len() >= level].drop(columns="code").groupby(tally.code.str[:level]).sum()
            for level in LEVELS
        ]
    )
    areas = tree().areas.set_index("code")
    counts = counts.reindex(areas.index)
    areas["population"] = counts.population.fillna(0).astype("int32")
    areas["households"] = counts.households.fillna(0).astype("int32")
    working = counts.population - counts.young_or_old
    areas["illiterate_share_active"] = counts.illiterate_active / counts.active
    areas["unemp_rate"] = counts.unemployed / counts.active
    areas["dependency"] = counts.young_or_old / working.where(working > 0)
    areas["female_activity"] = counts.active_women / counts.women
    for name in ("piped_gas", "internet", "sewer", "car"):
        areas[f"no_{name}_share"] = counts[f"no_{name}"] / counts.households
    small = areas.stratum.isin(["village", "small_city", "city_margin"])
    areas["focus"] = small & (areas.households >= SMALLEST_FOCUS)
    return areas.reset_index()
