"""Many places in up to three classes, each a dot, as SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from hamyar.errors import error
from hamyar.figures.maps import WIDTH, described, legend, on_earth, placing
from hamyar.figures.svg import BY_TIER, DARK, PALE, PAPER, SOFT, Classes, figure, tag, text
from hamyar.persian.numbers import number

MANY = 100  # cells of more places are too small to read: dots
Spots = NDArray[np.float64]
COLOURS = {"dark": DARK, "dotted": "#b4532a", "plain": "#9aa5a2"}
SIZES = {"dark": 9.0, "dotted": 7.5, "plain": 3.6}
WITHOUT = {"fa": "{n} محدوده نقطه‌ای ندارد و روی نقشه نیست.", "en": "{n} areas have no point and are not on the map."}


def dots(
    points: Mapping[str, tuple[float | None, float | None]],
    tiers: Mapping[str, str],
    *,
    title: str,
    language: str,
    classes: Classes = BY_TIER,
) -> str:
    """Places too many for cells: a large disc is surely in, a ring uncertain, a small dot surely out.

    points: code → (longitude, latitude) in degrees, of some or all; tiers: code → surely_in, uncertain, surely_out, or a kind of `classes`. A place
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
    key, below = legend(Counter(tiers.values()), height, language, classes, _swatch)
    without = len(tiers) - len(shown)
    if without:
        side, x = ("right", WIDTH - 6) if language == "fa" else ("left", 6.0)
        said = WITHOUT[language].format(n=number(without, language))
        key, below = key + text(x, below + 14, said, side=side, language=language, font_size=14, fill=SOFT), below + 22
    return figure(
        WIDTH,
        below,
        tag("polygon", points=_joined(place(shapely.get_coordinates(hull)), " "), fill=PALE),
        *(_marks(kind, classes.tones[kind], spots[kinds == kind]) for kind in reversed(list(classes.words))),
        key,
        title=title,
        description=described(Counter(tiers.values()), language, classes),
        language=language,
    )


def _joined(spots: Spots, between: str) -> str:
    return between.join(f"{x:.0f},{y:.0f}" for x, y in spots)


def _marks(kind: str, tone: str, spots: Spots) -> str:
    """All places of a kind as one path of dots."""
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in spots)
    return _dot(path, tone, SIZES[tone], class_=f"places {kind}", data_places=len(spots)) if path else ""


def _swatch(tone: str, x: float, y: float) -> str:
    return _dot(f"M{x + 13:.1f} {y + 8.5:.1f}h0", tone, SIZES[tone] * 1.6)


def _dot(path: str, tone: str, size: float, **names: Any) -> str:
    """A ring is a dot with a lighter one on it."""
    said = {"d": path, "stroke_linecap": "round"}
    drawn = tag("path", **said, stroke=COLOURS[tone], stroke_width=size, **names)
    return drawn + (tag("path", **said, stroke=PAPER, stroke_width=size / 2) if tone == "dotted" else "")
