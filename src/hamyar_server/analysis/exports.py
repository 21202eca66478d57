"""A round's results as files. The snapshot and its households are not among them."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq
from django.http import HttpResponse

from hamyar_server.analysis.models import Round

STORED = ("report.html", "areas.parquet", "profile.parquet", "manifest.json")
DERIVED = {"areas.csv": "areas.parquet", "profile.csv": "profile.parquet"}


def files(kept: Round) -> list[str]:
    """Names of what may be downloaded."""
    stored = [name for name in STORED if (kept.folder / name).exists()]
    return stored + [name for name, source in DERIVED.items() if source in stored]


def as_csv(kept: Round, name: str) -> HttpResponse:
    """A table as CSV in UTF-8, with the mark by which spreadsheets know it."""
    text = io.BytesIO("\ufeff".encode())
    text.seek(0, io.SEEK_END)
    csv.write_csv(harmless(pq.read_table(kept.folder / DERIVED[name])), text)
    answer = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def harmless(table: pa.Table) -> pa.Table:
    """Texts that a spreadsheet would run as a formula begin with an apostrophe."""
    for at, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            safe = pc.replace_substring_regex(table[field.name], pattern=r"^([=+\-@\t\r])", replacement=r"'\1")
            table = table.set_column(at, field.name, safe)
    return table
