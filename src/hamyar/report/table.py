"""The table of areas: estimate, interval, people, tier; and under each, why and what would settle it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hamyar import figures
from hamyar.figures import TIERS
from hamyar.figures.svg import clean, tag
from hamyar.persian import persian_digits
from hamyar.persian.numbers import absent, between, number, percent
from hamyar.report.contents import Contents
from hamyar.report.words import MADE, say

LISTED, CUT = 300, 200
Written = Callable[[Any], str]


def areas_table(contents: Contents, language: str) -> str:
    """All areas; of more than 300 the first 200, and where the rest are is said."""
    rows = contents.ranked
    shown = rows if len(rows) <= LISTED else rows.head(CUT)
    if shown.empty:
        return ""
    value = _value(contents, language)
    scale = _scale(contents)
    bodies = [_body(contents, row, value, scale, language) for row in shown.itertuples()]
    said = [_reading(contents, language)]
    if len(shown) < len(rows):
        said.insert(0, say("cut", language, shown=number(CUT, language), total=number(len(rows), language)))
    return tag(
        "section",
        tag("h2", clean(say("table", language))),
        *(tag("p", clean(sentence), class_="quiet") for sentence in said),
        tag("table", _head(contents, scale, language), *bodies, class_="areas"),
    )


def _scale(contents: Contents) -> tuple[float, float]:
    """The ends of the drawn column: from 0 for rates, the last rank and the first for an index, whose ranks are intervals."""
    rows = contents.ranked
    return (len(rows), 1) if contents.is_index else (0, figures.scale_end([rows["estimate"], rows["high"]]))


def _value(contents: Contents, language: str) -> Written:
    return lambda value: number(value, language, 1) if contents.is_index else percent(value, language)


def _reading(contents: Contents, language: str) -> str:
    """How to read the table: the intervals, the probability, and the marks of the numbers that are there."""
    if contents.is_index:
        return say("intervals_index", language)
    said = [say("intervals" if contents.areas["low"].notna().any() else "no_intervals", language)]
    kinds = [kind for kind in MADE if kind in set(contents.ranked["estimate_kind"])]
    if kinds and kinds != ["direct"]:
        marks = ("؛ " if language == "fa" else "; ").join(MADE[kind][language] for kind in kinds)
        said.append(f"{marks[0].upper()}{marks[1:]}.")
    return " ".join(said)


def _head(contents: Contents, scale: tuple[float, float], language: str) -> str:
    value, people = _columns(contents)
    first, last = (figures.rounded(float(end), language, max(scale)) for end in scale)
    axis = tag(
        "span",
        tag("span", clean(first), dir="auto"),
        tag("span", clean(last), dir="auto"),
        class_="axis",
        dir="ltr",
        aria_hidden="true",
    )
    cells = [
        tag("th", clean(say("area", language)), scope="col"),
        tag("th", clean(say(value, language)), scope="col", class_="num"),
        tag("th", tag("span", clean(say("drawn", language)), class_="hidden"), axis, scope="col", class_="drawn"),
        tag("th", clean(say(people, language)), scope="col", class_="num") if people else "",
        tag("th", clean(say("tier", language)), scope="col"),
    ]
    return tag("thead", tag("tr", *cells))


def _columns(contents: Contents) -> tuple[str, str | None]:
    """What the estimate is called, and the number of poor people, where there is any: an index estimates none."""
    if contents.is_index:
        return "score", None
    value = "rate_list" if contents.holds("universe", "list") else "rate"
    return value, "people" if contents.ranked["people"].notna().any() else None


def _body(contents: Contents, row: Any, value: Written, scale: tuple[float, float], language: str) -> str:
    code = persian_digits(row.area) if language == "fa" else row.area
    made = tag("span", clean(value(row.estimate)), class_=f"made {row.estimate_kind}")
    cells = [
        tag(
            "th", clean(contents.names[row.area][language]), " ", tag("span", clean(code), class_="quiet"), scope="row"
        ),
        tag("td", made, _within(row.low, row.high, value, language), class_="num"),
        tag("td", _drawn(contents, row, scale, language), class_="drawn", aria_hidden="true"),
        _people(contents, row, language),
        tag("td", *_tier(row, language), class_="in"),
    ]
    detail = tag("td", *_detail(contents, row, language), colspan=5 if _columns(contents)[1] else 4)
    return tag("tbody", tag("tr", *cells), tag("tr", detail, class_="detail"))


def _within(low: Any, high: Any, written: Written, language: str) -> str:
    """The interval in brackets, on its own line."""
    if absent(low) or absent(high):
        return ""
    return tag("span", clean(f"({between(written(low), written(high), language)})"), class_="within")


def _drawn(contents: Contents, row: Any, scale: tuple[float, float], language: str) -> str:
    """The interval of the rate; of an index that of the rank."""
    ends = (row.rank_low, row.rank, row.rank_high) if contents.is_index else (row.low, row.estimate, row.high)
    low, middle, high = (ends[1] if absent(end) else end for end in ends)
    return figures.interval(low, middle, high, scale=scale, language=language, made=figures.made_of(row), tier=row.tier)


def _people(contents: Contents, row: Any, language: str) -> str:
    title = _columns(contents)[1]
    if not title:
        return ""

    def rounded(value: Any) -> str:
        return number(value, language)

    within = _within(row.people_low, row.people_high, rounded, language)
    return tag("td", clean(rounded(row.people)), within, class_="num people", data_is=say(title, language))


def _tier(row: Any, language: str) -> tuple[str, str]:
    chance = say("p_worst", language, p=percent(row.p_worst, language, 0))
    return (
        tag("span", clean(TIERS[row.tier][language]), class_=f"tier {row.tier}"),
        "" if absent(row.p_worst) else tag("span", clean(chance), class_="within"),
    )


def _detail(contents: Contents, row: Any, language: str) -> list[str]:
    """Why it stands there, what would settle it, and the rank with its interval."""
    reason = getattr(row, f"reason_{language}")
    said = [] if absent(reason) or not reason else [clean(reason)]
    if row.tier == "uncertain":
        said.append(f"{tag('b', clean(say('settles', language)))} {clean(_settling(contents, row, language))}")
    facts = [_rank(contents, row, language)]
    if getattr(row, "tier_people", None) in TIERS:
        facts.append(say("tier_people", language, tier=TIERS[row.tier_people][language]))
    if not absent(row.n):
        facts.append(say("asked", language, n=number(row.n, language)))
    said.append(tag("span", clean(" · ".join(facts)), class_="quiet"))
    return [tag("p", sentence) for sentence in said]


def _settling(contents: Contents, row: Any, language: str) -> str:
    if contents.is_index:
        return say("settling_index", language)
    if absent(row.settling_n):
        return say("settling_none", language)
    return say("settling_n", language, n=number(row.settling_n, language))


def _rank(contents: Contents, row: Any, language: str) -> str:
    ranks = {"rank": number(row.rank, language), "total": number(len(contents.ranked), language)}
    if absent(row.rank_low) or absent(row.rank_high):
        return say("rank_alone", language, **ranks)
    low, high = number(row.rank_low, language), number(row.rank_high, language)
    return say("rank_index" if contents.is_index else "rank", language, low=low, high=high, **ranks)
