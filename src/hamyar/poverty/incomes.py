"""From rows with an income to a frame of estimates with design-based errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from hamyar.errors import HamyarError, error
from hamyar.poverty import functionals
from hamyar.poverty.functionals import Estimated
from hamyar.poverty.limits import JACKKNIFED, LOG, LOGIT, POVERTY, POVERTY_SHARE, Scale, Spread, powered
from hamyar.poverty.notes import Note
from hamyar.poverty.rows import Rows
from hamyar.survey import Design, limits
from hamyar.survey.estimates import LABELS
from hamyar.survey.variance import FEW_FOR_SHARES, Floats, Ints

Function = Callable[[Floats, Floats, float], Estimated]
FEW = 30  # degrees of freedom below which limits of inequality lean on few clusters
_NOISE = 1e-7  # a standard error below this share of its estimate is rounding, not variation


@dataclass(frozen=True)
class Statistic:
    """One functional: its name, parameter, function of (incomes, weights, line), and for which incomes it is defined.

    above: every income must be above 0 ("zero"), not below it ("below zero"), or may be anything (None);
    total: mean income must be above zero; bounded: lies between 0 and 1 where no income is negative; smooth: the same
    without jumps, of (incomes, weights), where a jackknife needs one; power: of the scale of its limits, where `total`.
    """

    name: str
    function: Function
    parameter: float | None = None
    above: str | None = None
    total: bool = True
    bounded: bool = True
    smooth: Callable[[Floats, Floats], float] | None = None
    power: float = 1.5

    @property
    def scales(self) -> tuple[Scale, Scale | None]:
        """For `Spread.limits`."""
        if self.total:
            return powered(-self.power), LOGIT if self.bounded else LOG
        return LOGIT if self.name == "headcount" else POVERTY_SHARE if self.bounded else POVERTY, None


def estimate(
    statistic: Statistic,
    data: Any,
    income: str,
    design: Design,
    by: str | Sequence[str] | None,
    size: str | None,
    line: Any = None,
    *,
    engine: str | None = None,
) -> pd.DataFrame:
    """One row per group: measure, parameter, line, line_se, the groups, estimate, se, low, high, n, people, universe, provenance."""
    groups = [by] if isinstance(by, str) else [] if by is None else list(by)
    by_row = isinstance(line, str) or np.ndim(line) > 0
    rows = Rows.read(data, income, design, groups, size, line if by_row else None, engine)
    _check(rows, statistic)
    value, through = (1.0, None) if by_row or line is None else rows.resolved(line)
    frame = _Estimates(rows, statistic, value, None if through is None else rows.placed(through)).frame(income)
    if line is not None:
        known = 0.0 if rows.universe != "list" else np.nan
        frame.insert(2, "line", np.nan if by_row else value)
        frame.insert(3, "line_se", known if through is None else through.se)
    return frame


def frame_of(rows: Rows, statistic: Statistic, line: float) -> pd.DataFrame:
    """The same from rows that were read already, under a line that is known."""
    return _Estimates(rows, statistic, line, None).frame("")


class _Estimates:
    """The rows of the frame: one per group."""

    def __init__(self, rows: Rows, statistic: Statistic, line: float, through: Floats | None) -> None:
        self.rows, self.statistic, self.line, self.through = rows, statistic, line, through
        found = [self._of(rows.y[rows.of(g)], rows.w[rows.of(g)]) for g in range(rows.groups)]
        self.estimate = np.array([one.value if one else np.nan for one in found])
        self.undefined = np.isnan(self.estimate) & (np.diff(rows.starts) > 0)
        if self.undefined.all():
            raise _no_income(statistic)
        self.effective = np.diff(rows.starts).astype(np.float64)
        self.alone = np.zeros(rows.groups, dtype=bool)
        self.se = np.zeros(rows.groups)
        self.freedom = np.full(rows.groups, float(rows.degrees_of_freedom))
        if rows.sampled:
            self._errors(found)
        elif rows.universe == "list":
            self.se[:] = np.nan

    def _of(self, y: Floats, w: Floats) -> Estimated | None:
        statistic = self.statistic
        if not len(y) or not w.any() or (statistic.total and w @ y <= 0):
            return None
        if statistic.total and y[0] == y[-1]:
            return Estimated(1.0 if statistic.name == "quantile_share_ratio" else 0.0, np.zeros_like(y))
        found = statistic.function(y, w, self.line)
        return found if np.isfinite(found.value) else None

    def _errors(self, found: list[Estimated | None]) -> None:
        rows = self.rows
        for g, one in enumerate(found):
            if one is None:
                self.se[g] = np.nan
                continue
            place = rows.of(g)
            z = np.multiply(one.influence, rows.w[place], out=one.influence)
            through = self._through_line(one)
            variance = rows.variance(place, z, through)
            self.freedom[g] = rows.freedom(place, z, through)
            self.alone[g] = rows.groups > 1 and rows.clusters_in(place) == 1
            if self.alone[g] and self.statistic.total and one.value == 0:
                variance = np.nan  # one household, or equal ones: nothing is known of its inequality
            elif self.alone[g]:
                variance = self._whole * rows.clusters_in(slice(0, len(rows.y)))
            self.se[g] = 0.0 if variance <= (_NOISE * one.value) ** 2 else variance**0.5
            if self.statistic.name == "headcount" and 0 < one.value < 1:
                self.effective[g] = one.value * (1 - one.value) / variance if variance > 0 else np.inf

    def _through_line(self, one: Estimated) -> Floats | None:
        if self.through is None or one.slope == 0:
            return None
        return np.asarray(self.rows.w * self.through * one.slope)

    @cached_property
    def _whole(self) -> float:
        """The variance over all rows, for a group with one cluster."""
        rows = self.rows
        order = rows.by_income
        one = self._of(rows.y[order], rows.w[order])
        if one is None:
            return np.nan
        influence = np.empty_like(rows.y)
        influence[order] = one.influence
        return rows.variance(slice(None), rows.w * influence, self._through_line(one))

    def frame(self, income: str) -> pd.DataFrame:
        rows, statistic = self.rows, self.statistic
        low, high = self._limits()
        n = np.diff(rows.starts)
        people = np.full(rows.groups, np.nan)
        if statistic.name == "headcount":
            people = self.estimate * np.array([rows.w[rows.of(g)].sum() for g in range(rows.groups)])
        front: dict[str, Any] = {
            "measure": statistic.name,
            "parameter": statistic.parameter if statistic.parameter is not None else np.nan,
        }
        numbers: dict[str, Any] = {
            "estimate": self.estimate,
            "se": self.se,
            "low": low,
            "high": high,
            "n": n,
            "people": people,
        }
        last: dict[str, Any] = {"universe": rows.universe, "provenance": rows.provenance}
        frame = pd.DataFrame(
            {**front, **{str(key): rows.keys[key] for key in rows.keys}, **numbers, **last}, index=range(rows.groups)
        )
        frame.attrs = {"label": LABELS[rows.universe], "notes": self._notes(income)}
        if rows.sampled:
            frame.attrs |= {
                "clusters": int(rows.clusters.sum()),
                "strata": len(rows.clusters),
                "degrees_of_freedom": rows.degrees_of_freedom,
            }
        return frame

    def _limits(self) -> tuple[Floats, Floats]:
        """95 %: of a headcount on many clusters as of any share; of others by `limits.Spread`; Student's t as it is where incomes are negative."""
        from scipy.special import stdtrit

        rows, estimate, se = self.rows, self.estimate, self.se
        df = rows.degrees_of_freedom
        if not rows.sampled:
            return (estimate, estimate) if rows.universe == "census" else (se, se)
        if not self._non_negative:
            half = stdtrit(df, 0.975) * se
            return estimate - half, estimate + half
        low, high = estimate.copy(), estimate.copy()
        if self.statistic.bounded:
            effective = np.full_like(estimate, np.inf) if self.statistic.total else self.effective
            low, high = limits(estimate, se, df, effective)
        inside = (estimate > 0) & (se > 0) & ((estimate < 1) | (not self.statistic.bounded))
        for g in np.flatnonzero(inside):
            without = self._without_each_cluster(g)
            if without or self.statistic.name != "headcount":
                spread = Spread(estimate[g], se[g], self.freedom[g], **without)
                low[g], high[g] = spread.limits(*self.statistic.scales)
        if not self.statistic.total and self.statistic.name != "headcount":
            for k in map(int, np.flatnonzero((estimate > 0) & (se > 0) if self.statistic.bounded else estimate >= 0)):
                if np.count_nonzero(rows.y[rows.of(k)] < self.line) <= 1:
                    high[k] = np.fmax(high[k], self._were_there_more(k))
        return np.where(np.isnan(se), np.nan, low), np.where(np.isnan(se), np.nan, high)

    def _were_there_more(self, g: Any) -> float:
        """How high an index may be where one or none of those seen is poor: as many as the limit of a headcount allows, as
        far below their line as the poorest so many are below theirs; where none was seen as the limit of their mean
        allows, log gaps being exponential (Hill 1975, Annals of Statistics 3:1163-1174)."""
        from scipy.special import gammaincinv

        y, w = self.rows.y[self.rows.of(g)], self.rows.w[self.rows.of(g)]
        most = self._most_poor[g]
        line = functionals.quantile(y, w, most)
        poor = y < line
        if not poor.any():
            return np.nan
        k = np.count_nonzero(poor)
        deeper = 1.0 if (y < self.line).any() else k / gammaincinv(k, 0.025)
        high = deeper * self.statistic.function(y, w, line).value * most * w.sum() / w[poor].sum()
        return float(min(high, 1.0) if self.statistic.bounded else high)

    @cached_property
    def _most_poor(self) -> Floats:
        """(groups,) upper limits of the headcounts."""
        headcount = Statistic("headcount", lambda y, w, line: functionals.fgt(y, w, line, 0), total=False)
        return _Estimates(self.rows, headcount, self.line, self.through)._limits()[1]

    def _without_each_cluster(self, g: Any) -> dict[str, Any]:
        """Of one group, for `Spread`; nothing where clusters are many, one is alone, the line was estimated, or the design
        says more than strata and clusters."""
        rows = self.rows
        lonely = self.alone[g] or (rows.clusters == 1).any()
        most = FEW_FOR_SHARES if self.statistic.name == "headcount" else JACKKNIFED
        if lonely or rows.beyond is not None or self.through is not None or rows.clusters.sum() > most:
            return {}
        of = self.statistic.smooth or self._value
        whole, *without = [of(y, w) for y, w in rows.without_each_cluster(rows.of(g))]
        known = {"stratum": rows.strata_of_clusters, "clusters": rows.clusters}
        return {"without": np.array(without) * (self.estimate[g] / whole), **known}

    def _value(self, y: Floats, w: Floats) -> float:
        found = self._of(y, w)
        return found.value if found else np.nan

    @cached_property
    def _non_negative(self) -> bool:
        return not bool((self.rows.y < 0).any())

    def _notes(self, income: str) -> list[Note]:
        rows, notes = self.rows, []
        n = np.diff(rows.starts)
        if rows.unknown:
            notes.append(
                {
                    "en": f"rows without {income}, left out of the estimates and kept in the design: {rows.unknown}.",
                    "fa": f"ردیف‌های بدون {income} که در برآورد نیامده و در طرح نمونه‌گیری مانده‌اند: {rows.unknown}.",
                }
            )
        for chosen, en, fa in self._named_groups(n):
            if chosen.any():
                notes.append({"en": f"{en}: {rows.names_of(chosen)}.", "fa": f"{fa}: {rows.names_of(chosen)}."})
        if not self._non_negative:
            count = int((rows.y < 0).sum())
            notes.append(
                {
                    "en": f"incomes below zero: {count}; {self.statistic.name} may lie outside its usual range.",
                    "fa": f"درآمدهای منفی: {count}؛ مقدار {self.statistic.name} می‌تواند بیرون از دامنهٔ معمول خود باشد.",
                }
            )
        if rows.sampled:
            notes += self._notes_on_design()
        return notes

    def _named_groups(self, n: Ints) -> list[tuple[Any, str, str]]:
        starts = self.rows.starts
        same = np.array([n[g] > 1 and self.rows.y[starts[g]] == self.rows.y[starts[g + 1] - 1] for g in range(len(n))])
        return [
            (n == 0, "no answers to count in", "بدون پاسخ شمردنی"),
            (
                self.undefined,
                "not defined, as the total that it is divided by is not above zero, in",
                "تعریف‌نشده، چون مخرج آن بزرگ‌تر از صفر نیست، در",
            ),
            (n == 1, "one household only", "تنها یک خانوار دارد"),
            (same, "all incomes are equal in", "همهٔ درآمدها یکسان است در"),
            (
                self.alone,
                "one cluster only, so the error is the whole design's for one cluster",
                "تنها یک خوشه دارد، پس خطای آن خطای کل طرح برای یک خوشه است",
            ),
        ]

    def _notes_on_design(self) -> list[Note]:
        rows, notes = self.rows, []
        lonely = int((rows.clusters == 1).sum())
        if self.statistic.total and rows.degrees_of_freedom < FEW:
            count, name = rows.clusters.sum(), self.statistic.name
            notes.append(
                {
                    "en": f"few clusters ({count}): in simulations the limits of {name} held the truth in 93 to 97 of 100 samples, fewest where clusters differ much or incomes are very unequal.",
                    "fa": f"خوشه‌ها کم‌اند ({count}): در شبیه‌سازی‌ها فاصلهٔ اطمینان {name} در ۹۳ تا ۹۷ نمونه از ۱۰۰ نمونه مقدار واقعی را در بر داشت؛ کمترین آن جایی است که خوشه‌ها بسیار متفاوت یا درآمدها بسیار نابرابرند.",
                }
            )
        if lonely and rows.beyond is None:
            notes.append(
                {
                    "en": f"strata with one cluster: {lonely}; such a cluster is centred at the mean of the whole sample.",
                    "fa": f"طبقه‌های تک‌خوشه: {lonely}؛ چنین خوشه‌ای با میانگین کل نمونه سنجیده شد.",
                }
            )
        return notes


