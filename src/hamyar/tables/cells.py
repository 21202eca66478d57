"""The cells of a column: their typed values, and what is wrong with each or was mended. Batches at a time, never cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hamyar.persian import text_key
from hamyar.tables.contracts import Column

ARROW = {
    "code": pa.string(),
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
_DIGITS, _LATIN = "۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩٫،\u2212", "0123456789" * 2 + ".,-"
_THOUSANDS = "٬\u00a0\u202f\u2009"
_UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u061c"
_TO_LATIN = str.maketrans(_DIGITS, _LATIN, _UNSEEN + _THOUSANDS)
_GAPS = frozenset(("", "na", "n/a", "#n/a", "nan", "null", "-"))
_TRUE = frozenset(map(text_key, "true t yes y 1 1.0 بله بلی آری دارد درست هست".split()))
_FALSE = frozenset(map(text_key, "false f no n 0 0.0 خیر نه ندارد نادرست نیست".split()))
_SQL_GAPS = ", ".join(f"'{gap}'" for gap in sorted(_GAPS))


class Kind(IntEnum):
    """What a cell is; from PADDED on it was mended."""

    RIGHT = 0
    MISSING = 1
    WRONG_TYPE = 2
    OUT_OF_RANGE = 3
    NOT_LISTED = 4
    WRONG_LENGTH = 5
    BROKEN = 6
    ROUNDED_CODE = 7
    NOT_WHOLE = 8
    PADDED = 100
    POINT_ZERO = 101
    REWRITTEN = 102


@dataclass(frozen=True)
class Read:
    """One column of a batch: typed values and a `Kind` (uint8) for each cell."""

    values: pa.Array
    kinds: np.ndarray[Any, np.dtype[np.uint8]]


def is_kept(column: Column, native: pa.DataType) -> bool:
    """Whether a file's column of this type already holds what the contract wants."""
    return any(test(native) for test in _KEPT[column.type])


def _is_text(native: pa.DataType) -> bool:
    return native in (pa.string(), pa.large_string(), pa.string_view())


