"""Maps and intervals as SVG: no script, no style sheet, legible in grey print and on a phone."""

from hamyar.figures.intervals import caterpillar, interval, profile
from hamyar.figures.maps import choropleth, schematic_cells

__all__ = ["caterpillar", "choropleth", "interval", "profile", "schematic_cells"]
