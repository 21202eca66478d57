"""Answers as columns of numbers: a number as it is, a category as 0 and 1 against the commonest one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hamyar.errors import Fault, HamyarError, error
from hamyar.indicators.measure import forbidden, forbidden_texts
from hamyar.survey.variance import Floats
from hamyar.tables import as_table


@dataclass(frozen=True)
class Answer:
    """One question. categories: all that were seen, the commonest (the reference) first; none for a number."""

    column: str
    categories: tuple[str, ...] = ()

    @property
    def terms(self) -> list[str]:
        """Names of its columns: the question, or question=category."""
        return [f"{self.column}={category}" for category in self.categories[1:]] or [self.column]

    def values(self, found: pd.Series[Any]) -> Floats:
        """(rows, terms), NaN where the answer is unknown, or a category that was never seen."""
        if not self.categories:
            return np.asarray(pd.to_numeric(found, errors="coerce"), dtype=np.float64)[:, None]
        text = found.astype("string")
        known = text.isin(self.categories).fillna(False).to_numpy(dtype=bool)
        columns = [(text == category).fillna(False).to_numpy(dtype=np.float64) for category in self.categories[1:]]
        return np.where(known[:, None], np.stack(columns, axis=1), np.nan)


def read(data: Any, columns: Sequence[str]) -> pd.DataFrame:
    """Some columns of a table. Raises HamyarError HY-E001 for those that it lacks."""
    expr = as_table(data).expr
    missing = [column for column in columns if column not in expr.columns]
    if missing:
        listed, held = ", ".join(missing), ", ".join(expr.columns[:40])
        raise error(
            "HY-E001",
            en=f"the data have no column {listed}. Name columns that they have: {held}.",
            fa=f"ستون {listed} در داده نیست. ستون‌های موجود: {held}.",
        )
    frame: pd.DataFrame = expr.select(*dict.fromkeys(columns)).to_pandas()
    return frame


def learn(frame: pd.DataFrame, columns: Sequence[str], weight: Floats) -> list[Answer]:
    """The answers as they stand in the data. Raises HamyarError for questions that may not be asked or never vary."""
    refused = forbidden(columns)
    if refused:
        raise HamyarError(*(Fault("HY-E002", *forbidden_texts(name)) for name in refused))
    answers = [_answer(frame[column], column, weight) for column in columns]
    constant = [answer.column for answer in answers if _never_varies(answer, frame[answer.column])]
    if constant or not answers:
        raise HamyarError(*(_constant(column) for column in constant or ["X"]))
    return answers


def _answer(found: pd.Series[Any], column: str, weight: Floats) -> Answer:
    if pd.api.types.is_numeric_dtype(found):
        return Answer(column)
    text = found.astype("string")
    shares = pd.Series(weight).groupby(text.to_numpy(dtype=object)).sum()
    return Answer(column, tuple(map(str, shares.sort_index().sort_values(ascending=False, kind="stable").index)))


def _never_varies(answer: Answer, found: pd.Series[Any]) -> bool:
    return len(answer.categories) == 1 if answer.categories else found.nunique() <= 1


def _constant(column: str) -> Fault:
    return Fault(
        "HY-E003",
        "the answer is the same in all rows and tells no household from another. Leave it out.",
        "این پاسخ در همهٔ ردیف‌ها یکی است و خانوارها را از هم جدا نمی‌کند. آن را کنار بگذارید.",
        column=column,
    )


def matrix(answers: Sequence[Answer], frame: pd.DataFrame) -> Floats:
    """(rows, terms) of all answers."""
    return np.concatenate([answer.values(frame[answer.column]) for answer in answers], axis=1)


def names(answers: Sequence[Answer]) -> list[str]:
    return [term for answer in answers for term in answer.terms]


def unknown(answers: Sequence[Answer], frame: pd.DataFrame) -> pd.Series[str]:
    """Per row, the questions without a usable answer, joined by a comma; empty where all are known."""
    gaps = np.stack([np.isnan(answer.values(frame[answer.column])).any(axis=1) for answer in answers], axis=1)
    columns = np.array([answer.column for answer in answers], dtype=object)
    listed = np.full(len(frame), "", dtype=object)
    for place in np.flatnonzero(gaps.any(axis=1)):
        listed[place] = ", ".join(columns[gaps[place]])
    return pd.Series(listed, index=frame.index, dtype=object)
