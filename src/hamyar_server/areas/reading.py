"""Rows of a file of places, as they were typed: CSV, XLSX or Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hamyar.errors import error

LARGEST = 100 * 1024 * 1024  # bytes; a nation's settlements are a tenth of it
Texts = dict[str, str]


def rows(path: Path) -> Iterator[tuple[int, Texts]]:
    """(row number in the file, cells by column); the header is row 1. Raises HamyarError HY-A001 to HY-A004, HY-A006."""
    if not path.is_file():
        raise error(
            "HY-A001",
            file=str(path),
            en="there is no such file. Check the path.",
            fa="چنین فایلی نیست. نشانی را بررسی کنید.",
        )
    if path.stat().st_size > LARGEST:
        raise error(
            "HY-A002",
            file=path.name,
            en=f"the file has {path.stat().st_size >> 20} MB; a file of places may have {LARGEST >> 20}. Split it by province.",
            fa=f"حجم فایل {path.stat().st_size >> 20} مگابایت است و بیش از {LARGEST >> 20} مگابایت پذیرفته نمی‌شود. آن را به تفکیک استان بارگذاری کنید.",
        )
    yield from _csv(path) if path.suffix.lower() in (".csv", ".txt") else _typed(path)


def _typed(path: Path) -> Iterator[tuple[int, Texts]]:
    from hamyar.tables import as_table  # a heavy import that most commands do without

    table = as_table(path)
    label = {"provenance": table.provenance} if table.provenance else {}  # a column of that name says it for its row
    for number, row in enumerate(table.expr.to_pyarrow().to_pylist(), start=2):
        yield number, label | {name: "" if value is None else str(value).strip() for name, value in row.items()}


def _csv(path: Path) -> Iterator[tuple[int, Texts]]:
    text = _decoded(path)
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    names = [name.strip() for name in next(_whole(reader, path), [])]
    if not any(names):
        raise _empty(path)
    found = False
    start = reader.line_num + 1
    for cells in _whole(reader, path):
        number, start = start, reader.line_num + 1
        if any(cell.strip() for cell in cells):
            found = True
            yield number, {name: cell.strip() for name, cell in zip(names, [*cells, *[""] * len(names)], strict=False)}
    if not found:
        raise _empty(path)


def _whole(reader: Any, path: Path) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as wrong:
        raise _unread(path, reader.line_num) from wrong


def _unread(path: Path, line: int) -> Exception:
    return error(
        "HY-A006",
        file=path.name,
        row=line,
        en="the file cannot be read from this line on: a cell is too long, or its quotation marks do not close. Mend it, or save the file anew.",
        fa="فایل از این سطر به بعد خوانده نمی‌شود: خانه‌ای بیش از اندازه بلند است یا گیومهٔ آن بسته نشده. آن را اصلاح یا فایل را دوباره ذخیره کنید.",
    )


def _empty(path: Path) -> Exception:
    return error(
        "HY-A003",
        file=path.name,
        en="the file is empty. It needs a header and a row for each place.",
        fa="فایل خالی است. یک سطر عنوان و برای هر محل یک ردیف لازم است.",
    )


def _decoded(path: Path) -> str:
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "windows-1256"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise error(
        "HY-A004",
        file=path.name,
        en="the file is neither UTF-8 nor Windows-1256. Save it as UTF-8.",
        fa="متن فایل نه UTF-8 است و نه Windows-1256. آن را با قالب UTF-8 ذخیره کنید.",
    )
