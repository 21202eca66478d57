"""Maps and intervals as SVG: no script, no style sheet, legible in grey print and on a phone."""

from hamyar.figures.intervals import PROFILED, caterpillar, interval, made_of, profile, rounded, scale_end
from hamyar.figures.maps import choropleth, schematic_cells
from hamyar.figures.points import MANY, dots
from hamyar.figures.svg import BY_TIER, TIERS, Classes

__all__ = [
    "BY_TIER",
    "MANY",
    "PROFILED",
    "TIERS",
    "Classes",
    "caterpillar",
    "choropleth",
    "dots",
    "interval",
    "made_of",
    "profile",
    "rounded",
    "scale_end",
    "schematic_cells",
]
