"""How well a selection reaches the poor, and how methods of selection compare on one population.

Exclusion error: share of the poor who are not selected. Inclusion error: share of the selected who are not poor. Leakage:
share of benefits that goes to them (the same where all receive alike). Coverage: share of all who are selected. CGH: share
of benefits to the poor ÷ share of the poor, 1 being no targeting at all (Coady, Grosh & Hoddinott 2004, Targeting of
Transfers in Developing Countries). With coverage equal to the poverty rate the two errors are equal by construction.
Errors by linearisation over the design's clusters, or by a seeded bootstrap of them (Rao & Wu 1988).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hamyar.errors import error
from hamyar.proxy_means import Selection
from hamyar.proxy_means.sample import Clusters
from hamyar.survey import Design, limits
from hamyar.survey.variance import Floats, LeftOut
from hamyar.tables import as_table

MEASURES = ("coverage", "exclusion", "inclusion", "leakage", "cgh")
Influence = tuple[float, Floats]  # an estimate, and its derivative with respect to each weight


@dataclass(frozen=True)
class Chances:
    """values: (households,) each one's chance of being selected, NaN where it has no score."""

    values: Floats

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype)


def evaluate(
    selected: Any,
    poor: Any,
    *,
    weight: Any = None,
    benefit: Any = None,
    data: Any = None,
    design: Design | None = None,
    bootstrap: int = 0,
    seed: int = 1,
) -> pd.DataFrame:
    """Coverage, exclusion, inclusion, leakage, CGH: measure, estimate, se, low, high (95 %), n.

    selected: (households,) True or False, or the chance of being selected where a lottery decides among ties; unknown
    counts as not selected yet, and is noted; poor: True or False; benefit: amount each selected household receives
    (None: all alike). weight: numbers; or data and a design whose columns it has; without either, households count alike.
    bootstrap: draws (0: linearisation). Raises HamyarError (HY-J…).
    """
    people = _People.of(poor, weight, data, design)
    chosen, notes = people.chances(selected)
    given = chosen if benefit is None else chosen * people.numbers(benefit)
    functions = {name: _measure(name, chosen, given, people.poor) for name in MEASURES}
    frame = people.frame(functions, bootstrap, seed)
    frame.attrs = {"notes": [*people.notes, *notes]}
    return frame


def compare(
    methods: Mapping[str, Any],
    poor: Any,
    *,
    quota: float,
    weight: Any = None,
    data: Any = None,
    design: Design | None = None,
    bootstrap: int = 0,
    seed: int = 1,
) -> pd.DataFrame:
    """The same of several methods on one population, all at one quota.

    methods: name → a score, taken from the lowest up to the quota (ties by lottery), or what was selected already:
    booleans, the chances of `within`, a `Selection`. Adds method, and difference, difference_se from the first method.
    """
    people = _People.of(poor, weight, data, design)
    frames: list[pd.DataFrame] = []
    notes = list(people.notes)
    first: Mapping[str, Callable[[Floats], Influence]] = {}
    for name, method in methods.items():
        chosen, said = people.chances(_selection(method, quota, people))
        notes += [{language: f"{name}: {text}" for language, text in note.items()} for note in said]
        functions = {measure: _measure(measure, chosen, chosen, people.poor) for measure in MEASURES}
        frame = people.frame(functions, bootstrap, seed)
        frame.insert(0, "method", name)
        first = first or functions
        between = people.frame({m: _less(functions[m], first[m]) for m in MEASURES}, bootstrap, seed)
        frames.append(frame.assign(difference=between["estimate"], difference_se=between["se"]))
    compared = pd.concat(frames, ignore_index=True)
    compared.attrs = {"notes": notes}
    return compared


