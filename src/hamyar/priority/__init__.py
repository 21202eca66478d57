"""Who is surely among the worst, who surely not, what would settle the rest, and why; lots among those who are alike."""

from __future__ import annotations

from hamyar.priority.areas import (
    AUDIENCES,
    CATEGORIES,
    index_reasons,
    probability_worst,
    reasons,
    settling_sample,
    tier,
    tiers,
    worst_count,
)
from hamyar.priority.cutoff import distance_to_cutoff
from hamyar.priority.lottery import draw_lots, ticket
from hamyar.priority.ranks import rank_bands, rank_intervals

__all__ = [
    "AUDIENCES",
    "CATEGORIES",
    "distance_to_cutoff",
    "draw_lots",
    "index_reasons",
    "probability_worst",
    "rank_bands",
    "rank_intervals",
    "reasons",
    "settling_sample",
    "ticket",
    "tier",
    "tiers",
    "worst_count",
]
