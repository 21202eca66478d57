"""Weights that meet known totals: calibration, raking and post-stratification.

A weight d becomes d·F(x'λ), with λ such that Σ d F(x'λ) x = t. F is 1 + u (linear, the regression estimator), exp u
(raking), their like between bounds L and U of F: 1 + u cut at them, or the logit of Deville & Särndal. The design that
comes back remembers x and d: every variance is then that of residuals e = z - x'B, B by least squares with weights d,
counted with the calibrated weights.
Source: Deville & Särndal (1992), JASA 87:376-382; Deville, Särndal & Sautory (1993); Särndal, Swensson & Wretman (1992) 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

import ibis
import numpy as np
import pandas as pd

from hamyar.errors import Fault, HamyarError, error
from hamyar.survey.design import Calibration, Design
from hamyar.survey.rows import Test, count_faults, inverse, number, require, term
from hamyar.survey.variance import Floats
from hamyar.tables import Table, as_table

METHODS = ("linear", "raking", "logit")
Column = str | tuple[str, ...]
Totals = Mapping[Column, Any]  # a column's total, or for categories a mapping (or Series) category → total
Term = tuple[Column | None, Any]
_ROUNDS, _CLOSE = 100, 1e-10


@dataclass(frozen=True)
class Calibrated:
    """data: the rows with the new weight as a column; design: that of the new weight, which remembers how it was made;
    lowest, highest: of the factors by which weights changed; rounds: of the solution."""

    data: Table
    design: Design
    lowest: float
    highest: float
    rounds: int


def calibrate(
    data: Any,
    design: Design,
    totals: Totals,
    *,
    population: float | None = None,
    method: str = "linear",
    bounds: tuple[float, float] | None = None,
    weight: str = "calibrated_weight",
    engine: str | None = None,
) -> Calibrated:
    """Weights whose sums are the population's totals.

    totals: {"income": total} for a number, {"region": {"north": n, …}} for categories (all that the sample has),
    {("sex", "age"): {("f", "0-14"): n, …}} for crossed ones; population: the number of rows in the population, needed
    where no categories are given and the constant is to be met too; method: linear, raking or logit (needs bounds);
    bounds: of weight after ÷ before, linear and logit, L < 1 < U; weight: the new column's name.
    Raises HamyarError: HY-S020 totals that do not fit the sample or each other, HY-S021 none can be met, HY-S022 a
    weight would be negative, HY-S023 a method or bounds that do not exist.
    """
    return _calibrated(data, design, totals, population, _factor(method, bounds), weight, engine, None)


def _calibrated(
    data: Any,
    design: Design,
    totals: Totals,
    population: float | None,
    factor: _Factor,
    weight: str,
    engine: str | None,
    stop_at: float | None,
) -> Calibrated:
    table = as_table(data, engine=engine)
    terms, target = _terms(totals, population)
    base = design.weight or f"{weight}_before"
    expr = table.expr if design.weight else table.expr.mutate(**{base: ibis.literal(1.0)})
    calibration = Calibration(base, tuple(terms))
    if design.calibration or design.replicates:
        raise error(
            "HY-S009",
            en="the design is calibrated already, or has replicates. Calibrate once, on all totals together, without replicates.",
            fa="این طرح پیش‌تر کالیبره شده یا replicates دارد. یک بار، بر همهٔ جمع‌ها با هم و بدون replicates کالیبره کنید.",
        )
    require(expr, [*design.columns, *calibration.columns])
    x, d = _distinct(expr, base, terms)
    _check_fit(totals, terms, target, x, d)
    if stop_at is None:
        solved, rounds = _solve(x, d, target, factor, terms)
    else:
        solved, rounds = _fitted_proportionally(x, d, target, terms, stop_at)
    factors = factor.value(x @ solved, np)
    if factors.min() < 0:
        raise error(
            "HY-S022",
            en=f"{int((factors < 0).sum())} combinations of the auxiliaries would get a negative weight. Give bounds, or use raking.",
            fa=f"وزن {int((factors < 0).sum())} ترکیب از متغیرهای کمکی منفی می‌شود. bounds بدهید یا raking را به کار ببرید.",
        )
    u = reduce(add, [term(expr, *names) * value for names, value in zip(terms, solved.tolist(), strict=True)])
    made = expr.mutate(**{weight: number(expr, base) * factor.value(u, _Expressions)})
    new = replace(design, weight=weight, calibration=calibration)
    return Calibrated(replace(table, expr=made), new, float(factors.min()), float(factors.max()), rounds)


def rake(
    data: Any,
    design: Design,
    margins: Totals,
    *,
    stop_at: float | None = None,
    weight: str = "calibrated_weight",
    engine: str | None = None,
) -> Calibrated:
    """Raking to the margins of several columns, each {category: total}: the limit of iterative proportional fitting.

    stop_at: fit proportionally, margin by margin, and stop once a round moves no cell of the crossed table by more, as
    R's survey does at 1 (None: the limit itself). Else as `calibrate` with method="raking".
    """
    return _calibrated(data, design, margins, None, _factor("raking", None), weight, engine, stop_at)


def post_stratify(
    data: Any,
    design: Design,
    column: Column,
    totals: Mapping[Any, float],
    *,
    weight: str = "calibrated_weight",
    engine: str | None = None,
) -> Calibrated:
    """Weights that add up to the population's size in every category of one column (or of several, crossed)."""
    return calibrate(data, design, {column: totals}, weight=weight, engine=engine)


