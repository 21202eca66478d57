"""Boundaries in GeoJSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from shapely import Point, prepare, union_all
from shapely.errors import ShapelyError
from shapely.geometry import shape

from hamyar.errors import error
from hamyar.persian import latin_digits
from hamyar_server.areas.models import Area
from hamyar_server.areas.reading import LARGEST

NEAR = 0.05  # degrees by which a simplified outline may miss a point


def features(path: Path) -> dict[str, dict[str, Any]]:
    """Geometries by code. Raises HamyarError HY-A030 for a file that is no such collection, HY-A031 for a broken geometry."""
    try:
        text = path.read_text(encoding="utf-8-sig") if path.stat().st_size <= LARGEST else ""
        given = json.loads(text)["features"]
        return {latin_digits(str(f["properties"]["code"])): _polygon(f, path) for f in given}
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as problem:
        raise error(
            "HY-A030",
            file=path.name,
            en=f"this is no GeoJSON collection of at most {LARGEST >> 20} MB whose features have a property “code”. Export it as GeoJSON with the code.",
            fa=f"این فایل مجموعهٔ GeoJSON با ویژگی «code» و حجم حداکثر {LARGEST >> 20} مگابایت نیست. آن را با کد محدوده به قالب GeoJSON ذخیره کنید.",
        ) from problem


def _polygon(feature: dict[str, Any], path: Path) -> dict[str, Any]:
    geometry = feature["geometry"]
    try:
        usable = shape(geometry).geom_type in ("Polygon", "MultiPolygon")
    except (ShapelyError, AttributeError, IndexError, ValueError, TypeError):
        usable = False
    if not usable:
        code = feature["properties"]["code"]
        raise error(
            "HY-A031",
            file=path.name,
            column="geometry",
            en=f"the boundary of {code} is no polygon. Mend it and import again; nothing was taken.",
            fa=f"مرز {code} چندضلعی نیست. آن را اصلاح و دوباره بارگذاری کنید؛ چیزی پذیرفته نشد.",
        )
    return geometry


def outside_of(boundaries: list[dict[str, Any]], areas: Iterable[Area]) -> list[Area]:
    """Those whose point lies outside all the boundaries together."""
    outline = union_all([shape(boundary).buffer(NEAR) for boundary in boundaries])
    prepare(outline)
    return [area for area in areas if not outline.covers(Point(area.lon, area.lat))]
