"""CSV in the encodings and separators that offices use, streamed as Arrow batches of text."""

from __future__ import annotations

import codecs
import csv
import io
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from hamyar.errors import Fault, HamyarError, error
from hamyar.tables.incoming import MOST_COLUMNS, Batch, Incoming

BLOCK = 8_000_000  # bytes parsed at a time: the longest row; Arrow reads up to 32 of them ahead
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
PIECE = 1 << 20  # bytes decoded at a time
KEPT = 100


def open_csv(path: Path, block: int = BLOCK) -> Incoming:
    """The file's heading and rows. UTF-8 with or without a mark, UTF-16 with one, else Windows-1256; comma, semicolon or tab.

    Row 1 is the heading; a row is a record, so a line break inside quotation marks starts no new row and an empty line
    is a row, as a spreadsheet counts. Raises HamyarError HY-T010 for an empty file, HY-T013 for a heading that cannot be read.
    """
    encoding = _encoding(path)
    with _AsUtf8(path, encoding) as stream:
        start = stream.read(1_000_000).decode("utf-8", "replace")
    separator = _separator(start)
    try:
        heading = next(csv.reader(io.StringIO(start, newline=""), delimiter=separator), [])
    except csv.Error as wrong:  # a cell that is longer than any heading
        raise HamyarError(_unreadable(path.name, str(wrong))) from wrong
    if not start.strip():
        raise error(
            "HY-T010",
            en="the file is empty. It needs a heading row and rows below it.",
            fa="پرونده خالی است. یک سطر عنوان و ردیف‌هایی زیر آن لازم است.",
            file=path.name,
        )
    found = Incoming(path.name, heading, [pa.string()] * len(heading))
    found.batches = _Records(path, encoding, separator, found, block).batches()
    return found


def _encoding(path: Path) -> str:
    """Windows-1256 where most bytes above 127 are not UTF-8; a few wrong bytes in UTF-8 stay wrong and are reported."""
    with path.open("rb") as file:
        mark = next((name for mark, name in _MARKS.items() if file.peek(4).startswith(mark)), None)
        if mark:
            return mark
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        wrong = right = 0
        while block := file.read(1 << 20):
            if not block.isascii() or decoder.getstate()[0]:
                decoded = decoder.decode(block)
                bad = decoded.count("\ufffd")
                wrong += bad
                right += len(decoded.encode()) - len(decoded) - 3 * bad  # bytes that continue a character
    return "cp1256" if wrong > right else "utf-8"


def _separator(start: str) -> str:
    first = start.split("\n", 1)[0]
    return max(",;\t", key=first.count)


class _AsUtf8(io.RawIOBase):
    """The file's bytes as UTF-8 without a mark, with a line end at its end; wrong bytes become U+FFFD."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._file = path.open("rb")
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._waiting = b""
        self._ended = False
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while len(self._waiting) < len(buffer) and not self._ended:
            self._fill()
        piece, self._waiting = self._waiting[: len(buffer)], self._waiting[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def _fill(self) -> None:
        block = self._file.read(PIECE)
        self._ended = not block
        text = self._decoder.decode(block, final=not block).encode() + (b"" if block else b"\n")
        self.quotes += text.count(b'"')
        self._waiting += text

    def close(self) -> None:
        self._file.close()
        super().close()


@dataclass
class _Records:
    """One pass over the rows; those with too many or too few cells are left out and reported."""

    path: Path
    encoding: str
    separator: str
    incoming: Incoming
    block: int
    ragged: array[int] = field(default_factory=lambda: array("q"))
    row: int = 1
    last: str = ""

    def batches(self) -> Iterator[Batch]:
        with _AsUtf8(self.path, self.encoding) as stream:
            yield from self._parsed(stream)
            if stream.quotes % 2 and "\n" in self.last:
                self._unclosed(self.row - 1)

    def _parsed(self, stream: _AsUtf8) -> Iterator[Batch]:
        try:
            for batch in self._reader(stream):
                rows = self._numbers(batch.num_rows)
                if batch.num_rows:
                    self.last = batch.column(batch.num_columns - 1)[-1].as_py()
                heading = int(batch.num_rows > 0 and rows[0] == 1)
                yield rows[heading:], batch.slice(heading)
        except pa.ArrowInvalid as wrong:
            if "straddling" not in str(wrong):
                raise HamyarError(_unreadable(self.path.name, str(wrong))) from wrong
            self._unclosed(self.row)

    def _reader(self, stream: _AsUtf8) -> Any:
        return arrow_csv.open_csv(
            pa.PythonFile(stream, mode="r"),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=self.block, autogenerate_column_names=True
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.separator,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=self._leave_out,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types={f"f{i}": pa.string() for i in range(MOST_COLUMNS)}, check_utf8=False
            ),
        )

    def _numbers(self, count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
        """File rows of the next `count` rows that were kept."""
        low = bisect_left(self.ragged, self.row)
        end, seen = self.row + count, 0
        while (left := bisect_left(self.ragged, end) - low) != seen:
            end, seen = self.row + count + left, left
        rows = np.setdiff1d(np.arange(self.row, end), self.ragged[low : low + seen], assume_unique=True)
        self.row = end
        return rows

    def _leave_out(self, row: Any) -> str:
        self.ragged.append(row.number)
        if len(self.ragged) <= KEPT:
            self.incoming.faults.append(_ragged(self.path.name, row))
        self.incoming.total += 1
        return "skip"

    def _unclosed(self, row: int) -> None:
        self.incoming.total += 1
        self.incoming.faults.append(
            Fault(
                "HY-T012",
                "a quotation mark is opened here and never closed, so what follows cannot be told apart. Close it, or remove it.",
                'گیومه‌ای («"») در این ردیف باز شده و بسته نشده است و دنبالهٔ پرونده خوانده نمی‌شود. آن را ببندید یا بردارید.',
                file=self.path.name,
                row=row,
            )
        )


def _ragged(file: str, row: Any) -> Fault:
    return Fault(
        "HY-T011",
        f"this row has {row.actual_columns} cells, the heading {row.expected_columns}. Add or remove separators, and put quotation marks around a text that holds one.",
        f"این ردیف {row.actual_columns} خانه دارد و سطر عنوان {row.expected_columns} خانه. جداکننده‌ها را درست کنید و متنی را که خودش جداکننده دارد در گیومه بگذارید.",
        file=file,
        row=row.number,
    )


def _unreadable(file: str, why: str) -> Fault:
    return Fault(
        "HY-T013",
        f"the file cannot be read as CSV: {why}. Export it anew.",
        f"پرونده به‌عنوان CSV خوانده نمی‌شود: {why}. آن را از نو صادر کنید.",
        file=file,
    )
