"""How much each area should receive for poverty to fall the most: geographic targeting under a budget.

Everybody in an area receives the same amount, as where areas are known and households are not. The optimal amounts
minimise FGT(α) after the transfer; beside them stand a uniform transfer to all, and a perfect one that knows every income.
Statistics only: whole projects and floors are another matter.
Source: Kanbur (1987), IMF Staff Papers 34:118-136; Elbers, Fujii, Lanjouw, Özler & Yin (2007), J. Development
Economics 83:198-213: at the optimum FGT(α - 1) is equal in all areas that receive.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hamyar.errors import error
from hamyar.poverty.income_poverty import statistic_of
from hamyar.poverty.incomes import frame_of
from hamyar.poverty.rows import Rows
from hamyar.survey import Design
from hamyar.survey.variance import Floats

_MOST_COMBINATIONS = 2_000_000  # held at a time


@dataclass(frozen=True)
class Allocation:
    """areas: area, people, transfer (per person), cost, before, after (FGT(α) in the area), the largest transfer first;
    summary: rule (none, uniform, optimal, perfect), cost, and FGT(0, 1, 2) of all people with se, low, high, transfers
    taken as fixed; uniform_cost: the budget with which a uniform transfer would do as much as the optimal one; bound: the
    least FGT(α) that any transfers by area could reach: for α = 0 not always attainable; notes in both languages."""

    areas: pd.DataFrame
    summary: pd.DataFrame
    uniform_cost: float
    bound: float
    notes: list[dict[str, str]]


def allocate(
    data: Any,
    income: str,
    area: str,
    design: Design,
    *,
    line: float,
    budget: float,
    alpha: int = 1,
    size: str | None = None,
) -> Allocation:
    """Transfers per person by area that minimise FGT(α) of all people, α = 0, 1 or 2.

    data: households with an income per person, as in `hamyar.poverty.fgt` (draws of a census stacked, weights divided by
    their number, do as well); budget: in the income's unit, for all the people that weights (× size) stand for.
    α = 2: mean gaps are made equal. α = 1: headcounts are; amounts go first where most are poor. α = 0: no convex problem:
    amounts go where most people cross the line per unit of money, then to the best of all combinations, where these are
    few enough to go through; else `bound` says how far the found solution can be from it. What is left when nobody is
    poor any more, or can be brought to the line, is not spent.
    Raises HamyarError for incomes, weights and columns as `fgt` does, HY-C001 to HY-C003.
    """
    rows = Rows.read(data, income, design, [area], size)
    _check(rows, area, line, budget, alpha)
    n = np.array([rows.w[rows.of(g)].sum() for g in range(rows.groups)])
    transfer, bound = (_equal_gaps if alpha == 2 else _steepest)(rows, n, line, budget, alpha)
    if alpha == 0:
        transfer, bound = _best_combination(rows, n, line, budget, transfer, bound)
    uniform = np.full(rows.groups, min(budget / n.sum(), max(line - rows.y.min(), 0)))
    after = {
        "none": rows.y,
        "uniform": rows.y + _spread(rows, uniform),
        "optimal": rows.y + _spread(rows, transfer),
        "perfect": _perfect(rows.y, rows.w, line, budget, alpha),
    }
    best = _fgt(after["optimal"], rows.w, line, alpha)
    notes = _notes(rows, income, float(transfer @ n), budget, some_left=best > 0)
    summary = pd.concat([_summary(rows, rule, y, line) for rule, y in after.items()], ignore_index=True)
    by_area = _by_area(rows, area, n, transfer, line, alpha)
    return Allocation(by_area, summary, _uniform_cost(rows, line, alpha, best), bound, notes)


def _check(rows: Rows, area: str, line: float, budget: float, alpha: int) -> None:
    if alpha not in (0, 1, 2):
        raise error("HY-C001", en=f"alpha is 0, 1 or 2, not {alpha}.", fa=f"alpha یکی از ۰، ۱ و ۲ است، نه {alpha}.")
    for name, fa, value in (("line", "خط فقر", line), ("budget", "بودجه", budget)):
        if not (value > 0 and np.isfinite(value)):
            raise error(
                "HY-C002",
                en=f"the {name} is an amount above zero, not {value}.",
                fa=f"{fa} مبلغی بزرگ‌تر از صفر است، نه {value}.",
            )
    if rows.keys[area].isna().any():
        count = rows.of(rows.groups - 1).stop - rows.of(rows.groups - 1).start
        raise error(
            "HY-C003",
            en=f"{count} households have no area, so nothing can reach them. Name their area, or leave them out and say so.",
            fa=f"{count} خانوار محدوده‌ای ندارد و چیزی به آن‌ها نمی‌رسد. محدودهٔ آن‌ها را بنویسید یا کنارشان بگذارید و این را بگویید.",
            column=area,
        )


def _steepest(rows: Rows, n: Floats, line: float, budget: float, alpha: int) -> tuple[Floats, float]:
    """α = 0, 1: each area's fall in poverty as segments of decreasing steepness, bought steepest first, in any area."""
    segments = _headcounts if alpha == 1 else _crossings
    area, width, worth = [], [], []
    for g in range(rows.groups):
        y, w = rows.y[rows.of(g)], rows.w[rows.of(g)]
        poor = y < line
        if poor.any():
            wide, steep = segments(line - y[poor][::-1], w[poor][::-1])
            area.append(np.full(len(wide), g))
            width.append(wide)
            worth.append(steep / n[g])
    if not area:
        return np.zeros(rows.groups), 0.0
    areas, widths, steepness = np.concatenate(area), np.concatenate(width), np.concatenate(worth)
    order = np.argsort(-steepness, kind="stable")
    areas, widths, steepness = areas[order], widths[order], steepness[order]
    cost = n[areas] * widths
    spent = np.minimum(np.cumsum(cost), budget)
    bought = np.diff(spent, prepend=0.0)
    transfer = np.bincount(areas, bought / n[areas], rows.groups).astype(np.float64)
    fall = bought @ steepness / rows.w.sum() / (line if alpha == 1 else 1)
    return transfer, max(_fgt(rows.y, rows.w, line, alpha) - float(fall), 0.0)


