"""Actions that bring places and their boundaries into the record, and take them back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from hamyar.errors import Fault, error
from hamyar.persian import text_key
from hamyar_server.areas import parsing, reading
from hamyar_server.areas.boundaries import features, outside_of
from hamyar_server.areas.following import follow
from hamyar_server.areas.models import Area, AreaCode, ImportBatch, ImportedRow, Kind, Stratum, stratum_of
from hamyar_server.areas.parsing import Parsed, Place
from hamyar_server.core import audit
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor

FACTS = (
    "name",
    "name_en",
    "kind",
    "stratum",
    "inhabited",
    "population",
    "households",
    "lat",
    "lon",
    "provenance",
    "boundary",
)
BATCH = 2000
LEVEL = {kind: level for level, kind in enumerate(("province", "county", "district"))}
LEVEL |= {"rural_district": 3, "city": 3, "village": 4, "neighbourhood": 4}  # a place lies in one of a lower level
Progress = Callable[[int, int], object]


@dataclass
class Imported:
    """What a file did: batch is None where it changed nothing."""

    batch: ImportBatch | None = None
    made: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[tuple[Fault, reading.Texts]] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)


@transaction.atomic
def import_areas(*, by: Actor | None, path: Path, progress: Progress | None = None) -> Imported:
    """Bring in a table of places: new codes are made, known ones changed where the row says otherwise, bad rows reported.

    by: None is the operator at the server's own command line. The same file twice changes nothing. Raises HamyarError where
    the file is none (HY-A001 to HY-A005).
    """
    parsed = parsing.parse(path)
    parsing.hang_city_districts(parsed.places, _cities(parsed))
    _by_todays_codes(parsed)
    known = {area.code: area for area in Area.objects.filter(code__in=_codes(parsed)).select_related("parent")}
    wanted = _with_parents(parsed, known)
    _require(by, wanted, known)
    batch = ImportBatch(file_name=path.name, sha256=_digest(path), source="settlements")
    result = Imported(batch, refused=parsed.refused, notes=parsed.notes)
    made, before = _upsert(wanted, known, result, progress)
    return _closed(by, result, made, before, known)


def _cities(parsed: Parsed) -> models.QuerySet[Area]:
    """Cities of the record beside the districts of cities in the file."""
    beside = {place.parent for place in parsed.places if place.kind == Kind.NEIGHBOURHOOD and place.chain}
    return Area.objects.filter(kind=Kind.CITY, parent__code__in=beside).select_related("parent")


def _codes(parsed: Parsed) -> set[str]:
    steps = {code for place in parsed.places for _, code, _ in place.chain}
    return steps | {place.code for place in parsed.places} | {place.parent for place in parsed.places}


def _by_todays_codes(parsed: Parsed) -> None:
    """A file may still name areas by codes that they had: they are the same areas."""
    found = Area.objects.by_codes(_codes(parsed))
    now = {code: area.code for code, area in found.items() if area.code != code}
    for place in parsed.places if now else []:
        place.code, place.parent = now.get(place.code, place.code), now.get(place.parent, place.parent)
        place.chain = [(kind, now.get(code, code), name) for kind, code, name in place.chain]


def _with_parents(parsed: Parsed, known: dict[str, Area]) -> list[Place]:
    """Places with the missing parents made from the rows' own columns, parents before children; a row without one is refused."""
    given = {place.code: place for place in parsed.places}
    for place in parsed.places:
        above = ""
        for kind, code, name in place.chain:
            if code not in given and code not in known:
                given[code] = Place(place.row, code, name, kind, parent=above)
            above = code
    return _ordered(given, known, parsed)


def _ordered(given: dict[str, Place], known: dict[str, Area], parsed: Parsed) -> list[Place]:
    """Parents first. Levels rise from the root down, so that no place can lie in itself."""
    kinds = {code: area.kind for code, area in known.items()} | {code: place.kind for code, place in given.items()}
    held, ordered = set(known), []
    for place in sorted(given.values(), key=lambda place: LEVEL[place.kind]):
        root = place.parent == "" and place.kind == Kind.PROVINCE
        fault = None
        if not root and LEVEL.get(kinds.get(place.parent, ""), -1) >= LEVEL[place.kind] or _sinks(place, known):
            fault = _upside_down(place)
        elif not root and place.parent not in held:
            fault = _orphan(place)
        if fault:
            parsed.refused.append((fault, place.cells))
        else:
            held.add(place.code)
            ordered.append(place)
    return ordered