class _Expressions:
    """NumPy's names for the same functions on Ibis expressions."""

    @staticmethod
    def exp(value: Any) -> Any:
        return value.exp()

    @staticmethod
    def clip(value: Any, lowest: float, highest: float) -> Any:
        return value.clip(lowest, highest)


@dataclass(frozen=True)
class _Factor:
    """F and its derivative, of u; the second argument is NumPy or what stands for it."""

    value: Callable[[Any, Any], Any]
    slope: Callable[[Any], Any]


def _factor(method: str, bounds: tuple[float, float] | None) -> _Factor:
    fits = bounds is None or (method != "raking" and bounds[0] < 1 < bounds[1])
    if method not in METHODS or not fits or (method == "logit" and (bounds is None or not np.isfinite(bounds).all())):
        raise error(
            "HY-S023",
            en=f"method is linear, raking or logit; bounds (L, U) with L < 1 < U go with linear and must go with logit; not {method!r} with {bounds}.",
            fa=f"روش linear، raking یا logit است؛ bounds به شکل (L, U) با L < 1 < U با linear می‌آید و با logit لازم است؛ نه {method!r} با {bounds}.",
        )
    if method == "raking":
        return _Factor(lambda u, of: of.exp(u), lambda u: np.asarray(np.exp(u)))
    if bounds is None:
        return _Factor(lambda u, _: u + 1.0, lambda u: np.ones_like(u))
    low, high = map(float, bounds)
    if method == "linear":
        return _Factor(lambda u, of: of.clip(u + 1.0, low, high), lambda u: ((u + 1 > low) & (u + 1 < high)) * 1.0)
    steep = (high - low) / ((1 - low) * (high - 1))

    def logit(u: Any, of: Any) -> Any:
        power = of.exp(of.clip(u * steep, -600.0, 600.0))
        return (power * (high * (1 - low)) + low * (high - 1)) / (power * (1 - low) + (high - 1))

    def slope(u: Floats) -> Floats:
        value = logit(u, np)
        return np.asarray((value - low) * (high - value) / ((1 - low) * (high - 1)))

    return _Factor(logit, slope)


def _terms(totals: Totals, population: float | None) -> tuple[list[Term], Floats]:
    """What is met, one entry per number, and the numbers."""
    terms: list[Term] = []
    target: list[float] = []
    if population is not None:
        terms, target = [(None, None)], [population]
    for column, value in totals.items():
        numbers_of = dict(value) if isinstance(value, Mapping | pd.Series) else {None: value}
        terms += [(column, category) for category in numbers_of]
        target += [float(n) for n in numbers_of.values()]
    numbers = np.array(target)
    if not len(numbers) or not np.isfinite(numbers).all():
        raise _misfit("the totals are missing, or one is no number.", "جمع‌ها داده نشده یا یکی عدد نیست.")
    return terms, numbers


def _distinct(expr: ibis.Table, base: str, terms: list[Term]) -> tuple[Floats, Floats]:
    """(combinations, terms) auxiliaries and (combinations,) sums of the weights before. Raises HY-S005."""
    weight = number(expr, base)
    tests: list[Test] = [
        (str(name), "unknown", "نامعلوم", number(expr, str(name)).isnull())
        for name, category in terms
        if name and category is None
    ]
    tests += [(base, "unknown", "نامعلوم", weight.isnull()), (base, "below zero", "منفی", weight < 0)]
    faults = count_faults(expr, tests)
    if faults:
        raise HamyarError(*faults)
    named = {f"a{k}": term(expr, *names) for k, names in enumerate(terms)}
    cells = expr.select(d=weight, **named).group_by(list(named)).aggregate(d=lambda t: t.d.sum()).to_pyarrow()
    x = np.stack([cells[name].to_numpy() for name in named], axis=1)
    order = np.lexsort(x.T)
    return x[order], np.asarray(cells["d"].to_numpy()[order])


