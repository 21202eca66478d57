"""Labels, and the faults of rows, that every method of poverty shares."""

from __future__ import annotations

import ibis

from hamyar.errors import Fault, HamyarError, error

Note = dict[str, str]


def need_columns(expr: ibis.Table, columns: list[str]) -> None:
    """Raises HamyarError where the data lack one."""
    missing = [column for column in columns if column not in expr.columns]
    if missing:
        listed = ", ".join(missing)
        raise error(
            "HY-S003",
            en=f"the data have no column {listed}. Name columns that they have: {', '.join(expr.columns[:40])}.",
            fa=f"ستون {listed} در داده نیست. ستون‌های موجود: {', '.join(expr.columns[:40])}.",
        )


def no_rows() -> HamyarError:
    return error("HY-S004", en="the data have no rows.", fa="داده هیچ ردیفی ندارد.")


def bad_rows(column: str | None, en: str, fa: str, count: int) -> list[Fault]:
    """The fault of so many rows, none where there are none."""
    if not count:
        return []
    return [
        Fault(
            "HY-S005",
            f"{count} rows have a value that is {en}. Correct them, or leave them out and say so.",
            f"{count} ردیف مقدار {fa} دارد. آن‌ها را درست کنید یا کنار بگذارید و این را بگویید.",
            column=column,
        )
    ]


def no_error() -> HamyarError:
    return error(
        "HY-S006",
        en="no stratum has two clusters, so the sample says nothing of its own error. Use coarser strata.",
        fa="هیچ طبقه‌ای دو خوشه ندارد، پس نمونه از خطای خود چیزی نمی‌گوید. طبقه‌ها را درشت‌تر بگیرید.",
    )