def _sinks(place: Place, known: dict[str, Area]) -> bool:
    """Whether a known place is to take a kind that could not hold what lies in it."""
    area = known.get(place.code)
    if area is None or LEVEL[area.kind] >= LEVEL[place.kind]:
        return False
    return area.children.filter(kind__in=[kind for kind, level in LEVEL.items() if level <= LEVEL[place.kind]]).exists()


def _orphan(place: Place) -> Fault:
    return Fault(
        "HY-A014",
        row=place.row,
        column="parent_code",
        en=f"{place.code}: its parent “{place.parent[:20]}” is neither in this file nor in the record. Import the parents first, or add the row.",
        fa=f"{place.code}: واحد بالادست آن «{place.parent[:20]}» نه در این فایل است و نه در سامانه. نخست واحدهای بالادست را بارگذاری کنید یا ردیف آن را بیفزایید.",
    )


def _upside_down(place: Place) -> Fault:
    return Fault(
        "HY-A024",
        row=place.row,
        column="parent_code",
        en=f"{place.code} cannot lie in {place.parent[:20]}, which is of a lower kind or of the same. Write the code of the unit that holds it.",
        fa=f"{place.code} نمی‌تواند زیرمجموعهٔ {place.parent[:20]} باشد؛ رده‌اش از آن پایین‌تر نیست. کد واحد دربرگیرندهٔ آن را بنویسید.",
    )


def _require(by: Actor | None, wanted: list[Place], known: dict[str, Area]) -> None:
    """Whoever imports administers every place that the file touches, and where it is to hang; roots are the operator's alone."""
    if by is None:
        return
    for place in wanted:
        for code in (place.code, place.parent):
            if area := known.get(code):
                mandates.require(by, mandates.Function.ADMINISTER, area)
        if place.parent == "" and place.code not in known:
            raise mandates.NotAllowed


def _upsert(
    wanted: list[Place], known: dict[str, Area], result: Imported, progress: Progress | None
) -> tuple[list[Area], dict[str, dict[str, Any]]]:
    made: list[Area] = []
    before: dict[str, dict[str, Any]] = {}
    for place in wanted:
        area, parent = known.get(place.code), known.get(place.parent)
        if area is None:
            known[place.code] = area = Area(code=place.code)
            _write(area, place, parent)
            made.append(area)
        elif _differs(area, place, parent):
            before[area.code] = state(area)
            _write(area, place, parent)
        else:
            result.unchanged += 1
    _save(made, [known[code] for code in before], progress)
    result.made, result.changed = len(made), len(before)
    return made, before


def _path(parent: Area | None, code: str) -> str:
    return f"{parent.path}/{code}" if parent else code


def _write(area: Area, place: Place, parent: Area | None) -> None:
    area.name, area.key, area.kind = place.name, text_key(place.name), place.kind
    area.parent, area.path = parent, _path(parent, place.code)
    area.depth = area.path.count("/")
    for name, value in _facts(area, place).items():
        setattr(area, name, value)


def _facts(area: Area, place: Place) -> dict[str, Any]:
    """What the row says; where it says nothing, what is known stays. The stratum follows from both."""
    said = {name: value for name, value in place.facts.items() if value is not None}
    population = said.get("population", area.population)
    margin = area.stratum if area.stratum == Stratum.CITY_MARGIN else ""
    return said | {"stratum": stratum_of(place.kind, population, said.get("stratum", margin))}


def _differs(area: Area, place: Place, parent: Area | None) -> bool:
    if (area.name, area.kind, area.path) != (place.name, place.kind, _path(parent, place.code)):
        return True
    return any(getattr(area, name) != value for name, value in _facts(area, place).items())


def state(area: Area) -> dict[str, Any]:
    """What an undo needs: the facts, and where it hung."""
    return {name: getattr(area, name) for name in FACTS} | {"parent": area.parent.code if area.parent else ""}


def _save(made: list[Area], changed: list[Area], progress: Progress | None) -> None:
    total = len(made) + len(changed)
    for first in range(0, len(made), BATCH):
        Area.objects.bulk_create(made[first : first + BATCH])
        if progress:
            progress(min(first + BATCH, len(made)), total)
    _update(changed)
    AreaCode.objects.bulk_create([AreaCode(area=area, code=area.code) for area in made], batch_size=BATCH)
    if progress:
        progress(total, total)