def _check_fit(totals: Totals, terms: list[Term], target: Floats, x: Floats, d: Floats) -> None:
    """Raises HY-S020 for categories without a total or without a row, and for margins of different sizes."""
    faults: list[Fault] = []
    sizes: dict[Any, float] = {term[0]: total for term, total in zip(terms, target, strict=True) if term[0] is None}
    for column, value in totals.items():
        if not isinstance(value, Mapping | pd.Series):
            continue
        mine = [k for k, names in enumerate(terms) if names[0] == column]
        sizes[column] = float(target[mine].sum())
        without = d[x[:, mine].sum(axis=1) == 0].sum()
        if without > 0:
            faults.append(
                _fault(
                    f"rows with weights of {without:.6g} in sum have a category of {column} that no total is given for, or none. Give all totals.",
                    f"ردیف‌هایی با جمع وزن {without:.6g} در {column} دسته‌ای دارند که جمعی برایش داده نشده، یا دسته‌ای ندارند. همهٔ جمع‌ها را بدهید.",
                )
            )
        faults += [
            _fault(
                f"{column} = {terms[k][1]} should add up to {target[k]:g}, and no row of the sample can. Join categories.",
                f"{column} = {terms[k][1]} باید {target[k]:g} شود و هیچ ردیفی از نمونه نمی‌تواند. دسته‌ها را ادغام کنید.",
            )
            for k in mine
            if target[k] < 0 or (target[k] > 0 and not d @ x[:, k] > 0)
        ]
    if len(sizes) > 1 and np.ptp(list(sizes.values())) > 1e-9 * max(map(abs, sizes.values())):
        listed = ", ".join(f"{name or 'population'}: {size:.10g}" for name, size in sizes.items())
        faults.append(
            _fault(
                f"the margins are of different populations ({listed}). Make their sums equal.",
                f"جمع حاشیه‌ها یکی نیست ({listed}). آن‌ها را برابر کنید.",
            )
        )
    if faults:
        raise HamyarError(*faults)


def _solve(x: Floats, d: Floats, target: Floats, factor: _Factor, terms: list[Term]) -> tuple[Floats, int]:
    """λ by Newton's method, steps halved where the misfit would grow, and the number of rounds. Raises HY-S021."""
    solved = np.zeros(len(target))
    scale = 1 + np.abs(target)

    def misfit(at: Floats) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(target - (d * factor.value(x @ at, np)) @ x)

    missed = misfit(solved)
    for done in range(1, _ROUNDS + 1):
        step = inverse((x.T * (d * factor.slope(x @ solved))) @ x) @ missed
        for halved in range(30):
            tried = solved + step / 2**halved
            found = misfit(tried)
            if np.isfinite(found).all() and np.abs(found / scale).max() < np.abs(missed / scale).max():
                break
        else:
            break
        solved, missed = tried, found
        if np.abs(missed / scale).max() < _CLOSE:
            return solved, done
    if np.abs(missed / scale).max() < _CLOSE:
        return solved, 0
    worst = int(np.argmax(np.abs(missed / scale)))
    name = " = ".join(str(part) for part in terms[worst] if part is not None) or "population"
    raise error(
        "HY-S021",
        en=f"no weights within the bounds meet all totals; nearest found, {name} is {target[worst] - missed[worst]:.6g} in place of {target[worst]:.6g}. Check that total, widen the bounds, or ask for fewer totals.",
        fa=f"هیچ وزنی در این کران‌ها همهٔ جمع‌ها را برآورده نمی‌کند؛ در نزدیک‌ترین یافته {name} به‌جای {target[worst]:.6g} برابر {target[worst] - missed[worst]:.6g} است. آن جمع را بررسی کنید، کران‌ها را بازتر بگیرید یا جمع‌های کمتری بخواهید.",
    )


def _fitted_proportionally(
    x: Floats, d: Floats, target: Floats, terms: list[Term], stop_at: float
) -> tuple[Floats, int]:
    """λ = log multipliers of the categories, margin after margin, until a round moves no combination by more."""
    margins = [
        [k for k, term in enumerate(terms) if term[0] == column] for column in dict.fromkeys(t[0] for t in terms)
    ]
    solved, before = np.zeros(len(target)), d
    for done in range(1, _ROUNDS + 1):
        for margin in margins:
            sums = (d * np.exp(x @ solved)) @ x[:, margin]
            solved[margin] += np.log(np.divide(target[margin], sums, out=np.ones(len(margin)), where=sums > 0))
        after = d * np.exp(x @ solved)
        if np.abs(after - before).max() < stop_at:
            return solved, done
        before = after
    raise error(
        "HY-S024",
        en=f"proportional fitting still moves cells by more than {stop_at:g} after {_ROUNDS} rounds. Leave stop_at out, or check the margins.",
        fa=f"برازش متناسب پس از {_ROUNDS} دور هنوز خانه‌ها را بیش از {stop_at:g} جابه‌جا می‌کند. stop_at را بردارید یا حاشیه‌ها را بررسی کنید.",
    )


def _fault(en: str, fa: str) -> Fault:
    return Fault("HY-S020", en, fa)


def _misfit(en: str, fa: str) -> HamyarError:
    return HamyarError(_fault(en, fa))
