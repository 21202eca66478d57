"""Tables of places, read: each row becomes a place with its chain of parents, or a fault that says what to mend.

Two shapes are known: a table of settlements (code, name, type and the codes and names of county, district, rural district) and
the area contract (code, name, kind, parent_code, …).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import cos, radians
from pathlib import Path
from statistics import median
from typing import Any

from hamyar.errors import Fault, HamyarError, error
from hamyar.persian import latin_digits, text_key
from hamyar_server.areas import reading
from hamyar_server.areas.models import Area, Kind, Stratum
from hamyar_server.areas.provinces import PROVINCES

DIGITS: dict[str, tuple[int, ...]] = {
    Kind.PROVINCE: (2,),
    Kind.COUNTY: (4,),
    Kind.DISTRICT: (6,),
    Kind.RURAL_DISTRICT: (10,),
    Kind.CITY: (10,),
    Kind.VILLAGE: (16,),
    Kind.NEIGHBOURHOOD: (10, 12),  # of ten digits are the districts of large cities
}
ANY = tuple(sorted({digits for each in DIGITS.values() for digits in each}))
TYPES = {"abadi": Kind.VILLAGE, "abadi_block": Kind.VILLAGE, "shahr": Kind.CITY, "shahr_2": Kind.NEIGHBOURHOOD}
CITY_DISTRICTS = {"0916052526"}  # typed shahr in the tables of 1398, but a district of the city it is named after
SETTLEMENTS = {"code", "name", "type", "county_code"}
CONTRACT = {"code", "name", "kind", "parent_code"}
YES, NO = {"1", "true", "yes", "بله", "دارد"}, {"0", "false", "no", "خیر", "ندارد"}
PROVENANCES = ("census", "survey", "assessed", "declared", "model", "synthetic")


@dataclass
class Place:
    """One place as a row tells it. chain: (kind, code, name) of its parents, from the root down; all of them may be made.

    facts: what the row says, None where it says nothing; cells: the row as it was typed.
    """

    row: int
    code: str
    name: str
    kind: str
    chain: list[tuple[str, str, str]] = field(default_factory=list)
    parent: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    cells: reading.Texts = field(default_factory=dict)


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
            place.cells = cells
            parsed.places.append(place)
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


def _code(cells: reading.Texts, column: str, kind: str, row: int, notes: list[Fault]) -> str:
    """The code of an area of this kind ("" for any) in the column, its lost leading zero put back (and said)."""
    lengths = DIGITS.get(kind, ANY)
    typed = cells.get(column, "")
    text = whole(typed)
    if len(text) not in lengths:
        wanted = ", ".join(str(length) for length in lengths)
        raise _refusal(
            "HY-A011",
            row,
            column,
            f"“{typed[:40]}” is not a code of {wanted} digits. Take it from the statistical centre's list.",
            f"«{typed[:40]}» کد {wanted.replace(',', ' یا')} رقمی نیست. آن را از فهرست مرکز آمار بردارید.",
        )
    if len(text) != len(_bare(typed)):
        notes.append(zero_put_back(row, column, text))
    return text


def whole(typed: str) -> str:
    """The digits of a code, which are even in number: an odd number has lost its leading zero. "" for what is no code."""
    text = _bare(typed)
    return text.zfill(len(text) + len(text) % 2) if text.isascii() and text.isdigit() else ""


def _bare(typed: str) -> str:
    return re.sub(r"\s|\.0$", "", latin_digits(typed))


def zero_put_back(row: int | None, column: str, text: str) -> Fault:
    return Fault(
        "HY-A012",
        row=row,
        column=column,
        en=f"the leading zero was put back: {text}.",
        fa=f"صفر ابتدای کد بازگردانده شد: {text}.",
    )


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


def _number(
    cells: reading.Texts, column: str, row: int, low: float, high: float, whole_only: bool = False
) -> float | None:
    text = latin_digits(cells.get(column, "")).replace("٫", ".").replace("٬", "").replace(",", "")
    if text in ("", "nan", "None"):
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high or (whole_only and value % 1):
        raise _refusal(
            "HY-A015",
            row,
            column,
            f"“{cells[column][:40]}” is not a {'whole ' * whole_only}number from {low:.10g} to {high:.10g}. Mend it or leave it empty.",
            f"«{cells[column][:40]}» عدد{' صحیحی' if whole_only else 'ی'} از {low:.10g} تا {high:.10g} نیست. آن را اصلاح کنید یا خالی بگذارید.",
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
    code = _code(cells, "code", Kind.VILLAGE if kind == Kind.VILLAGE else Kind.CITY, row, notes)
    kind = Kind.NEIGHBOURHOOD if code in CITY_DISTRICTS else kind
    chain = _chain(cells, code, kind, row, notes)
    return Place(row, code, _name(cells, row), kind, chain, chain[-1][1], _point(cells, row))


def _chain(cells: reading.Texts, code: str, kind: str, row: int, notes: list[Fault]) -> list[tuple[str, str, str]]:
    """Province, county, district and rural district, from the row's own columns; each must be a beginning of the code."""
    county = _code(cells, "county_code", Kind.COUNTY, row, notes)
    found = [
        (Kind.PROVINCE, county[:2], PROVINCES.get(county[:2], county[:2])),
        (Kind.COUNTY, county, cells.get("county") or county),
    ]
    if cells.get("bakhsh_code"):
        district = _code(cells, "bakhsh_code", Kind.DISTRICT, row, notes)
        found.append((Kind.DISTRICT, district, cells.get("bakhsh") or district))
    if kind == Kind.VILLAGE and cells.get("dehestan_code"):
        rural = _code(cells, "dehestan_code", Kind.RURAL_DISTRICT, row, notes)
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
    facts: dict[str, Any] = {
        **_point(cells, row),
        "stratum": _word(cells, "stratum", row, Stratum.values),
        "population": _count(cells, "population", row),
        "households": _count(cells, "households", row),
        "inhabited": _yes(cells, "inhabited", row),
        "name_en": cells.get("name_en", "")[:200] or None,
        "provenance": _word(cells, "provenance", row, PROVENANCES),
    }
    parent = _code(cells, "parent_code", "", row, notes) if cells["parent_code"] else ""
    return Place(row, _code(cells, "code", kind, row, notes), _name(cells, row), kind, [], parent, facts)


