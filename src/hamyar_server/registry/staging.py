"""The rows of a file, checked and typed, in a DuckDB of their own, household by household; refused rows with their reasons in a file.

What was staged of a large file stays beside it until it is taken in, with a note of what it was made of.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from hamyar.errors import Fault, HamyarError
from hamyar.persian import calendars
from hamyar.persian.calendars import Calendar
from hamyar.tables.cells import Kind, Read, Reader
from hamyar.tables.contracts import Column
from hamyar.tables.files import LISTS, open_file
from hamyar.tables.findings import wrong_cell
from hamyar.tables.incoming import without_empty
from hamyar_server.registry.columns import CONTRACT
from hamyar_server.registry.incoming import birth_fault

DIGITS = "TRY_CAST(regexp_replace(national_id, '[^0-9]', '', 'g') AS BIGINT)"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
MEMORY, FOR_COLUMN, ROOM = 22, 3, 256  # MB of DuckDB: always, for each column, where texts are long; more is on disk
KNOWN = CONTRACT.by_name
TYPES = {"integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE"}
PAGE = 2_000  # rows fetched at once
SLICE = 10_000  # rows read at once
BLOCK = 1_000_000  # bytes parsed at once: no row of a list is longer
STAGED, NOTE = "staged.duckdb", "staged.json"


@dataclass
class Refused:
    """Writes refused rows as they came, the reason beside each, so that they can be mended and sent again."""

    path: Path
    heading: list[str]
    kept: int = 0  # bytes of it that stay, from a time before; what follows them is cut off
    count: int = 0
    first: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.kept:
            os.truncate(self.path, self.kept)
            self._file = self.path.open("a", encoding="utf-8", newline="")
        else:
            self._file = self.path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        if not self.kept:
            self._writer.writerow([*map(harmless, self.heading), "reason", "دلیل"])

    def add(self, row: list[Any], faults: list[Fault]) -> None:
        self.count += 1
        self.first += faults[: max(0, 100 - len(self.first))]
        texts = ["" if cell is None else str(cell) for cell in row]
        reasons = [" ".join(fault.text(language) for fault in faults) for language in ("en", "fa")]
        self._writer.writerow([harmless(text) for text in [*texts, *reasons]])

    def size(self) -> int:
        """Bytes so far."""
        self._file.flush()
        return self.path.stat().st_size

    def close(self) -> None:
        self._file.close()


def harmless(text: str) -> str:
    """A cell that a spreadsheet would run is text."""
    return f"'{text}" if text.startswith(FORMULA) else text


@contextmanager
def engine(
    work: Path, columns: int, file: str = ":memory:", read_only: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that reads and writes nothing but a file of its own and its overflow in the work folder."""
    memory = f"{MEMORY + FOR_COLUMN * columns}MB"
    settings = {"memory_limit": memory, "temp_directory": str(work / "overflow"), "threads": "1"}
    connection = duckdb.connect(file, read_only, config=settings | {"autoinstall_known_extensions": "false"})
    try:
        connection.execute("SET preserve_insertion_order = false")
        yield connection
    finally:
        connection.close()


@dataclass(frozen=True)
class Households:
    """Whole households of a file, column by column. starts: where each one's rows begin, and at its end where the last one's end."""

    columns: dict[str, Sequence[Any]]
    starts: list[int]

    @classmethod
    def of(cls, names: Sequence[str], rows: Sequence[tuple[Any, ...]], starts: list[int]) -> Households:
        return cls(dict(zip(names, zip(*rows, strict=True), strict=True)), [*starts, len(rows)])

    def __len__(self) -> int:
        return len(self.starts) - 1

    def places(self, household: int) -> range:
        return range(self.starts[household], self.starts[household + 1])

    def first(self, name: str) -> list[Any]:
        """The column's value in each household's first row."""
        column = self.columns[name]
        return [column[start] for start in self.starts[:-1]]

    def rows(self, household: int) -> list[dict[str, Any]]:
        return [{name: column[at] for name, column in self.columns.items()} for at in self.places(household)]


