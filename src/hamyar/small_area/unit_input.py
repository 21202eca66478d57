"""Rows of a sample and of a population for a unit-level model: checked, coded, in one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hamyar.errors import Fault, HamyarError, error
from hamyar.small_area.checking import Array
from hamyar.tables import as_table

Codes = NDArray[np.int64]


def totals(area: Codes, values: Array, areas: int) -> Array:
    """(areas,) sums of values (rows,) by area."""
    return np.asarray(np.bincount(area, values, areas), dtype=np.float64)


def frame_of(data: Any) -> pd.DataFrame:
    """A path, Ibis table, polars or Arrow table as a frame; a frame as it is."""
    return data if isinstance(data, pd.DataFrame) else as_table(data).expr.to_pandas()


def check_columns(frame: pd.DataFrame, names: Sequence[str], what: str) -> None:
    """Raises HY-U001 with every column that is missing, HY-U002 with every column that has a gap, and its first row."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise HamyarError(
            *(
                Fault(
                    "HY-U001",
                    f"The {what} has no such column. Add it or correct the name.",
                    f"{_FA[what]} چنین ستونی ندارد. آن را بیفزایید یا نام را درست کنید.",
                    column=name,
                )
                for name in missing
            )
        )
    empty = [(name, frame[name].isna().to_numpy()) for name in dict.fromkeys(names)]
    faults = [
        Fault(
            "HY-U002",
            f"{int(gap.sum())} row(s) of the {what} have no value here. Complete them or leave the rows out.",
            f"{int(gap.sum())} ردیف {_FA[what]} در این ستون مقدار ندارد. آن‌ها را کامل کنید یا ردیف را کنار بگذارید.",
            row=int(np.flatnonzero(gap)[0]) + 2,
            column=name,
        )
        for name, gap in empty
        if gap.any()
    ]
    if faults:
        raise HamyarError(*faults)


_FA = {"sample": "نمونه", "population": "جامعه"}


@dataclass(frozen=True)
class Encoder:
    """Covariates as a matrix, the same way for sample and population.

    X: the columns; categories: column → its categories in the sample, for columns that hold text: the first is the reference.
    """

    X: tuple[str, ...]
    categories: dict[str, list[Any]]

    @classmethod
    def of(cls, sample: pd.DataFrame, X: Sequence[str]) -> Encoder:
        text = [name for name in X if not pd.api.types.is_numeric_dtype(sample[name])]
        return cls(tuple(X), {name: sorted(sample[name].astype(str).unique()) for name in text})

    @property
    def names(self) -> list[str]:
        parts = ([f"{x}_{c}" for c in self.categories[x][1:]] if x in self.categories else [x] for x in self.X)
        return ["intercept", *(name for part in parts for name in part)]

    def matrix(self, frame: pd.DataFrame) -> Array:
        """(rows, 1 + p). Raises HY-U003 for a category that the sample does not have."""
        columns = [np.ones(len(frame))]
        for name in self.X:
            if name not in self.categories:
                columns.append(frame[name].to_numpy(dtype=np.float64))
                continue
            text = frame[name].astype(str).to_numpy()
            unknown = sorted(set(np.unique(text)) - set(self.categories[name]))
            if unknown:
                raise error(
                    "HY-U003",
                    en=f'The category "{unknown[0]}" is not in the sample, so it has no coefficient. Join it to another.',
                    fa=f"ردهٔ «{unknown[0]}» در نمونه نیست و ضریبی ندارد. آن را با ردهٔ دیگری یکی کنید.",
                    column=name,
                )
            columns += [(text == category).astype(np.float64) for category in self.categories[name][1:]]
        return np.column_stack(columns)


@dataclass(frozen=True)
class UnitSample:
    """A checked sample: y (rows,), X (rows, p) with its encoder, area: (rows,) positions in areas, weight: (rows,) or None."""

    y: Array
    X: Array
    encoder: Encoder
    area: Codes
    areas: pd.Index
    weight: Array | None

    @property
    def n(self) -> Array:
        """(areas,) rows by area."""
        return np.bincount(self.area, minlength=len(self.areas)).astype(np.float64)


