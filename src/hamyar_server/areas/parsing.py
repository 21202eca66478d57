"""Tables of places, read: each row becomes a place with its chain of parents, or a fault that says what to mend.

Two shapes are known: a table of settlements (code, name, type and the codes and names of county, district, rural district) and
the area contract (code, name, kind, parent_code, …).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import cos, radians
from pathlib import Path
from statistics import median
from typing import Any

from hamyar.errors import Fault, HamyarError, error
from hamyar.persian import latin_digits, text_key
from hamyar_server.areas import reading
from hamyar_server.areas.models import Kind, stratum_of
from hamyar_server.areas.provinces import PROVINCES

DIGITS = {Kind.PROVINCE: 2, Kind.COUNTY: 4, Kind.DISTRICT: 6, Kind.RURAL_DISTRICT: 10, Kind.CITY: 10, Kind.VILLAGE: 16}
TYPES = {"abadi": Kind.VILLAGE, "abadi_block": Kind.VILLAGE, "shahr": Kind.CITY, "shahr_2": Kind.NEIGHBOURHOOD}
CITY_DISTRICTS = {"0916052526"}  # typed shahr in the tables of 1398, but a district of the city it is named after
SETTLEMENTS = {"code", "name", "type", "county_code"}
CONTRACT = {"code", "name", "kind", "parent_code"}
YES = {"1", "true", "yes", "بله", "دارد"}


@dataclass
class Place:
    """One place as a row tells it. chain: (kind, code, name) of its parents, from the root down; all of them may be made."""

    row: int
    code: str
    name: str
    kind: str
    chain: list[tuple[str, str, str]] = field(default_factory=list)
    parent: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Parsed:
    """places: read; refused: a fault and the row's cells; notes: what was mended or left out."""

    places: list[Place] = field(default_factory=list)
    refused: list[tuple[Fault, reading.Texts]] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)


def parse(path: Path) -> Parsed:
    """Every row of a file of places. Raises HamyarError for a file that is none; a bad row is refused and reported."""
    parsed = Parsed()
    seen: dict[str, int] = {}
    read = None
    for number, cells in reading.rows(path):
        read = read or _shape(path, cells)
        try:
            place = read(number, cells, parsed.notes)
            _only_once(place, seen)
        except HamyarError as refusal:
            parsed.refused.extend((fault, cells) for fault in refusal.faults)
        else:
            parsed.places.append(place)
    _city_districts(parsed.places)
    parsed.notes += far_points(parsed.places)
    return parsed


def _shape(path: Path, cells: reading.Texts) -> Any:
    columns = set(cells)
    if columns >= SETTLEMENTS:
        return _settlement
    if columns >= CONTRACT:
        return _area
    missing = sorted((CONTRACT if "kind" in columns else SETTLEMENTS) - columns)
    raise error(
        "HY-A005",
        file=path.name,
        row=1,
        column=missing[0],
        en=f"missing columns: {', '.join(missing)}. A table of settlements has {', '.join(sorted(SETTLEMENTS))}; the area contract {', '.join(sorted(CONTRACT))}.",
        fa=f"این ستون‌ها نیست: {'، '.join(missing)}. جدول آبادی‌ها ستون‌های {'، '.join(sorted(SETTLEMENTS))} دارد و قرارداد محدوده‌ها {'، '.join(sorted(CONTRACT))}.",
    )


def _only_once(place: Place, seen: dict[str, int]) -> None:
    if first := seen.get(place.code):
        raise _refusal(
            "HY-A010",
            place.row,
            "code",
            f"{place.code} stands in row {first} already. Keep one of them.",
            f"کد {place.code} پیش‌تر در ردیف {first} آمده است. یکی را نگه دارید.",
        )
    seen[place.code] = place.row


def _refusal(code: str, row: int, column: str, en: str, fa: str) -> HamyarError:
    return error(code, row=row, column=column, en=en, fa=fa)


