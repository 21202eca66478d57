"""The report as one HTML file: no network, no script; two languages, of which one is shown and printed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd

from hamyar import figures
from hamyar.figures import TIERS
from hamyar.figures.svg import clean, tag
from hamyar.persian import calendars, persian_digits
from hamyar.persian.numbers import number
from hamyar.priority import CATEGORIES, worst_count
from hamyar.report.contents import LANGUAGES, Contents, Text
from hamyar.report.table import areas_table
from hamyar.report.words import named, say

PROFILES, DRAWN, DRAWN_PEOPLE = 4, 40, 15
LANGUAGE_NAMES = {"fa": "فارسی", "en": "English"}


def page(contents: Contents) -> str:
    """The report as one HTML file that needs neither a network nor a script and prints on A4."""
    switch = "".join(
        tag("input", type="radio", name="language", id=f"in-{language}", checked="" if language == "fa" else None)
        + tag("label", LANGUAGE_NAMES[language], for_=f"in-{language}", lang=language)
        for language in LANGUAGES
    )
    head = (
        '<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{clean(contents.title['fa'])}</title><style>{_font()}{_style()}</style>"
    )
    articles = "".join(_article(contents, language) for language in LANGUAGES)
    return f'<!doctype html>\n<html lang="fa" dir="rtl"><head>{head}</head><body>{switch}{articles}</body></html>\n'


def _article(contents: Contents, language: str) -> str:
    return tag(
        "article",
        tag(
            "div",
            _bands(contents, language),
            _opening(contents, language),
            _overview(contents, language),
            class_="summary",
        ),
        areas_table(contents, language),
        _profiles(contents, language),
        _unranked(contents, language),
        _sentences("method", contents.method, language),
        _sentences("notes", contents.notes, language),
        _inputs(contents, language),
        lang=language,
        dir="rtl" if language == "fa" else "ltr",
        class_=language,
    )


def _bands(contents: Contents, language: str) -> str:
    """What must be known before any number is read."""
    said = [
        key
        for key, true in (
            ("fictive", contents.holds("provenance", "synthetic")),
            ("assessed_only", contents.holds("universe", "list")),
        )
        if true
    ]
    return "".join(tag("p", clean(say(key, language)), class_="band") for key in said)


def _opening(contents: Contents, language: str) -> str:
    dates = " · ".join(calendars.written(contents.date, calendar, language) for calendar in ("jalali", "gregorian"))
    tiers = contents.ranked["tier"].value_counts()
    total = len(contents.ranked)
    counts = {tier: number(tiers.get(tier, 0), language) for tier in TIERS}
    lead = say(
        "lead_index" if contents.is_index else "lead",
        language,
        total=number(total, language),
        worst=number(worst_count(total), language) if total else number(0, language),
        belong="belongs" if tiers.get("surely_in") == 1 else "belong",
        **counts,
    )
    return tag(
        "header",
        tag("p", clean(f"{say('round', language)} · {dates}"), class_="quiet"),
        tag("h1", clean(contents.title[language])),
        tag("p", clean(lead), class_="lead"),
        tag("p", clean(f"{say('picture', language)}: {_picture(contents, language)}"), class_="quiet"),
    )


def _picture(contents: Contents, language: str) -> str:
    """Each input: its name, what it is a picture of, where its values come from."""
    return ("؛ " if language == "fa" else "; ").join(
        f"{named(given['name'], language)} ({said})" for given in contents.inputs if (said := _said_of(given, language))
    )


def _said_of(given: Any, language: str) -> str:
    words = [str(given[key]) for key in ("universe", "provenance") if given.get(key)]
    return ("، " if language == "fa" else ", ").join(dict.fromkeys(named(word, language) for word in words))


def _map(contents: Contents, language: str) -> str:
    """From boundaries, else cells around the points, or dots where the places are many; nothing without either."""
    ranked = contents.ranked
    tiers = dict(zip(ranked["area"], ranked["tier"], strict=True))
    codes = set(contents.areas["area"]) | set(contents.hatched)
    shapes = {code: boundary for code, boundary in contents.boundaries.items() if code in codes}
    points = {code: point for code, point in contents.points.items() if code in codes}
    title = contents.title[language]
    if not shapes and len(points) > figures.MANY:
        return tag("figure", figures.dots(points, tiers, title=title, language=language), class_="map")
    if not shapes and not points:
        return ""
    drawn = figures.choropleth(
        shapes or figures.schematic_cells(points),
        tiers,
        title=title,
        language=language,
        schematic=not shapes,
        names=contents.names,
        hatched=contents.hatched,
    )
    return tag("figure", drawn, class_="map")


def _overview(contents: Contents, language: str) -> str:
    """What hangs on a wall: the map beside the order, and the order by number of people."""
    rows = contents.ranked
    title, ranks = ("by_score", len(rows)) if contents.is_index else ("by_rate", None)
    orders = [_order(rows, title, DRAWN, language, ranks=ranks)]
    if "tier_people" in rows and rows["tier_people"].isin(list(TIERS)).any():
        people = rows.assign(estimate=rows["people"], low=rows["people_low"], high=rows["people_high"])
        orders.append(_order(people.assign(tier=rows["tier_people"]), "by_people", DRAWN_PEOPLE, language))
    return tag("div", _map(contents, language), *orders, class_="split")


def _order(rows: pd.DataFrame, title: str, most: int, language: str, ranks: int | None = None) -> str:
    """The first areas in order, each with its interval."""
    if rows["estimate"].isna().all():
        return ""
    said = say(title, language)
    if len(rows) > most:
        said += f" ({say('first', language, shown=number(most, language), total=number(len(rows), language))})"
    first = rows.sort_values("estimate", ascending=False).head(most)
    return tag("figure", tag("h2", clean(said)), figures.caterpillar(first, language, ranks=ranks), class_=title)


def _profiles(contents: Contents, language: str) -> str:
    """The indicators of the first areas of the list that have any, drawn on one scale."""
    if contents.is_index or contents.profile.empty:
        return ""
    known = contents.profile[contents.profile["estimate"].notna()]
    codes = contents.ranked["area"]
    codes = codes[codes.isin(known["area"])].head(PROFILES)
    if codes.empty:
        return ""
    shown = known[known["area"].isin(codes)]
    top = figures.scale_end([shown[name] for name in figures.PROFILED])
    drawn = [
        tag(
            "figure",
            tag("h3", clean(contents.names[code][language])),
            figures.profile(shown[shown["area"] == code], language, dimensions=CATEGORIES, top=top),
        )
        for code in codes
    ]
    return _titled("profiles", tag("div", *drawn, class_="profiles"), language)


def _unranked(contents: Contents, language: str) -> str:
    names = contents.names
    entries = [
        tag("li", tag("b", clean(names.get(code, {}).get(language, code))), ": ", clean(_why(why, language)))
        for code, why in contents.unranked()
    ]
    return _titled("unranked", tag("ul", *entries, class_="unranked"), language) if entries else ""


def _why(why: Any, language: str) -> str:
    return str(why[language]) if why else say("no_estimate", language)


def _titled(key: str, inside: str, language: str) -> str:
    return tag("section", tag("h2", clean(say(key, language))), inside)


def _sentences(key: str, sentences: Iterable[Text], language: str) -> str:
    said = [tag("p", clean(sentence[language])) for sentence in sentences]
    return _titled(key, "".join(said), language) if said else ""


def _inputs(contents: Contents, language: str) -> str:
    """Each file with its hash, then what else is needed to run it again."""
    heads = [say("input", language), say("rows", language), say("picture", language), "SHA-256"]
    rows = [
        tag(
            "tr",
            tag("th", clean(named(given["name"], language)), " ", _code(given.get("file", "")), scope="row"),
            tag("td", clean(number(given.get("rows"), language)), class_="num"),
            tag("td", clean(_said_of(given, language))),
            tag("td", _code(given["sha256"]), class_="hash"),
        )
        for given in contents.inputs
    ]
    seed = persian_digits(contents.seed) if language == "fa" else str(contents.seed)
    versions = ", ".join(f"{package} {version}" for package, version in contents.versions.items())
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", clean(h), scope="col") for h in heads))),
        tag("tbody", *rows),
        class_="inputs",
    )
    facts = [
        tag(
            "p",
            f"{clean(say('seed', language))}: {clean(seed)} · {clean(say('versions', language))}: {_code(versions)}",
        ),
        tag("p", clean(say("verify", language))),
    ]
    return _titled("inputs", table + "".join(facts), language)


def _code(text: object) -> str:
    return tag("code", clean(text), dir="ltr") if text else ""


@cache
def _font() -> str:
    face = b64encode(files("hamyar").joinpath("report_files/vazirmatn.woff2").read_bytes()).decode()
    return (
        f"@font-face{{font-family:Vazirmatn;font-weight:100 900;src:url(data:font/woff2;base64,{face})format('woff2')}}"
    )


@cache
def _style() -> str:
    return files("hamyar").joinpath("report_files/report.css").read_text(encoding="utf-8")