def by_decile(
    selected: Any,
    welfare: Any,
    *,
    groups: int = 10,
    weight: Any = None,
    benefit: Any = None,
    data: Any = None,
    design: Design | None = None,
    bootstrap: int = 0,
    seed: int = 1,
) -> pd.DataFrame:
    """Coverage of each tenth of people by welfare, poorest first, and the share of benefits that it receives.

    measure ("coverage", "share_of_benefits"), decile (from 1), estimate, se, low, high, n. That the borders of the tenths
    are estimated is in the errors; a household that lies across a border is in the tenth of its middle.
    """
    people = _People.of(np.ones(len(np.asarray(welfare)), dtype=bool), weight, data, design)
    chosen, notes = people.chances(selected)
    given = chosen if benefit is None else chosen * people.numbers(benefit)
    order = np.argsort(people.numbers(welfare), kind="stable")
    frames = []
    for d in range(groups):
        part = _Part(order, d, groups)
        inside = part.inside(people.w)
        functions = {
            "coverage": _OfPart(inside, part, chosen),
            "share_of_benefits": _OfPart(given, part, given),
        }
        frame = people.frame(functions, bootstrap, seed).assign(n=int(inside.sum()))
        frame.insert(1, "decile", d + 1)
        frames.append(frame)
    found = pd.concat(frames, ignore_index=True).sort_values("measure", kind="stable", ignore_index=True)
    found.attrs = {"notes": [*people.notes, *notes]}
    return found


def auc(
    score: Any,
    poor: Any,
    *,
    weight: Any = None,
    data: Any = None,
    design: Design | None = None,
    bootstrap: int = 0,
    seed: int = 1,
) -> pd.DataFrame:
    """The chance that of a poor and another person, drawn by weight, the poor one has the lower score; ties count half.

    measure, estimate, se, low, high, n; .5 is no better than a lottery. Errors as in DeLong et al. (1988), by weight.
    """
    people = _People.of(poor, weight, data, design)
    scores = people.numbers(score)
    if people.poor.all():
        raise _nobody("other than poor", "غیرفقیر")

    def area(w: Floats) -> Influence:
        return _area(scores, people.poor, w)

    frame = people.frame({"auc": area}, bootstrap, seed)
    frame.attrs = {"notes": people.notes}
    return frame


def roc(score: Any, poor: Any, *, weight: Any = None) -> pd.DataFrame:
    """One row per score, lowest first: cutoff (selected: score <= cutoff), coverage, exclusion, inclusion, and what the
    curve is drawn of: false_positive (share of others selected) and true_positive (share of the poor selected)."""
    people = _People.of(poor, weight, None, None)
    scores = people.numbers(score)
    order = np.argsort(scores, kind="stable")
    last = np.append(np.diff(scores[order]) > 0, True)
    reached = np.cumsum(np.where(people.poor, people.w, 0)[order])[last]
    others = np.cumsum(np.where(people.poor, 0, people.w)[order])[last]
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "cutoff": scores[order][last],
                "coverage": (reached + others) / people.w.sum(),
                "exclusion": 1 - reached / reached[-1],
                "inclusion": others / (reached + others),
                "false_positive": others / others[-1],
                "true_positive": reached / reached[-1],
            }
        )


def at_quota(score: Any, quota: float, weight: Any = None) -> Chances:
    """The chance of being selected when the lowest scores are taken up to a share of people.

    1 below the last score, 0 above it; all who tie at it have the same chance, so that the quota is met exactly.
    """
    if not 0 < quota < 1:
        raise error(
            "HY-J001", en=f"a quota is a share between 0 and 1, not {quota}.", fa=f"سهمیه میان ۰ و ۱ است، نه {quota}."
        )
    scores = np.asarray(score, dtype=np.float64)
    w = np.ones(len(scores)) if weight is None else np.asarray(weight, dtype=np.float64)
    values, place = np.unique(scores, return_inverse=True)
    by_value = np.bincount(place, w)
    before = np.cumsum(by_value) - by_value
    chance = np.clip((quota * w[~np.isnan(scores)].sum() - before) / by_value, 0, 1)
    return Chances(np.where(np.isnan(scores), np.nan, chance[place]))


def within(area: Any, score: Any, quota: float | Mapping[Any, float], weight: Any = None) -> Chances:
    """Chances when every area selects its own lowest scores: community ranking, or a hybrid with geographic quotas.

    quota: one share for all, or area → share (0: nobody, 1: all; an area that is not named: nobody).
    """
    areas, scores = pd.Series(np.asarray(area)), np.asarray(score, dtype=np.float64)
    w = np.ones(len(scores)) if weight is None else np.asarray(weight, dtype=np.float64)
    chance = np.zeros(len(scores))
    for name, rows in areas.groupby(areas, sort=False).indices.items():
        share = quota.get(name, 0.0) if isinstance(quota, Mapping) else quota
        chance[rows] = share if share in (0, 1) else at_quota(scores[rows], share, w[rows]).values
    return Chances(chance)


