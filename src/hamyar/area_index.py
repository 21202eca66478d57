"""A composite index of area deprivation, and how far its order depends on the choices behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hamyar.errors import Fault, HamyarError, error
from hamyar.tables import as_table

Array = NDArray[np.float64]
Mean = Callable[[Array, Array], Array]
Scale = tuple[Callable[[Array], Array], dict[str, Mean]]
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


def geometric(normalised: Array, weights: Array, floor: float = FLOOR) -> Array:
    """Weighted geometric means of floor + (1 - floor)·x; with floor 0 an area with a 0 scores 0."""
    lifted = floor + (1 - floor) * normalised
    means = np.exp(weights @ np.log(np.where(lifted > 0, lifted, 1.0)).T)
    return np.asarray(np.where((lifted > 0).all(axis=1), means, 0.0))


def goalposts(values: Array, anchors: Array) -> Array:
    """0 at the lower anchor of each indicator, 1 at the upper, cut beyond them. anchors: (indicators, 2)."""
    low, high = anchors.min(axis=1), anchors.max(axis=1)
    return np.asarray(np.clip((values - low) / (high - low), 0, 1))


def to_reference(values: Array, anchors: Array) -> Array:
    """value / anchor, or anchor / value where both are negative (less is more deprived): 1 at the anchor. anchors: (indicators,)."""
    return np.asarray(np.where(anchors > 0, values / anchors, anchors / np.where(values < 0, values, -1.0)))


NORMALISATIONS = {"minmax": minmax, "zscore": zscore, "rank": rank_share}
ANCHORED = {"goalposts": goalposts, "reference": to_reference}
AGGREGATIONS: dict[str, Mean] = {"arithmetic": arithmetic, "geometric": geometric}


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


def _check_ratios(values: Array, indicators: Mapping[str, int], file: str | None) -> None:
    for j, (name, sign) in enumerate(indicators.items()):
        bad = values[:, j] < 0 if sign > 0 else values[:, j] <= 0
        if bad.any():
            least = "0 or more" if sign > 0 else "above 0"
            raise error(
                "HY-X011",
                en=f'A ratio to a reference needs values {least}; {int(bad.sum())} area(s) have another. Use "goalposts".',
                fa=f"نسبت به مرجع مقدار {'صفر یا بیشتر' if sign > 0 else 'بزرگ‌تر از صفر'} می‌خواهد و {int(bad.sum())} محدوده چنین نیست. «goalposts» را به کار ببرید.",
                file=file,
                column=name,
            )


@dataclass
class AreaIndex:
    """Composite index: normalise, weight, aggregate; higher = more deprived.

    indicators: name → direction, 1 where more means more deprived, -1 where less does; weights: name → weight > 0, None for
    equal ones, or "pca" (squared loadings of the first principal component of the standardised indicators); normalisation:
    "minmax", "zscore" or "rank", which depend on the areas at hand, or "goalposts" (from a fixed minimum to a fixed maximum,
    cut beyond them) or "reference" (value / reference; reference / value for direction -1), which do not; anchors: for these
    two, name → (minimum, maximum) or name → reference > 0, in the unit of the indicator; aggregation: "arithmetic" or
    "geometric", which with anchors is of the normalised values as they are, else of .01 + .99·x (an area best in one
    indicator would score 0). The score is 100 × the weighted mean.
    Ranks are also taken over many choices: weights from a Dirichlet distribution whose mean is those given (flat over all
    weightings where they are equal), normalisation by min-max (or the anchors), z-score or rank, mean arithmetic or geometric.
    After `fit` under "pca": `loadings`, `explained` (the component's share of the variance). `notes`: what a reader must know.
    Raises HY-X006 (directions), HY-X007 (weights), HY-X008 (normalisation, aggregation), HY-X010 (anchors).
    Source: OECD & JRC (2008), Handbook on Constructing Composite Indicators, steps 5 to 7.
    """

    indicators: Mapping[str, int]
    weights: Mapping[str, float] | str | None = None
    normalisation: str = "minmax"
    aggregation: str = "arithmetic"
    anchors: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        named = isinstance(self.indicators, Mapping) and self.indicators
        if not named or any(sign not in (1, -1) for sign in self.indicators.values()):
            raise error(
                "HY-X006",
                en="Give each indicator its direction: 1 where more means more deprived, -1 where less does.",
                fa="برای هر نماگر جهت آن را بدهید: ۱ اگر بیشترش یعنی محروم‌تر، ‎-۱ اگر کمترش یعنی محروم‌تر.",
            )
        given = self.weights
        if given == "pca":
            given = None
        if given is not None and (
            isinstance(given, str) or set(given) != set(self.indicators) or not all(w > 0 for w in given.values())
        ):
            raise error(
                "HY-X007",
                en=f"Give a weight above 0 for each of: {', '.join(self.indicators)}.",
                fa=f"برای هر یک از این نماگرها وزنی بزرگ‌تر از صفر بدهید: {'، '.join(self.indicators)}.",
            )

        known = [*NORMALISATIONS, *ANCHORED]
        if self.normalisation not in known or self.aggregation not in AGGREGATIONS:
            raise error(
                "HY-X008",
                en=f"Normalisation is one of {', '.join(known)}; aggregation one of {', '.join(AGGREGATIONS)}.",
                fa=f"normalisation یکی از این‌هاست: {'، '.join(known)}؛ و aggregation یکی از این‌ها: {'، '.join(AGGREGATIONS)}.",
            )
        if not self._anchors_fit():
            raise error(
                "HY-X010",
                en='Give anchors for every indicator with "goalposts", as (minimum, maximum), and with "reference", as a number above 0; '
                "with another normalisation none.",
                fa="برای «goalposts» برای هر نماگر (کمینه، بیشینه) و برای «reference» عددی بزرگ‌تر از صفر در anchors بدهید؛ "
                "با normalisation دیگر چیزی ندهید.",
            )

    def _anchors_fit(self) -> bool:
        if self.anchors is None or self.normalisation in NORMALISATIONS:
            return self.anchors is None and self.normalisation in NORMALISATIONS
        try:
            given = [np.asarray(anchor, dtype=np.float64).ravel() for anchor in self.anchors.values()]
        except (TypeError, ValueError):
            return False
        if self.normalisation == "reference":
            given = [np.append(0.0, anchor) for anchor in given]
        each = all(len(pair) == 2 and np.isfinite(pair).all() and pair[0] < pair[1] for pair in given)
        return set(self.anchors) == set(self.indicators) and each

    @property
    def _scales(self) -> dict[str, Scale]:
        """Normalisations of directed values that this index is compared under, each with the means that go with it."""
        scales: dict[str, Scale] = {name: (normalise, AGGREGATIONS) for name, normalise in NORMALISATIONS.items()}
        if self.anchors is None:
            return scales
        anchors = np.array([np.multiply(self.anchors[name], sign) for name, sign in self.indicators.items()])
        own = partial(ANCHORED[self.normalisation], anchors=anchors)
        del scales["minmax"]
        return {self.normalisation: (own, {**AGGREGATIONS, "geometric": partial(geometric, floor=0.0)}), **scales}

    @property
    def shares(self) -> Array:
        """Weights that add up to 1, in the order of the indicators; under "pca" known after `fit`."""
        if isinstance(self.weights, str):
            return np.asarray(self.loadings.to_numpy() ** 2)
        weight = np.array([1.0 if self.weights is None else self.weights[name] for name in self.indicators])
        return np.asarray(weight / weight.sum())

    def fit(self, data: Any, area: str = "area", *, draws: int = DRAWS, seed: int = 0) -> AreaIndex:
        """Score and rank.

        data: path, frame or Table with a row per area; area: the column that names it; draws: how many choices of weights,
        normalisation and mean; seed: of the weights.
        After it: `areas` (ranked, worst first); `draws` (draws, areas), scores under the choices in that order; `values`
        and `normalised`, frames by area; `not_ranked`, area → its indicators without a value: an area with a gap in any
        indicator is neither ranked nor does it shift the others.
        Raises HY-X001 to HY-X005: column, text in a number, area twice, constant indicator, fewer than 3 areas; HY-X011: a
        value that has no ratio to its reference.
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
        if self.normalisation == "reference":
            _check_ratios(values, self.indicators, file)
        self.notes = self._components(directed) if self.weights == "pca" else ()
        normalise, means = self._scales[self.normalisation]
        normalised = normalise(directed)
        score = 100 * means[self.aggregation](normalised, self.shares[None])[0]
        order = np.lexsort((label, -score))
        self.areas = list(label[order])
        self.scores = pd.Series(score[order], index=self.areas, name="score")
        self.values = pd.DataFrame(values[order], index=self.areas, columns=names)
        self.normalised = pd.DataFrame(normalised[order], index=self.areas, columns=names)
        self._directed = directed[order]
        self.draws = self._over_choices(self._directed, draws, seed)
        return self

    def _components(self, directed: Array) -> tuple[Fault, ...]:
        """Loadings of the first principal component, signed so that most point to deprivation; a note where some do not."""
        standard = (directed - directed.mean(axis=0)) / directed.std(axis=0)
        values, vectors = np.linalg.eigh(standard.T @ standard / len(standard))
        first = vectors[:, -1] * np.sign(vectors[:, -1].sum() or 1.0)
        self.loadings = pd.Series(first, index=list(self.indicators), name="loading")
        self.explained = float(values[-1] / values.sum())
        against = ", ".join(self.loadings.index[self.loadings < 0])
        if not against:
            return ()
        return (
            Fault(
                "HY-X009",
                f"{against} goes against the other indicators: its squared loading still counts as deprivation. Check its direction.",
                f"{against} خلاف جهت دیگر نماگرهاست و مجذور بار آن همچنان محرومیت شمرده می‌شود. جهت آن را وارسی کنید.",
            ),
        )

    def _weightings(self, draws: int, seed: int) -> Array:
        concentration = np.maximum(len(self.shares) * self.shares, 1e-6)
        return np.random.default_rng(seed).dirichlet(concentration, draws)

    def sensitivity(self, *, draws: int = 1000, seed: int = 0) -> pd.DataFrame:
        """How much of the change in ranks each choice makes: Sobol shares of normalisation, aggregation and weights.

        Gives frame area, choice, first (share of the variance of the area's rank that the choice makes alone), total (with its
        interplay with the others); the rows whose area is None are of the mean shift of ranks over all areas, |rank - rank in
        `table`|. Both 0 where nothing changes. The three normalisations and two means are all gone through with the same
        weights, so that draws (of weights) alone are random; seeded.
        Source: Saisana, Saltelli & Tarantola (2005); Sobol (1993).
        """
        from scipy.stats import rankdata

        weights = self._weightings(draws, seed)
        scales = self._scales.values()
        ranks = np.empty((len(scales), len(AGGREGATIONS), draws, len(self.areas)))
        for i, (normalise, means) in enumerate(scales):
            normalised = normalise(self._directed)
            for j, aggregate in enumerate(means.values()):
                scores = np.round(100 * aggregate(normalised, weights), TIED)
                ranks[i, j] = rankdata(-scores, axis=1, method="min")
        shift = np.abs(ranks - rankdata(-np.round(self.scores, TIED), method="min")).mean(axis=-1, keepdims=True)
        values = np.concatenate([shift, ranks], axis=-1)
        whole = values.var(axis=(0, 1, 2))
        frames = []
        for axis, choice in enumerate(("normalisation", "aggregation", "weights")):
            others = tuple(a for a in range(3) if a != axis)
            parts = values.mean(axis=others).var(axis=0), values.var(axis=axis).mean(axis=(0, 1))
            first, total = (np.divide(part, whole, out=np.zeros_like(whole), where=whole > 1e-12) for part in parts)
            frames.append(pd.DataFrame({"area": [None, *self.areas], "choice": choice, "first": first, "total": total}))
        return pd.concat(frames, ignore_index=True)

    def _over_choices(self, directed: Array, draws: int, seed: int) -> Array:
        weights = self._weightings(draws, seed)
        scores = np.empty((draws, len(directed)))
        choices = [(normalise, mean) for normalise, means in self._scales.values() for mean in means.values()]
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
