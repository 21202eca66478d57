"""Maps of areas in up to three classes, as SVG."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import cos, radians
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from hamyar.errors import Fault, HamyarError, error
from hamyar.figures.svg import BY_TIER, DARK, INK, PAPER, SOFT, WARM, Classes, clean, figure, spread, tag, text
from hamyar.persian.numbers import number

WIDTH, MARGIN = 500.0, 6.0
LABEL, LEGEND = 13.5, 16.0
TOLERANCE = 1.0
Named = Mapping[str, Mapping[str, str]]

FILLS = {"dark": DARK, "dotted": "url(#@dots)", "plain": PAPER, "lined": "url(#@lines)"}
HALOS = {"dark": DARK, "dotted": WARM, "plain": PAPER, "lined": PAPER}
WORDS = {
    "unranked": {"fa": "بدون رتبه", "en": "not ranked"},
    "schematic": {"fa": "طرح‌واره", "en": "schematic"},
    "no_result": {"fa": "بدون نتیجه", "en": "no result"},
}


def choropleth(
    boundaries: Mapping[str, Any],
    tiers: Mapping[str, str],
    *,
    title: str,
    language: str,
    schematic: bool = False,
    links: Mapping[str, str] | None = None,
    names: Named | None = None,
    hatched: Named | None = None,
    classes: Classes = BY_TIER,
) -> str:
    """Areas in three tiers or other classes, told apart by tone and by pattern, with a legend that counts them.

    boundaries: code → polygon in degrees, of shapely or as a GeoJSON geometry; tiers: code → surely_in, uncertain, surely_out, or a kind of `classes`;
    links: code → address; names: code → {"fa", "en"}; hatched: code → {"fa", "en"}, why an area has no rank of its own.
    An area without a tier and without a reason is hatched as "no result". Equirectangular, one degree of longitude as long
    as it is at the middle latitude. Raises HY-G001 without an area, HY-G002 where a boundary is no polygon.
    """
    kinds = {code: tiers.get(code) if code not in (hatched or {}) else None for code in boundaries}
    shapes, height = projected(boundaries)
    called = {code: (names or {}).get(code, {}).get(language) or "" for code in shapes}
    why = {code: (hatched or {}).get(code, WORDS["no_result"])[language] for code, kind in kinds.items() if not kind}
    tones = {code: classes.tones[kind] if kind else "lined" for code, kind in kinds.items()}
    said = {code: classes.words[kind][language] if kind else why[code] for code, kind in kinds.items()}
    drawn = [
        _area(code, area, kinds[code], tones[code], f"{called[code] or code}: {said[code]}", links)
        for code, area in shapes.items()
    ]
    counts = Counter(kind or "unranked" for kind in kinds.values())
    key, below = legend(counts, height, language, classes, _swatch, WORDS["schematic"][language] if schematic else "")
    return figure(
        WIDTH,
        below,
        _patterns(),
        tag("g", *drawn, stroke=SOFT, stroke_width=0.8, stroke_linejoin="round"),
        tag("g", *_labels(shapes, called, tones, language), font_size=LABEL, stroke_linejoin="round"),
        key,
        title=title,
        description=described(counts, language, classes),
        language=language,
        role="group" if links else "img",
    )


def described(counts: Mapping[str, int], language: str, classes: Classes) -> str:
    counted = {kind: number(counts.get(kind, 0), language) for kind in classes.words}
    return classes.sentence[language].format(**counted)


def projected(boundaries: Mapping[str, Any]) -> tuple[dict[str, BaseGeometry], float]:
    """The areas in units of the drawing, y downwards, simplified together so that neighbours stay neighbours; its height."""
    if not boundaries:
        raise error(
            "HY-G001",
            en="There is no area to draw. Give a boundary or a point for each.",
            fa="محدوده‌ای برای رسم نیست. برای هر محدوده مرز یا نقطه بدهید.",
        )
    degrees = {code: _polygon(code, boundary) for code, boundary in boundaries.items()}
    place, height = placing(shapely.total_bounds(list(degrees.values())))
    flat = shapely.transform(np.array(list(degrees.values()), dtype=object), place)
    simple = shapely.coverage_simplify(flat, TOLERANCE)
    return dict(zip(degrees, simple, strict=True)), height


def placing(bounds: Any) -> tuple[Callable[[NDArray[np.float64]], NDArray[np.float64]], float]:
    """From degrees to units of the drawing, and its height; bounds: west, south, east, north."""
    west, south, east, north = bounds
    across = cos(radians((south + north) / 2))
    scale = (WIDTH - 2 * MARGIN) / max((east - west) * across, (north - south) * 0.8, 1e-9)
    left = (WIDTH - (east - west) * across * scale) / 2

    def place(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([(points[:, 0] - west) * across * scale + left, (north - points[:, 1]) * scale + MARGIN])

    return place, float((north - south) * scale + 2 * MARGIN)


def _polygon(code: str, boundary: Any) -> BaseGeometry:
    try:
        found = shape(dict(boundary)) if isinstance(boundary, Mapping) else boundary
        if not isinstance(found, BaseGeometry) or found.area == 0 or not found.geom_type.endswith("Polygon"):
            raise ValueError
    except (ValueError, TypeError, AttributeError, KeyError, shapely.errors.ShapelyError):
        raise error(
            "HY-G002",
            en=f"The boundary of {code} is no polygon. Give a Polygon or MultiPolygon in degrees (WGS 84).",
            fa=f"مرز محدودهٔ {code} چندضلعی نیست. آن را به‌صورت Polygon یا MultiPolygon و بر حسب درجه (WGS 84) بدهید.",
        ) from None
    return found


def _path(area: BaseGeometry) -> str:
    return "".join(_ring(ring) for part in shapely.get_parts(area) for ring in [part.exterior, *part.interiors])


def _ring(ring: Any) -> str:
    """A closed ring in tenths of a unit, each point relative to the one before."""
    points = np.round(shapely.get_coordinates(ring)[:-1] * 10).astype(int)
    steps = np.diff(points, axis=0)
    start, moves = points[0], steps[np.any(steps != 0, axis=1)]
    return f"M{_tenths(start)}l{' '.join(_tenths(step) for step in moves)}z" if len(moves) > 1 else ""


def _tenths(pair: Any) -> str:
    x, y = (f"{value / 10:g}" for value in pair)
    return f"{x} {y}" if not y.startswith("-") else f"{x}{y}"


def _area(code: str, area: BaseGeometry, kind: str | None, tone: str, tip: str, links: Mapping[str, str] | None) -> str:
    drawn = tag(
        "path",
        tag("title", clean(tip)),
        d=_path(area),
        fill=FILLS[tone],
        stroke_dasharray=None if kind else "3 2",
        class_=f"area {kind or 'unranked'}",
        data_area=code,
    )
    return tag("a", drawn, href=links[code], aria_label=tip) if links and code in links else drawn


def _patterns() -> str:
    """Uncertain is dotted, not ranked is hatched: they differ in grey print and to every eye."""
    dot = [tag("circle", cx=x, cy=x, r=1.1, fill="#b4532a") for x in (1.5, 4.5)]
    ground = tag("rect", width=6, height=6, fill=WARM)
    line = tag("path", d="M0 0V5", stroke="#8a9693", stroke_width=1.6)
    blank = tag("rect", width=5, height=5, fill=PAPER)
    return tag(
        "defs",
        tag("pattern", ground, *dot, id="@dots", width=6, height=6, patternUnits="userSpaceOnUse"),
        tag(
            "pattern",
            blank,
            line,
            id="@lines",
            width=5,
            height=5,
            patternUnits="userSpaceOnUse",
            patternTransform="rotate(45)",
        ),
    )


def _labels(
    shapes: Mapping[str, BaseGeometry], called: Mapping[str, str], tones: Mapping[str, str], language: str
) -> Iterable[str]:
    """The names that fit, the darkest areas first; a name may leave its area a little, never meet another name."""
    taken: list[BaseGeometry] = []
    for code in sorted(shapes, key=lambda code: (list(FILLS).index(tones[code]), -shapes[code].area)):
        lines = _broken(called[code])
        centre = _inside(_centre(shapes[code]), lines)
        box = _box(centre, lines)
        if not called[code] or box.intersection(shapes[code]).area < 0.6 * box.area:
            continue
        if any(box.intersects(other) for other in taken):
            continue
        taken.append(box)
        yield from _label(centre, lines, tones[code], language)


def _broken(name: str) -> list[str]:
    """A longer name of several parts on two lines, as even as can be."""
    places = [i + 1 for i, c in enumerate(name[:-1]) if c in " -" and i]
    if len(name) < 7 or not places:
        return [name]
    at = min(places, key=lambda i: abs(2 * i - len(name)))
    return [name[:at].rstrip(), name[at:]]


def _centre(area: BaseGeometry) -> tuple[float, float]:
    """The centre of the largest circle inside."""
    largest = max(shapely.get_parts(area), key=lambda part: part.area)
    point = shapely.get_point(shapely.maximum_inscribed_circle(largest, tolerance=1.0), 0)
    return float(point.x), float(point.y)


def _inside(centre: tuple[float, float], lines: Sequence[str]) -> tuple[float, float]:
    """The centre moved so far that the lines do not leave the drawing."""
    half = max(spread(line, LABEL) for line in lines) / 2
    return min(max(centre[0], half), WIDTH - half), centre[1]


def _box(centre: tuple[float, float], lines: Sequence[str]) -> BaseGeometry:
    half, tall = max(spread(line, LABEL) for line in lines) / 2, len(lines) * LABEL * 1.15 / 2
    return shapely.box(centre[0] - half, centre[1] - tall, centre[0] + half, centre[1] + tall)


def _label(centre: tuple[float, float], lines: Sequence[str], tone: str, language: str) -> Iterable[str]:
    top = centre[1] - (len(lines) - 1) * LABEL * 0.575 + LABEL * 0.35
    for i, line in enumerate(lines):
        yield text(
            centre[0],
            top + i * LABEL * 1.15,
            line,
            side="middle",
            language=language,
            fill=PAPER if tone == "dark" else INK,
            stroke=HALOS[tone],
            stroke_width=2.5,
            paint_order="stroke",
            pointer_events="none",
            aria_hidden="true",
        )


def _swatch(tone: str, x: float, y: float) -> str:
    dash = "3 2" if tone == "lined" else None
    return tag("rect", x=x, y=y, width=26, height=17, fill=FILLS[tone], stroke=SOFT, stroke_dasharray=dash)


def legend(
    counts: Mapping[str, int],
    top: float,
    language: str,
    classes: Classes,
    swatch: Callable[[str, float, float], str],
    mark: str = "",
) -> tuple[str, float]:
    """What each mark means and how many areas have it, below the map; the height that is reached.

    swatch: draws a tone in 26 by 17 units from x, y; mark: words on the other side.
    """
    entries = [(counts.get(kind, 0), classes.tones[kind], words[language]) for kind, words in classes.words.items()]
    if counts.get("unranked"):
        entries.append((counts["unranked"], "lined", WORDS["unranked"][language]))
    near, far, side = (
        (WIDTH - MARGIN - 26, WIDTH - MARGIN - 34, "right") if language == "fa" else (MARGIN, 40.0, "left")
    )
    parts, y = [], top + 8
    for count, tone, words in entries:
        counted = f"{words}: {number(count, language)}"
        parts += [swatch(tone, near, y), text(far, y + 14, counted, side=side, language=language)]
        y += 25
    other, edge = ("left", MARGIN) if language == "fa" else ("right", WIDTH - MARGIN)
    if mark:
        parts.append(text(edge, top + 22, mark, side=other, language=language, fill=SOFT, font_style="italic"))
    return tag("g", *parts, font_size=LEGEND), y + 2


def schematic_cells(points: Mapping[str, tuple[float | None, float | None]]) -> dict[str, BaseGeometry]:
    """A cell around each point: what lies nearer to it than to any other, inside a hull drawn around all.

    points: code → (longitude, latitude) in degrees. Points on one spot are moved apart a little; one line of points is
    fine, and so is one point. Raises HY-G003 with every area whose point is missing or no place on earth.
    """
    missing = [code for code, point in points.items() if not on_earth(point)]
    if missing:
        raise HamyarError(*(_pointless(code) for code in missing))
    if not points:
        return {}
    places = np.array(list(points.values()), dtype=np.float64)
    across = cos(radians(float(places[:, 1].mean())))
    flat = _apart(places * [across, 1])
    size = max(float(np.ptp(flat, axis=0).max()), 0.01)
    hull = shapely.MultiPoint(flat).convex_hull.buffer(0.5 * size / np.sqrt(len(flat)), quad_segs=6)
    cells = [cell.intersection(hull) for cell in _voronoi(flat, size)]
    back = shapely.transform(np.array(cells, dtype=object), lambda at: at / [across, 1])
    return dict(zip(points, back, strict=True))


def _voronoi(flat: NDArray[np.float64], size: float) -> list[BaseGeometry]:
    """Cells of the points, bounded by four more far outside."""
    from scipy.spatial import Voronoi

    around = flat.mean(axis=0) + 50 * size * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    found = Voronoi(np.vstack([flat, around]))
    return [shapely.Polygon(found.vertices[found.regions[found.point_region[i]]]) for i in range(len(flat))]


def _apart(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points on one spot, moved onto a small circle around it."""
    size = max(float(np.ptp(flat, axis=0).max()), 0.01)
    spots, where = np.unique(np.round(flat / (size * 1e-6)), axis=0, return_inverse=True)
    moved = flat.copy()
    for spot in range(len(spots)):
        same = np.flatnonzero(where.ravel() == spot)
        if len(same) > 1:
            angle = 2 * np.pi * np.arange(len(same)) / len(same)
            moved[same] += 0.02 * size * np.column_stack([np.cos(angle), np.sin(angle)])
    return moved


def on_earth(point: Any) -> bool:
    try:
        lon, lat = (float(value) for value in point)
    except (TypeError, ValueError):
        return False
    return -180 <= lon <= 180 and -90 < lat < 90


def _pointless(code: str) -> Fault:
    return Fault(
        "HY-G003",
        f"Area {code} has no point (longitude, latitude). Give one, or its boundary, or leave it out of the map.",
        f"محدودهٔ {code} نقطه (طول و عرض جغرافیایی) ندارد. نقطه یا مرز آن را بدهید یا آن را از نقشه کنار بگذارید.",
    )