def geographic(area: Any, rates: Mapping[Any, float]) -> Floats:
    """A score by area alone: minus its poverty rate, so that the poorest areas are taken whole, first."""
    areas = pd.Series(np.asarray(area))
    missing = sorted(map(str, set(areas) - set(rates)))
    if missing:
        listed = ", ".join(missing[:10])
        raise error(
            "HY-J002",
            en=f"no rate is given for {len(missing)} areas: {listed}. Give one for each.",
            fa=f"برای {len(missing)} محدوده نرخی داده نشده است: {listed}. برای هر یک نرخی بدهید.",
        )
    return -np.asarray(areas.map(dict(rates)), dtype=np.float64)


def both(first: Any, then: Any, shortlist: float, weight: Any = None) -> Floats:
    """A hybrid: a shortlist (share of people) by the first score, ordered by the second; the rest come after, by the first.

    A community's shortlist verified by a proxy means test, or poor areas searched by one.
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(then, dtype=np.float64)
    listed = at_quota(one, shortlist, weight).values > 0
    after, among = (pd.Series(values).rank(method="min").to_numpy() for values in (one, two))
    return np.where(listed, among, len(one) + after)


@dataclass(frozen=True)
class _People:
    """poor: (households,) booleans; w: weights; clusters: of the design; kept: which rows of those given are these."""

    poor: NDArray[np.bool_]
    w: Floats
    clusters: Clusters
    kept: NDArray[np.bool_]
    notes: list[dict[str, str]]

    @classmethod
    def of(cls, poor: Any, weight: Any, data: Any, design: Design | None) -> _People:
        truth = pd.Series(np.asarray(poor, dtype=object)).astype("boolean")
        if design is not None and data is None and design.columns:
            raise error(
                "HY-J003",
                en="a design names columns: give the data that have them as data=.",
                fa="طرح نمونه‌گیری ستون‌ها را نام می‌برد: داده‌ای را که آن ستون‌ها را دارد با data= بدهید.",
            )
        design = design or Design()
        frame = _columns(data, design) if design.columns else pd.DataFrame(index=range(len(truth)))
        w = frame[design.weight] if design.weight else np.ones(len(truth)) if weight is None else weight
        weights = np.asarray(w, dtype=np.float64)
        _same_length(len(truth), len(weights), len(frame))
        wrong = ~(weights >= 0) | np.isinf(weights)
        if wrong.any():
            count = int(wrong.sum())
            raise error(
                "HY-J004",
                en=f"{count} households have a weight that is not a number of zero or more. Correct them, or leave them out and say so.",
                fa=f"وزن {count} خانوار عددی صفر یا بزرگ‌تر نیست. آن‌ها را درست کنید یا کنار بگذارید و این را بگویید.",
            )
        kept = truth.notna().to_numpy() & (weights > 0)
        known = truth[kept].to_numpy(dtype=bool)
        if not known.any():
            raise _nobody("poor", "فقیر")
        left_out = int(truth.isna().sum())
        clusters = Clusters.of(frame, design, kept)
        if clusters.universe == "probability_sample" and clusters.degrees_of_freedom < 1:
            raise error(
                "HY-J010",
                en="no stratum has two clusters, so the sample says nothing of its own error. Use coarser strata.",
                fa="هیچ طبقه‌ای دو خوشه ندارد، پس نمونه چیزی از خطای خود نمی‌گوید. طبقه‌ها را درشت‌تر کنید.",
            )
        notes = [
            _note(
                left_out,
                "of whom it is not known whether they are poor, left out",
                "که فقیر بودنشان معلوم نیست و کنار رفتند",
            )
        ]
        return cls(known, weights[kept], clusters, kept, notes if left_out else [])

    def numbers(self, values: Any) -> Floats:
        """Raises HamyarError where one is unknown."""
        found = np.asarray(values, dtype=np.float64)
        _same_length(len(self.kept), len(found))
        if np.isnan(found[self.kept]).any():
            count = int(np.isnan(found[self.kept]).sum())
            raise error(
                "HY-J005",
                en=f"{count} households have no number. Leave them out, and say so.",
                fa=f"{count} خانوار عددی ندارد. آن‌ها را کنار بگذارید و این را بگویید.",
            )
        return np.asarray(found[self.kept])

    def chances(self, selected: Any) -> tuple[Floats, list[dict[str, str]]]:
        """(households,) from 0 to 1, unknown as 0, with a note of how many."""
        if isinstance(selected, Selection):
            selected = selected.selected
        found = pd.Series(np.asarray(selected, dtype=object)).astype("Float64")
        _same_length(len(self.kept), len(found))
        chosen = found.to_numpy(dtype=np.float64, na_value=np.nan)[self.kept]
        unknown = np.isnan(chosen)
        chosen = np.where(unknown, 0, chosen)
        if ((chosen < 0) | (chosen > 1)).any():
            raise error(
                "HY-J006",
                en="a selection is True, False or a chance between 0 and 1. A score is turned into one by `select` or `at_quota`.",
                fa="انتخاب یا True و False است یا احتمالی میان ۰ و ۱. امتیاز را `select` یا `at_quota` به انتخاب تبدیل می‌کند.",
            )
        notes = []
        if unknown.any():
            notes.append(
                _note(
                    int(unknown.sum()),
                    "not decided on yet, counted as not selected",
                    "که هنوز درباره‌شان تصمیمی نیست و انتخاب‌نشده شمرده شدند",
                )
            )
        if not chosen.any():
            notes.append(
                {
                    "en": "nobody is selected: inclusion, leakage and CGH are not defined.",
                    "fa": "هیچ‌کس انتخاب نشده است: خطای شمول، نشت و CGH تعریف نمی‌شوند.",
                }
            )
        return np.asarray(chosen, dtype=np.float64), notes

    def frame(self, functions: Mapping[str, Callable[[Floats], Influence]], bootstrap: int, seed: int) -> pd.DataFrame:
        found = {name: function(self.w) for name, function in functions.items()}
        estimate = np.array([value for value, _ in found.values()])
        if bootstrap:
            se, low, high = self._bootstrapped(functions, bootstrap, seed)
        else:
            influence = np.stack([z * self.w for _, z in found.values()], axis=1)
            se, freedom = self.clusters.spread(np.nan_to_num(influence))
            se = np.where(np.isnan(estimate), np.nan, se)
            sampled = self.clusters.universe == "probability_sample"
            shares = [
                f.denominator if sampled and isinstance(f, _Share | _OfPart) else None for f in functions.values()
            ]
            rows = np.array([np.inf if d is None else np.count_nonzero(d) for d in shares], dtype=np.float64)
            positive = np.array([name == "cgh" for name in found])
            left_out = self._left_out(functions) if self.clusters.few else None
            low, high = _limits(estimate, se, freedom, self.clusters.degrees_of_freedom, positive, rows, left_out)
        n = len(self.w)
        return pd.DataFrame({"measure": list(found), "estimate": estimate, "se": se, "low": low, "high": high, "n": n})

    def _left_out(self, functions: Mapping[str, Callable[[Floats], Influence]]) -> LeftOut:
        """Each function without each cluster where totals by cluster tell it, else unknown."""
        gathered = [
            f.gathered(lambda z: self.clusters.sums(self.w * z)) if isinstance(f, _Share | _Divided) else None
            for f in functions.values()
        ]
        return self.clusters.left_out(lambda times: np.array([f(times)[0] if f else np.nan for f in gathered]))

    def _bootstrapped(
        self, functions: Mapping[str, Callable[[Floats], Influence]], draws: int, seed: int
    ) -> tuple[Floats, Floats, Floats]:
        """From m - 1 of the m clusters of each stratum, with replacement, weights × m / (m - 1); percentile limits."""
        random, clusters = np.random.default_rng(seed), self.clusters
        places = [np.flatnonzero(clusters.stratum == h) for h in range(len(clusters.counts))]
        found = np.empty((draws, len(functions)))
        for draw in range(draws):
            times = np.ones(len(clusters.stratum))
            for place in places:
                if (m := len(place)) > 1:
                    times[place] = random.multinomial(m - 1, np.full(m, 1 / m)) * m / (m - 1)
            weights = self.w * times[clusters.cluster]
            found[draw] = [function(weights)[0] for function in functions.values()]
        low, high = np.nanquantile(found, [0.025, 0.975], axis=0)
        return np.nanstd(found, axis=0, ddof=1), low, high


def _measure(name: str, chosen: Floats, given: Floats, poor: NDArray[np.bool_]) -> _Share | _Divided:
    p = poor.astype(np.float64)
    one = np.ones_like(p)
    if name == "cgh":
        return _Divided(_Share(given * p, given), _Share(p, one))
    pairs = {
        "coverage": (chosen, one),
        "exclusion": ((1 - chosen) * p, p),
        "inclusion": (chosen * (1 - p), chosen),
        "leakage": (given * (1 - p), given),
    }
    return _Share(*pairs[name])


@dataclass(frozen=True)
class _Share:
    """Σ w numerator ÷ Σ w denominator, as a function of the weights."""

    numerator: Floats
    denominator: Floats

    def __call__(self, w: Floats) -> Influence:
        total = w @ self.denominator
        if total == 0:
            return np.nan, np.full_like(w, np.nan)
        value = float(w @ self.numerator / total)
        return value, (self.numerator - value * self.denominator) / total

    def gathered(self, sums: Callable[[Floats], Floats]) -> _Share:
        """The same as a function of how often each cluster counts."""
        return _Share(sums(self.numerator), sums(self.denominator))


@dataclass(frozen=True)
class _Divided:
    """One share ÷ another."""

    over: _Share
    under: _Share

    def __call__(self, w: Floats) -> Influence:
        (one, z), (other, y) = self.over(w), self.under(w)
        if other == 0:
            return np.nan, np.full_like(w, np.nan)
        value = one / other
        return value, (z - value * y) / other

    def gathered(self, sums: Callable[[Floats], Floats]) -> _Divided:
        return _Divided(self.over.gathered(sums), self.under.gathered(sums))


@dataclass(frozen=True)
class _Part:
    """One of so many equal parts of people by welfare, from 0; order: (households,) places, poorest first."""

    order: NDArray[np.int64]
    place: int
    parts: int

    def rank(self, w: Floats) -> Floats:
        """(households,) the share of people with less, and half of one's own."""
        rank = np.empty(len(w))
        rank[self.order] = (np.cumsum(w[self.order]) - w[self.order] / 2) / w.sum()
        return rank

    def inside(self, w: Floats) -> Floats:
        place = np.minimum((self.rank(w) * self.parts).astype(int), self.parts - 1)
        return np.asarray(place == self.place, dtype=np.float64)


