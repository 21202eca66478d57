"""Who is surely among the worst, who surely not, what would settle the rest, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hamyar.errors import error
from hamyar.figures import TIERS
from hamyar.persian import persian_digits
from hamyar.priority.ranks import rank_intervals

if TYPE_CHECKING:
    from hamyar.area_index import AreaIndex  # with it come the engines, which a page does without

Array = NDArray[np.float64]
SURELY_IN, SURELY_OUT = 0.9, 0.1
AUDIENCES = ("decider", "nominator", "resident")
FEWEST_SHOWN = 10
CATEGORIES = {
    "education": {"fa": "آموزش", "en": "education"},
    "health": {"fa": "سلامت", "en": "health"},
    "housing": {"fa": "مسکن", "en": "housing"},
    "services": {"fa": "خدمات", "en": "services"},
    "work": {"fa": "کار", "en": "work"},
    "living_standards": {"fa": "سطح زندگی", "en": "living standards"},
}
OTHER = {"fa": "سایر", "en": "other"}


def _checked(draws: Any, areas: int | None = None) -> Array:
    values = np.asarray(draws, dtype=np.float64)
    if values.ndim != 2 or 0 in values.shape or areas not in (None, values.shape[1]):
        raise error(
            "HY-V001",
            en=f"The draws have shape {values.shape}. Give one row per draw and one column per area.",
            fa=f"اندازهٔ شبیه‌سازی‌ها {values.shape} است. هر ردیف یک شبیه‌سازی و هر ستون یک محدوده باشد.",
        )
    if not np.isfinite(values).all():
        column = int(np.flatnonzero(~np.isfinite(values).all(axis=0))[0]) + 1
        raise error(
            "HY-V002",
            en=f"The draws of area number {column} hold a gap. Leave out areas that have no estimate.",
            fa=f"در شبیه‌سازی‌های محدودهٔ شمارهٔ {column} مقداری نیست. محدوده‌های بی‌برآورد را کنار بگذارید.",
        )
    return values


def _peopled(values: Array, population: Any) -> Array:
    """The draws as numbers of people."""
    people = np.asarray(population, dtype=np.float64)
    if people.shape != values.shape[1:]:
        raise error(
            "HY-V006",
            en=f"The population holds {people.size} number(s) for {values.shape[1]} areas. Give one for each.",
            fa=f"جمعیت برای {values.shape[1]} محدوده {people.size} عدد دارد. برای هر محدوده یکی بدهید.",
        )
    return _checked(values * people)


def worst_count(areas: int, share: Fraction | float | str = Fraction(1, 5)) -> int:
    """How many areas are "the worst `share`": share · areas rounded up, exactly; 6 of 28 for a fifth."""
    exact = Fraction(share).limit_denominator(1000)
    if not 0 < exact < 1:
        raise error(
            "HY-V003",
            en=f"A share of {share} is not between 0 and 1. Give for example 1/5.",
            fa=f"سهم {share} میان ۰ و ۱ نیست. برای نمونه ۱/۵ بدهید.",
        )
    return ceil(exact * areas)


def probability_worst(draws: Array, count: int) -> Array:
    """Share of draws in which each area is among the `count` highest; areas tied at the edge share the places left.

    draws: (draws, areas). The result adds up to `count` exactly.
    """
    edge = np.partition(draws, -count, axis=1)[:, [-count]]
    above, tied = draws > edge, draws == edge
    left = (count - above.sum(axis=1, keepdims=True)) / tied.sum(axis=1, keepdims=True)
    return np.asarray((above + tied * left).mean(axis=0))


def tier(p_worst: Array) -> NDArray[np.object_]:
    """Tier by probability: surely_in from .9, surely_out up to .1, else uncertain."""
    return np.where(p_worst >= SURELY_IN, "surely_in", np.where(p_worst <= SURELY_OUT, "surely_out", "uncertain"))


def tiers(
    draws: Any, areas: Sequence[Any], *, share: Fraction | float | str = Fraction(1, 5), population: Any = None
) -> pd.DataFrame:
    """Three tiers from joint draws of the areas' values, higher = worse.

    draws: (draws, areas); areas: their names or codes, in order; share: of the areas that count as worst, rounded up;
    population: (areas,) persons, which multiply the draws, so that the order is by number of people.
    Gives frame area, p_worst, tier, rank (1 the worst, by the mean of the draws), rank_low, rank_high (joint 95 %).
    """
    values = _checked(draws, len(areas))
    if population is not None:
        values = _peopled(values, population)
    p_worst = probability_worst(values, worst_count(len(areas), share))
    low, high = rank_intervals(values)
    rank = pd.Series(-values.mean(axis=0)).rank(method="min").astype(int).to_numpy()
    columns = {"area": list(areas), "p_worst": p_worst, "tier": tier(p_worst), "rank": rank}
    return pd.DataFrame({**columns, "rank_low": low, "rank_high": high})


def settling_sample(
    draws: Any,
    unit_variance: Any,
    *,
    share: Fraction | float | str = Fraction(1, 5),
    population: Any = None,
    bound: int = 5000,
) -> pd.arrays.IntegerArray:
    """How many further households in an area would settle its tier, the other areas as they are.

    draws: (draws, areas); unit_variance: (areas,) sampling variance of one household, deff · p(1 - p), so that the design
    stays as it was; share, population: as in `tiers`. Gives (areas,) Int64: 0 where the tier is settled, NA where no
    sample up to `bound` would settle it (the area lies too near the edge, or the edge itself is too uncertain).

    Let D be the area's value less the edge (the highest value among the others that keeps it out), with mean d and
    variance v + w, where v is the area's own. A sample of n more brings v to v' = 1 / (1/v + n / unit_variance); d moves
    by a normal amount of variance v - v' that is not known yet. The tier is settled when d is 1.2816 √(v' + w) away from
    0, and the answer is the least n for which that is at least as likely as not:
    Φ((d - c)/s) + Φ((-d - c)/s) ≥ 1/2, c = 1.2816 √(v' + w), s = √(v - v').
    """
    values = _checked(draws)
    unit = np.asarray(unit_variance, dtype=np.float64)
    if unit.shape != values.shape[1:] or not (unit >= 0).all():
        raise error(
            "HY-V004",
            en=f"unit_variance must hold a number, not negative, for each of the {values.shape[1]} areas.",
            fa=f"unit_variance باید برای هر یک از {values.shape[1]} محدوده عددی نامنفی داشته باشد.",
        )
    if population is not None:
        values, unit = _peopled(values, population), unit * np.asarray(population, dtype=np.float64) ** 2
    areas, count = values.shape[1], worst_count(values.shape[1], share)
    settled = np.zeros(areas, dtype=bool) if count < areas else np.ones(areas, dtype=bool)
    n = np.zeros(areas, dtype=np.int64)
    if count < areas:
        settled = tier(probability_worst(values, count)) != "uncertain"
        n = np.where(settled, 0, _least_sample(values, unit, count, bound))
    return pd.arrays.IntegerArray(n, n > bound)


def _least_sample(values: Array, unit: Array, count: int, bound: int) -> NDArray[np.int64]:
    """By bisection, since once settling is as likely as not it stays so; bound + 1 where it never is."""
    gap, own, rest = _distance_to_edge(values, count)
    low, high = np.zeros(len(gap), dtype=np.int64), np.full(len(gap), bound + 1)
    while (high - low > 1).any():
        middle = (low + high) // 2
        enough = settling_probability(middle, gap, own, rest, unit) >= 0.5
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _distance_to_edge(values: Array, count: int) -> tuple[Array, Array, Array]:
    """Mean of the area's value less the edge among the others, its own variance, and the rest of the difference's."""
    ordered = -np.partition(-values, (count - 1, count), axis=1)
    edge = np.where(values >= ordered[:, [count - 1]], ordered[:, [count]], ordered[:, [count - 1]])
    own = values.var(axis=0)
    difference = values - edge
    return difference.mean(axis=0), own, np.maximum(difference.var(axis=0) - own, 0.0)


def settling_probability(n: Any, gap: Array, own: Array, rest: Array, unit: Array) -> Array:
    """How likely n more households settle the tier: the formula of `settling_sample`. All (areas,)."""
    from scipy.special import ndtr, ndtri

    tiny = np.finfo(np.float64).tiny
    left = 1 / (1 / np.maximum(own, tiny) + np.asarray(n) / np.maximum(unit, tiny))
    width = ndtri(SURELY_IN) * np.sqrt(left + rest)
    spread = np.sqrt(np.maximum(own - left, tiny))
    return np.asarray(ndtr((gap - width) / spread) + ndtr((-gap - width) / spread))


def _percent(value: float, language: str) -> str:
    """45 % as «۴۵٪»; one decimal below 10 %, where a whole number would say too little."""
    text = f"{100 * value:.{1 if value < 0.0995 else 0}f}"
    text = text.removesuffix(".0")
    return f"{persian_digits(text).replace('.', '٫')}٪" if language == "fa" else f"{text}%"


def _number(value: int, language: str) -> str:
    return persian_digits(value) if language == "fa" else str(value)


def _listed(items: Sequence[str], language: str) -> str:
    """«a, b and c»."""
    comma, last = ("، ", " و ") if language == "fa" else (", ", " and ")
    return last.join([comma.join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def _leading(rows: pd.DataFrame) -> pd.DataFrame:
    """The two indicators that contribute most, and the third where two do not make up half of the whole."""
    ordered = rows[rows["contribution"] > 0].sort_values(["contribution", "indicator"], ascending=[False, True])
    return ordered.head(2 if ordered["contribution"].head(2).sum() >= 0.5 else 3)


def _interval(row: Any, language: str, *, first: bool) -> str:
    """The interval in brackets, named where it comes first; nothing for a census or a list."""
    if not row.low < row.high:
        return ""
    low, high = _percent(row.low, language), _percent(row.high, language)
    if language == "fa":
        return f" ({'فاصلهٔ اطمینان ۹۵٪: ' if first else ''}{low} تا {high})"
    return f" ({'95% interval ' if first else ''}{low} to {high})"


def _against(row: Any, language: str, *, first: bool) -> str:
    """One indicator: the rate here, its interval, the rate of the province."""
    here, there = _percent(row.estimate, language), _percent(row.province_estimate, language)
    interval = _interval(row, language, first=first)
    if language == "fa":
        who = "از ارزیابی‌شدگان" if row.universe == "list" else "از مردم"
        lead = f"{here} {who} با محرومیت «{row.title_fa}» زندگی می‌کنند" if first else f"«{row.title_fa}»: {here}"
        return f"{lead}{interval}، در برابر {there} در استان"
    who = "of those assessed" if row.universe == "list" else "of people"
    lead = f'{here} {who} live with the deprivation "{row.title_en}"' if first else f'"{row.title_en}": {here}'
    return f"{lead}{interval}, against {there} in the province"


def _figures(rows: pd.DataFrame, language: str) -> str:
    parts = [_against(row, language, first=i == 0) for i, row in enumerate(_leading(rows).itertuples())]
    return ("؛ " if language == "fa" else "; ").join(parts)


def _decider(rows: pd.DataFrame, language: str) -> str:
    if not (rows["contribution"] > 0).any():
        return {
            "fa": "نماگرهای این محدوده از نمونه به دست نمی‌آید؛ برآورد آن تنها بر رقم‌های سرشماری خود محدوده استوار است.",
            "en": "The sample says nothing on this area's indicators; its estimate rests on the area's own census figures alone.",
        }[language]
    return f"{_figures(rows, language)}."


def _categories(rows: pd.DataFrame, language: str) -> str:
    """The dimensions of the leading indicators, as the public may read them."""
    names = [CATEGORIES.get(dimension, OTHER)[language] for dimension in _leading(rows)["dimension"]]
    return _listed(list(dict.fromkeys(names)), language)


def _nominator(rows: pd.DataFrame, tier: str | None, language: str) -> str:
    status = TIERS[tier][language] if tier in TIERS else {"fa": "در دست بررسی", "en": "under review"}[language]
    about = _categories(rows, language)
    if language == "fa":
        return f"وضعیت: {status}." + (f" زمینه: {about}." if about else "")
    return f"State: {status}." + (f" Category: {about}." if about else "")


def _resident(rows: pd.DataFrame, language: str) -> str:
    held = _figures(rows[rows["n"] >= FEWEST_SHOWN], language)
    if language == "fa":
        facts = (
            f"آنچه دربارهٔ این محدوده ثبت شده است: {held}."
            if held
            else "رقمی برای نمایش دربارهٔ این محدوده ثبت نشده است."
        )
        return f"{facts} اگر چیزی نادرست است، از دهیاری یا شهرداری خود بخواهید آن را اصلاح کند."
    facts = f"What is held about this area: {held}." if held else "No figure that can be shown is held about this area."
    return f"{facts} If something is wrong, ask your village administration or municipality to have it corrected."


def reasons(
    profile: pd.DataFrame, audience: str = "decider", *, tiers: Mapping[Any, str] | None = None
) -> dict[Any, dict[str, str]]:
    """Why an area stands where it stands, in a sentence fa and en, for one audience.

    profile: a row per area and indicator, with area, indicator, title_fa, title_en, dimension, estimate, low, high, n,
    contribution (share), province_estimate, universe; audience: "decider" (the two or three indicators that contribute
    most, each with its interval and the province's rate), "nominator" (state and public category, no figures), "resident"
    (the facts held, none from fewer than 10 households, and how to have them corrected); tiers: area → tier, the state
    that the nominator reads. Raises HY-V005 for another audience.
    """
    if audience not in AUDIENCES:
        raise error(
            "HY-V005",
            en=f'There is no audience "{audience}". Use decider, nominator or resident.',
            fa=f"مخاطبی به نام «{audience}» نیست. decider یا nominator یا resident بنویسید.",
        )

    def sentence(area: Any, rows: pd.DataFrame, language: str) -> str:
        if audience == "nominator":
            return _nominator(rows, (tiers or {}).get(area), language)
        return _decider(rows, language) if audience == "decider" else _resident(rows, language)

    return {
        area: {language: sentence(area, rows, language) for language in ("fa", "en")}
        for area, rows in profile.groupby("area", sort=False)
    }


def index_reasons(index: AreaIndex, titles: Mapping[str, Mapping[str, str]] | None = None) -> dict[str, dict[str, str]]:
    """Which indicators drive an area's score, each with the area's place in it: 1 is the most deprived.

    index: fitted; titles: indicator → {"fa", "en"}, its name where not given.
    """
    contribution = index.normalised * index.shares
    place = index.normalised.rank(ascending=False, method="min").astype(int)
    return {
        area: {
            language: _driven(contribution.loc[area], place.loc[area], len(index.areas), titles or {}, language)
            for language in ("fa", "en")
        }
        for area in index.areas
    }


def _driven(parts: Any, place: Any, areas: int, titles: Mapping[str, Mapping[str, str]], language: str) -> str:
    leading = parts.sort_values(ascending=False, kind="stable")
    leading = leading.head(2 if leading.head(2).sum() >= leading.sum() / 2 else 3)

    def one(name: str) -> str:
        title = titles[name][language] if name in titles else name
        rank, of = _number(int(place[name]), language), _number(areas, language)
        return f"«{title}» (رتبهٔ {rank} از {of})" if language == "fa" else f'"{title}" (rank {rank} of {of})'

    driven = _listed([one(name) for name in leading.index if leading[name] > 0], language)
    if language == "fa":
        return f"سهم اصلی در امتیاز این محدوده: {driven}." if driven else "در هیچ نماگری از دیگران محروم‌تر نیست."
    return (
        f"What weighs most in this area's score: {driven}."
        if driven
        else "It is more deprived than others in no indicator."
    )