def _headcounts(gap: Floats, w: Floats) -> tuple[Floats, Floats]:
    """gap, w: the poor by rising gap. Widths between gaps, and the weight of those still poor, by rising transfer."""
    return np.diff(gap, prepend=0.0), np.cumsum(w[::-1])[::-1]


def _crossings(gap: Floats, w: Floats) -> tuple[Floats, Floats]:
    """The upper concave hull of who has crossed the line, over the amount given: its widths and slopes."""
    amount, crossed = np.append(0.0, gap), np.append(0.0, np.cumsum(w))
    hull = [0]
    for point in range(1, len(amount)):
        if point + 1 < len(amount) and amount[point + 1] == amount[point]:
            continue
        while len(hull) > 1 and _below(amount, crossed, hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    wide = np.diff(amount[hull])
    return wide, np.diff(crossed[hull]) / wide


def _best_combination(
    rows: Rows, n: Floats, line: float, budget: float, transfer: Floats, bound: float
) -> tuple[Floats, float]:
    """α = 0: the cheapest amounts that bring most people to the line, at least as many as `transfer` does, and FGT(0) after.

    Areas are gone through one by one, keeping of all combinations those that no cheaper one equals and that, with the
    best the areas to come could do on their hulls, reach what is known. What was given where they are too many.
    """
    areas = [g for g in range(rows.groups) if (rows.y[rows.of(g)] < line).any()]
    options, hulls = [], []
    for g in areas:
        y, w = rows.y[rows.of(g)], rows.w[rows.of(g)]
        poor = y < line
        gap, weight = (line - y[poor])[::-1], w[poor][::-1]
        last = np.append(np.diff(gap) > 0, True)
        options.append((np.append(0.0, gap[last]), np.append(0.0, np.cumsum(weight)[last])))
        wide, steep = _crossings(gap, weight)
        hulls.append((n[g] * wide, wide * steep))
    total, start = rows.w.sum(), _fgt(rows.y, rows.w, line, 0)
    known = (start - _fgt(rows.y + _spread(rows, transfer), rows.w, line, 0)) * total
    cost = crossed = np.zeros(1)
    taken = []
    for i, (amount, gain) in enumerate(options):
        if len(cost) * len(amount) > _MOST_COMBINATIONS:
            return transfer, bound
        spent = np.add.outer(cost, n[areas[i]] * amount).ravel()
        reached = np.add.outer(crossed, gain).ravel()
        hope = reached + _at_most(hulls[i + 1 :], budget - spent)
        place = np.flatnonzero((spent <= budget * (1 + 1e-12)) & (hope >= known - 1e-12 * total))
        place = place[np.lexsort((-reached[place], spent[place]))]
        place = place[np.diff(np.maximum.accumulate(reached[place]), prepend=-1.0) > 0]
        if not len(place):
            return transfer, bound
        taken.append(np.divmod(place, len(amount)))
        cost, crossed = spent[place], reached[place]
    at, best = len(cost) - 1, np.zeros(rows.groups)
    for g, (amount, _), (before, option) in zip(areas[::-1], options[::-1], taken[::-1], strict=True):
        best[g], at = amount[option[at]], before[at]
    return best, _fgt(rows.y + _spread(rows, best), rows.w, line, 0)


def _at_most(hulls: list[tuple[Floats, Floats]], money: Floats) -> Floats:
    """How many people the areas of these hulls (cost, gain) could bring to the line, no step of a hull being whole."""
    if not hulls:
        return np.zeros_like(money)
    cost, gain = (np.concatenate(part) for part in zip(*hulls, strict=True))
    order = np.argsort(-gain / cost, kind="stable")
    spent, reached = (np.append(0.0, np.cumsum(part[order])) for part in (cost, gain))
    return np.asarray(np.interp(money, spent, reached))


def _below(x: Floats, y: Floats, a: int, b: int, c: int) -> bool:
    return bool((y[b] - y[a]) * (x[c] - x[a]) <= (y[c] - y[a]) * (x[b] - x[a]))


def _equal_gaps(rows: Rows, n: Floats, line: float, budget: float, alpha: int) -> tuple[Floats, float]:
    """α = 2: the mean gap that every receiving area is brought down to, found by halving; a convex problem."""
    curves = []
    for g in range(rows.groups):
        y, w = rows.y[rows.of(g)], rows.w[rows.of(g)]
        gap = np.append(np.maximum(line - y, 0), 0.0)  # falling; at an amount equal to a gap, who still lacks
        below = np.append(np.cumsum(w), w.sum())
        lack = np.append(np.cumsum(w * gap[:-1]), w @ gap[:-1])
        curves.append((gap, (lack - below * gap) / n[g]))

    def amounts(level: float) -> Floats:
        return np.array([np.interp(level, left, gap, right=0.0) for gap, left in curves])

    transfer = amounts(0.0)
    if transfer @ n > budget:
        low, high = 0.0, max(float(left[-1]) for _, left in curves)
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if amounts(middle) @ n > budget else (low, middle)
        transfer = amounts(high)
    return transfer, _fgt(rows.y + _spread(rows, transfer), rows.w, line, alpha)


def _perfect(y: Floats, w: Floats, line: float, budget: float, alpha: int) -> Floats:
    """Incomes after the best transfers to persons. α = 0: the nearest to the line first; 1 and 2: the poorest first."""
    gap = np.maximum(line - y, 0)
    if alpha == 0:
        order = np.argsort(gap, kind="stable")
        bought = np.diff(np.minimum(np.cumsum((w * gap)[order]), budget), prepend=0.0)
        given = np.empty_like(y)
        given[order] = bought / w[order]
        return np.asarray(y + given)
    return np.maximum(y, _floor(y, w, line, budget))


def _floor(y: Floats, w: Floats, line: float, budget: float) -> float:
    """The income to which the budget can bring everybody below it, at most the line."""
    order = np.argsort(y)
    sorted_y, below = y[order], np.cumsum(w[order])
    cost = np.append(sorted_y[1:] * below[:-1], np.inf) - np.cumsum((w * y)[order])
    place = int(np.searchsorted(cost, budget))
    spent = np.cumsum((w * y)[order])[place]
    return float(min((budget + spent) / below[place], line))


def _uniform_cost(rows: Rows, line: float, alpha: int, goal: float) -> float:
    """The cost of the least uniform transfer after which poverty is no more than the goal, found by halving."""
    low, high = 0.0, float(max(line - rows.y.min(), 0))
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if _fgt(rows.y + middle, rows.w, line, alpha) <= goal + 1e-15 else (middle, high)
    return high * float(rows.w.sum())


def _fgt(y: Floats, w: Floats, line: float, alpha: int) -> float:
    """FGT(α), a gap that is rounding counted as none."""
    gap = 1 - y / line
    poor = gap > 1e-12
    return float(w[poor] @ gap[poor] ** alpha / w.sum())


def _spread(rows: Rows, by_area: Floats) -> Floats:
    """(rows,) from (areas,)."""
    return np.repeat(by_area, np.diff(rows.starts))


def _by_area(rows: Rows, area: str, n: Floats, transfer: Floats, line: float, alpha: int) -> pd.DataFrame:
    before, after = (
        [_fgt(rows.y[rows.of(g)] + add[g], rows.w[rows.of(g)], line, alpha) for g in range(rows.groups)]
        for add in (np.zeros(rows.groups), transfer)
    )
    frame = pd.DataFrame(
        {
            area: rows.keys[area],
            "people": n,
            "transfer": transfer,
            "cost": transfer * n,
            "before": before,
            "after": after,
        }
    )
    return frame.sort_values("transfer", ascending=False, kind="stable", ignore_index=True)


def _summary(rows: Rows, rule: str, y: Floats, line: float) -> pd.DataFrame:
    """FGT(0, 1, 2) after a rule, with design-based errors; incomes brought to the line but for rounding are at it."""
    cost = float(rows.w @ (y - rows.y))
    at_line = np.where(np.abs(y - line) <= 1e-12 * line, line, y)
    pooled = rows.pooled(at_line)
    frames = [frame_of(pooled, statistic_of(alpha), line) for alpha in (0, 1, 2)]
    columns = ["measure", "parameter", "estimate", "se", "low", "high", "n"]
    frame = pd.concat(frames, ignore_index=True)[columns]
    frame.insert(0, "rule", rule)
    frame.insert(1, "cost", cost)
    return frame


def _notes(rows: Rows, income: str, cost: float, budget: float, *, some_left: bool) -> list[dict[str, str]]:
    notes = []
    if rows.unknown:
        notes.append(
            {
                "en": f"rows without {income}, left out: {rows.unknown}.",
                "fa": f"ردیف‌های بدون {income} که کنار رفتند: {rows.unknown}.",
            }
        )
    if cost < budget * (1 - 1e-9) and some_left:
        notes.append(
            {
                "en": f"{cost:g} of {budget:g} is spent; the rest would bring nobody else to the line.",
                "fa": f"از {budget:g} تنها {cost:g} هزینه می‌شود؛ باقی کس دیگری را به خط فقر نمی‌رساند.",
            }
        )
    elif cost < budget * (1 - 1e-9):
        notes.append(
            {
                "en": f"nobody is poor any more with {cost:g} of {budget:g}; the rest is not spent.",
                "fa": f"با {cost:g} از {budget:g} دیگر هیچ‌کس فقیر نیست؛ باقی هزینه نمی‌شود.",
            }
        )
    return notes