def _update(areas: list[Area]) -> None:
    """Save what changed; where a place moved, everything below it follows, and whatever carries its path."""
    lay = dict(Area.objects.filter(pk__in=[area.pk for area in areas]).values_list("pk", "path"))
    Area.objects.bulk_update(areas, [*FACTS, "key", "parent", "path", "depth"], batch_size=300)
    follow({lay[area.pk]: area.path for area in areas})
    _rehang(areas)


def _rehang(changed: Iterable[Area]) -> None:
    for area in changed:
        stale = [child for child in area.children.all() if child.path != _path(area, child.code)]
        lay = [child.path for child in stale]
        for child in stale:
            child.path, child.depth = _path(area, child.code), area.depth + 1
        Area.objects.bulk_update(stale, ["path", "depth"])
        follow(dict(zip(lay, (child.path for child in stale), strict=True)))
        _rehang(stale)


def _closed(
    by: Actor | None, result: Imported, made: list[Area], before: dict[str, dict[str, Any]], known: dict[str, Area]
) -> Imported:
    """Keep the batch and its rows, so that it can be undone; nothing is kept where nothing changed."""
    batch = result.batch
    if batch is None or not (made or before):
        result.batch = None
        return result
    batch.made, batch.changed, batch.unchanged, batch.refused = (
        result.made,
        result.changed,
        result.unchanged,
        len(result.refused),
    )
    batch.save()
    rows = [ImportedRow(batch=batch, area=area) for area in made]
    rows += [ImportedRow(batch=batch, area=known[code], before=was) for code, was in before.items()]
    ImportedRow.objects.bulk_create(rows, batch_size=BATCH)
    counts = {"made": batch.made, "changed": batch.changed, "refused": batch.refused}
    audit.record(by, "areas.imported", batch, file=batch.file_name, rows=counts)
    return result


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@transaction.atomic
def recode(*, by: Actor | None, area: Area, code: str, since: date) -> AreaCode:
    """From a day on the area has another code; files that name it by the old one still mean it.

    by: None is the operator at the server's own command line. Raises HamyarError HY-A025 where another area has or had the
    code, HY-A026 where the day does not lie after the one from which the present code holds.
    """
    if by is not None:
        mandates.require(by, mandates.Function.ADMINISTER, area)
    if code == area.code or Area.objects.by_codes([code]).get(code, area) != area:
        raise error(
            "HY-A025",
            column="code",
            en=f"{code} is or was the code of an area already. Choose a code that nobody has had.",
            fa=f"کد {code} از آنِ محدوده‌ای است یا بوده است. کدی برگزینید که هیچ محدوده‌ای نداشته باشد.",
        )
    present, _made = AreaCode.objects.get_or_create(area=area, code=area.code, valid_to=None)
    if present.valid_from and present.valid_from >= since:
        raise error(
            "HY-A026",
            column="since",
            en=f"the code {area.code} itself holds only from {present.valid_from}. Give a later day.",
            fa=f"کد {area.code} خود از {present.valid_from} برقرار است. روزی پس از آن بدهید.",
        )
    AreaCode.objects.filter(pk=present.pk).update(valid_to=since - timedelta(days=1))
    found = AreaCode.objects.create(area=area, code=code, valid_from=since)
    area.code, area.path = code, _path(area.parent, code)
    Area.objects.filter(pk=area.pk).update(code=code)
    _update([area])
    audit.record(by, "area.recoded", area, area=area, old=present.code, new=code, since=since.isoformat())
    return found


@transaction.atomic
def import_boundaries(*, by: Actor | None, path: Path) -> Imported:
    """Bring in GeoJSON boundaries by their property `code`; points outside the new outline are left out, and said."""
    given, notes = features(path)
    found = Area.objects.by_codes(given)
    given = {found[code].code if code in found else code: outline for code, outline in given.items()}
    known = {area.code: area for area in found.values()}
    for area in known.values():
        if by is not None:
            mandates.require(by, mandates.Function.ADMINISTER, area)
    result = Imported(ImportBatch(file_name=path.name, sha256=_digest(path), source="boundaries"), notes=notes)
    result.refused = [(_unmatched(code), {"code": code}) for code in given if code not in known]
    changed = {code: area for code, area in known.items() if area.boundary != given[code]}
    before = {code: state(area) for code, area in changed.items()}
    for code, area in changed.items():
        area.boundary = given[code]
    Area.objects.bulk_update(changed.values(), ["boundary"], batch_size=50)
    result.changed, result.unchanged = len(changed), len(known) - len(changed)
    if changed:
        _drop_far_points(list(given.values()), before, known, result)
    return _closed(by, result, [], before, known)


