"""What is said of a cell that is wrong or was mended, and the report of a file."""

from __future__ import annotations

from dataclasses import dataclass, field

from hamyar.errors import Fault, HamyarError
from hamyar.persian import persian_digits
from hamyar.tables.cells import Kind
from hamyar.tables.contracts import Column

SHOWN = 100
_CODES = {
    Kind.MISSING: "HY-T040",
    Kind.WRONG_TYPE: "HY-T041",
    Kind.OUT_OF_RANGE: "HY-T042",
    Kind.NOT_LISTED: "HY-T043",
    Kind.WRONG_LENGTH: "HY-T044",
    Kind.BROKEN: "HY-T045",
    Kind.ROUNDED_CODE: "HY-T046",
    Kind.NOT_WHOLE: "HY-T047",
    Kind.PADDED: "HY-T060",
    Kind.POINT_ZERO: "HY-T061",
    Kind.REWRITTEN: "HY-T062",
}
_WANTED = {
    "integer": ("a whole number", "عدد صحیح"),
    "number": (
        "a number (decimal point, no percent sign)",
        "عدد (ممیز با نقطه یا «٫»، بدون نشانهٔ درصد)",
    ),
    "boolean": ("yes or no", "بله یا خیر"),
    "date": (
        "a date as year-month-day in the Gregorian calendar, such as 2024-12-02",
        "تاریخ میلادی به‌صورت سال-ماه-روز، مانند 2024-12-02",
    ),
}


@dataclass(frozen=True)
class Report:
    """Whether a file keeps to its contract.

    faults: the first 100 in the file's order; total: how many there are; mended: what was read otherwise than typed, or
    deserves a look, once for each column and kind; rows: those read, without empty ones.
    """

    file: str
    contract: str
    faults: list[Fault]
    total: int
    mended: list[Fault] = field(default_factory=list)
    rows: int = 0

    def raise_if_any(self) -> None:
        """Raises HamyarError with the faults."""
        if self.total:
            raise HamyarError(*self.faults, total=self.total)

    def text(self, language: str = "en") -> str:
        """The report to read, one line for each finding."""
        lines = [_summary(self, language)]
        lines += [fault.text(language) for fault in self.faults]
        if self.total > len(self.faults):
            more = self.total - len(self.faults)
            lines.append(f"… and {more:,} more" if language == "en" else persian_digits(f"… و {more:,} مورد دیگر"))
        if self.mended:
            lines.append("Read otherwise than typed:" if language == "en" else "آنچه جز به صورت نوشته‌شده خوانده شد:")
            lines += [note.text(language) for note in self.mended]
        return "\n".join(lines)


def _summary(report: Report, language: str) -> str:
    if language == "fa":
        verdict = f"{report.total:,} ایراد" if report.total else "بی‌ایراد"
        return persian_digits(f"{report.file}: {report.rows:,} ردیف، قرارداد {report.contract}، {verdict}.")
    faults = "no fault" if not report.total else "1 fault" if report.total == 1 else f"{report.total:,} faults"
    return f"{report.file}: {report.rows:,} rows, contract {report.contract}, {faults}."


def wrong_cell(kind: Kind, column: Column, raw: object, file: str, row: int) -> Fault:
    """The fault of one cell. What a sensitive or identifying cell holds is not repeated."""
    said = "" if raw is None else str(raw)
    shown = "…" if column.privacy in ("sensitive", "identity") else said[:40] + ("…" if len(said) > 40 else "")
    en, fa = _wrong(kind, column, shown)
    return Fault(_CODES[kind], en, fa, file=file, row=row, column=column.name)


