"""A composite index of area deprivation, and how far its order depends on the choices behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hamyar.errors import Fault, HamyarError, error
from hamyar.tables import as_table

Array = NDArray[np.float64]
FLOOR = 0.01
DRAWS = 6000
SMALLEST = 3
TIED = 9  # decimals of a score: areas with the same figures tie, whatever the last bits of a product


def minmax(values: Array) -> Array:
    """0 at the least deprived area, 1 at the most, by indicator. values: (areas, indicators)."""
    low, high = values.min(axis=0), values.max(axis=0)
    return np.asarray((values - low) / (high - low))


def zscore(values: Array) -> Array:
    """Standard scores, with six standard deviations brought to the width of 1: z / 6 + 1 / 2, cut at 0 and 1."""
    return np.asarray(np.clip((values - values.mean(axis=0)) / values.std(axis=0) / 6 + 0.5, 0, 1))


def rank_share(values: Array) -> Array:
    """Ranks from 0 to 1, ties at their mean."""
    from scipy.stats import rankdata

    return np.asarray((rankdata(values, axis=0) - 1) / (len(values) - 1))


def arithmetic(normalised: Array, weights: Array) -> Array:
    """Weighted arithmetic means: (areas, indicators) and (draws, indicators) give (draws, areas)."""
    return np.asarray(weights @ normalised.T)


def geometric(normalised: Array, weights: Array) -> Array:
    """Weighted geometric means, of .01 + .99·x: on x itself an area best in one indicator would score 0."""
    return np.asarray(np.exp(weights @ np.log(FLOOR + (1 - FLOOR) * normalised).T))


NORMALISATIONS = {"minmax": minmax, "zscore": zscore, "rank": rank_share}
AGGREGATIONS = {"arithmetic": arithmetic, "geometric": geometric}


def _frame(data: Any) -> tuple[pd.DataFrame, str | None]:
    """The data as a frame, and the file's name where there is one."""
    if isinstance(data, pd.DataFrame):
        return data, None
    table = as_table(data)
    return table.expr.to_pandas(), Path(data).name if isinstance(data, str | Path) else None


def _numbers(frame: pd.DataFrame, names: list[str], file: str | None) -> Array:
    """(areas, indicators), NaN where a cell is empty; every text in a number is a fault."""
    values = frame[names].apply(pd.to_numeric, errors="coerce")
    faults = []
    for name in names:
        text = frame[name]
        empty = text.isna() | (text.astype(str).str.strip() == "")
        faults += [
            Fault(
                "HY-X002",
                f'"{text.iloc[i]}" is not a number. Correct it, or leave the cell empty.',
                f"«{text.iloc[i]}» عدد نیست. آن را درست کنید یا خانه را خالی بگذارید.",
                file=file,
                row=int(i) + 2,
                column=name,
            )
            for i in np.flatnonzero((values[name].isna() | np.isinf(values[name])) & ~empty)
        ]
    if faults:
        raise HamyarError(*faults[:100], total=len(faults))
    return np.asarray(values, dtype=np.float64)


def _check_columns(frame: pd.DataFrame, area: str, names: list[str], file: str | None) -> None:
    missing = [name for name in [area, *names] if name not in frame.columns]
    if missing:
        held = ", ".join(map(str, frame.columns))
        raise HamyarError(
            *(
                Fault(
                    "HY-X001",
                    f"There is no such column. The columns are: {held}.",
                    f"چنین ستونی نیست. ستون‌ها این‌ها هستند: {held}.",
                    file=file,
                    column=name,
                )
                for name in missing
            )
        )
    twice = frame[area][frame[area].duplicated()]
    if len(twice):
        raise error(
            "HY-X003",
            en=f'The area "{twice.iloc[0]}" stands more than once. Name areas by code where names repeat.',
            fa=f"محدودهٔ «{twice.iloc[0]}» بیش از یک بار آمده است. هرجا نام‌ها تکراری‌اند، محدوده را با کد بشناسانید.",
            file=file,
            row=int(np.flatnonzero(frame[area].duplicated())[0]) + 2,
            column=area,
        )


def _check_spread(values: Array, names: list[str], file: str | None) -> None:
    if len(values) < SMALLEST:
        raise error(
            "HY-X005",
            en=f"{len(values)} area(s) have every indicator; an order needs at least {SMALLEST}. Complete the indicators.",
            fa=f"تنها {len(values)} محدوده همهٔ نماگرها را دارد و رتبه‌بندی دست‌کم {SMALLEST} محدوده می‌خواهد. نماگرها را کامل کنید.",
            file=file,
        )
    constant = [name for j, name in enumerate(names) if values[:, j].min() == values[:, j].max()]
    if constant:
        raise HamyarError(
            *(
                Fault(
                    "HY-X004",
                    "The indicator has one value in all areas and orders nothing. Leave it out.",
                    "این نماگر در همهٔ محدوده‌ها یک مقدار دارد و چیزی را مرتب نمی‌کند. آن را کنار بگذارید.",
                    file=file,
                    column=name,
                )
                for name in constant
            )
        )


