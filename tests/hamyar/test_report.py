"""The report: one file, two languages, every area with its interval, nothing ranked that has no rank."""

from __future__ import annotations

import gzip
import re
from datetime import date
from typing import Any
from xml.dom.minidom import Element, parseString

import pandas as pd
import pytest
from shapely.geometry import box

from hamyar import report
from hamyar.figures import TIERS

LANGUAGES = ("fa", "en")
KINDS = ("surely_in", "uncertain", "uncertain", "surely_out", "surely_out")
HATCHED = {
    "09": {"fa": "بخشی از نام ۱ در ۱۳۹۵", "en": "part of Name 1 in 1395", "name_fa": "هاشورخورده", "name_en": "Hatched"}
}


def rows(areas: int = 5, **columns: Any) -> pd.DataFrame:
    """Areas 00, 01, … with falling rates; an int repeats, a list is by area."""
    worst = [0.6 - 0.5 * i / areas for i in range(areas)]
    given: dict[str, Any] = {
        "area": [f"{i:02}" for i in range(areas)],
        "name_fa": [f"نام {i}" for i in range(areas)],
        "name_en": [f"Name {i}" for i in range(areas)],
        "estimate": worst,
        "low": [value - 0.05 for value in worst],
        "high": [value + 0.05 for value in worst],
        "n": 40,
        "estimate_kind": "model",
        "people": [1000 * (i + 1) for i in range(areas)],
        "people_low": [900 * (i + 1) for i in range(areas)],
        "people_high": [1100 * (i + 1) for i in range(areas)],
        "p_worst": [1 - i / areas for i in range(areas)],
        "tier": [KINDS[min(i, 4)] for i in range(areas)],
        "tier_people": [KINDS[min(i, 4)] for i in range(areas)],
        "rank": range(1, areas + 1),
        "rank_low": 1,
        "rank_high": areas,
        "settling_n": pd.array([0, 120, None, *[0] * (areas - 3)], dtype="Int64"),
        "reason_fa": [f"دلیل {i}" for i in range(areas)],
        "reason_en": [f"Reason {i}" for i in range(areas)],
        "universe": "probability_sample",
        "provenance": "survey",
    }
    return pd.DataFrame(given | columns)


def contents(**changed: Any) -> report.Contents:
    given: dict[str, Any] = {
        "title": {"fa": "محرومیت خانوار", "en": "Household deprivation"},
        "date": date(2024, 12, 2),
        "kind": "measure",
        "areas": rows(),
        "seed": 1405,
        "inputs": [
            {
                "name": "sample",
                "file": "survey.parquet",
                "sha256": "ab" * 32,
                "rows": 1579,
                "universe": "probability_sample",
                "provenance": "survey",
            }
        ],
        "versions": {"hamyar": "0.1.0"},
        "method": [{"fa": "روش گفته می‌شود.", "en": "The method is said."}],
        "boundaries": {f"0{i}": box(i, 36, i + 1, 37) for i in (0, 1, 2, 3, 4, 9)},
        "hatched": HATCHED,
    }
    return report.Contents(**(given | changed))


def articles(page: str) -> dict[str, Element]:
    """The article of each language; the page must be well formed."""
    drawn = parseString(page.removeprefix("<!doctype html>"))
    return {article.getAttribute("lang"): article for article in drawn.getElementsByTagName("article")}


def said(element: Element) -> str:
    pieces = [said(n) if n.nodeType == n.ELEMENT_NODE else n.data for n in element.childNodes]
    return " ".join(pieces).replace("\u061c", "")