@dataclass(frozen=True)
class _OfPart:
    """Of a part its coverage, or its share of benefits, of (households,) values: their total there ÷ that of denominator.

    Through a border that is estimated a total of values changes by their mean there, taken by a Gaussian kernel on ranks,
    times 1{rank <= border} - border (Langel & Tillé 2011 for shares of income).
    """

    denominator: Floats
    part: _Part
    values: Floats

    def __call__(self, w: Floats) -> Influence:
        rank, inside = self.part.rank(w), self.part.inside(w)
        z = self.values * inside
        total = w @ z
        for side, edge in ((1, self.part.place / self.part.parts), (-1, (self.part.place + 1) / self.part.parts)):
            if 0 < edge < 1:
                near = w * np.exp(-(((rank - edge) / (0.26 * len(w) ** -0.2)) ** 2) / 2)
                z = z + side * (near @ self.values / near.sum()) * ((rank <= edge) - edge)
        whole = w @ inside if self.denominator is not self.values else w @ self.values
        if whole == 0:
            return np.nan, np.full_like(w, np.nan)
        share = total / whole
        return float(share), (
            z - share * (self.values if self.denominator is self.values else 1 / self.part.parts)
        ) / whole


def _less(a: Callable[[Floats], Influence], b: Callable[[Floats], Influence]) -> Callable[[Floats], Influence]:
    def of(w: Floats) -> Influence:
        (one, z), (other, y) = a(w), b(w)
        return one - other, z - y

    return of