@dataclass
class AreaIndex:
    """Composite index: normalise, weight, aggregate; higher = more deprived.

    indicators: name → direction, 1 where more means more deprived, -1 where less does; weights: name → weight > 0, equal
    where not given. The score is 100 × the weighted arithmetic mean of the min-max normalised indicators.
    Ranks are also taken over many choices: weights from a Dirichlet distribution whose mean is those given (flat over all
    weightings where they are equal), normalisation by min-max, z-score or rank, mean arithmetic or geometric.
    Raises HY-X006 (directions) and HY-X007 (weights).
    Source: OECD & JRC (2008), Handbook on Constructing Composite Indicators, steps 5 to 7.
    """

    indicators: Mapping[str, int]
    weights: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if not self.indicators or any(sign not in (1, -1) for sign in self.indicators.values()):
            raise error(
                "HY-X006",
                en="Give each indicator its direction: 1 where more means more deprived, -1 where less does.",
                fa="برای هر نماگر جهت آن را بدهید: ۱ اگر بیشترش یعنی محروم‌تر، ‎-۱ اگر کمترش یعنی محروم‌تر.",
            )
        given = self.weights
        if given is not None and (set(given) != set(self.indicators) or not all(w > 0 for w in given.values())):
            raise error(
                "HY-X007",
                en=f"Give a weight above 0 for each of: {', '.join(self.indicators)}.",
                fa=f"برای هر یک از این نماگرها وزنی بزرگ‌تر از صفر بدهید: {'، '.join(self.indicators)}.",
            )

    @property
    def shares(self) -> Array:
        """Weights that add up to 1, in the order of the indicators."""
        weight = np.array([1.0 if self.weights is None else self.weights[name] for name in self.indicators])
        return np.asarray(weight / weight.sum())

    def fit(self, data: Any, area: str = "area", *, draws: int = DRAWS, seed: int = 0) -> AreaIndex:
        """Score and rank.

        data: path, frame or Table with a row per area; area: the column that names it; draws: how many choices of weights,
        normalisation and mean; seed: of the weights.
        After it: `areas` (ranked, worst first); `draws` (draws, areas), scores under the choices in that order; `values`
        and `normalised`, frames by area; `not_ranked`, area → its indicators without a value: an area with a gap in any
        indicator is neither ranked nor does it shift the others.
        Raises HY-X001 to HY-X005: column, text in a number, area twice, constant indicator, fewer than 3 areas.
        """
        frame, file = _frame(data)
        names = list(self.indicators)
        _check_columns(frame, area, names, file)
        values, label = _numbers(frame, names, file), frame[area].astype(str).to_numpy()
        gap = np.isnan(values)
        complete = ~gap.any(axis=1)
        self.not_ranked = {label[i]: [names[j] for j in np.flatnonzero(gap[i])] for i in np.flatnonzero(~complete)}
        values, label = values[complete], label[complete]
        _check_spread(values, names, file)
        directed = values * np.array(list(self.indicators.values()))
        score = 100 * arithmetic(minmax(directed), self.shares[None])[0]
        order = np.lexsort((label, -score))
        self.areas = list(label[order])
        self.scores = pd.Series(score[order], index=self.areas, name="score")
        self.values = pd.DataFrame(values[order], index=self.areas, columns=names)
        self.normalised = pd.DataFrame(minmax(directed[order]), index=self.areas, columns=names)
        self.draws = self._over_choices(directed[order], draws, seed)
        return self

    def _over_choices(self, directed: Array, draws: int, seed: int) -> Array:
        weights = np.random.default_rng(seed).dirichlet(len(self.shares) * self.shares, draws)
        scores = np.empty((draws, len(directed)))
        choices = [(n, a) for n in NORMALISATIONS.values() for a in AGGREGATIONS.values()]
        for i, (normalise, aggregate) in enumerate(choices):
            scores[i :: len(choices)] = 100 * aggregate(normalise(directed), weights[i :: len(choices)])
        return np.round(scores, TIED)

    def table(self) -> pd.DataFrame:
        """Frame, worst first: area, score (0 to 100), rank, rank_low and rank_high (95 % of the choices), p_worst (share of
        the choices that put the area in the worst fifth, rounded up; ties all count), and each indicator normalised (0 to 1)."""
        from scipy.stats import rankdata

        ranks = rankdata(-self.draws, axis=1, method="min")
        low, high = np.quantile(ranks, [0.025, 0.975], axis=0, method="inverted_cdf")
        columns = {
            "area": self.areas,
            "score": self.scores.to_numpy(),
            "rank": self.scores.rank(ascending=False, method="min").astype(int).to_numpy(),
            "rank_low": low.astype(int),
            "rank_high": high.astype(int),
            "p_worst": (ranks <= -(-len(self.areas) // 5)).mean(axis=0),
        }
        return pd.concat([pd.DataFrame(columns), self.normalised.reset_index(drop=True)], axis=1)
