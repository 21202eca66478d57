"""Whether the order of groups by poverty rests on the cut-off and the weights that were chosen.

Every pair of groups is compared under the measure as it is, and under each alternative: another cut-off, other weights of
the dimensions. A pair holds where the same group is poorer; it is sure where the difference is beyond its sampling error.
Source: Alkire & Santos (2014), World Development 59:251-274; Alkire et al. (2015) 8.1 to 8.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

import ibis
import numpy as np
import pandas as pd

from hamyar.errors import error
from hamyar.indicators import Measure
from hamyar.indicators.measure import cutoff_fractions, fraction
from hamyar.poverty.alkire_foster import Cells, Ratio, size_of_design
from hamyar.survey import Design, Sums
from hamyar.survey.estimates import LABELS
from hamyar.survey.variance import Floats
from hamyar.tables import as_table

CUTOFFS = ("1/5", "1/4", "1/3", "2/5", "1/2")


def robustness(
    data: Any,
    measure: Measure,
    design: Design,
    by: str | Sequence[str],
    *,
    statistic: str = "M0",
    cutoffs: Iterable[Any] | None = None,
    weightings: Iterable[Mapping[str, Any]] | None = None,
    draws: int = 200,
    seed: int = 1,
    on: date | None = None,
    engine: str | None = None,
) -> pd.DataFrame:
    """The share of pairwise orderings of groups that hold under other cut-offs and weights, with its sampling error.

    statistic: "M0" or "H"; cutoffs: alternatives (None: 1/5, 1/4, 1/3, 2/5, 1/2); weightings: dimension → weight, summing
    to 1, shared equally within the dimension (None: half for each dimension in turn, the others sharing the rest; none
    where there is one dimension). draws: bootstrap samples of clusters (Rao & Wu 1988), seeded.
    One row per alternative and one for all together: alternative ("cutoff 1/2", "weights 1/2, 1/4, 1/4", "all"), pairs,
    held (share), se, low, high (95 %, percentile), sure (pairs that differ beyond sampling error under the measure as it
    is), sure_held (share of those that differ so, the same way, under the alternative), reversed (share of those that
    differ so the other way), kendall (τ_b of the two orders). attrs: label, notes, clusters, strata, degrees_of_freedom.
    Raises HamyarError as `alkire_foster`, HY-Y016 to HY-Y018.
    """
    groups = [by] if isinstance(by, str) else list(by)
    if statistic not in ("M0", "H"):
        raise error(
            "HY-Y016",
            en=f"groups are ordered by M0 or H, not {statistic!r}.",
            fa=f"گروه‌ها بر پایهٔ M0 یا H مرتب می‌شوند، نه {statistic!r}.",
        )
    table, design = _with_clusters(as_table(data, engine=engine).expr, design)
    ks = cutoff_fractions(CUTOFFS if cutoffs is None else cutoffs)
    cells = Cells.of(table, measure, design, groups, sorted({*ks, measure.cutoff}), on, None)
    if len(cells.keys) < 2:
        raise error(
            "HY-Y017",
            en="an order needs at least two groups. Name a column in `by` that has them.",
            fa="ترتیب دست‌کم دو گروه می‌خواهد. در `by` ستونی نام ببرید که آن‌ها را دارد.",
        )
    drawn = _draws(cells.sums, draws, seed) if cells.sampled else np.ones((1, int(cells.sums.clusters.sum())))
    base = _Levels.of(cells, statistic, measure.cutoff, drawn)
    others = {f"cutoff {k}": _Levels.of(cells, statistic, k, drawn) for k in ks if k != measure.cutoff}
    for name, other in _weightings(measure, weightings):
        one = Cells.of(table, other, design, groups, [other.cutoff], on, None)
        others[name] = _Levels.of(one, statistic, other.cutoff, drawn)
    frame = _frame(base, others, cells)
    frame.attrs = {"label": LABELS[cells.universe], "notes": _notes(cells, base)}
    if cells.sampled:
        frame.attrs.update(size_of_design(cells.sums))
    return frame


@dataclass(frozen=True)
class _Levels:
    """level: (groups,) of the sample; drawn: (draws, groups) of the bootstrap samples."""

    level: Floats
    drawn: Floats

    @classmethod
    def of(cls, cells: Cells, statistic: str, cutoff: Fraction, drawn: Floats) -> _Levels:
        found = next(r for r in cells.ratios if r.measure == statistic and r.cutoff == cutoff)
        level = _shares(cells.sums, found, np.ones((1, int(cells.sums.clusters.sum()))))[0]
        return cls(level, _shares(cells.sums, found, drawn))

    def signs(self, pairs: tuple[Any, Any]) -> tuple[Any, Any]:
        """Which of each pair is poorer: (pairs,) in the sample, (draws, pairs) in the draws."""
        a, b = pairs
        return np.sign(self.level[a] - self.level[b]), np.sign(self.drawn[:, a] - self.drawn[:, b])

    def sure(self, pairs: tuple[Any, Any], t: float) -> Any:
        """(pairs,) 1 or -1 where the difference is beyond its sampling error, else 0."""
        a, b = pairs
        difference = self.level[a] - self.level[b]
        spread = (self.drawn[:, a] - self.drawn[:, b]).std(axis=0)
        return np.where(np.abs(difference) > t * spread, np.sign(difference), 0)


def _frame(base: _Levels, others: Mapping[str, _Levels], cells: Cells) -> pd.DataFrame:
    from scipy.special import stdtrit
    from scipy.stats import kendalltau

    known = np.flatnonzero(np.isfinite(base.level))
    a, b = np.triu_indices(len(known), 1)
    pairs = known[a], known[b]
    t = float(stdtrit(cells.sums.degrees_of_freedom, 0.975)) if cells.sampled else 0.0
    order, drawn = base.signs(pairs)
    sure = base.sure(pairs, t)
    held, held_drawn, kept, turned, rows = np.ones(len(a), bool), np.ones(drawn.shape, bool), sure != 0, sure == 2, []

    def row(name: str, same: Any, same_drawn: Any, kept: Any, turned: Any, tau: float) -> dict[str, Any]:
        by_draw, count = same_drawn.mean(axis=1), max(int((sure != 0).sum()), 1)
        low, high = np.quantile(by_draw, [0.025, 0.975]) if cells.sampled else (same.mean(), same.mean())
        se = by_draw.std() if cells.universe != "list" else np.nan
        shares = {"held": same.mean(), "se": se, "low": low, "high": high}
        of_sure = {"sure": int((sure != 0).sum()), "sure_held": kept.sum() / count, "reversed": turned.sum() / count}
        return {"alternative": name, "pairs": len(same), **shares, **of_sure, "kendall": tau}

    for name, other in others.items():
        there, there_drawn = other.signs(pairs)
        same, same_drawn, there_sure = there == order, there_drawn == drawn, other.sure(pairs, t)
        stays, turns = (sure != 0) & (there_sure == sure), (sure != 0) & (there_sure == -sure)
        tau = float(kendalltau(base.level[known], other.level[known]).statistic)
        rows.append(row(name, same, same_drawn, stays, turns, tau))
        held, held_drawn, kept, turned = held & same, held_drawn & same_drawn, kept & stays, turned | turns
    rows.append(row("all", held, held_drawn, kept, turned, np.nan))
    frame = pd.DataFrame(rows)
    if not (sure != 0).any():
        frame[["sure_held", "reversed"]] = np.nan
    return frame


def _shares(sums: Sums, ratio: Ratio, times: Floats) -> Floats:
    """(draws, groups) of the ratio, each cluster counted `times` (draws, clusters)."""
    cluster = sums.stages[0].cluster
    found = np.empty((len(times), sums.groups))
    for group in range(sums.groups):
        cells = np.flatnonzero(sums.group == group)
        counted = times[:, cluster[cells]]
        with np.errstate(divide="ignore", invalid="ignore"):
            found[:, group] = (
                counted @ sums.values[ratio.numerator][cells] / (counted @ sums.values[ratio.denominator][cells])
            )
    return ratio.scale * found


def _draws(sums: Sums, draws: int, seed: int) -> Floats:
    """(draws, clusters) how often each counts: m - 1 of a stratum's m drawn with replacement, × m / (m - 1)."""
    random, stage = np.random.default_rng(seed), sums.stages[0]
    stratum = np.empty(int(stage.clusters.sum()), dtype=np.int64)
    stratum[stage.cluster] = stage.stratum
    times = np.ones((draws, len(stratum)))
    for h, m in enumerate(stage.clusters):
        if m > 1:
            times[:, stratum == h] = random.multinomial(m - 1, np.full(m, 1 / m), draws) * m / (m - 1)
    return times


