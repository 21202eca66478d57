"""Maps and intervals: what must hold of every drawing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.dom.minidom import Document, parseString

import pandas as pd
import pytest
from shapely.geometry import Point, box
from shapely.ops import unary_union

from hamyar import figures
from hamyar.errors import HamyarError

LANGUAGES = ("fa", "en")
SQUARES = {f"0{i}": box(i % 3, 34 + i // 3, i % 3 + 1, 35 + i // 3) for i in range(6)}
TIERS = {"00": "surely_in", "01": "uncertain", "02": "uncertain", "03": "surely_out", "04": "surely_out"}
NAMES = {code: {"fa": f"نام {code}", "en": f"Name {code}"} for code in SQUARES}
HATCHED = {"05": {"fa": "بخشی از نام ۰۱ در ۱۳۹۵", "en": "part of Name 01 in 1395"}}


def areas(drawing: Document) -> dict[str, Any]:
    found = [path for path in drawing.getElementsByTagName("path") if path.getAttribute("data-area")]
    by_code = {path.getAttribute("data-area"): path for path in found}
    assert len(by_code) == len(found), "an area is drawn twice"
    return by_code


def texts(drawing: Document) -> list[str]:
    return ["".join(node.data for node in element.childNodes) for element in drawing.getElementsByTagName("text")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_area_is_drawn_once_in_its_tier_and_counted_in_the_legend(language: str) -> None:
    svg = figures.choropleth(SQUARES, TIERS, title="A map", language=language, names=NAMES, hatched=HATCHED)
    drawing = parseString(svg)
    kinds = {code: path.getAttribute("class") for code, path in areas(drawing).items()}
    assert kinds == {**{code: f"area {tier}" for code, tier in TIERS.items()}, "05": "area unranked"}
    legend = " ".join(texts(drawing))
    counted = {
        "en": ["surely in: 1", "uncertain: 2", "surely out: 2", "not ranked: 1"],
        "fa": ["قطعاً در اولویت: ۱", "نامشخص: ۲", "قطعاً خارج: ۲", "بدون رتبه: ۱"],
    }[language]
    assert [entry for entry in counted if entry not in legend] == []
    assert HATCHED["05"][language] in svg
    assert NAMES["00"][language].split()[1] in legend


def test_a_page_that_refuses_inline_style_and_script_holds_the_map() -> None:
    svg = figures.choropleth(
        SQUARES, TIERS, title="A map", language="fa", links={code: f"/p/{code}" for code in SQUARES}
    )
    assert "style" not in svg
    assert "script" not in svg
    assert len(parseString(svg).getElementsByTagName("a")) == 6


def test_names_are_escaped() -> None:
    names = {"00": {"fa": "<script>x</script>\x07&", "en": '"><b>'}}
    for language in LANGUAGES:
        svg = figures.choropleth({"00": SQUARES["00"]}, {}, title="<script>", language=language, names=names)
        parseString(svg)
        assert "<script" not in svg
        assert "<b>" not in svg


def test_a_boundary_without_a_tier_is_never_blank() -> None:
    drawing = parseString(figures.choropleth(SQUARES, {"00": "surely_in"}, title="A map", language="en"))
    assert [path.getAttribute("fill").startswith("url(#") for path in areas(drawing).values()] == [False] + [True] * 5


def test_two_drawings_on_a_page_share_no_id() -> None:
    ids = [
        {e.getAttribute("id") for e in parseString(svg).getElementsByTagName("*") if e.getAttribute("id")}
        for svg in (figures.choropleth(SQUARES, TIERS, title="A map", language=language) for language in LANGUAGES)
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


@pytest.mark.parametrize(
    "points",
    [
        {"a": (59, 36), "b": (60, 36), "c": (59.5, 37)},
        {"a": (58, 35), "b": (59, 36), "c": (60, 37)},
        {"a": (59, 36), "b": (59, 36), "c": (59, 36), "d": (60, 36)},
        {"a": (59, 36)},
        {"a": (59, 36), "b": (59, 36)},
        {f"{i}": (58 + i % 7 / 3, 35 + i // 7 / 2 + i % 2 / 9) for i in range(28)},
    ],
    ids=["three", "a line", "on one spot", "one", "two on one spot", "28"],
)
def test_cells_share_the_hull_without_overlap(points: dict[str, tuple[float, float]]) -> None:
    cells = figures.schematic_cells(points)
    assert list(cells) == list(points)
    assert all(cell.area > 0 for cell in cells.values())
    whole = unary_union(list(cells.values()))
    assert sum(cell.area for cell in cells.values()) == pytest.approx(whole.area, rel=1e-6)
    if len(set(points.values())) == len(points):
        assert all(cells[code].contains(Point(point)) for code, point in points.items())


def test_a_missing_point_is_said() -> None:
    with pytest.raises(HamyarError, match="HY-G003") as raised:
        figures.schematic_cells({"a": (59, 36), "b": (None, 36), "c": (59, 360)})
    assert len(raised.value.faults) == 2


@pytest.mark.parametrize(("language", "said"), [("fa", "۱ محدوده نقطه‌ای ندارد"), ("en", "1 areas have no point")])
def test_many_places_are_dots_and_those_without_a_point_are_counted(language: str, said: str) -> None:
    tiers = {f"{i}": ("surely_in", "uncertain", "surely_out")[i % 3] for i in range(3000)} | {"nowhere": "uncertain"}
    points: dict[str, Any] = {f"{i}": (58 + i % 60 / 20, 35 + i // 60 / 30) for i in range(3000)}
    svg = figures.dots(points, tiers, title="<Places>", language=language)
    paths = [p for p in parseString(svg).getElementsByTagName("path") if p.getAttribute("data-places")]
    drawn = {p.getAttribute("class"): (p.getAttribute("data-places"), p.getAttribute("d").count("M")) for p in paths}
    assert drawn == {f"places {tier}": ("1000", 1000) for tier in ("surely_in", "uncertain", "surely_out")}
    assert said in svg
    assert len(svg) < 80_000
    with pytest.raises(HamyarError, match="HY-G005"):
        figures.dots({}, tiers, title="Places", language=language)


def test_no_area_and_no_polygon_are_said() -> None:
    with pytest.raises(HamyarError, match="HY-G001"):
        figures.choropleth({}, {}, title="A map", language="fa")
    for boundary in ({"type": "Point", "coordinates": [59, 36]}, None, {"type": "Nothing"}, "polygon"):
        with pytest.raises(HamyarError, match="HY-G002"):
            figures.choropleth({"a": boundary}, {}, title="A map", language="fa")


def profile_rows() -> pd.DataFrame:
    columns = (
        "indicator title_fa title_en dimension estimate low high contribution province_estimate provenance".split()
    )
    rows = [
        ("a", "بی‌سوادی", "Illiteracy <x>", "education", 0.12, 0.08, 0.2, 0.2, 0.1, "survey"),
        ("b", "ترک تحصیل", "Out of school", "education", 0.23, 0.2, 0.3, 0.3, None, "model"),
        ("c", "تراکم", "Overcrowding", "housing", 0.05, None, None, 0.5001, 0.04, "synthetic"),
        ("d", "آب", "Water", "housing", None, None, None, None, None, "survey"),
    ]
    return pd.DataFrame(rows, columns=columns)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_profile_tells_measured_modelled_and_invented_apart(language: str) -> None:
    drawing = parseString(figures.profile(profile_rows(), language))
    marks = [e.getAttribute("class") for e in drawing.getElementsByTagName("*") if "mark" in e.getAttribute("class")]
    assert sorted(marks[:3]) == ["mark measured", "mark model", "mark synthetic"]
    assert sorted(marks[3:]) == sorted(marks[:3]), "the key explains what is drawn"
    titles = [t for t in texts(drawing) if t in set(profile_rows()[f"title_{language}"])]
    first, second = ("تراکم", "ترک تحصیل") if language == "fa" else ("Overcrowding", "Out of school")
    assert titles[:2] == [first, second], "by contribution"
    assert len(titles) == 3


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(HamyarError, match="HY-G004"):
        figures.profile(profile_rows().iloc[3:], "fa")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_caterpillar_has_a_mark_for_every_area_with_an_estimate(language: str) -> None:
    rows = profile_rows().assign(name_fa="نام", name_en="Name", tier="uncertain", estimate_kind="direct")
    drawing = parseString(figures.caterpillar(rows, language))
    assert len([e for e in drawing.getElementsByTagName("*") if "mark" in e.getAttribute("class")]) == 3


def test_ranks_are_drawn_with_the_worst_at_the_right() -> None:
    rows = profile_rows().iloc[:2].assign(name_fa="نام", name_en="Name", tier="uncertain", estimate_kind="index")
    rows = rows.assign(rank=[2, 1], rank_low=[1, 1], rank_high=[9, 3])
    drawing = parseString(figures.caterpillar(rows, "en", ranks=9))
    marks = [float(e.getAttribute("cx")) for e in drawing.getElementsByTagName("circle")]
    assert marks[0] > marks[1], "rank 1 stands right of rank 2"


@pytest.mark.parametrize(("language", "said"), [("fa", "۱۲٫۰٪ تا ۱۵٫۰٪"), ("en", "12.0% to 15.0%")])
def test_an_interval_is_said_and_stays_on_its_scale(language: str, said: str) -> None:
    svg = figures.interval(0.12, 0.13, 0.15, scale=(0, 0.14), language=language)
    assert said in svg.replace("\u061c", "")
    marks = parseString(svg).getElementsByTagName("circle")
    assert 0 < float(marks[0].getAttribute("cx")) < 96


@pytest.mark.shared
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_real_counties_are_a_small_map(shared: Path, language: str) -> None:
    features = json.loads((shared / "iran/kr_counties_34_osm_simplified.geojson").read_text(encoding="utf-8"))[
        "features"
    ]
    boundaries = {f["properties"]["code"]: f["geometry"] for f in features}
    names = {
        f["properties"]["code"]: {"fa": f["properties"]["name"], "en": f["properties"]["name_en"]} for f in features
    }
    tiers = {code: ("surely_in", "uncertain", "surely_out")[int(code) % 3] for code in boundaries if code < "0940"}
    svg = figures.choropleth(boundaries, tiers, title="نقشه", language=language, names=names)
    assert len(svg.encode()) < 40_000
    assert set(areas(parseString(svg))) == set(boundaries)
