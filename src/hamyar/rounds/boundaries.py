"""The polygons of a round's map, and what the areas of today were part of when the figures were taken."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hamyar.errors import error
from hamyar.persian import latin_digits, persian_digits
from hamyar.rounds.document import RoundFile
from hamyar.rounds.inputs import Areas


@dataclass(frozen=True)
class Shapes:
    """polygons: code → GeoJSON geometry; names: code → {name_fa, name_en}."""

    polygons: dict[str, Any] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)


def shapes_of(given: RoundFile) -> Shapes:
    """The features of the round's GeoJSON, each with a property `code`. Raises HamyarError HY-R010."""
    if given.boundaries is None:
        return Shapes()
    try:
        features = json.loads(given.boundaries.read_text("utf-8-sig"))["features"]
        coded = {latin_digits(str(each["properties"]["code"])): each for each in features}
        polygons = {code: each["geometry"] for code, each in coded.items()}
    except (ValueError, KeyError, TypeError) as problem:
        raise error(
            "HY-R010",
            file=given.boundaries.name,
            en="this is no GeoJSON collection whose features have a property `code`. Export it with the areas' codes.",
            fa="این پرونده مجموعهٔ GeoJSON با ویژگی «code» نیست. آن را با کد محدوده‌ها ذخیره کنید.",
        ) from problem
    return Shapes(polygons, {code: _named(code, each["properties"]) for code, each in coded.items()})


def _named(code: str, properties: dict[str, Any]) -> dict[str, str]:
    name = str(properties.get("name") or code)
    return {"name_fa": name, "name_en": str(properties.get("name_en") or name)}


def parts_of(given: RoundFile, shapes: Shapes, areas: Areas) -> dict[str, dict[str, str]]:
    """Code → why the area has no rank of its own, {fa, en, name_fa, name_en}. Raises HamyarError HY-R011."""
    part = given.body.get("part_of")
    if part is None:
        return {}
    known = {code: areas.called(code) for code in areas.frame.index}
    found = {}
    for code, whole in given.part_of.items():
        if whole not in known:
            raise error(
                "HY-R011",
                file=given.file.name,
                column=f"part_of.areas.{code}",
                en=f"{whole}, of which {code} was part, is not among the areas. Correct the code.",
                fa=f"{whole} که {code} بخشی از آن بوده است، میان محدوده‌ها نیست. کد را درست کنید.",
            )
        of = shapes.names.get(whole, known[whole])
        found[code] = {
            "fa": f"بخشی از {known[whole]['name_fa']} در سال {persian_digits(str(part['year']))}",
            "en": f"part of {of['name_en']} in {part['year']}",
            **shapes.names.get(code, known.get(code, {"name_fa": code, "name_en": code})),
        }
    return found