@dataclass
class Staging:
    """engine: holds table `good` (row, and the contract's columns that the file has); refused: the rest."""

    engine: Any
    refused: Refused
    calendar: Calendar
    today: Any
    mapping: Mapping[str, str]
    rows: int = 0

    @cached_property
    def columns(self) -> dict[int, Column]:
        return {
            place: KNOWN[self.mapping[typed]]
            for place, typed in enumerate(self.refused.heading)
            if self.mapping.get(typed) in KNOWN
        }

    def read(self, file: Path) -> None:
        """Stream the file. Raises HamyarError where it is no file that can be read."""
        pa.set_memory_pool(pa.system_memory_pool())  # Arrow's own keeps what it once had
        incoming = open_file(file, BLOCK, LISTS)
        types = TYPES | {"birth_date": "DATE"}
        names = ", ".join(
            f'"{c.name}" {types.get(c.name) or types.get(c.type, "VARCHAR")}' for c in self.columns.values()
        )
        self.engine.execute(f"CREATE TABLE good (row BIGINT, {names})")
        self.engine.execute("CREATE TABLE bad (household_key VARCHAR)")
        beside = self.engine.cursor()
        readers = {place: Reader(column, beside) for place, column in self.columns.items()}

        def read(batch: pa.RecordBatch) -> dict[int, Read]:
            return {place: reader.read(batch.column(place)) for place, reader in readers.items()}

        parts = (
            without_empty(rows[first : first + SLICE], batch.slice(first, SLICE))
            for rows, batch in incoming.batches
            for first in range(0, len(rows), SLICE)
        )
        with ThreadPoolExecutor(1) as ahead:  # the cells of the next rows are read while the last ones are kept
            last: tuple[Any, pa.RecordBatch, Future[dict[int, Read]]] | None = None
            for rows, batch in parts:
                this = rows, batch, ahead.submit(read, batch)
                if last:
                    self._batch(*last, file.name)
                last = this
            if last:
                self._batch(*last, file.name)
        for fault in incoming.faults:
            self.refused.add([], [fault])

    def _batch(self, rows: Any, batch: pa.RecordBatch, reading: Future[dict[int, Read]], file: str) -> None:
        self.rows += len(rows)
        read = reading.result()
        faults: dict[int, list[Fault]] = {}
        for place, answer in read.items():
            for at in np.flatnonzero((answer.kinds > 0) & (answer.kinds < Kind.PADDED)).tolist():
                raw = batch.column(place)[at].as_py()
                wrong = wrong_cell(Kind(answer.kinds[at]), self.columns[place], raw, file, int(rows[at]))
                faults.setdefault(at, []).append(wrong)
        values = {self.columns[place].name: answer.values for place, answer in read.items()}
        if "birth_date" in values:
            values["birth_date"] = self._births(values["birth_date"], rows, faults)
        self._keep(pa.table({"row": rows, **values}), faults)
        broken = [[values["household_key"][at].as_py()] for at in faults]
        if broken:
            self.engine.executemany("INSERT INTO bad VALUES (?)", broken)
        for at in sorted(faults):
            self.refused.add([column[at].as_py() for column in batch.columns], faults[at])

    def _births(self, typed: pa.Array, rows: Any, faults: dict[int, list[Fault]]) -> pa.Array:
        """Days in the calendar that was named; each spelling is read once."""
        distinct = typed.dictionary_encode()
        read = [
            born(text, self.calendar, self.today) if text else (None, None) for text in distinct.dictionary.to_pylist()
        ]
        wrong = [place for place, (_, fault) in enumerate(read) if fault]
        for at in np.flatnonzero(np.isin(distinct.indices.to_numpy(zero_copy_only=False), wrong)).tolist():
            fault = read[distinct.indices[at].as_py()][1]
            assert fault
            placed = Fault(fault.code, fault.en, fault.fa, row=int(rows[at]), column="birth_date")
            faults.setdefault(at, []).append(placed)
        return pa.array([day for day, _ in read], pa.date32()).take(distinct.indices)

    def _keep(self, table: pa.Table, faults: dict[int, list[Fault]]) -> None:
        if faults:
            right = np.ones(table.num_rows, dtype=bool)
            right[list(faults)] = False
            table = table.filter(pa.array(right))
        self.engine.register("incoming", table)
        self.engine.execute("INSERT INTO good FROM incoming")
        self.engine.unregister("incoming")

    @property
    def _numbered(self) -> bool:
        return any(column.name == "national_id" for column in self.columns.values())

    def share(self) -> None:
        """Find the identity numbers that stand twice in the file, by their digits."""
        if self._numbered:
            self.engine.execute(
                f"CREATE TABLE twice AS SELECT {DIGITS} AS digits FROM good GROUP BY 1 HAVING count(*) > 1 AND digits IS NOT NULL"  # nosec B608  # noqa: S608 ours
            )

    def count(self) -> int:
        """How many households it has."""
        (many,) = self.engine.execute("SELECT count(DISTINCT (area_code, household_key)) FROM good").fetchone() or (0,)
        return int(many)

    def households(self, most: int) -> Iterator[Households]:
        """The households in order of place and key, so many together; column `shared`: whether another row may have the identity number, by its digits, or it has none to compare."""
        shared = f"({DIGITS} IS NULL OR {DIGITS} IN (FROM twice))" if self._numbered else "false"
        question = f"SELECT *, {shared} AS shared FROM good ORDER BY area_code, household_key, row"  # nosec B608  # noqa: S608 ours
        try:
            cursor = self.engine.execute(question)
        except duckdb.OutOfMemoryException:  # sorting holds some blocks of every column
            self.engine.execute(f"SET memory_limit = '{ROOM}MB'")
            cursor = self.engine.execute(question)
        names = [one[0] for one in cursor.description]
        key = names.index("household_key")
        rows: list[tuple[Any, ...]] = []
        starts: list[int] = []
        last = None
        while page := cursor.fetchmany(PAGE):
            for values in page:
                if values[key] != last:
                    if len(starts) == most:
                        yield Households.of(names, rows, starts)
                        rows, starts = [], []
                    starts.append(len(rows))
                    last = values[key]
                rows.append(values)
        if starts:
            yield Households.of(names, rows, starts)

    def keep(self, work: Path, of: str) -> None:
        """Say in the work folder that what is staged is whole, and of what it was made."""
        self.engine.execute("CHECKPOINT")
        refused = self.refused
        kept = Kept(refused.size(), refused.count, refused.first, self.rows)
        (work / NOTE).write_text(json.dumps({"of": of, "kept": asdict(kept)}), encoding="utf-8")


@dataclass(frozen=True)
class Kept:
    """What is known of rows that were staged before: bytes of the refused ones' file, how many they are, their first reasons; rows read."""

    size: int = 0
    refused: int = 0
    first: list[Fault] = field(default_factory=list)
    rows: int = 0


def kept(work: Path, of: str) -> Kept | None:
    """What the work folder's rows were when they were staged; None where none are kept that were made of the same."""
    try:
        note = json.loads((work / NOTE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    if note["of"] != of or not (work / STAGED).exists():
        return None
    return Kept(**note["kept"] | {"first": [Fault(**fault) for fault in note["kept"]["first"]]})


def forget(work: Path) -> None:
    """The note first, so that no half of what it speaks of is taken for the whole."""
    for name in (NOTE, STAGED, f"{STAGED}.wal"):
        (work / name).unlink(missing_ok=True)


@lru_cache(maxsize=50_000)  # birthdays come again and again
def born(text: str, calendar: Calendar, today: Any) -> tuple[date | None, Fault | None]:
    try:
        day = calendars.parse(text, calendar)
    except HamyarError as refusal:
        return None, refusal.faults[0]
    return day, birth_fault(day, today)