def _area(scores: Floats, poor: NDArray[np.bool_], w: Floats) -> Influence:
    """Wilcoxon's statistic by weight, and the placements of each person as its influence."""
    _, place = np.unique(scores, return_inverse=True)
    of_poor, of_others = np.bincount(place, w * poor), np.bincount(place, w * ~poor)
    all_poor, all_others = of_poor.sum(), of_others.sum()
    if all_poor == 0 or all_others == 0:
        return np.nan, np.full_like(w, np.nan)
    above = (all_others - np.cumsum(of_others) + of_others / 2)[place] / all_others
    below = (np.cumsum(of_poor) - of_poor / 2)[place] / all_poor
    value = float((w * poor) @ above / all_poor)
    return value, np.where(poor, (above - value) / all_poor, (below - value) / all_others)


def _limits(
    estimate: Floats,
    se: Floats,
    freedom: Floats,
    most: int,
    positive: NDArray[np.bool_],
    rows: Floats,
    left_out: LeftOut | None,
) -> tuple[Floats, Floats]:
    """Of shares as of any, exact at 0 and 1 for so many rows; Student's t on the log scale for what is only positive.

    With the degrees of freedom that the clusters carry, where few by a jackknife; of shares whose variance a few clusters
    make, no further than the exact limits with the effective number of rows (Korn & Graubard 1998).
    """
    from scipy.special import betaincinv, stdtrit

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread, df = se / estimate, freedom
        if left_out is not None:
            few, those, _ = replace(left_out, value=np.log(left_out.value)).spread(np.log(estimate))
            spread, df = np.where(np.isnan(few), spread, few), np.where(np.isnan(few), df, those)
        factor = np.exp(stdtrit(df, 0.975) * spread)
        half = stdtrit(freedom, 0.975) * se
        ratio = (estimate > 0) & positive & (se > 0)
        low = np.where(ratio, estimate / factor, estimate - half)
        high = np.where(ratio, estimate * factor, estimate + half)
        share = ~positive & np.where((estimate > 0) & (estimate < 1), se > 0, (se >= 0) & (abs(estimate - 0.5) == 0.5))
        of_share, usual = limits(estimate, se, freedom, rows, left_out), limits(estimate, se, most, rows)
        n = np.fmin(estimate * (1 - estimate) / se**2, rows) * (stdtrit(rows - 1, 0.975) / stdtrit(most, 0.975)) ** 2
        k = estimate * n
        lowest = np.fmin(usual[0], betaincinv(k, n - k + 1, 0.025))
        highest = np.fmax(usual[1], betaincinv(k + 1, n - k, 0.975))
    low = np.where(share, np.fmax(of_share[0], lowest), low)
    return low, np.where(share, np.fmin(of_share[1], highest), high)


