"""The survey that a proxy means test is fitted on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hamyar.errors import Fault, HamyarError, error
from hamyar.proxy_means import answers as asked
from hamyar.proxy_means.answers import Answer
from hamyar.survey import Design
from hamyar.survey.variance import FEW, Each, Floats, Ints, LeftOut, degrees_of_freedom


@dataclass(frozen=True)
class Clusters:
    """cluster: (rows,) numbers from 0; stratum: (clusters,) of the whole design, those without a row included; counts:
    (strata,) how many clusters."""

    cluster: Ints
    stratum: Ints
    counts: Ints
    universe: str

    @classmethod
    def of(cls, frame: pd.DataFrame, design: Design, kept: Any) -> Clusters:
        """Those of the rows that are kept, in a design that has all rows. Raises HamyarError HY-E009 for unknown ones."""
        rows, first = len(frame), design.only_first_stage()
        for column in (first.strata, first.psu):
            if column and frame[column].isna().any():
                raise HamyarError(_bad(column, "unknown", "نامعلوم", frame[column].isna().sum()))
        stratum = pd.factorize(frame[first.strata])[0] if first.strata else np.zeros(rows, dtype=np.int64)
        within = pd.factorize(frame[first.psu])[0] if first.psu else np.arange(rows)
        cluster, pairs = pd.factorize(stratum * (within.max() + 1) + within)
        of_clusters = pairs // (within.max() + 1)
        return cls(cluster[kept], of_clusters, np.bincount(of_clusters), design.universe)

    @property
    def degrees_of_freedom(self) -> int:
        return int(self.counts.sum() - len(self.counts))

    def folds(self, k: int, seed: int) -> Ints:
        """(rows,) fold of each row; a cluster is never divided. Raises HamyarError HY-E013 for too few clusters."""
        present, place = np.unique(self.cluster, return_inverse=True)
        if len(present) < k:
            raise error(
                "HY-E013",
                en=f"{len(present)} clusters cannot make {k} folds. Ask for fewer folds.",
                fa=f"از {len(present)} خوشه نمی‌توان {k} بخش ساخت. بخش‌های کمتری بخواهید.",
            )
        order = np.random.default_rng(seed).permutation(len(present))
        return np.asarray((order % k)[place])

    def spread(self, influence: Floats) -> tuple[Floats, Floats]:
        """(terms,) standard errors of totals of (rows, terms) weighted influence values, and their degrees of freedom: the
        design's, or fewer where a few clusters make most of a variance.

        Between the clusters of a stratum; a stratum with one cluster is centred at the grand mean, zero.
        """
        most, m, h, terms = self.degrees_of_freedom, self.counts, self.stratum, influence.shape[1]
        if self.universe != "probability_sample" or most < 1:
            return np.full(terms, 0.0 if self.universe == "census" else np.nan), np.full(terms, float(most))
        se, freedom = np.empty(terms), np.empty(terms)
        for term, z in enumerate(influence.T):
            total = self.sums(z)
            mean = np.where(m > 1, np.bincount(h, total) / m, 0)
            square = (m / np.maximum(m - 1, 1))[h] * (total - mean[h]) ** 2
            se[term] = np.sqrt(square.sum())
            freedom[term] = degrees_of_freedom(square.sum(), square @ square, len(h), most)
        return se, freedom

    def sums(self, values: Floats) -> Floats:
        """(clusters,) of (rows,)."""
        return np.bincount(self.cluster, values, len(self.stratum)).astype(np.float64, copy=False)

    @property
    def few(self) -> bool:
        """Whether each may be left out once: they are few, and none is alone in its stratum."""
        return self.universe == "probability_sample" and len(self.stratum) <= FEW and bool((self.counts > 1).all())

    def left_out(self, function: Callable[[Floats], Floats]) -> LeftOut:
        """What a function of how often each of the (clusters,) counts gives, (terms,), without each of a few clusters, for
        which its stratum's others stand."""
        h, m = self.stratum, self.counts[self.stratum]
        found = []
        for one in range(len(h)):
            times = np.where(h == h[one], m / (m - 1), 1.0)
            times[one] = 0
            found.append(function(times))
        value = np.stack(found, axis=1)
        return LeftOut(value.ravel(), Each.of(h, self.counts, len(value)))


