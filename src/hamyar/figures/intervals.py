"""Numbers with their intervals, as SVG. The axis runs from left to right in both languages, as numbers are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import floor, log10
from typing import Any

import pandas as pd

from hamyar.errors import error
from hamyar.figures.svg import DARK, INK, LINE, PAPER, SOFT, TIERS, figure, spread, tag, text
from hamyar.persian.numbers import absent, between, number, percent

WIDTH, SIZE = 400.0, 13.5
PROFILED = ("estimate", "high", "province_estimate")  # what the axis of a profile must hold
Scale = tuple[float, float]
COLOURS = {"surely_in": DARK, "uncertain": "#b4532a", "surely_out": SOFT}
WIDTHS = {"surely_in": 4.5, "uncertain": 3.0, "surely_out": 1.5}
MADE = {
    "measured": {"fa": "سنجیده", "en": "measured"},
    "model": {"fa": "برآورد مدل", "en": "made by a model"},
    "synthetic": {"fa": "ساختگی", "en": "invented"},
}
WORDS = {
    "interval": {"fa": "فاصلهٔ اطمینان ۹۵٪", "en": "95% interval"},
    "province": {"fa": "استان", "en": "province"},
    "profile": {"fa": "نیم‌رخ نماگرها", "en": "Profile of indicators"},
    "order": {"fa": "محدوده‌ها به ترتیب، با فاصلهٔ هر یک", "en": "Areas in order, each with its interval"},
}


def written(value: Any, language: str, top: float) -> str:
    """A value on an axis that ends at `top`: up to 1 it is a share, up to 100 a score, above a number of people."""
    return percent(value, language) if top <= 1 else number(value, language, 1 if top <= 100 else 0)


def interval(
    low: float,
    estimate: float,
    high: float,
    *,
    scale: Scale,
    language: str,
    made: str = "measured",
    tier: str | None = None,
) -> str:
    """One interval for a line of a table: a line from low to high, a mark at the estimate.

    scale: the left and right end of the axis, of shares where both are at most 1. made: measured, model, synthetic.
    """
    colour = COLOURS.get(tier or "", INK)
    at = _position(scale, 7, 89)
    named = between(written(low, language, max(scale)), written(high, language, max(scale)), language)
    return figure(
        96,
        16,
        tag("path", d="M7 8H89", stroke=LINE),
        _bar(at(low), at(high), 8, colour),
        _mark(at(estimate), 8, made, colour),
        title=written(estimate, language, max(scale)),
        description=f"{WORDS['interval'][language]}: {named}",
        language=language,
    )


def _position(scale: Scale, left: float, right: float) -> Any:
    """From a value to its place between left and right; beyond the scale it stays at the end. A scale may run down."""
    first, last = scale
    low, high = sorted(scale)
    return lambda value: left + (min(max(float(value), low), high) - first) / ((last - first) or 1) * (right - left)


def _bar(low: float, high: float, y: float, colour: str, width: float = 2.5) -> str:
    return tag("path", d=f"M{low:.1f} {y:.1f}H{high:.1f}", stroke=colour, stroke_width=width) if high != low else ""


def _mark(x: float, y: float, made: str, colour: str) -> str:
    """A disc is measured, a ring is a model's, a diamond is invented."""
    if made == "synthetic":
        return tag(
            "path",
            d=f"M{x:.1f} {y - 5.5:.1f}l5.5 5.5-5.5 5.5-5.5-5.5z",
            fill=PAPER,
            stroke=colour,
            stroke_width=1.8,
            class_="mark synthetic",
        )
    fill, stroke = (PAPER, colour) if made == "model" else (colour, colour)
    return tag(
        "circle",
        cx=float(x),
        cy=float(y),
        r=4.2,
        fill=fill,
        stroke=stroke,
        stroke_width=1.8,
        class_=f"mark {made}",
    )


def made_of(row: Any) -> str:
    """How a row's number was made: by measuring, by a model, or invented."""
    if getattr(row, "provenance", None) == "synthetic":
        return "synthetic"
    modelled = getattr(row, "estimate_kind", None) in ("model", "synthetic_part")
    return "model" if modelled or getattr(row, "provenance", None) == "model" else "measured"