def _drop_far_points(
    outline: list[dict[str, Any]], before: dict[str, dict[str, Any]], known: dict[str, Area], result: Imported
) -> None:
    """Points of what lies in the outlined areas, where they stand outside all boundaries of the file."""
    outlined = [
        area for area in known.values() if not any(other.contains(area) for other in known.values() if other != area)
    ]
    for above in outlined:
        below = Area.objects.subtree(above).filter(lat__isnull=False, lon__isnull=False)
        for area in outside_of(outline, below.select_related("parent")):
            before.setdefault(area.code, state(area))
            known.setdefault(area.code, area)
            Area.objects.filter(pk=area.pk).update(lat=None, lon=None)
            result.notes.append(parsing.outside(None, area.name))


def _unmatched(code: str) -> Fault:
    return Fault(
        "HY-A018",
        column="code",
        en=f"no area here has the code {code}. Import the areas first; the other boundaries were taken.",
        fa=f"محدوده‌ای با کد {code} در سامانه نیست. نخست محدوده‌ها را بارگذاری کنید؛ مرزهای دیگر پذیرفته شد.",
    )


@transaction.atomic
def undo_import(*, by: Actor | None, batch: ImportBatch) -> None:
    """Take a batch back: what it made is removed, what it changed is as before. Raises HamyarError HY-A020, HY-A021, HY-A022."""
    rows = list(batch.rows.select_related("area"))
    for row in rows if by else []:
        mandates.require(by, mandates.Function.ADMINISTER, row.area)
    _undoable(batch)
    _restore([row for row in rows if row.before is not None])
    _remove([row.area for row in rows if row.before is None], batch)
    ImportBatch.objects.filter(pk=batch.pk).update(undone_at=timezone.now())
    counts = {"made": batch.made, "changed": batch.changed}
    audit.record(by, "areas.import_undone", batch, file=batch.file_name, rows=counts)


def _undoable(batch: ImportBatch) -> None:
    if batch.undone_at:
        raise error("HY-A020", en="this batch has been undone already.", fa="این بارگذاری پیش‌تر برگردانده شده است.")
    later = ImportBatch.objects.filter(
        pk__gt=batch.pk, undone_at=None, rows__area__in=batch.rows.values("area")
    ).distinct()
    if names := ", ".join(f"{other.file_name} ({other.pk})" for other in later):
        raise error(
            "HY-A021",
            en=f"later batches changed the same areas: {names}. Undo them first.",
            fa=f"بارگذاری‌های بعدی همین محدوده‌ها را تغییر داده‌اند: {names}. نخست آن‌ها را برگردانید.",
        )


def _restore(rows: list[ImportedRow]) -> None:
    parents = Area.objects.by_codes(row.before["parent"] for row in rows)
    for row in rows:
        area = row.area
        for name in FACTS:
            setattr(area, name, row.before[name])
        area.key, area.parent = text_key(area.name), parents.get(row.before["parent"])
        area.path = _path(area.parent, area.code)
        area.depth = area.path.count("/")
    _update([row.area for row in rows])


def _remove(areas: list[Area], batch: ImportBatch) -> None:
    try:
        for depth in sorted({area.depth for area in areas}, reverse=True):
            Area.objects.filter(
                pk__in=ImportedRow.objects.filter(batch=batch, before__isnull=True).values("area"), depth=depth
            ).delete()
    except models.ProtectedError as problem:
        kinds = sorted({str(thing._meta.verbose_name) for thing in problem.protected_objects})
        raise error(
            "HY-A022",
            en=f"something hangs on these areas already ({', '.join(kinds)}). Remove it first; nothing was undone.",
            fa=f"چیزهایی به این محدوده‌ها وابسته است ({'، '.join(kinds)}). نخست آن‌ها را بردارید؛ چیزی برگردانده نشد.",
        ) from problem
