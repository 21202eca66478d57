"""Plots are rendered to SVG, in both languages, and hold what they say."""

from __future__ import annotations

import builtins
import re

import numpy as np
import pandas as pd
import pytest

from hamyar import plots
from hamyar.area_index import AreaIndex
from hamyar.errors import HamyarError
from hamyar.figures import schematic_cells
from hamyar.small_area import FayHerriot, NestedError

vl_convert = pytest.importorskip("vl_convert")


def svg(chart) -> str:
    return str(vl_convert.vegalite_to_svg(chart.to_json()))


@pytest.fixture(scope="module")
def diagnostics() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    names = pd.Index(["نیشابور", "کاشمر", "قوچان", *(f"محدوده {i}" for i in range(9))])
    y = pd.Series(rng.normal(size=12) + 3, index=names)
    return FayHerriot().fit(y, rng.uniform(0.2, 1, 12), rng.normal(size=12)).diagnostics()


@pytest.fixture(scope="module")
def index() -> AreaIndex:
    rng = np.random.default_rng(1)
    data = pd.DataFrame(rng.lognormal(size=(10, 3)), columns=["بی‌سوادی", "بیکاری", "بار تکفل"])
    return AreaIndex(dict.fromkeys(data.columns, 1)).fit(
        data.assign(area=[f"شهرستان {i}" for i in range(10)]), draws=120
    )


@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("name", ["residuals", "shrinkage", "gain"])
def test_diagnostics(diagnostics, name, language):
    text = svg(getattr(plots, name)(diagnostics, language))
    assert plots.WORDS[f"{name}_title"][language == "en"] in text
    assert text.count("aria-roledescription") >= 12, "a mark for each area"


@pytest.mark.parametrize("language", ["fa", "en"])
def test_index(index, language):
    for chart, title in (
        (plots.ranks(index.table(), language), "ranks"),
        (plots.sensitivity(index.sensitivity(draws=60), language), "sensitivity"),
    ):
        text = svg(chart)
        assert plots.WORDS[f"{title}_title"][language == "en"] in text
        assert "شهرستان ۱" not in text, "names stay as they are written"
        assert "شهرستان 1" in text


def test_residuals_of_units():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"area": np.arange(60) % 6, "x": rng.normal(size=60)}).assign(
        y=lambda f: f["x"] + rng.normal(size=60)
    )
    assert "ماندهٔ استاندارد" in svg(
        plots.residuals(NestedError().fit(frame, y="y", X=["x"], area="area").diagnostics())
    )


def test_persian_axes_have_persian_digits(diagnostics):
    labels = [re.findall(r">([^<>]*)</text>", svg(plots.gain(diagnostics, language))) for language in ("fa", "en")]
    assert any(re.fullmatch(r"[۰-۹٫]+", label) for label in labels[0])
    assert not any(re.fullmatch(r"[0-9.]+", label) for label in labels[0])
    assert any(re.fullmatch(r"[0-9.]+", label) for label in labels[1])


def test_names_of_areas_stand_on_the_right_in_persian(diagnostics):
    sides = [
        plots.shrinkage(diagnostics, language).to_dict()["layer"][0]["encoding"]["y"]["axis"]["orient"]
        for language in ("fa", "en")
    ]
    assert sides == ["right", "left"]


def test_intervals_keep_their_order():
    table = pd.DataFrame(
        {"area": list("abc"), "estimate": [0.1, 0.3, 0.2], "low": [0.0, 0.2, 0.1], "high": [0.2, 0.4, 0.3]}
    )
    chart = plots.intervals(table, "en")
    assert chart.to_dict()["layer"][0]["encoding"]["y"]["sort"] == ["b", "c", "a"]
    assert "95% interval" in svg(chart)


def test_refused(diagnostics, monkeypatch):
    with pytest.raises(HamyarError, match=r"HY-F002 .*direct_se"):
        plots.gain(diagnostics.drop(columns="direct_se"))
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "altair":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(HamyarError, match="HY-F001"):
        plots.gain(diagnostics)


@pytest.mark.parametrize(("language", "words"), [("fa", ["آبادان نو", "۲۰٪", "سهم فقیران"]), ("en", ["20%", "± 5%"])])
def test_a_map_shows_each_area_its_share_and_how_sure_it_is(language: str, words: list[str]) -> None:
    cells = schematic_cells({"1": (60.0, 35.0), "2": (61.0, 35.5), "3": (60.5, 36.2)})
    table = pd.DataFrame(
        {"area": ["1", "2", "3"], "name": ["آبادان نو", "Second", "Third"], "estimate": [0.2, 0.1, 0.4]}
    )
    table = table.assign(low=table["estimate"] - 0.05, high=table["estimate"] + 0.05)
    drawn = svg(plots.poverty_map(cells, table, language))
    for word in words:
        assert word in drawn
    assert drawn.count(">Third<") == 2, "once in each map"
    shapes = re.findall(r'<path [^>]*aria-roledescription="geoshape"[^>]*>', drawn)
    assert len(shapes) == 6
    assert len({re.search(r'fill="([^"]+)"', shape)[1] for shape in shapes}) == 4, "three shares, one width"
    as_json = {code: cell.__geo_interface__ for code, cell in cells.items()}
    assert (
        plots.poverty_map(as_json, table, language).to_dict()["hconcat"][0]["layer"][0]
        == (plots.poverty_map(cells, table, language).to_dict()["hconcat"][0]["layer"][0])
    )
    with pytest.raises(HamyarError, match="HY-F002.*low"):
        plots.poverty_map(cells, table.drop(columns="low"), language)