def _with_clusters(table: ibis.Table, design: Design) -> tuple[ibis.Table, Design]:
    """Rows numbered as clusters where the design has none, since whole clusters are drawn."""
    design.only_first_stage()
    if design.universe != "probability_sample" or design.psu:
        return table, design
    return table.mutate(_row=ibis.row_number()), replace(design, psu="_row")


def _weightings(measure: Measure, given: Iterable[Mapping[str, Any]] | None) -> list[tuple[str, Measure]]:
    names = [dimension.name for dimension in measure.dimensions]
    if given is None:
        rest = Fraction(1, 2 * max(len(names) - 1, 1))
        given = [{name: Fraction(1, 2) if name == most else rest for name in names} for most in names]
        given = given if len(names) > 1 else []
    weightings = [(weights, _weighted(measure, weights)) for weights in given]
    return [("weights " + ", ".join(str(fraction(w[name])) for name in names), other) for w, other in weightings]


def _weighted(measure: Measure, weights: Mapping[str, Any]) -> Measure:
    """The measure with other weights of its dimensions, within which indicators keep their shares."""
    names = {dimension.name: dimension.weight for dimension in measure.dimensions}
    try:
        exact = {name: fraction(weight) for name, weight in weights.items()}
    except ValueError:
        exact = {}
    if set(exact) != set(names) or sum(exact.values()) != 1 or min(exact.values()) <= 0:
        listed = ", ".join(names)
        raise error(
            "HY-Y018",
            en=f"a weighting gives each dimension ({listed}) a weight above 0, and they sum to 1; found {dict(weights)}.",
            fa=f"وزن‌دهی به هر بُعد ({listed}) وزنی بزرگ‌تر از صفر می‌دهد و جمع آن‌ها ۱ است؛ آمده است: {dict(weights)}.",
        )
    return replace(
        measure,
        dimensions=tuple(replace(d, weight=exact[d.name]) for d in measure.dimensions),
        indicators=tuple(
            replace(i, weight=i.weight / names[i.dimension] * exact[i.dimension]) for i in measure.indicators
        ),
    )


def _notes(cells: Cells, base: _Levels) -> list[dict[str, str]]:
    lost = cells.keys[~np.isfinite(base.level)]
    if not len(lost):
        return []
    names = ", ".join(" × ".join(map(str, key)) for key in lost.itertuples(index=False))
    return [{"en": f"no answers to count in, not ordered: {names}.", "fa": f"بدون پاسخ شمردنی و بدون جایگاه: {names}."}]