def profile(
    rows: pd.DataFrame,
    language: str,
    *,
    dimensions: Mapping[str, Mapping[str, str]] | None = None,
    top: float | None = None,
) -> str:
    """Indicators of one area: the rate here with its interval, the province's rate as a tick, by dimension.

    rows: indicator, title_fa, title_en, dimension, estimate, low, high, contribution, province_estimate, provenance (shares);
    dimensions: name → {"fa", "en"}; top: the end of the axis, given where several profiles are to be compared.
    Dimensions and the indicators in them stand in the order of their contributions. Raises HY-G004 without a row that has an estimate.
    """
    known = _with_estimate(rows)
    top = top or scale_end([known[name] for name in PROFILED])
    parts, y, dimension = [], 0.0, None
    side, edge, other, far = ("right", WIDTH, "left", 0.0) if language == "fa" else ("left", 0.0, "right", WIDTH)
    at = _position((0, top), 8, WIDTH - 8)
    for row in _each(_by_dimension(known)):
        if row.dimension != dimension and row.dimension:
            dimension = row.dimension
            name = (dimensions or {}).get(dimension, {}).get(language, dimension)
            y += 24
            parts.append(text(edge, y, name, side=side, language=language, fill=SOFT, font_weight=700))
            y += 4
        y += 20
        parts.append(text(edge, y, str(getattr(row, f"title_{language}")), side=side, language=language))
        parts.append(text(far, y, percent(row.estimate, language), side=other, language=language, font_weight=700))
        y += 14
        parts.append(_scaled_row(row, at, y))
        y += 10
    parts.append(_axis(top, at, y + 8, language))
    y += 30
    key, y = _key(known, y, language)
    return figure(
        WIDTH,
        y,
        tag("g", *parts, font_size=SIZE),
        key,
        title=WORDS["profile"][language],
        description=("؛ " if language == "fa" else "; ").join(_said(row, language) for row in _each(known)),
        language=language,
    )


def _each(rows: pd.DataFrame) -> Iterator[Any]:
    """Rows as tuples with names; pandas' types would have each cell be anything."""
    yield from rows.itertuples()


def _by_dimension(rows: pd.DataFrame) -> pd.DataFrame:
    weight = rows["contribution"].fillna(0)
    whole = weight.groupby(rows["dimension"].fillna("")).transform("sum")
    ordered = rows.assign(dimension=rows["dimension"].fillna(""), _whole=whole, _part=weight)
    return ordered.sort_values(
        ["_whole", "dimension", "_part", "indicator"], ascending=[False, True, False, True]
    ).drop(columns=["_whole", "_part"])


def scale_end(columns: Iterable[pd.Series]) -> float:
    """The end of an axis from 0: the next round number above every value, at most 1 for shares."""
    highest = max(float(pd.to_numeric(column).max()) for column in columns if column.notna().any()) or 0.01
    step = 10 ** floor(log10(highest))
    for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10):
        if factor * step >= highest:
            return float(min(round(factor * step, 9), 1)) if highest <= 1 else float(factor * step)
    return highest


def _scaled_row(row: Any, at: Any, y: float) -> str:
    rail = tag("path", d=f"M{at(0):.1f} {y:.1f}H{WIDTH - 8:.1f}", stroke=LINE)
    bar = "" if absent(row.low) else _bar(at(row.low), at(row.high), y, INK)
    return tag("g", rail, bar, _mark(at(row.estimate), y, made_of(row), INK), _tick(row.province_estimate, at, y))


def _tick(value: Any, at: Any, y: float) -> str:
    if absent(value):
        return ""
    return tag("path", d=f"M{at(value):.1f} {y - 7:.1f}V{y + 7:.1f}", stroke=DARK, stroke_width=2, class_="province")


def _axis(top: float, at: Any, y: float, language: str) -> str:
    """The ends and the middle of the axis; the last one ends with the drawing."""
    return "".join(
        text(x, y + 8, rounded(value, language, top), side=side, language=language, fill=SOFT)
        for value, x, side in (
            (0.0, at(0.0), "middle"),
            (top / 2, at(top / 2), "middle"),
            (top, at(top) + 8, "right"),
        )
    )


def rounded(value: float, language: str, top: float) -> str:
    """A round number of an axis that ends at `top`, without a decimal where it has none."""
    decimals = 0 if round(value * 100 if top <= 1 else value, 6).is_integer() else 1
    return percent(value, language, decimals) if top <= 1 else number(value, language, decimals)


