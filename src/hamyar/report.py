"""The self-contained page of a round: map, areas with their intervals, reasons, method and inputs, in Persian and English."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import pandas as pd

from hamyar import figures
from hamyar.figures.svg import TIERS, tag
from hamyar.figures.svg import clean as escaped
from hamyar.persian import calendars
from hamyar.persian.numbers import absent, between, number, percent

Text = Mapping[str, str]
LANGUAGES = ("fa", "en")


@dataclass(frozen=True)
class Contents:
    """What a report says.

    title, method, notes: texts {"fa", "en"}; date: of the rules in force; kind: "measure" (rates from 0 to 1, people, tiers
    from a sample or a model) or "index" (scores from 0 to 100, tiers over weightings and normalisations).
    areas: a row per area with area (code), name_fa, name_en, estimate, low, high, n, estimate_kind, population, people,
    people_low, people_high, p_worst, tier, rank, rank_low, rank_high, settling_n, reason_fa, reason_en, universe, provenance; profile: a
    row per area and indicator as `figures.profile` reads it. boundaries: code → polygon; points: code → (lon, lat), for a schematic map where
    there are no boundaries. hatched: code → {"fa", "en", "name_fa", "name_en"}, areas of the map that have no rank and why.
    inputs: name, file, sha256, rows, universe, provenance of each; versions: package → version.
    """

    title: Text
    date: date
    kind: Literal["measure", "index"]
    areas: pd.DataFrame
    seed: int
    inputs: Sequence[Mapping[str, Any]]
    versions: Mapping[str, str]
    method: Sequence[Text]
    notes: Sequence[Text] = ()
    profile: pd.DataFrame = field(default_factory=pd.DataFrame)
    boundaries: Mapping[str, Any] = field(default_factory=dict)
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    hatched: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def page(contents: Contents) -> str:
    """The report as one HTML file that needs no network and no script."""
    articles = "".join(_article(contents, language) for language in LANGUAGES)
    return f'<!doctype html><html lang="fa"><head><meta charset="utf-8"><title>{escaped(contents.title["fa"])}</title><style>{_font()}</style></head><body>{articles}</body></html>'


def _article(contents: Contents, language: str) -> str:
    return tag(
        "article",
        tag("h1", escaped(contents.title[language])),
        tag("p", escaped(_dates(contents.date, language))),
        _map(contents, language),
        _table(contents, language),
        *(tag("p", escaped(sentence[language])) for sentence in [*contents.method, *contents.notes]),
        lang=language,
        dir="rtl" if language == "fa" else "ltr",
    )


def _dates(day: date, language: str) -> str:
    return " · ".join(calendars.written(day, calendar, language) for calendar in ("jalali", "gregorian"))


def _map(contents: Contents, language: str) -> str:
    shapes = contents.boundaries or figures.schematic_cells(contents.points)
    if not shapes:
        return ""
    rows = contents.areas
    return figures.choropleth(
        shapes,
        dict(zip(rows["area"], rows["tier"], strict=True)),
        title=contents.title[language],
        language=language,
        schematic=not contents.boundaries,
        names=_names(contents),
        hatched={code: why for code, why in contents.hatched.items() if code in shapes},
    )


def _names(contents: Contents) -> dict[str, dict[str, str]]:
    rows = contents.areas
    names = {
        code: {"fa": fa, "en": en} for code, fa, en in zip(rows["area"], rows["name_fa"], rows["name_en"], strict=True)
    }
    hatched = {
        code: {language: why.get(f"name_{language}", "") for language in LANGUAGES}
        for code, why in contents.hatched.items()
    }
    return names | hatched


def _table(contents: Contents, language: str) -> str:
    ordered = contents.areas.sort_values("rank")
    return tag("table", *(_row(contents, row, language) for row in ordered.itertuples()))


def _row(contents: Contents, row: Any, language: str) -> str:
    value = _value(contents, language)
    cells = [
        getattr(row, f"name_{language}"),
        value(row.estimate),
        "" if absent(row.low) else between(value(row.low), value(row.high), language),
        number(row.people, language),
        TIERS[row.tier][language],
        percent(row.p_worst, language, 0),
        str(getattr(row, f"reason_{language}")),
    ]
    return tag("tr", *(tag("td", escaped(cell)) for cell in cells))


def _value(contents: Contents, language: str) -> Any:
    if contents.kind == "measure":
        return lambda value: percent(value, language)
    return lambda value: number(value, language, 1)


@cache
def _font() -> str:
    face = b64encode(files("hamyar").joinpath("report_files/vazirmatn.woff2").read_bytes()).decode()
    return (
        f"@font-face{{font-family:Vazirmatn;font-weight:100 900;src:url(data:font/woff2;base64,{face})format('woff2')}}"
    )