def _check(rows: Rows, statistic: Statistic) -> None:
    """Raises HamyarError for incomes for which the statistic is not defined, with their count."""
    if statistic.above is None:
        return
    count = int((rows.y <= 0).sum() if statistic.above == "zero" else (rows.y < 0).sum())
    if count:
        raise _undefined_income(statistic, count)


def _undefined_income(statistic: Statistic, count: int) -> HamyarError:
    wants, fa = ("above zero", "بزرگ‌تر از صفر") if statistic.above == "zero" else ("of zero or more", "صفر یا بیشتر")
    shown = f"{statistic.name}({statistic.parameter:g})" if statistic.parameter is not None else statistic.name
    return error(
        "HY-Y002",
        en=f"{shown} is defined for incomes {wants} only; {count} rows have another. Leave them out or bottom-code them, and say so.",
        fa=f"{shown} تنها برای درآمد {fa} تعریف شده است؛ {count} ردیف چنین نیست. آن‌ها را کنار بگذارید یا کف بگذارید و این را بگویید.",
    )


def _no_income(statistic: Statistic) -> HamyarError:
    return error(
        "HY-Y003",
        en=f"{statistic.name} is not defined: the total that it is divided by is not above zero. Look at the incomes.",
        fa=f"{statistic.name} تعریف نمی‌شود: مخرج آن بزرگ‌تر از صفر نیست. درآمدها را بررسی کنید.",
    )
