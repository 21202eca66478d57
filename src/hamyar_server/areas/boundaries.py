"""Boundaries in GeoJSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shapely import Point, prepare, union_all
from shapely.errors import ShapelyError
from shapely.geometry import shape

from hamyar.errors import Fault, error
from hamyar.persian import latin_digits
from hamyar_server.areas.models import Area
from hamyar_server.areas.parsing import whole, zero_put_back
from hamyar_server.areas.reading import LARGEST

NEAR = 0.05  # degrees by which a simplified outline may miss a point


def features(path: Path) -> tuple[dict[str, dict[str, Any]], list[Fault]]:
    """Geometries by code, and what was mended. Raises HamyarError HY-A030 for a file that is no such collection, HY-A031
    for a broken geometry, HY-A032 for a code that stands twice."""
    found: dict[str, dict[str, Any]] = {}
    notes = []
    for typed, geometry in _read(path):
        code = whole(typed) or typed
        if code != latin_digits(typed):
            notes.append(zero_put_back(None, "code", code))
        if code in found:
            raise error(
                "HY-A032",
                file=path.name,
                column="code",
                en=f"{code} has two boundaries. Keep one of them, or join them into one MultiPolygon; nothing was taken.",
                fa=f"{code} دو مرز دارد. یکی را نگه دارید یا هر دو را در یک MultiPolygon بیاورید؛ چیزی پذیرفته نشد.",
            )
        found[code] = _polygon(code, geometry, path)
    return found, notes


def _read(path: Path) -> list[tuple[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig") if path.stat().st_size <= LARGEST else ""
        return [(str(f["properties"]["code"]), f["geometry"]) for f in json.loads(text)["features"]]
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, RecursionError) as problem:
        raise error(
            "HY-A030",
            file=path.name,
            en=f"this is no GeoJSON collection of at most {LARGEST >> 20} MB whose features have a property “code”. Export it as GeoJSON with the code.",
            fa=f"این فایل مجموعهٔ GeoJSON با ویژگی «code» و حجم حداکثر {LARGEST >> 20} مگابایت نیست. آن را با کد محدوده به قالب GeoJSON ذخیره کنید.",
        ) from problem


def _polygon(code: str, geometry: Any, path: Path) -> dict[str, Any]:
    try:
        drawn = shape(geometry)
        west, south, east, north = drawn.bounds
        usable = (
            drawn.geom_type in ("Polygon", "MultiPolygon") and -180 <= west < east <= 180 and -90 <= south < north <= 90
        )
    except (ShapelyError, AttributeError, IndexError, KeyError, ValueError, TypeError):
        usable = False
    if not usable:
        raise error(
            "HY-A031",
            file=path.name,
            column="geometry",
            en=f"the boundary of {code} is no polygon in degrees of longitude and latitude. Mend it and import again; nothing was taken.",
            fa=f"مرز {code} چندضلعی با مختصات طول و عرض جغرافیایی به درجه نیست. آن را اصلاح و دوباره بارگذاری کنید؛ چیزی پذیرفته نشد.",
        )
    return geometry


def outside_of(boundaries: list[dict[str, Any]], areas: Iterable[Area]) -> list[Area]:
    """Those whose point lies outside all the boundaries together."""
    outline = union_all([shape(boundary).buffer(NEAR) for boundary in boundaries])
    prepare(outline)
    return [area for area in areas if not outline.covers(Point(area.lon, area.lat))]
