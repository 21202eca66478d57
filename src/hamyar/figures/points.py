"""Many places in three tiers, each a dot, as SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import shapely
from numpy.typing import NDArray

from hamyar.errors import error
from hamyar.figures.maps import WIDTH, described, legend, on_earth, placing
from hamyar.figures.svg import DARK, PALE, PAPER, SOFT, TIERS, figure, tag, text
from hamyar.persian.numbers import number

MANY = 100  # cells of more places are too small to read: dots
Spots = NDArray[np.float64]
COLOURS = {"surely_in": DARK, "uncertain": "#b4532a", "surely_out": "#9aa5a2"}
SIZES = {"surely_in": 9.0, "uncertain": 7.5, "surely_out": 3.6}
WITHOUT = {"fa": "{n} محدوده نقطه‌ای ندارد و روی نقشه نیست.", "en": "{n} areas have no point and are not on the map."}


def dots(
    points: Mapping[str, tuple[float | None, float | None]], tiers: Mapping[str, str], *, title: str, language: str
) -> str:
    """Places too many for cells: a large disc is surely in, a ring uncertain, a small dot surely out.

    points: code → (longitude, latitude) in degrees, of some or all; tiers: code → surely_in, uncertain, surely_out. A place
    without a point is left out, and how many are is said below. Raises HY-G005 where no place has a point.
    """
    shown = [code for code in tiers if on_earth(points.get(code))]
    if not shown:
        raise error(
            "HY-G005",
            en="None of the places has a point (longitude, latitude). Give points, or leave the map out.",
            fa="هیچ‌یک از محدوده‌ها نقطه (طول و عرض جغرافیایی) ندارد. نقطه‌ها را بدهید یا نقشه را کنار بگذارید.",
        )
    at = np.array([points[code] for code in shown], dtype=np.float64)
    hull = shapely.MultiPoint(at).convex_hull.buffer(max(float(np.ptp(at, axis=0).max()), 0.01) / 25, quad_segs=4)
    place, height = placing(hull.bounds)
    spots, kinds = place(at), np.array([tiers[code] for code in shown])
    key, below = legend(Counter(tiers.values()), height, language, _swatch)
    without = len(tiers) - len(shown)
    if without:
        side, x = ("right", WIDTH - 6) if language == "fa" else ("left", 6.0)
        said = WITHOUT[language].format(n=number(without, language))
        key, below = key + text(x, below + 14, said, side=side, language=language, font_size=14, fill=SOFT), below + 22
    return figure(
        WIDTH,
        below,
        tag("polygon", points=_joined(place(shapely.get_coordinates(hull)), " "), fill=PALE),
        *(_marks(tier, spots[kinds == tier]) for tier in reversed(TIERS)),
        key,
        title=title,
        description=described(Counter(tiers.values()), language),
        language=language,
    )


def _joined(spots: Spots, between: str) -> str:
    return between.join(f"{x:.0f},{y:.0f}" for x, y in spots)


def _marks(tier: str, spots: Spots) -> str:
    """All places of a tier as one path of dots; a ring is a dot with a lighter one on it."""
    if not len(spots):
        return ""
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in spots)
    size, names = SIZES[tier], {"class_": f"places {tier}", "data_places": len(spots)}
    drawn = tag("path", d=path, stroke=COLOURS[tier], stroke_width=size, stroke_linecap="round", **names)
    ring = (
        tag("path", d=path, stroke=PAPER, stroke_width=size / 2, stroke_linecap="round") if tier == "uncertain" else ""
    )
    return drawn + ring


def _swatch(kind: str, x: float, y: float) -> str:
    """The mark of a tier in the legend."""
    middle, size = f"M{x + 13:.1f} {y + 8.5:.1f}h0", SIZES[kind] * 1.6
    drawn = tag("path", d=middle, stroke=COLOURS[kind], stroke_width=size, stroke_linecap="round")
    ring = (
        tag("path", d=middle, stroke=PAPER, stroke_width=size / 2, stroke_linecap="round")
        if kind == "uncertain"
        else ""
    )
    return drawn + ring
