"""areas.parquet: the tree with the indicators of every area, counted from the generated population."""

from __future__ import annotations

import pandas as pd

from hamyar.datasets.tree import tree

LEVELS = (2, 4, 6, 10)  # digits of the codes: province, county, district, rural district or city
SMALLEST_FOCUS = 10  # households; a place below it is not ranked


def by_area(settlements: pd.DataFrame) -> pd.DataFrame:
    """Sums over every area in which the settlements (index: code) lie, themselves included."""
    code = settlements.index.to_series()
    above = [settlements.groupby(code.str[:level]).sum() for level in LEVELS]
    return pd.concat([*above, settlements[code.str.len() > max(LEVELS)]]).rename_axis("code")


def areas_with_indicators(tally: pd.DataFrame) -> pd.DataFrame:
    """One row per area. tally: counts per settlement, with its `code`.

    A city includes its neighbourhoods. `focus` marks the places that a round of places compares: inhabited villages,
    small cities and margins of at least ten households.
    """
    counts = by_area(tally.set_index("code"))
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