def _code(cells: reading.Texts, column: str, digits: int, row: int, notes: list[Fault]) -> str:
    """The code in the column, its lost leading zero put back (and said)."""
    text = re.sub(r"\s|\.0$", "", latin_digits(cells.get(column, "")))
    if not text.isascii() or not text.isdigit() or len(text) not in (digits, digits - 1):
        raise _refusal(
            "HY-A011",
            row,
            column,
            f"“{cells.get(column, '')[:40]}” is not a code of {digits} digits. Take it from the statistical centre's list.",
            f"«{cells.get(column, '')[:40]}» کد {digits} رقمی نیست. آن را از فهرست مرکز آمار بردارید.",
        )
    if len(text) < digits:
        text = text.zfill(digits)
        notes.append(
            Fault(
                "HY-A012",
                row=row,
                column=column,
                en=f"the leading zero was put back: {text}.",
                fa=f"صفر ابتدای کد بازگردانده شد: {text}.",
            )
        )
    return text


def _name(cells: reading.Texts, row: int) -> str:
    name = re.sub(r"\s+", " ", cells.get("name", "")).strip()
    if not text_key(name):
        raise _refusal("HY-A013", row, "name", "the name is empty. Write it.", "نام خالی است. آن را بنویسید.")
    if len(name) > 200:
        raise _refusal(
            "HY-A013",
            row,
            "name",
            "the name is longer than 200 letters. Shorten it.",
            "نام بلندتر از ۲۰۰ حرف است. آن را کوتاه کنید.",
        )
    return name


def _number(cells: reading.Texts, column: str, row: int, low: float, high: float) -> float | None:
    text = latin_digits(cells.get(column, "")).replace("٫", ".").replace("٬", "").replace(",", "")
    if text in ("", "nan", "None"):
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise _refusal(
            "HY-A015",
            row,
            column,
            f"“{cells[column][:40]}” is not a number from {low:g} to {high:g}. Mend it or leave it empty.",
            f"«{cells[column][:40]}» عددی از {low:g} تا {high:g} نیست. آن را اصلاح کنید یا خالی بگذارید.",
        )
    return value


def _point(cells: reading.Texts, row: int) -> dict[str, float | None]:
    return {"lat": _number(cells, "lat", row, -90, 90), "lon": _number(cells, "lon", row, -180, 180)}


def _settlement(row: int, cells: reading.Texts, notes: list[Fault]) -> Place:
    kind = TYPES.get(cells["type"])
    if kind is None:
        raise _refusal(
            "HY-A016",
            row,
            "type",
            f"“{cells['type'][:40]}” is no type of settlement. Use {', '.join(TYPES)}.",
            f"«{cells['type'][:40]}» نوع آبادی نیست. یکی از {'، '.join(TYPES)} را بنویسید.",
        )
    code = _code(cells, "code", DIGITS[Kind.VILLAGE if kind == Kind.VILLAGE else Kind.CITY], row, notes)
    kind = Kind.NEIGHBOURHOOD if code in CITY_DISTRICTS else kind
    chain = _chain(cells, code, kind, row, notes)
    facts = {**_point(cells, row), "stratum": stratum_of(kind, None)}
    return Place(row, code, _name(cells, row), kind, chain, chain[-1][1], facts)


def _chain(cells: reading.Texts, code: str, kind: str, row: int, notes: list[Fault]) -> list[tuple[str, str, str]]:
    """Province, county, district and rural district, from the row's own columns; each must be a beginning of the code."""
    county = _code(cells, "county_code", 4, row, notes)
    found = [
        (Kind.PROVINCE, county[:2], PROVINCES.get(county[:2], county[:2])),
        (Kind.COUNTY, county, cells.get("county") or county),
    ]
    if cells.get("bakhsh_code"):
        district = _code(cells, "bakhsh_code", 6, row, notes)
        found.append((Kind.DISTRICT, district, cells.get("bakhsh") or district))
    if kind == Kind.VILLAGE and cells.get("dehestan_code"):
        rural = _code(cells, "dehestan_code", 10, row, notes)
        found.append((Kind.RURAL_DISTRICT, rural, cells.get("dehestan") or rural))
    steps = ["", *(step_code for _, step_code, _ in found), code]
    if bad := next((above for above, below in pairwise(steps) if not below.startswith(above)), None):
        raise _misplaced(row, code, bad)
    return found


