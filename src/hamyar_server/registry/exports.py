"""Households and persons as files: what the list shows and the facts, row by row; no identity, no sensitive value, no document.

CSV is sent as it is read. The other formats need their whole, and are written to a file of the server first.
"""

from __future__ import annotations

import csv
import io
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from itertools import islice
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from django.db import transaction
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse

from hamyar.errors import error
from hamyar_server.core import audit
from hamyar_server.organisations.actors import Actor
from hamyar_server.registry import lists
from hamyar_server.registry.incoming import FACTS
from hamyar_server.registry.models import Household, Membership, Person
from hamyar_server.registry.staging import harmless

CHUNK = 2_000
PREFIX = "hamyar-export-"  # then the process that writes
SHEET = 1_048_575  # rows of a worksheet below its heading
TYPES = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
PLACE = [("area_code", pa.string()), ("area_name", pa.string()), ("stratum", pa.string())]
SCHEMAS = {
    "households": pa.schema(
        [("household", pa.string()), *PLACE, ("state", pa.string()), ("members", pa.int64()), ("decile", pa.int64())]
        + [("covered_by", pa.string())]
        + [(name, TYPES.get(column.type, pa.string())) for name, column in FACTS.items()]
    ),
    "persons": pa.schema(
        [("person", pa.string()), ("household", pa.string()), *PLACE, ("role", pa.string()), ("sex", pa.string())]
        + [("birth_year", pa.int64())]
    ),
}
Chunk = tuple[pa.RecordBatch, list[tuple[float | None, float | None]]]


def export(*, by: Actor, wanted: dict[str, Any], what: str, form: str, today: date) -> HttpResponseBase:
    """The file; what: households or persons of what is wanted; form: one of FORMS. Written to the audit with its count first.

    Raises HamyarError HY-H040 for a worksheet that is too long.
    """
    rows: QuerySet[Any] = lists.found(by, wanted, today)
    if what == "persons":
        rows = Person.objects.living().visible_to(by).filter(household__in=rows)
    count = rows.count()
    if form == "xlsx" and count > SHEET:
        raise error(
            "HY-H040",
            en=f"{count} rows are more than a worksheet holds. Choose CSV or Parquet, or filter.",
            fa=f"{count} سطر بیش از گنجایش یک کاربرگ است. CSV یا Parquet را برگزینید یا صافی بگذارید.",
        )
    filters = {name: str(value) for name, value in wanted.items() if value and name != "q"}
    with transaction.atomic():
        said = {"form": form, "count": count, "filters": filters, "searched": bool(wanted.get("q"))}
        audit.record(by, f"{what}.exported", by.organisation, area=by.area, **said)
    chunks = _chunks(rows, DESCRIBE[what], today, SCHEMAS[what])
    return FORMS[form](chunks, SCHEMAS[what], f"{what}.{form}")


def _chunks(
    rows: QuerySet[Any], describe: Callable[..., list[list[Any]]], today: date, schema: pa.Schema
) -> Iterator[Chunk]:
    found = rows.select_related("area" if rows.model is Household else "household__area").order_by(*lists.ORDER)
    each = found.iterator(chunk_size=CHUNK)
    while some := list(islice(each, CHUNK)):
        columns = zip(*describe(some, today), strict=True)
        arrays = [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)]
        areas = [row.area if isinstance(row, Household) else row.household.area for row in some]
        yield pa.record_batch(arrays, schema=schema), [(area.lat, area.lon) for area in areas]


def _households(rows: Sequence[Household], today: date) -> list[list[Any]]:
    covers = lists.covering(rows, today)
    return [
        [str(row.pk), row.area.code, row.area.name, row.area.stratum, row.state, row.members, row.decile]
        + ["، ".join(covers.get(row.pk, [])) or None]
        + [row.facts.get(name) for name in FACTS]
        for row in rows
    ]


def _persons(rows: Sequence[Person], _today: date) -> list[list[Any]]:
    roles = dict(Membership.objects.living().filter(person__in=rows).values_list("person", "role"))
    found = []
    for row in rows:
        assert row.household is not None
        area, born = row.household.area, row.birth_date
        found.append(
            [str(row.pk), str(row.household_id), area.code, area.name, area.stratum]
            + [roles.get(row.pk), row.sex or None, born.year if born else None]
        )
    return found


DESCRIBE = {"households": _households, "persons": _persons}


def _safe(value: Any) -> Any:
    return harmless(value) if isinstance(value, str) else value


def _tuples(batch: pa.RecordBatch) -> Iterable[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)


def as_csv(chunks: Iterator[Chunk], schema: pa.Schema, name: str) -> HttpResponseBase:
    """In UTF-8, with the mark by which spreadsheets know it."""

    def lines() -> Iterator[bytes]:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(schema.names)
        yield b"\xef\xbb\xbf" + text.getvalue().encode()
        for batch, _ in chunks:
            text.seek(0)
            text.truncate()
            writer.writerows([_safe(value) for value in row] for row in _tuples(batch))
            yield text.getvalue().encode()

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def clear_abandoned() -> None:
    """Remove what exports left that were killed while they wrote."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        if not Path("/proc", folder.name.removeprefix(PREFIX).split("-")[0]).exists():
            rmtree(folder, ignore_errors=True)


def _sent(write: Callable[[Path], None], name: str) -> HttpResponseBase:
    """A file of the server that is gone as soon as it is sent."""
    with ExitStack() as stack:
        path = Path(stack.enter_context(TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-")), name)
        write(path)
        return FileResponse(path.open("rb"), as_attachment=True, filename=name)


def as_xlsx(chunks: Iterator[Chunk], schema: pa.Schema, name: str) -> HttpResponseBase:
    def write(path: Path) -> None:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        options["tmpdir"] = str(path.parent)
        with xlsxwriter.Workbook(str(path), options) as book:
            sheet = book.add_worksheet()
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, schema.names)
            line = 0
            for batch, _ in chunks:
                for row in _tuples(batch):
                    line += 1
                    sheet.write_row(line, 0, [_safe(value) for value in row])

    return _sent(write, name)


def as_parquet(chunks: Iterator[Chunk], schema: pa.Schema, name: str) -> HttpResponseBase:
    def write(path: Path) -> None:
        with pq.ParquetWriter(path, schema) as file:
            for batch, _ in chunks:
                file.write_batch(batch)

    return _sent(write, name)


def as_geopackage(chunks: Iterator[Chunk], schema: pa.Schema, name: str) -> HttpResponseBase:
    """Each row at the point of its place, not of its house."""

    def write(path: Path) -> None:
        from pyogrio import write_arrow  # loads GDAL

        begun = False
        for batch, points in _one_at_least(chunks, schema):
            table = pa.Table.from_batches([batch]).append_column("geometry", pa.array(map(_point, points), pa.binary()))
            place = {"geometry_name": "geometry", "geometry_type": "Point", "crs": "EPSG:4326"}
            write_arrow(table, path, driver="GPKG", layer=Path(name).stem, append=begun, **place)
            begun = True

    return _sent(write, name)


def _one_at_least(chunks: Iterator[Chunk], schema: pa.Schema) -> Iterator[Chunk]:
    """A layer without rows still has its columns."""
    yield next(chunks, (pa.RecordBatch.from_pylist([], schema), []))
    yield from chunks


def _point(place: tuple[float | None, float | None]) -> bytes | None:
    """As well-known binary; None where the place has no point."""
    lat, lon = place
    return None if lat is None or lon is None else struct.pack("<BIdd", 1, 1, lon, lat)


FORMS = {"csv": as_csv, "xlsx": as_xlsx, "parquet": as_parquet, "gpkg": as_geopackage}
