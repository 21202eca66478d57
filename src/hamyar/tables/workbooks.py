"""The first sheet of an XLSX workbook as text. Formulas are never run: a cell is the value that was last shown."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from hamyar.errors import error
from hamyar.tables.incoming import Batch, Incoming

LARGEST = 500_000_000  # bytes of a workbook once unpacked
EXACT = 10**15  # Excel keeps 15 digits
ROWS = 20_000  # of a batch
SPOILED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
)  # what `zipfile` raises for bytes that are no archive of ours,
UNKNOWN = (
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
)  # and for what it cannot unpack


def open_xlsx(path: Path) -> Incoming:
    """Heading (row 1) and rows of the first sheet.

    Raises HamyarError: HY-T020 no workbook, HY-T021 too large once unpacked, HY-T010 empty.
    """
    _check_size(path)
    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    except CalamineError as wrong:
        raise _no_workbook(path) from wrong
    rows = iter(sheet.iter_rows())
    heading = [_text(cell) for cell in next(rows, [])]
    if not any(heading) and sheet.height == 0:
        raise error(
            "HY-T010",
            en="the first sheet is empty. It needs a heading row and rows below it.",
            fa="برگهٔ نخست خالی است. یک سطر عنوان و ردیف‌هایی زیر آن لازم است.",
            file=path.name,
        )
    while heading and not heading[-1]:
        heading.pop()
    return Incoming(path.name, heading, [pa.string()] * len(heading), _batches(rows, len(heading)))


def _check_size(path: Path) -> None:
    """Unpacks every part once: a size that the archive only claims is not believed."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > LARGEST:
                raise error(
                    "HY-T021",
                    en=f"the workbook holds more than {LARGEST // 10**6} MB once unpacked. Save it as CSV and give that.",
                    fa=f"این کارپوشه پس از بازشدن بیش از {LARGEST // 10**6} مگابایت است. آن را به CSV ذخیره کنید و همان را بدهید.",
                    file=path.name,
                )
            damaged = archive.testzip()
    except (*SPOILED, *UNKNOWN) as wrong:
        raise _no_workbook(path) from wrong
    if damaged:
        raise _no_workbook(path)


def _no_workbook(path: Path) -> Exception:
    return error(
        "HY-T020",
        en="this is no XLSX workbook that can be read (damaged, protected by a password, or another format). Save it anew as XLSX or CSV.",
        fa="این پرونده کارپوشهٔ XLSX خواندنی نیست (آسیب‌دیده، رمزدار یا با قالبی دیگر است). آن را دوباره به XLSX یا CSV ذخیره کنید.",
        file=path.name,
    )


def _batches(rows: Iterator[list[Any]], width: int) -> Iterator[Batch]:
    first = 2
    names = [f"f{i}" for i in range(width)]
    while chunk := list(islice(rows, ROWS)):
        columns = [pa.array([_text(cell) for cell in column], pa.string()) for column in zip(*chunk, strict=True)]
        batch = pa.RecordBatch.from_arrays(columns[:width], names)
        yield np.arange(first, first + len(chunk)), batch
        first += len(chunk)


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return _number(cell)
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _number(cell: float) -> str:
    """Whole numbers without a point; beyond 15 digits with an exponent, since Excel has lost their last digits."""
    if abs(cell) >= EXACT:
        return f"{cell:.14e}"
    return str(int(cell)) if cell == int(cell) else repr(cell)