def _misplaced(row: int, code: str, parent: str) -> HamyarError:
    return _refusal(
        "HY-A019",
        row,
        "code",
        f"{code} does not lie in {parent}: the first digits of a code are its county's, district's and rural district's. Mend one of them.",
        f"کد {code} زیر {parent} جای نمی‌گیرد؛ رقم‌های نخست هر کد، کد شهرستان، بخش و دهستان آن است. یکی از آن‌ها را اصلاح کنید.",
    )


def _area(row: int, cells: reading.Texts, notes: list[Fault]) -> Place:
    kind = cells["kind"]
    if kind not in Kind.values:
        raise _refusal(
            "HY-A016",
            row,
            "kind",
            f"“{kind[:40]}” is no kind of area. Use {', '.join(Kind.values)}.",
            f"«{kind[:40]}» نوع محدوده نیست. یکی از {'، '.join(Kind.values)} را بنویسید.",
        )
    code = _code(cells, "code", DIGITS[Kind(kind)], row, notes) if kind in DIGITS else latin_digits(cells["code"])
    population = _number(cells, "population", row, 0, 2e9)
    households = _number(cells, "households", row, 0, 1e9)
    facts: dict[str, Any] = {
        **_point(cells, row),
        "stratum": stratum_of(kind, None if population is None else int(population), cells.get("stratum", "")),
        "population": None if population is None else int(population),
        "households": None if households is None else int(households),
        "inhabited": cells.get("inhabited", "true").casefold() in YES,
        "name_en": cells.get("name_en", "")[:200],
    }
    if cells.get("provenance"):
        facts["provenance"] = cells["provenance"][:20]
    return Place(row, code, _name(cells, row), kind, [], latin_digits(cells["parent_code"]), facts)


def _city_districts(places: list[Place]) -> None:
    """A district of a city hangs under the city of its own district whose name its name begins with, where the file has it."""
    cities = {
        (place.parent, text_key(place.name)): place for place in places if place.kind == Kind.CITY and place.chain
    }
    for place in places:
        if place.kind == Kind.NEIGHBOURHOOD and place.chain:
            key = re.sub(r"\s*\d+$", "", text_key(place.name))
            city = cities.get((place.parent, key)) or cities.get((place.parent, key.rpartition(" ")[0]))
            place.parent = city.code if city else place.parent


def far_points(places: Iterable[Place]) -> list[Fault]:
    """Points far from all others of their province are no points: left out, and said.

    Far: more than four times the median distance from the median point. An outline, once imported, judges better.
    """
    by_province: dict[str, list[Place]] = {}
    for place in places:
        if place.facts["lat"] is not None and place.facts["lon"] is not None:
            by_province.setdefault(place.code[:2], []).append(place)
    return [note for group in by_province.values() if len(group) > 10 for note in _far(group)]


def _far(places: list[Place]) -> Iterator[Fault]:
    lat, lon = median(p.facts["lat"] for p in places), median(p.facts["lon"] for p in places)
    distance = [
        ((p.facts["lat"] - lat) ** 2 + ((p.facts["lon"] - lon) * cos(radians(lat))) ** 2) ** 0.5 for p in places
    ]
    limit = 4 * max(median(distance), 0.1)
    for place, away in zip(places, distance, strict=True):
        if away > limit:
            place.facts |= {"lat": None, "lon": None}
            yield outside(place.row, place.name)


def outside(row: int | None, name: str) -> Fault:
    return Fault(
        "HY-A017",
        row=row,
        column="lat",
        en=f"the point of {name} lies outside the province; it was left out. Mend the coordinates and import again.",
        fa=f"مختصات {name} بیرون از استان است و کنار گذاشته شد. مختصات را اصلاح و دوباره بارگذاری کنید.",
    )
