"""A file against its contract: everything that is wrong at once, in one pass and bounded memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from hamyar.errors import Fault, HamyarError
from hamyar.tables import cells, engine, labels
from hamyar.tables.cells import Kind, Read, Reader
from hamyar.tables.contracts import Contract
from hamyar.tables.contracts import contract as contract_named
from hamyar.tables.files import is_parquet, open_file
from hamyar.tables.findings import SHOWN, Report, duplicate, mended_cells, wrong_cell
from hamyar.tables.headings import Headings, headings
from hamyar.tables.incoming import Incoming, without_empty
from hamyar.tables.kept import Kept
from hamyar.tables.labels import Label

MEMORY = "400MB"  # of DuckDB while keys are compared; beyond it goes to disk


def check(path: str | Path, contract: str | Contract, *, universe: str, provenance: str) -> Report:
    """Check every value of a CSV, XLSX, Stata or Parquet file; nothing is raised for what the file holds.

    Rows: row 1 is the heading; a line break inside quotation marks starts no row; an empty line is a row but holds
    nothing. In Stata files and Parquet, which have no heading row, a row's number is its place. The file is streamed.
    Raises HamyarError HY-T001 for an unknown contract.
    """
    return examine(Path(path), contract, Label(None, universe, provenance)).report


@dataclass(frozen=True)
class Examined:
    """label: the file's, completed by the caller's; unchanged: the rows may stay as they are; extra: further columns."""

    report: Report
    label: Label
    unchanged: bool = False
    extra: list[str] = field(default_factory=list)


def examine(path: Path, contract: str | Contract, declared: Label, kept: Kept | None = None) -> Examined:
    """Check the file and hand its typed rows to `kept`."""
    wanted = contract_named(contract) if isinstance(contract, str) else contract
    declared = Label(wanted.name, declared.universe, declared.provenance)
    faults, label = _labels(path, declared)
    try:
        incoming = open_file(path)
    except HamyarError as refused:
        return Examined(Report(path.name, wanted.name, [*faults, *refused.faults], len(faults) + refused.total), label)
    found = headings(incoming, wanted)
    faults += found.faults + _sampled(wanted, label, found, path.name)
    rows = _Rows(incoming, found, wanted, kept)
    rows.read()
    return Examined(rows.report(faults), label, rows.unchanged, list(found.extra.values()))


def _labels(path: Path, declared: Label) -> tuple[list[Fault], Label]:
    """What the file says of itself against what is declared of it."""
    try:
        own = labels.of_parquet(path) if is_parquet(path) and path.is_file() else Label()
        return [], own.with_declared(declared, path.name)
    except HamyarError as contradiction:
        return list(contradiction.faults), declared


def _sampled(contract: Contract, label: Label, found: Headings, file: str) -> list[Fault]:
    """A list passed off as a sample, or a sample whose rows do not say how they were drawn."""
    names = {column.name for column in contract.columns}
    present = {column.name for column in found.columns.values()} | set(found.extra.values())
    if "weight" in names and label.universe in ("census", "list"):
        return [
            Fault(
                "HY-T034",
                f"a {contract.name} is a probability sample, and {label.universe} was declared. Declare probability_sample if clusters were drawn at random; else check it as `household`.",
                f"قرارداد {contract.name} برای نمونهٔ احتمالی است، ولی {label.universe} اعلام شده است. اگر خوشه‌ها تصادفی انتخاب شده‌اند probability_sample اعلام کنید، وگرنه با قرارداد «household» بسنجید.",
                file=file,
            )
        ]
    if label.universe == "probability_sample" and contract.name == "household" and "weight" not in present:
        return [
            Fault(
                "HY-T035",
                "declared a probability sample, but the rows carry no weight and cluster: people who were nominated or registered are a list. Declare list, or give weight and psu and check it as `survey_sample`.",
                "نمونهٔ احتمالی اعلام شده است، ولی ردیف‌ها وزن و خوشه ندارند: کسانی که معرفی یا ثبت شده‌اند «فهرست» هستند. list اعلام کنید، یا weight و psu را بیفزایید و با قرارداد «survey_sample» بسنجید.",
                file=file,
            )
        ]
    return []


@dataclass
class _Rows:
    """One pass over the rows."""

    incoming: Incoming
    headings: Headings
    contract: Contract
    kept: Kept | None
    count: int = 0
    total: int = 0
    faults: list[Fault] = field(default_factory=list)
    mended: Counter[tuple[int, Kind]] = field(default_factory=Counter)
    first: dict[tuple[int, Kind], tuple[int, object, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.engine = engine.connect(memory=MEMORY).con
        self.readers = {p: Reader(column, self.engine) for p, column in self.headings.columns.items()}
        self.engine.execute("CREATE TABLE keys (key VARCHAR, row BIGINT)")

    @property
    def unchanged(self) -> bool:
        same = (cells.is_kept(column, self.incoming.types[place]) for place, column in self.headings.columns.items())
        return not self.mended and all(same)

    def read(self) -> None:
        try:
            for batch in self.incoming.batches:
                self._batch(*without_empty(*batch))
        except HamyarError as broken:
            self._fault(*broken.faults)

    def _batch(self, rows: np.ndarray[Any, np.dtype[np.int64]], batch: pa.RecordBatch) -> None:
        self.count += len(rows)
        read = {place: reader.read(batch.column(place)) for place, reader in self.readers.items()}
        self._judge(rows, batch, read)
        for place, column in self.headings.columns.items():
            if column.name == self.contract.key:
                self._remember(read[place].values, rows)
        if self.kept is not None:
            typed = {self.headings.columns[place].name: answer.values for place, answer in read.items()}
            self.kept.add(pa.table(typed | {name: batch.column(p) for p, name in self.headings.extra.items()}))

    def _judge(self, rows: np.ndarray[Any, np.dtype[np.int64]], batch: pa.RecordBatch, read: dict[int, Read]) -> None:
        wrong: list[tuple[int, int, int]] = []  # place in the batch, in the row, kind
        for place, answer in read.items():
            for kind, count in enumerate(np.bincount(answer.kinds)):
                if not kind or not count:
                    continue
                at = np.flatnonzero(answer.kinds == kind)[:SHOWN].tolist()
                if kind >= Kind.PADDED:
                    raw, value = batch.column(place)[at[0]].as_py(), answer.values[at[0]].as_py()
                    self.first.setdefault((place, Kind(kind)), (int(rows[at[0]]), raw, value))
                    self.mended[place, Kind(kind)] += int(count)
                else:
                    self.total += int(count)
                    wrong += [(i, place, kind) for i in at]
        for i, place, kind in sorted(wrong)[: SHOWN - len(self.faults)]:
            column, raw = self.headings.columns[place], batch.column(place)[i].as_py()
            self.faults.append(wrong_cell(Kind(kind), column, raw, self.incoming.file, int(rows[i])))

    def _remember(self, keys: pa.Array, rows: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        self.engine.register("incoming", pa.table({"key": keys, "row": rows}))
        self.engine.execute("INSERT INTO keys FROM incoming WHERE key IS NOT NULL")
        self.engine.unregister("incoming")

    def _fault(self, *faults: Fault) -> None:
        self.faults += faults
        self.total += len(faults)

    def report(self, before: list[Fault]) -> Report:
        """All that was found, in the file's order; `before`: what concerns the file as a whole."""
        if not self.count and not self.total and not self.incoming.total:
            before = [*before, _no_rows(self.incoming.file)]
        repeated, repeats = self._duplicates()
        in_rows = sorted([*self.faults, *self.incoming.faults, *repeated], key=lambda fault: fault.row or 0)
        total = len(before) + self.total + self.incoming.total + repeats
        return Report(
            self.incoming.file, self.contract.name, [*before, *in_rows][:SHOWN], total, self._notes(), self.count
        )

    def _notes(self) -> list[Fault]:
        columns = self.headings.columns
        return self.headings.notes + [
            mended_cells(kind, columns[place], count, self.first[place, kind], self.incoming.file)
            for (place, kind), count in sorted(self.mended.items())
        ]

    def _duplicates(self) -> tuple[list[Fault], int]:
        self.engine.execute(
            "CREATE TABLE repeated AS SELECT key, min(row) AS first, count(*) - 1 AS n FROM keys GROUP BY key HAVING count(*) > 1"
        )
        (repeats,) = self.engine.execute("SELECT coalesce(sum(n), 0) FROM repeated").fetchall()[0]
        shown = self.engine.execute(
            "SELECT key, row, first FROM keys JOIN repeated USING (key) WHERE row > first ORDER BY row LIMIT ?", [SHOWN]
        ).fetchall()
        name = self.contract.key or ""
        return [duplicate(name, key, self.incoming.file, row, first) for key, row, first in shown], int(repeats)


def _no_rows(file: str) -> Fault:
    return Fault(
        "HY-T010",
        "the file has a heading and no rows. Add them, or check that the right file was given.",
        "پرونده فقط سطر عنوان دارد و هیچ ردیفی ندارد. ردیف‌ها را بیفزایید یا ببینید پروندهٔ درست داده شده است یا نه.",
        file=file,
    )
