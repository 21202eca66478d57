"""Which column of a file is which of the contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches

import pyarrow as pa

from hamyar.errors import Fault
from hamyar.persian import text_key
from hamyar.tables.contracts import FORBIDDEN, Column, Contract
from hamyar.tables.incoming import Incoming

_FORBIDDEN = frozenset(map(text_key, FORBIDDEN))


@dataclass
class Headings:
    """columns: the contract's, by place in the file; extra: names of the others, by place."""

    columns: dict[int, Column] = field(default_factory=dict)
    extra: dict[int, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)


def headings(incoming: Incoming, contract: Contract | None) -> Headings:
    """Find each column by its name, or by its Persian title, in any spelling."""
    found = Headings()
    known = _known(contract)
    for place, (typed, native) in enumerate(zip(incoming.heading, incoming.types, strict=True)):
        column = known.get(text_key(typed))
        name = column.name if column else typed.strip() or f"column_{place + 1}"
        if text_key(typed) in _FORBIDDEN and contract is not None:
            found.faults.append(_forbidden(incoming.file, typed))
        elif name.casefold() in {taken.casefold() for taken in _names(found)}:
            found.faults.append(_twice(incoming.file, typed))
        elif column and (pa.types.is_nested(native) or pa.types.is_binary(native)):
            found.faults.append(_no_cells(incoming.file, name, native))
        elif column:
            found.columns[place] = column
            if typed != name:
                found.notes.append(_renamed(incoming.file, typed, name))
        else:
            found.extra[place] = name
    if contract is not None:
        _compare(found, incoming.file, contract)
    return found


def _known(contract: Contract | None) -> dict[str, Column]:
    columns = contract.columns if contract else ()
    titles = {text_key(column.title): column for column in columns if column.title}
    return titles | {text_key(column.name): column for column in columns}


def _names(found: Headings) -> list[str]:
    return [column.name for column in found.columns.values()] + list(found.extra.values())


def _compare(found: Headings, file: str, contract: Contract) -> None:
    """Required columns that are missing, and headings that look like a misspelt one."""
    present = {column.name for column in found.columns.values()}
    for column in contract.columns:
        if column.name in present:
            continue
        near = _near(column, list(found.extra.values()))
        if column.required:
            found.faults.append(_missing(file, column, near))
        elif near:
            found.notes.append(_perhaps(file, near, column))


def _near(column: Column, names: list[str]) -> str | None:
    by_key = {text_key(name): name for name in names}
    for wanted in (column.name, column.title):
        if matches := get_close_matches(text_key(wanted), list(by_key), n=1, cutoff=0.8):
            return by_key[matches[0]]
    return None


def _forbidden(file: str, typed: str) -> Fault:
    return Fault(
        "HY-T030",
        "this is never asked and must not be in a file: no rule may read it. Remove the column.",
        "این هرگز پرسیده نمی‌شود و نباید در پرونده باشد؛ هیچ قاعده‌ای آن را نمی‌خواند. ستون را بردارید.",
        file=file,
        column=typed,
    )


def _twice(file: str, typed: str) -> Fault:
    return Fault(
        "HY-T031",
        "this column stands twice (letter case and spelling do not tell columns apart). Remove or rename one.",
        "این ستون دو بار آمده است (بزرگی و کوچکی حروف و املای دیگر، ستون را متفاوت نمی‌کند). یکی را بردارید یا نامش را عوض کنید.",
        file=file,
        column=typed,
    )


def _no_cells(file: str, name: str, native: pa.DataType) -> Fault:
    return Fault(
        "HY-T032",
        f"the column holds {native}, not single values. Write one value in each row.",
        f"این ستون از نوع {native} است، نه مقدارهای تکی. در هر ردیف یک مقدار بنویسید.",
        file=file,
        column=name,
    )


def _missing(file: str, column: Column, near: str | None) -> Fault:
    hint_en = f' Is "{near}" it? Then rename it.' if near else " Add it."
    hint_fa = f" شاید «{near}» همین باشد؛ نامش را درست کنید." if near else " آن را بیفزایید."
    return Fault(
        "HY-T033",
        f"the column is missing: {column.en}{hint_en}",
        f"این ستون (با عنوان فارسی «{column.title}») در پرونده نیست: {column.fa}{hint_fa}",
        file=file,
        column=column.name,
    )


def _renamed(file: str, typed: str, name: str) -> Fault:
    return Fault("HY-T063", f"read as `{name}`.", f"به‌عنوان «{name}» خوانده شد.", file=file, row=None, column=typed)


def _perhaps(file: str, near: str, column: Column) -> Fault:
    return Fault(
        "HY-T064",
        f"not in the contract and passed on as it is. If it is `{column.name}`, rename it.",
        f"در قرارداد نیست و همان‌گونه نگه داشته شد. اگر منظور «{column.name}» است، نامش را درست کنید.",
        file=file,
        column=near,
    )