def _count(cells: reading.Texts, column: str, row: int) -> int | None:
    value = _number(cells, column, row, 0, 2_000_000_000, whole_only=True)
    return None if value is None else int(value)


def _word(cells: reading.Texts, column: str, row: int, known: Sequence[str]) -> str | None:
    """One of the known words, or None where the cell is empty."""
    word = cells.get(column, "")
    if word and word not in known:
        raise _refusal(
            "HY-A023",
            row,
            column,
            f"“{word[:40]}” is not known here. Write one of {', '.join(known)}, or leave it empty.",
            f"«{word[:40]}» در این ستون شناخته نیست. یکی از {'، '.join(known)} را بنویسید یا خالی بگذارید.",
        )
    return word or None


def _yes(cells: reading.Texts, column: str, row: int) -> bool | None:
    word = cells.get(column, "").casefold()
    if word in YES | NO:
        return word in YES
    _word(cells, column, row, ("true", "false"))
    return None


def hang_city_districts(places: list[Place], known: Iterable[Area]) -> None:
    """A district of a city hangs under the city of its own district whose name its name begins with, in the file or in the record."""
    cities = {(city.parent.code, city.key): city.code for city in known if city.parent}
    cities |= {
        (place.parent, text_key(place.name)): place.code for place in places if place.kind == Kind.CITY and place.chain
    }
    for place in places:
        if place.kind == Kind.NEIGHBOURHOOD and place.chain:
            key = re.sub(r"\s*\d+$", "", text_key(place.name))
            beginning = (place.parent, key.rpartition(" ")[0])
            place.parent = cities.get((place.parent, key)) or cities.get(beginning) or place.parent


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
