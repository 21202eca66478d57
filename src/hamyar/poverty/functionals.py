"""What inequality and income poverty are, as functionals of a weighted distribution, with their influence functions.

Each takes incomes y in ascending order, (rows,) float64, and their weights w > 0, and gives the estimate and z, (rows,)
its derivative with respect to each row's weight: the variance of the estimate is that of the weighted total of z
(Deville 1999, Survey Methodology 25:193-203; Demnati & Rao 2004). Where a threshold is estimated as well, the derivative
through it is included (Osier 2009, Survey Research Methods 3:167-195; Langel & Tillé 2011). Ties need no rule: equal
incomes have equal z.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hamyar.survey.variance import Floats

PART = 50_000


@dataclass(frozen=True)
class Estimated:
    """value; influence: (rows,) per unit of weight; slope: the derivative with respect to the poverty line."""

    value: float
    influence: Floats
    slope: float = 0.0


def gini(y: Floats, w: Floats) -> Estimated:
    """Σ Σ w w |y - y| ÷ 2 N Y (Gini 1914), N the sum of weights, Y the total income."""
    people, income = float(w.sum()), float(w @ y)
    influence = _distances(y, w)
    value = float(w @ influence) / (2 * people * income)
    for part in _parts(len(y)):
        distance = influence[part]
        distance /= people * income
        distance -= y[part] * (value / income)
        distance -= value / people
    return Estimated(value, influence)


def _distances(y: Floats, w: Floats) -> Floats:
    """(rows,) Σ_j w_j |y_i - y_j|."""
    people, income = float(w.sum()), float(w @ y)
    distance = np.empty(len(y))
    before = earned = 0.0
    for part in _parts(len(y)):
        below, earning = np.cumsum(w[part]), np.cumsum(w[part] * y[part])
        below += before
        earning += earned
        before, earned = float(below[-1]), float(earning[-1])
        below *= 2
        below -= people
        below *= y[part]
        earning *= 2
        earning -= income
        np.subtract(below, earning, out=distance[part])
    return distance


def _parts(rows: int) -> Iterator[slice]:
    """Rows in parts that stay near the processor: there may be many, and fresh memory costs more than the work."""
    return (slice(start, start + PART) for start in range(0, rows, PART))


def hoover(y: Floats, w: Floats) -> Estimated:
    """The share of income that would have to move for all to be equal: Σ w |y - μ| ÷ 2Y (Hoover 1936; Pietra, Ricci-Schutz)."""
    people, income = w.sum(), w @ y
    mean = income / people
    lacks = np.maximum(mean - y, 0)
    value = w @ lacks / income
    moved = lacks + w[y < mean].sum() * (y - mean) / people
    return Estimated(value, (moved - value * y) / income)


def quantile_share_ratio(y: Floats, w: Floats, top: float, bottom: float) -> Estimated:
    """Income of those above the (1 - top)-quantile over that of those at or below the bottom-quantile (Eurostat's S80/S20).

    Through an estimated quantile q the derivative of a partial total is q·(1{y <= q} - level): the density cancels.
    """
    low, high = quantile(y, w, bottom), quantile(y, w, 1 - top)
    poorest, richest = y <= low, y > high
    numerator, denominator = w[richest] @ y[richest], w[poorest] @ y[poorest]
    above = np.where(richest, y, 0) + high * (~richest - (1 - top))
    below = np.where(poorest, y, 0) - low * (poorest - bottom)
    value = float(numerator / denominator)
    return Estimated(value, (above - value * below) / denominator)


def split_share_ratio(y: Floats, w: Floats, top: float, bottom: float) -> float:
    """The same with the row at each quantile split to the exact share: no jumps as weights change. NaN without income below."""
    below = np.cumsum(w) - w

    def income(level: float) -> float:
        return float(np.clip(level * w.sum() - below, 0, w) @ y)

    poorest = income(bottom)
    return (float(w @ y) - income(1 - top)) / poorest if poorest > 0 else np.nan


def entropy(y: Floats, w: Floats, alpha: float) -> Estimated:
    """Generalised entropy: α = 0 mean log deviation, 1 Theil's T, 2 half the squared coefficient of variation (Shorrocks 1980)."""
    people, income = w.sum(), w @ y
    mean = income / people
    share = y / mean
    if alpha == 0:
        logs = np.log(share)
        value = -(w @ logs) / people
        return Estimated(value, (share - 1 - logs - value) / people)
    if alpha == 1:
        logs = share * np.log(np.where(share > 0, share, 1))
        value = w @ logs / people
        return Estimated(value, (logs - value - (value + 1) * (share - 1)) / people)
    powers = share**alpha
    moment = w @ powers / people
    scale = alpha * (alpha - 1)
    return Estimated((moment - 1) / scale, (powers - moment - alpha * moment * (share - 1)) / (scale * people))


def atkinson(y: Floats, w: Floats, epsilon: float) -> Estimated:
    """1 - equally distributed equivalent income ÷ mean income, with aversion ε > 0 (Atkinson 1970)."""
    people, income = w.sum(), w @ y
    share = y / (income / people)
    if epsilon == 1:
        logs = np.log(share)
        equivalent = np.exp(w @ logs / people)
        change = logs - w @ logs / people
    else:
        powers = share ** (1 - epsilon)
        moment = w @ powers / people
        equivalent = moment ** (1 / (1 - epsilon))
        change = (powers / moment - 1) / (1 - epsilon)
    return Estimated(1 - equivalent, equivalent * (share - 1 - change) / people)


def fgt(y: Floats, w: Floats, line: float, alpha: float) -> Estimated:
    """Mean of (1 - y/line)^α over all, the poor alone counting (Foster, Greer & Thorbecke 1984); poor: y < line."""
    people, poor = w.sum(), y < line
    gap = np.where(poor, 1 - y / line, 0)
    each = poor.astype(np.float64) if alpha == 0 else gap**alpha
    value = w @ each / people
    if alpha == 0:
        slope = density(y, w, line)
    else:
        slope = w[poor] @ (alpha * gap[poor] ** (alpha - 1) * y[poor]) / (line**2 * people)
    return Estimated(value, (each - value) / people, slope)


def watts(y: Floats, w: Floats, line: float) -> Estimated:
    """Mean of log(line/y) over all, the poor alone counting (Watts 1968)."""
    people, poor = w.sum(), y < line
    each = np.log(line / np.where(poor, y, line))
    value = w @ each / people
    return Estimated(value, (each - value) / people, w[poor].sum() / people / line)


def sen(y: Floats, w: Floats, line: float) -> Estimated:
    """H·(I + (1 - I)·G), I the mean gap and G the Gini of the poor (Sen 1976, for large samples).

    Written as P1 + T/(line·N·Np), T = half the sum of distances among the poor: a function of totals.
    """
    people, poor = w.sum(), y < line
    gap = fgt(y, w, line, 1)
    among = w[poor].sum()
    if among == 0:
        return Estimated(0.0, np.zeros_like(y), 0.0)
    distance = np.zeros_like(y)
    distance[poor] = _distances(y[poor], w[poor])
    part = w @ distance / 2 / (line * people * among)
    influence = distance / (line * people * among) - part * (1 / people + poor / among)
    entering = density(y, w, line) * people * ((line - w[poor] @ y[poor] / among) / (line * people) - part / among)
    return Estimated(gap.value + part, gap.influence + influence, gap.slope - part / line + entering)


def sst(y: Floats, w: Floats, line: float) -> Estimated:
    """Mean gap × (1 + Gini of the gaps of all) (Sen, Shorrocks & Thon; Shorrocks 1995): P1 + T/N², T over the gaps."""
    people = w.sum()
    gap = fgt(y, w, line, 1)
    lack = np.maximum(1 - y / line, 0)
    distance = _distances(lack[::-1], w[::-1])[::-1]
    part = w @ distance / 2 / people**2
    influence = distance / people**2 - 2 * part / people
    rank = 2 * np.cumsum(w) - w - people  # weight of those with less income, less that of those with more
    poor = y < line
    slope = -(w[poor] * y[poor]) @ rank[poor] / (line * people) ** 2
    return Estimated(gap.value + part, gap.influence + influence, gap.slope + slope)


def quantile(y: Floats, w: Floats, level: float) -> float:
    """The least income at or below which lies this share of people; halfway to the next where it is met exactly."""
    below = np.cumsum(w)
    goal = level * below[-1]
    place = int(np.searchsorted(below, goal * (1 - 1e-14)))
    if place + 1 < len(y) and abs(below[place] - goal) <= 1e-12 * below[-1]:
        return float((y[place] + y[place + 1]) / 2)
    return float(y[min(place, len(y) - 1)])


def density(y: Floats, w: Floats, at: float) -> float:
    """Density of income at a point above zero: a Gaussian kernel on log income, Silverman's width 0.9·min(sd, IQR/1.34)·n^(-1/5).

    On incomes as they are it smooths the poor, who lie close together, as widely as the rich, and finds too few of them at
    a line. n is the number of rows: Osier's N, the sum of weights, would let the error depend on the unit of the weights.
    """
    first = int(np.searchsorted(y, 0, side="right"))
    if at <= 0 or first == len(y):
        return 0.0
    log, v = np.log(y[first:]), w[first:]
    people = v.sum()
    mean = v @ log / people
    spread = np.sqrt(v @ (log - mean) ** 2 / people)
    middle = (quantile(log, v, 0.75) - quantile(log, v, 0.25)) / 1.34
    width = 0.9 * min(spread, middle or spread) * len(log) ** -0.2
    if width == 0:
        return 0.0
    place = float(np.log(at))
    near = slice(*np.searchsorted(log, [place - 9 * width, place + 9 * width]))
    kernel = np.exp(-(((log[near] - place) / width) ** 2) / 2)
    return float(v[near] @ kernel / (w.sum() * at * width * np.sqrt(2 * np.pi)))


def median_influence(y: Floats, w: Floats) -> Estimated:
    """The median, -(1{y <= m} - 1/2)/(f(m)·N)."""
    value = quantile(y, w, 0.5)
    height = density(y, w, value)
    influence = ((y > value) - 0.5) / (height * w.sum()) if height else np.zeros_like(y)
    return Estimated(value, influence)


def mean_influence(y: Floats, w: Floats) -> Estimated:
    people = w.sum()
    value = w @ y / people
    return Estimated(value, (y - value) / people)