def _selection(method: Any, quota: float, people: _People) -> Any:
    if isinstance(method, Selection):
        return method.selected
    if isinstance(method, Chances) or pd.api.types.is_bool_dtype(pd.Series(np.asarray(method))):
        return method
    every = np.full(len(people.kept), np.nan)
    every[people.kept] = at_quota(people.numbers(method), quota, people.w).values
    return every


def _columns(data: Any, design: Design) -> pd.DataFrame:
    expr = as_table(data).expr
    missing = [column for column in design.columns if column not in expr.columns]
    if missing:
        listed = ", ".join(missing)
        raise error("HY-J007", en=f"the data have no column {listed}.", fa=f"ستون {listed} در داده نیست.")
    frame: pd.DataFrame = expr.select(*design.columns).to_pandas()
    return frame


def _same_length(*lengths: int) -> None:
    if len(set(lengths)) > 1:
        found = ", ".join(map(str, lengths))
        raise error(
            "HY-J008",
            en=f"columns of different lengths: {found}. Give one value per household, in one order.",
            fa=f"ستون‌ها هم‌طول نیستند: {found}. برای هر خانوار یک مقدار و همه را به یک ترتیب بدهید.",
        )


def _nobody(en: str, fa: str) -> Exception:
    return error(
        "HY-J009", en=f"nobody is {en}: there is nothing to measure.", fa=f"هیچ‌کس {fa} نیست: چیزی برای سنجش نیست."
    )


def _note(count: int, en: str, fa: str) -> dict[str, str]:
    return {"en": f"households {en}: {count}.", "fa": f"خانوارهایی {fa}: {count}."}
