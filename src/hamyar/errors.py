"""Errors that say what happened, where, and what to do, in Persian and English, with a stable code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")  # `hamyar.persian` raises these errors, so it cannot be asked here


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    code: stable, `HY-` and a letter of the module and three digits; en, fa: what is wrong and what to do;
    file, row (1-based, the header is row 1), column: where, as far as known.
    """

    code: str
    en: str
    fa: str
    file: str | None = None
    row: int | None = None
    column: str | None = None

    def place(self, language: str = "en") -> str:
        english = language == "en"
        row = None if self.row is None else f"row {self.row}" if english else f"ردیف {self.row}".translate(_PERSIAN)
        column = None if self.column is None else f'column "{self.column}"' if english else f"ستون «{self.column}»"
        return (", " if english else "، ").join(part for part in (self.file, row, column) if part)

    def text(self, language: str = "en") -> str:
        place = self.place(language)
        return f"{self.code} · {place + ': ' if place else ''}{self.en if language == 'en' else self.fa}"

    def __str__(self) -> str:
        return f"{self.text('en')} · {self.text('fa')}"


class HamyarError(Exception):
    """Raised with every fault that was found, never with the first alone."""

    def __init__(self, *faults: Fault, total: int | None = None) -> None:
        self.faults = faults
        self.total = len(faults) if total is None else total
        super().__init__("\n".join(str(fault) for fault in faults))

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.faults, self.total)


def _again(kind: type[HamyarError], faults: tuple[Fault, ...], total: int) -> HamyarError:
    """The error as another process raised it."""
    return kind(*faults, total=total)


def error(code: str, *, en: str, fa: str, **where: Any) -> HamyarError:
    """An error with one fault; `where` is file, row, column."""
    return HamyarError(Fault(code, en, fa, **where))