_KEPT: dict[str, tuple[Callable[[pa.DataType], bool], ...]] = {
    "code": (_is_text,),
    "text": (_is_text,),
    "integer": (pa.types.is_integer,),
    "number": (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    "boolean": (pa.types.is_boolean,),
    "date": (pa.types.is_date,),
}


@dataclass
class Reader:
    """Types and judges one column, each spelling once; engine: a DuckDB connection. What it read last it remembers."""

    column: Column
    engine: Any
    spellings: pa.Array | None = None
    answers: Read | None = None

    def read(self, cells: pa.Array) -> Read:
        distinct = cells if pa.types.is_dictionary(cells.type) else cells.dictionary_encode()
        at, answers = self._known(distinct)
        if answers is None:
            self.spellings = pa.concat_arrays([distinct.dictionary, pa.nulls(1, distinct.dictionary.type)])
            answers = self.answers = _read_spellings(self.spellings, self.column, self.engine)
            at = pc.fill_null(distinct.indices, len(self.spellings) - 1)
        return Read(answers.values.take(at), answers.kinds[at.to_numpy(zero_copy_only=False)])

    def _known(self, distinct: pa.DictionaryArray) -> tuple[Any, Read | None]:
        """Where each cell stands among the spellings of the last batch, if all of them do."""
        if self.spellings is None or len(distinct.dictionary) > len(self.spellings):
            return None, None
        places = pc.index_in(distinct.dictionary, self.spellings)
        if places.null_count:
            return None, None
        return pc.fill_null(places.take(distinct.indices), len(self.spellings) - 1), self.answers


def _read_spellings(cells: pa.Array, column: Column, engine: Any) -> Read:
    if is_kept(column, cells.type) and not _is_text(cells.type):
        typed = pc.cast(cells, ARROW[column.type])
        return _by_sql(typed, typed, column, engine, _native(column))
    raw = as_text(cells)
    if column.values or column.type == "boolean":
        return _by_meaning(raw, column)
    if column.type == "text":
        return _by_sql(raw, raw, column, engine, _free_text())
    return _by_sql(raw, _latin(raw), column, engine, _SQL[column.type](column))


def as_text(cells: pa.Array) -> pa.Array:
    """The cells as text. Raises pa.ArrowInvalid or ArrowNotImplementedError for lists, structures and bytes that are no text."""
    return cells if cells.type == pa.string() else pc.cast(cells, pa.string())


def _latin(raw: pa.Array) -> pa.Array:
    """Digits and signs of numbers in Latin, without what is only for the eye."""
    if pc.all(pc.string_is_ascii(raw)).as_py() in (True, None):
        return raw
    return pa.array([text and text.translate(_TO_LATIN) for text in raw.to_pylist()], pa.string())


def _by_meaning(raw: pa.Array, column: Column) -> Read:
    """Booleans and listed values."""
    reader = _read_listed(column) if column.values else _read_boolean
    missing = Kind.MISSING if column.required else Kind.RIGHT
    answers = [reader(text or "") for text in raw.to_pylist()]
    kinds = np.array([missing if kind is None else kind for _, kind in answers], np.uint8)
    return Read(pa.array([value for value, _ in answers], ARROW[column.type]), kinds)


def _read_boolean(text: str) -> tuple[bool | None, Kind | None]:
    said = text_key(text)
    if said in _TRUE or said in _FALSE:
        return said in _TRUE, Kind.RIGHT
    return None, None if text.strip().lower() in _GAPS else Kind.WRONG_TYPE


def _read_listed(column: Column) -> Callable[[str], tuple[str | None, Kind | None]]:
    known = {text_key(name): name for name in column.values}
    known |= {text_key(fa): name for name, fa in zip(column.values, column.values_fa, strict=True)}

    def reader(text: str) -> tuple[str | None, Kind | None]:
        name = known.get(text_key(text))
        if name is not None:
            return name, Kind.RIGHT if name == text else Kind.REWRITTEN
        gap = text.strip().lower() in _GAPS
        return None, None if gap else Kind.BROKEN if "\ufffd" in text else Kind.NOT_LISTED

    return reader


@dataclass(frozen=True)
class _Sql:
    """plain: of raw `r` and Latin `c`; value: of `p`, the plain one; wrong and mended: tests on r, p and value `v`."""

    plain: str
    value: str
    wrong: tuple[tuple[str, Kind], ...] = ()
    mended: tuple[tuple[str, Kind], ...] = ()


def _native(column: Column) -> _Sql:
    return _Sql("CASE WHEN isnan(c) THEN NULL ELSE c END" if column.type == "number" else "c", "p")


def _free_text() -> _Sql:
    return _Sql("CASE WHEN trim(c) = '' THEN NULL ELSE c END", "p", (("contains(p, '\ufffd')", Kind.BROKEN),))


def _code(column: Column) -> _Sql:
    value = "CASE WHEN contains(p, '.') THEN regexp_replace(p, '^([0-9]+)[.]0+$', '\\1') ELSE p END"
    wrong = [
        ("contains(p, '\ufffd')", Kind.BROKEN),
        ("regexp_full_match(p, '[0-9]([.][0-9]+)?[eE][+]?[0-9]+')", Kind.ROUNDED_CODE),
    ]
    mended = [("contains(p, '.') AND NOT contains(v, '.')", Kind.POINT_ZERO), ("v <> r", Kind.REWRITTEN)]
    if column.lengths:
        lengths = ", ".join(map(str, column.lengths))
        short = f"length({value}) NOT IN ({lengths}) AND length({value}) + 1 IN ({lengths})"
        mended.insert(0, (f"length(v) > length({value})", Kind.PADDED))
        wrong.append((f"length(v) NOT IN ({lengths}) OR NOT regexp_full_match(v, '[0-9]+')", Kind.WRONG_LENGTH))
        value = f"CASE WHEN {short} THEN '0' || {value} ELSE {value} END"
    return _Sql(_PLAIN, value, tuple(wrong), tuple(mended))


def _number(column: Column) -> _Sql:
    grouped = "regexp_full_match(c, ' *[+-]?[0-9]{1,3}(,[0-9]{3})+([.][0-9]+)? *')"
    plain = _PLAIN.replace("ELSE trim(c)", f"WHEN contains(c, ',') AND {grouped} THEN replace(c, ',', '') ELSE trim(c)")
    number = "CASE WHEN isfinite(TRY_CAST(p AS DOUBLE)) AND NOT contains(p, '_') THEN TRY_CAST(p AS DOUBLE) END"
    if column.type == "number":
        return _Sql(plain, number, (("v IS NULL", Kind.WRONG_TYPE),))
    whole = (
        f"CASE WHEN ({number}) = trunc({number}) THEN coalesce(TRY_CAST(p AS BIGINT), TRY_CAST({number} AS BIGINT)) END"
    )
    return _Sql(plain, whole, ((f"({number}) IS NULL", Kind.WRONG_TYPE), ("v IS NULL", Kind.NOT_WHOLE)))


def _date(_: Column) -> _Sql:
    read = "TRY_CAST(p AS DATE)"  # a year before 1700 is of another calendar
    return _Sql(_PLAIN, f"CASE WHEN {read} >= DATE '1700-01-01' THEN {read} END", (("v IS NULL", Kind.WRONG_TYPE),))


_PLAIN = f"CASE WHEN lower(trim(c)) IN ({_SQL_GAPS}) THEN NULL ELSE trim(c) END"
_SQL: dict[str, Callable[[Column], _Sql]] = {"code": _code, "integer": _number, "number": _number, "date": _date}


def _by_sql(raw: pa.Array, latin: pa.Array, column: Column, engine: Any, sql: _Sql) -> Read:
    missing = Kind.MISSING if column.required else Kind.RIGHT
    limits = [
        (f"v {sign} {limit!r}", Kind.OUT_OF_RANGE)
        for sign, limit in (("<", column.minimum), (">", column.maximum), ("<=", column.above))
        if limit is not None
    ]
    cases = [("p IS NULL", missing), *sql.wrong, *limits, *sql.mended]
    kind = " ".join(f"WHEN {test} THEN {int(kind)}" for test, kind in cases)
    engine.register("cells", pa.table({"r": raw, "c": latin}))
    read = engine.sql(
        f"SELECT v, CAST(CASE {kind} ELSE 0 END AS UTINYINT) AS k"  # nosec B608  # noqa: S608  built from the contract alone
        f" FROM (SELECT r, p, {sql.value} AS v FROM (SELECT r, {sql.plain} AS p, c FROM cells))"
    ).to_arrow_table()
    engine.unregister("cells")
    values = read["v"].combine_chunks()
    return Read(pc.cast(values, ARROW[column.type]), read["k"].combine_chunks().to_numpy())