def table(article: Element, name: str) -> Element:
    return next(t for t in article.getElementsByTagName("table") if t.getAttribute("class") == name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_area_stands_once_in_the_table_with_its_tier_reason_and_what_would_settle_it(language: str) -> None:
    bodies = table(articles(report.page(contents()))[language], "areas").getElementsByTagName("tbody")
    texts = [said(body) for body in bodies]
    assert len(texts) == 5
    digits = "۰۱۲۳۴" if language == "fa" else "01234"
    for i, text in enumerate(texts):
        assert (f"نام {i}" if language == "fa" else f"Name {i}") in text
        assert (f"دلیل {i}" if language == "fa" else f"Reason {i}") in text
        assert TIERS[KINDS[i]][language] in text
        assert digits[1] in text
    settled, soon, never = texts[0], texts[1], texts[2]
    assert ("۱۲۰ خانوار" if language == "fa" else "120 more households") in soon
    assert ("هیچ نمونه‌ای" if language == "fa" else "no sample") in never
    assert ("تکلیف" if language == "fa" else "settle") not in settled


@pytest.mark.parametrize(("language", "interval"), [("fa", "(۵۵٫۰٪ تا ۶۵٫۰٪)"), ("en", "(55.0% to 65.0%)")])
def test_a_rate_and_its_people_stand_side_by_side_with_their_intervals(language: str, interval: str) -> None:
    first = said(table(articles(report.page(contents()))[language], "areas").getElementsByTagName("tbody")[0])
    assert interval in first
    assert ("(۹۰۰ تا ۱٬۱۰۰)" if language == "fa" else "(900 to 1,100)") in first


def test_both_dates_both_languages_and_what_is_needed_to_run_it_again() -> None:
    both = {language: said(article) for language, article in articles(report.page(contents())).items()}
    assert set(both) == set(LANGUAGES)
    assert "۱۲ آذر ۱۴۰۳ · ۲ دسامبر ۲۰۲۴" in both["fa"]
    assert "12 Azar 1403 · 2 December 2024" in both["en"]
    for text in both.values():
        assert "ab" * 32 in text
        assert "survey.parquet" in text
        assert "hamyar 0.1.0" in text
    assert "۱۴۰۵" in both["fa"]
    assert "The method is said." in both["en"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_has_no_rank_is_listed_with_its_reason_and_never_in_the_table(language: str) -> None:
    areas = rows(tier=["surely_in", "uncertain", "surely_out", "surely_out", None])
    article = articles(report.page(contents(areas=areas)))[language]
    in_table, whole = said(table(article, "areas")), said(article)
    for name, why in (
        (HATCHED["09"][f"name_{language}"], HATCHED["09"][language]),
        ("نام 4", "برآوردی در دست نیست") if language == "fa" else ("Name 4", "there is no estimate"),
    ):
        assert name not in in_table
        assert re.search(rf"{name}\s*:\s*{why}", whole)


def test_an_area_that_is_hatched_loses_its_place_in_the_table() -> None:
    areas = rows(area=["09", "01", "02", "03", "04"])
    article = articles(report.page(contents(areas=areas)))["en"]
    assert len(table(article, "areas").getElementsByTagName("tbody")) == 4


def test_the_file_needs_no_network_and_no_script() -> None:
    page = re.sub(r"base64,[\w+/=]+", "", report.page(contents()))
    addresses = set(re.findall(r"(?:https?:)?//[\w.]+[^\"' )]*", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert "<script" not in page
    assert re.findall(r"url\((?!data:font/woff2;|#)", page) == []
    assert "@media print" in page


def test_names_and_titles_are_escaped() -> None:
    evil = "<script>alert(1)</script>"
    page = report.page(
        contents(
            title={"fa": evil, "en": evil},
            areas=rows(name_fa=evil, name_en=evil, reason_fa=evil, reason_en=evil),
            method=[{"fa": evil, "en": evil}],
            hatched={"09": {"fa": evil, "en": evil, "name_fa": evil, "name_en": evil}},
        )
    )
    articles(page)
    assert "<script" not in page
    assert page.count("&lt;script") > 20


def test_invented_figures_are_said_to_be_invented_before_any_number() -> None:
    for language, band in (("fa", "ساختگی است"), ("en", "are fictive")):
        invented = articles(report.page(contents(areas=rows(provenance="synthetic"))))[language]
        assert band in said(invented.getElementsByTagName("p")[0])
        assert band not in said(articles(report.page(contents()))[language])


def test_figures_of_a_list_are_among_those_assessed() -> None:
    listed = rows(universe="list", low=None, high=None, people_low=None, people_high=None)
    for language, words in (("fa", "در میان ارزیابی‌شدگان"), ("en", "among those assessed")):
        article = articles(report.page(contents(areas=listed)))[language]
        assert words in said(article.getElementsByTagName("p")[0])
        assert words in said(table(article, "areas").getElementsByTagName("thead")[0])


def test_an_index_speaks_of_weightings_and_has_no_interval_of_people() -> None:
    scores = rows(estimate_kind="index", low=None, high=None, people=None, people_low=None, people_high=None, n=None)
    scores["estimate"] *= 100
    article = articles(report.page(contents(kind="index", areas=scores)))["en"]
    assert "over weightings and normalisations, not over samples" in said(article)
    assert "95% interval" not in said(
        table(article, "areas").getElementsByTagName("tbody")[0].getElementsByTagName("tr")[1]
    )
    first = table(article, "areas").getElementsByTagName("tbody")[0]
    assert "Rank 1 of 5 (under other weights and methods, between 1 and 5)" in said(first)
    assert first.getElementsByTagName("tr")[1].getElementsByTagName("td")[0].getAttribute("colspan") == "4"
    assert len(first.getElementsByTagName("tr")[0].getElementsByTagName("td")) == 3, (
        "score, rank drawn, tier: no people"
    )
    bar = first.getElementsByTagName("svg")[0].getElementsByTagName("path")[1]
    assert bar.getAttribute("d") == "M89.0 8.0H7.0", "the interval of the rank, from the last to the first"


def test_without_boundaries_the_map_is_schematic_and_without_points_there_is_none() -> None:
    points = {f"0{i}": (59 + i, 36 + i % 2) for i in range(5)}
    drawn = articles(report.page(contents(boundaries={}, points=points, hatched={})))
    assert "schematic" in said(drawn["en"])
    assert "طرح‌واره" in said(drawn["fa"])
    assert 'data-area="' not in report.page(contents(boundaries={}))


def test_profiles_of_the_first_areas_are_drawn_on_one_scale() -> None:
    profile = pd.DataFrame(
        {
            "area": ["00", "01", "02"],
            "indicator": "water",
            "title_fa": "آب",
            "title_en": "Water",
            "dimension": "services",
            "estimate": [0.2, None, 0.7],
            "low": 0.1,
            "high": [0.3, None, 0.8],
            "contribution": 1.0,
            "province_estimate": 0.1,
            "provenance": "survey",
        }
    )
    page = report.page(contents(profile=profile))
    assert page.count('class="province"') == 2 * 2 * 2, "two areas, each with its key, in two languages"
    places = re.findall(r'd="M([\d.]+) [\d.]+V[\d.]+"[^>]*class="province"', page)
    assert len({place for place in places if float(place) < 100 and float(place) not in (10, 210)}) == 1


@pytest.mark.parametrize("areas", [28, 250, 2500])
def test_the_page_stays_small(areas: int) -> None:
    points = {f"{i:02}": (57 + i % 50 / 12, 34 + i // 50 / 13) for i in range(areas)}
    page = report.page(contents(areas=rows(areas), boundaries={}, points=points, hatched={}))
    assert len(gzip.compress(page.encode())) < 150_000
    shown = table(articles(page)["en"], "areas").getElementsByTagName("tbody")
    assert len(shown) == (areas if areas <= 300 else 200)
    assert ("areas.parquet" in page) == (areas > 300)
    assert ('data-places="' in page) == (areas > 100)