def _key(rows: pd.DataFrame, y: float, language: str) -> tuple[str, float]:
    """What the marks mean, of those that are drawn."""
    marks = dict.fromkeys(made_of(row) for row in _each(rows))
    entries = [(MADE[made][language], _key_mark(made)) for made in marks]
    if rows["low"].notna().any():
        entries.append((WORDS["interval"][language], lambda x, y: _bar(x - 9, x + 9, y, INK)))
    if rows["province_estimate"].notna().any():
        entries.append((WORDS["province"][language], lambda x, y: _tick(x, float, y)))
    parts = []
    for i, (words, drawing) in enumerate(entries):
        x = 10 + 200 * (i % 2)
        near, side = (WIDTH - x, "right") if language == "fa" else (x, "left")
        row = y + 20 * (i // 2)
        parts += [
            drawing(near, row),
            text(near - 16 if language == "fa" else near + 16, row + 4.5, words, side=side, language=language),
        ]
    return tag("g", *parts, font_size=SIZE, fill=SOFT), y + 20 * ((len(entries) + 1) // 2)


def _key_mark(made: str) -> Any:
    return lambda x, y: _mark(x, y, made, INK)


def _said(row: Any, language: str) -> str:
    said = f"{getattr(row, f'title_{language}')}: {percent(row.estimate, language)}"
    if not absent(row.low):
        said += f" ({between(percent(row.low, language), percent(row.high, language), language)})"
    return said


def caterpillar(rows: pd.DataFrame, language: str, *, ranks: int | None = None) -> str:
    """Areas, the highest first: name, interval and estimate; the surer in priority, the darker and thicker.

    rows: name_fa, name_en, estimate, low, high (shares, scores up to 100, or numbers of people), tier, and estimate_kind,
    provenance for the mark. ranks: how many areas were ranked, where rank, rank_low, rank_high are drawn, the worst at the
    right, and estimate is only written. Raises HY-G004.
    """
    known = _with_estimate(rows).sort_values("estimate", ascending=False)
    top = scale_end([known["estimate"], known["high"]])
    ends = ("low", "estimate", "high") if ranks is None else ("rank_low", "rank", "rank_high")
    drawn = known.assign(**{f"at_{i}": known[name] for i, name in enumerate(ends)})
    longest = max(spread(written(value, language, top), SIZE) for value in known["estimate"]) + 14
    left, right = (longest, WIDTH - 132) if language == "fa" else (132.0, WIDTH - longest)
    at = _position((0, top), left, right) if ranks is None else _position((ranks, 1), left, right)
    lines = [_line(row, at, (left, right), top, 16 + 19 * i, language) for i, row in enumerate(_each(drawn))]
    bottom = 19.0 * len(lines) + 6
    key, y = _tier_key([tier for tier in TIERS if tier in set(known["tier"])], bottom + 36, language)
    return figure(
        WIDTH,
        y,
        tag(
            "g",
            *lines,
            _axis(top, at, bottom, language) if ranks is None else _rank_axis(ranks, at, bottom, language),
            font_size=SIZE,
        ),
        key,
        title=WORDS["order"][language],
        description=("؛ " if language == "fa" else "; ").join(_ordered(row, top, language) for row in _each(known)),
        language=language,
    )


def _line(row: Any, at: Any, rail: Scale, top: float, y: float, language: str) -> str:
    """One area of a caterpillar plot; the numbers end in one line, below each other."""
    colour, middle = COLOURS.get(row.tier, INK), y - 4.5
    weight = 700 if row.tier == "surely_in" else None
    names, near, values = (WIDTH, "right", rail[0] - 12) if language == "fa" else (0.0, "left", WIDTH)
    return tag(
        "g",
        text(names, y, _name(row, language), side=near, language=language, font_weight=weight),
        tag("path", d=f"M{rail[0]:.1f} {middle:.1f}H{rail[1]:.1f}", stroke=LINE, stroke_width=0.7),
        "" if absent(row.at_0) else _bar(at(row.at_0), at(row.at_2), middle, colour, WIDTHS.get(row.tier, 2.5)),
        _mark(at(row.at_1), middle, made_of(row), colour),
        text(values, y, written(row.estimate, language, top), side="right", language=language, font_weight=weight),
    )


def _rank_axis(ranks: int, at: Any, y: float, language: str) -> str:
    return "".join(
        text(at(rank), y + 8, number(rank, language), side="middle", language=language, fill=SOFT)
        for rank in (ranks, 1)
    )


def _name(row: Any, language: str) -> str:
    name = getattr(row, f"name_{language}")
    return str(row.name_fa if absent(name) or not name else name)


def _ordered(row: Any, top: float, language: str) -> str:
    return f"{_name(row, language)}: {written(row.estimate, language, top)}"


def _tier_key(tiers: list[str], y: float, language: str) -> tuple[str, float]:
    """The lines of the tiers, named, one after the other."""
    parts, x = [], 0.0
    for tier in tiers:
        place, side = (WIDTH - x, "right") if language == "fa" else (x, "left")
        ahead = -1 if language == "fa" else 1
        ends = sorted((place, place + 20 * ahead))
        parts += [
            _bar(ends[0], ends[1], y - 4.5, COLOURS[tier], WIDTHS[tier]),
            text(place + 26 * ahead, y, TIERS[tier][language], side=side, language=language),
        ]
        x += 38 + spread(TIERS[tier][language], SIZE)
    return tag("g", *parts, font_size=SIZE, fill=SOFT), y + 8


def _with_estimate(rows: pd.DataFrame) -> pd.DataFrame:
    known = rows[rows["estimate"].notna()]
    if known.empty:
        raise error(
            "HY-G004",
            en="There is no row with an estimate to draw. Give at least one.",
            fa="ردیفی که برآورد داشته باشد برای رسم نیست. دست‌کم یک ردیف بدهید.",
        )
    return known
