"""How hardship is spread over counties and settlements: the invented part, mis-specified on purpose.

A county's hardship depends on its illiteracy and unemployment by a curve and a product, with a heavy-tailed effect
of its own, so that a model that is linear in them, with normal effects, is wrong (as it is in life).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from hamyar.datasets.tree import Floats, table

SPREAD = 0.45  # scale of the counties' own effect, Student's t with 3 degrees of freedom, kept within ±4
COUNTY_SHARE = 0.8  # of the county's hardship in what no margin binds: rooms, schooling, money
STRATA = ("village", "small_city", "city_margin", "other")
STRATUM_EFFECT = np.array([0.6, 0.1, 1.0, -0.35])


def county_hardship(margins: pd.DataFrame, rng: np.random.Generator) -> Floats:
    """(counties,) hardship, in standard deviations of a household's own."""
    illiteracy, unemployment = (_standard(margins[name]) for name in ("illiterate_share_active", "unemp_rate"))
    own = SPREAD * np.clip(rng.standard_t(3, len(margins)), -4, 4)
    curve = 0.35 * illiteracy + 0.18 * illiteracy * np.abs(illiteracy)
    found: Floats = curve + 0.1 * unemployment + 0.2 * np.maximum(illiteracy, 0) * unemployment + own
    return found


def _standard(values: pd.Series) -> Floats:
    found: Floats = ((values - values.mean()) / values.std()).to_numpy()
    return found


def field(lat: Floats, lon: Floats, rng: np.random.Generator) -> Floats:
    """A smooth surface over the province: neighbours resemble each other. Mean 0, standard deviation 1."""
    centres = np.column_stack([rng.uniform(lat.min(), lat.max(), 9), rng.uniform(lon.min(), lon.max(), 9)])
    squared = (lat[:, None] - centres[:, 0]) ** 2 + (lon[:, None] - centres[:, 1]) ** 2
    surface = np.exp(-squared / 0.5) @ rng.normal(0, 1, 9)
    found: Floats = (surface - surface.mean()) / surface.std()
    return found


def tilted(share: float, tilt: float, hardship: Floats, weight: Floats) -> Floats:
    """Shares by county, moved by `tilt · hardship` on the logit scale, whose weighted mean is `share` again."""

    def shares(shift: float) -> Floats:
        return np.asarray(1 / (1 + np.exp(-(shift + tilt * hardship))))

    shift = _root(lambda at: float(np.average(shares(at), weights=weight)) - share)
    return shares(shift)


def _root(function: Callable[[float], float]) -> float:
    """Where an increasing function crosses zero, by halving between −30 and 30."""
    low, high = -30.0, 30.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < 0 else (low, middle)
    return (low + high) / 2


def amenities() -> pd.DataFrame:
    """One row per thing that a household may lack, with its weights; index `name`."""
    return table("amenities.csv").set_index("name")
