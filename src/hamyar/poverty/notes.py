"""What is said of rows that have no usable income, weight or cluster."""

from __future__ import annotations

from hamyar.errors import Fault, HamyarError, error

Note = dict[str, str]


def no_rows() -> HamyarError:
    return error("HY-Y012", en="the data have no rows.", fa="داده هیچ ردیفی ندارد.")


def bad_rows(column: str | None, en: str, fa: str, count: int) -> list[Fault]:
    """The fault of so many rows, none where there are none."""
    if not count:
        return []
    return [
        Fault(
            "HY-Y013",
            f"{count} rows have a value that is {en}. Correct them, or leave them out and say so.",
            f"{count} ردیف مقدار {fa} دارد. آن‌ها را درست کنید یا کنار بگذارید و این را بگویید.",
            column=column,
        )
    ]


def no_error() -> HamyarError:
    return error(
        "HY-Y014",
        en="no stratum has two clusters, so the sample says nothing of its own error. Use coarser strata.",
        fa="هیچ طبقه‌ای دو خوشه ندارد، پس نمونه از خطای خود چیزی نمی‌گوید. طبقه‌ها را درشت‌تر بگیرید.",
    )
