"""Poverty and inequality measurement."""

from __future__ import annotations

from hamyar.poverty.alkire_foster import alkire_foster, household_scores
from hamyar.poverty.changes import changes
from hamyar.poverty.income_poverty import fgt, poverty_line, sen, sst, watts
from hamyar.poverty.inequality import atkinson, entropy, gini, hoover, quantile_share_ratio, theil
from hamyar.poverty.lines import Line, RelativeLine
from hamyar.poverty.robustness import robustness

__all__ = [
    "Line",
    "RelativeLine",
    "alkire_foster",
    "atkinson",
    "changes",
    "entropy",
    "fgt",
    "gini",
    "hoover",
    "household_scores",
    "poverty_line",
    "quantile_share_ratio",
    "robustness",
    "sen",
    "sst",
    "theil",
    "watts",
]