@dataclass(frozen=True)
class Sample:
    """X: (rows, terms); y: (rows,) income or its logarithm; w: (rows,) weights; places: (rows,) in the data; extra:
    further columns of these rows; notes: what was left out, in both languages."""

    X: Floats
    y: Floats
    w: Floats
    clusters: Clusters
    answers: tuple[Answer, ...]
    places: Ints
    extra: pd.DataFrame
    notes: list[dict[str, str]]

    @classmethod
    def of(
        cls, frame: pd.DataFrame, y: str, X: list[str], design: Design, log: bool, ranked: bool, extra: Sequence[str]
    ) -> Sample:
        """Raises HamyarError for incomes, weights and answers that cannot be used, each by name and count."""
        weight = _weights(frame, design)
        income = np.asarray(pd.to_numeric(frame[y], errors="coerce"), dtype=np.float64)
        _check_income(income, y, log)
        complete = frame[X].notna().all(axis=1).to_numpy() & ~np.isnan(income)
        notes = _notes(frame, y, X, complete)
        complete &= weight > 0
        if not complete.any():
            raise error(
                "HY-E014",
                en="no row has income, every answer and a weight.",
                fa="هیچ ردیفی هم درآمد، هم همهٔ پاسخ‌ها و هم وزن ندارد.",
            )
        rows = frame[complete]
        answers = tuple(asked.learn(rows, X, weight[complete]))
        values = asked.matrix(answers, rows)
        if np.isinf(values).any():
            columns = [a.column for a in answers if np.isinf(a.values(rows[a.column])).any()]
            raise HamyarError(*(_bad(c, "infinite", "بی‌نهایت", np.isinf(rows[c]).sum()) for c in columns))
        if ranked:
            _check_rank(values, weight[complete], asked.names(answers))
        clusters = Clusters.of(frame, design, complete)
        target = np.log(income[complete]) if log else income[complete]
        places = np.flatnonzero(complete)
        return cls(values, target, weight[complete], clusters, answers, places, rows[list(extra)], notes)


def _weights(frame: pd.DataFrame, design: Design) -> Floats:
    if design.weight is None:
        return np.ones(len(frame))
    weight = np.asarray(pd.to_numeric(frame[design.weight], errors="coerce"), dtype=np.float64)
    bad = int((~(weight >= 0) | np.isinf(weight)).sum())
    if bad:
        raise HamyarError(_bad(design.weight, "not a weight of zero or more", "نادرست (نه صفر یا بزرگ‌تر)", bad))
    return weight


def _check_income(income: Floats, y: str, log: bool) -> None:
    if np.isinf(income).any():
        raise HamyarError(_bad(y, "infinite", "بی‌نهایت", np.isinf(income).sum()))
    count = int((income <= 0).sum())
    if log and count:
        raise error(
            "HY-E015",
            en=f"{count} rows have an income of zero or less, which has no logarithm. Leave them out or bottom-code them and say so, or use log=False.",
            fa=f"{count} ردیف درآمد صفر یا منفی دارد که لگاریتم ندارد. آن‌ها را کنار بگذارید یا کف بگذارید و این را بگویید، یا log=False را به کار ببرید.",
            column=y,
        )
    known = income[~np.isnan(income)]
    if len(known) and (known == known[0]).all():
        raise error(
            "HY-E016",
            en="income is the same in all rows: there is nothing to tell apart.",
            fa="درآمد در همهٔ ردیف‌ها یکی است: چیزی برای تمایز نیست.",
            column=y,
        )


def _check_rank(X: Floats, w: Floats, names: list[str]) -> None:
    """Raises HamyarError HY-E007 with the terms that the others make up."""
    from scipy.linalg import qr

    A = np.column_stack([np.ones(len(X)), X]) * np.sqrt(w)[:, None]
    R, pivot = qr(A / np.maximum(np.linalg.norm(A, axis=0), 1e-300), mode="r", pivoting=True)
    diagonal = np.abs(np.diag(R))
    rank = int((diagonal > 1e-10 * diagonal[0]).sum())
    if rank < A.shape[1]:
        listed = ", ".join(["the constant", *names][place] for place in sorted(pivot[rank:]))
        raise error(
            "HY-E007",
            en=f"these are made up of other answers, so their parts cannot be told apart: {listed}. Leave them out.",
            fa=f"این‌ها از پاسخ‌های دیگر ساخته می‌شوند و سهمشان جداشدنی نیست: {listed}. آن‌ها را کنار بگذارید.",
        )


def _notes(frame: pd.DataFrame, y: str, X: list[str], complete: Any) -> list[dict[str, str]]:
    left_out = int((~complete).sum())
    if not left_out:
        return []
    gaps = frame[[y, *X]].isna().sum()
    named = ", ".join(f"{column} {count}" for column, count in gaps[gaps > 0].items())
    return [
        {
            "en": f"rows without income or an answer, left out: {left_out} ({named}).",
            "fa": f"ردیف‌های بدون درآمد یا پاسخ که کنار رفتند: {left_out} ({named}).",
        }
    ]


def _bad(column: str, en: str, fa: str, count: Any) -> Fault:
    return Fault(
        "HY-E009",
        f"{count} rows have a value that is {en}. Correct them, or leave them out and say so.",
        f"{count} ردیف مقدار {fa} دارد. آن‌ها را درست کنید یا کنار بگذارید و این را بگویید.",
        column=column,
    )