def unit_sample(data: Any, y: str, X: Sequence[str], area: str, weight: str | None = None) -> UnitSample:
    """Raises HY-U001 to HY-U005: column, gap, (category,) y that is no number, weights that are not above 0."""
    frame, X = frame_of(data), [X] if isinstance(X, str) else list(X)
    check_columns(frame, [y, *X, area, *([weight] if weight else [])], "sample")
    if not pd.api.types.is_numeric_dtype(frame[y]) or not np.isfinite(frame[y].to_numpy(dtype=float)).all():
        raise error(
            "HY-U004",
            en="What is modelled must be a finite number in every row. Convert it first.",
            fa="متغیر مدل باید در هر ردیف عددی متناهی باشد. نخست آن را تبدیل کنید.",
            column=y,
        )
    weights = frame[weight].to_numpy(dtype=np.float64) if weight else None
    if weights is not None and not (weights > 0).all():
        raise error(
            "HY-U005",
            en="A survey weight is not above 0. Leave such rows out.",
            fa="وزن نمونه‌گیری باید بزرگ‌تر از صفر باشد. ردیف‌های دیگر را کنار بگذارید.",
            row=int(np.flatnonzero(~(weights > 0))[0]) + 2,
            column=weight,
        )
    encoder = Encoder.of(frame, X)
    code, areas = pd.factorize(frame[area], sort=True)
    return UnitSample(
        frame[y].to_numpy(dtype=np.float64), encoder.matrix(frame), encoder, code.astype(np.int64), areas, weights
    )


@dataclass(frozen=True)
class Population:
    """Rows in the order of their areas: X (rows, p), start (areas,) first row of each, areas, weight (rows,) or None, and where
    each area stands in the sample (-1: it does not)."""

    X: Array
    start: Codes
    areas: pd.Index
    in_sample: Codes
    weight: Array | None

    @property
    def sizes(self) -> Codes:
        return np.diff(np.append(self.start, len(self.X)))

    @property
    def area(self) -> Codes:
        """(rows,) position of the row's area."""
        return np.repeat(np.arange(len(self.areas)), self.sizes)


def population_rows(data: Any, sample: UnitSample, area: str, weight: str | None = None) -> Population:
    """Raises HY-U001 to HY-U003 as for the sample, HY-U006 where an area of the sample has no row in the population,
    HY-U015 for sizes."""
    frame = frame_of(data)
    check_columns(frame, [*sample.encoder.X, area, *([weight] if weight else [])], "population")
    code, areas = pd.factorize(frame[area], sort=True)
    absent = sample.areas.difference(areas)
    if len(absent):
        raise absent_error(absent, area)
    order = np.argsort(code, kind="stable")
    weights = None
    if weight:
        weights = frame[weight].to_numpy(dtype=np.float64)[order]
        if not ((weights >= 0).all() and (totals(code[order], weights, len(areas)) > 0).all()):
            raise error(
                "HY-U015",
                en="The size of a row must not be negative, and every area must count somebody.",
                fa="اندازهٔ ردیف نباید منفی باشد و هر محدوده باید دست‌کم یک نفر داشته باشد.",
                column=weight,
            )
    start = np.searchsorted(code[order], np.arange(len(areas)))
    return Population(sample.encoder.matrix(frame)[order], start, areas, sample.areas.get_indexer(areas), weights)


def unit_diagnostics(sample: UnitSample, z: Array, beta: Array, effect: Array, within: float) -> pd.DataFrame:
    """Frame with a row per sampled unit, in order: area, observed z, fitted x'β + u, residual, standardised (about N(0, 1))."""
    fitted = sample.X @ beta + effect[sample.area]
    columns = {"area": sample.areas[sample.area], "observed": z, "fitted": fitted, "residual": z - fitted}
    return pd.DataFrame({**columns, "standardised": (z - fitted) / np.sqrt(within)})


def absent_error(absent: pd.Index, area: str) -> HamyarError:
    """HY-U006 with the first of the areas."""
    return error(
        "HY-U006",
        en=f'{len(absent)} area(s) of the sample are absent from the population, first "{absent[0]}". Check the codes.',
        fa=f"{len(absent)} محدودهٔ نمونه در جامعه نیست؛ نخستین: «{absent[0]}». کدها را وارسی کنید.",
        column=area,
    )