def _wrong(kind: Kind, column: Column, shown: str) -> tuple[str, str]:
    if kind is Kind.MISSING:
        return (
            "the cell is empty, and this column must be filled. Fill it.",
            "این خانه خالی است و باید پر باشد. آن را پر کنید.",
        )
    if kind is Kind.WRONG_TYPE:
        en, fa = _WANTED[column.type]
        return (
            f"“{shown}” is not {en}. Correct it, or leave it empty where unknown.",
            f"«{shown}» {fa} نیست. آن را درست کنید یا اگر نامعلوم است خالی بگذارید.",
        )
    if kind is Kind.NOT_WHOLE:
        return f"{shown} is no whole number. Correct it.", f"{shown} عدد صحیح نیست. آن را درست کنید."
    if kind is Kind.OUT_OF_RANGE:
        en, fa = _limits(column)
        return (
            f"{shown} is out of range: it must be {en}. Correct it.",
            f"{shown} بیرون از بازه است: باید {fa} باشد. آن را درست کنید.",
        )
    if kind is Kind.NOT_LISTED:
        pairs = [f"{name} ({label})" for name, label in zip(column.values, column.values_fa, strict=True)]
        return (
            f"“{shown}” is not one of {', '.join(column.values)}. Write one of them.",
            f"«{shown}» یکی از این‌ها نیست: {'، '.join(pairs)}. یکی از آن‌ها را بنویسید.",
        )
    if kind is Kind.WRONG_LENGTH:
        lengths = [str(length) for length in column.lengths]
        said = persian_digits(" یا ".join(lengths))
        return (
            f"“{shown}” is no code of {' or '.join(lengths)} digits. Correct it.",
            f"«{shown}» کد {said} رقمی نیست. آن را درست کنید.",
        )
    if kind is Kind.ROUNDED_CODE:
        return (
            f"“{shown}” is a code that a spreadsheet has made a number, and digits are lost. Format the column as text and export it anew from the source.",
            f"«{shown}» کدی است که صفحه‌گسترده آن را عدد کرده و رقم‌هایی از دست رفته است. قالب ستون را متن بگذارید و از منبع دوباره صادر کنید.",
        )
    return (
        f"“{shown}” holds signs that are not UTF-8. Export the file anew as UTF-8.",
        f"«{shown}» نویسه‌های خراب دارد. پرونده را دوباره با UTF-8 صادر کنید.",
    )


def _limits(column: Column) -> tuple[str, str]:
    least, most, above = (
        None if limit is None else f"{limit:g}" for limit in (column.minimum, column.maximum, column.above)
    )
    if above is not None:
        return f"more than {above}", persian_digits(f"بیشتر از {above}")
    if most is None:
        return f"at least {least}", persian_digits(f"دست‌کم {least}")
    return f"from {least} to {most}", persian_digits(f"از {least} تا {most}")


def mended_cells(kind: Kind, column: Column, count: int, first: tuple[int, object, object], file: str) -> Fault:
    """A note on all cells of a column that were mended in one way; first: row, as typed, as read."""
    row, raw, value = first
    what_en, what_fa = {
        Kind.PADDED: (
            "codes without their leading zero, which was put back",
            "کدهای بدون صفرِ آغازین، که صفرشان افزوده شد",
        ),
        Kind.POINT_ZERO: ("codes ending in “.0”, which was taken off", "کدهایی که به «.0» ختم می‌شد، که برداشته شد"),
        Kind.REWRITTEN: ("values in another spelling", "مقدارهایی با املای دیگر"),
    }[kind]
    return Fault(
        _CODES[kind],
        f"{what_en}: {count:,} (first: “{raw}” → “{value}”).",
        f"{what_fa}: {persian_digits(f'{count:,}')} (نخستین: «{raw}» ← «{value}»).",
        file=file,
        row=row,
        column=column.name,
    )


def duplicate(column: str, key: str, file: str, row: int, first: int) -> Fault:
    return Fault(
        "HY-T048",
        f"“{key}” stands already in row {first}. Each must stand once: remove or correct one.",
        f"«{key}» پیش‌تر در ردیف {first} آمده است. هر کدام باید یک بار بیاید: یکی را بردارید یا درست کنید.",
        file=file,
        row=row,
        column=column,
    )
