"""Plots for a notebook, by Altair: what a model did to the direct estimates, and how far an order rests on choices.

Every function takes a frame of the library and gives an Altair chart; language "fa" (default) or "en".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hamyar.errors import error
from hamyar.persian import persian_digits

FONT = "Vazirmatn, Tahoma, sans-serif"
BLUE, ORANGE, GREY = "#1f5a99", "#c8553d", "#8a8f98"
MOST_AREAS = 60
WORDS = {
    "area": ("محدوده", "area"),
    "direct": ("برآورد مستقیم", "direct estimate"),
    "model": ("برآورد مدل", "model estimate"),
    "synthetic": ("بخش ترکیبی", "synthetic part"),
    "estimate": ("برآورد", "estimate"),
    "gamma": ("سهم نمونه", "weight of the sample (γ)"),
    "residual": ("ماندهٔ استاندارد", "standardised residual"),
    "quantile": ("چندک نرمال", "normal quantile"),
    "direct_se": ("خطای معیار مستقیم", "direct standard error"),
    "se": ("خطای معیار مدل", "model standard error"),
    "share": ("سهم از واریانس رتبه", "share of the variance of the rank"),
    "rank": ("رتبه (۱ محروم‌ترین)", "rank (1 the most deprived)"),
    "choice": ("انتخاب", "choice"),
    "normalisation": ("هم‌مقیاس‌سازی", "normalisation"),
    "aggregation": ("شیوهٔ میانگین", "aggregation"),
    "weights": ("وزن‌ها", "weights"),
    "interplay": ("اثر متقابل", "interplay"),
    "residuals_title": ("مانده‌ها: آیا مدل با داده می‌خواند؟", "Residuals: does the model fit?"),
    "shrinkage_title": (
        "مدل برآورد مستقیم را چه اندازه جابه‌جا کرده است؟",
        "How far did the model move the direct estimates?",
    ),
    "gain_title": ("مدل چه اندازه دقت افزوده است؟", "How much precision does the model add?"),
    "intervals_title": ("برآورد هر محدوده با فاصلهٔ اطمینان ۹۵ درصد", "Estimate by area with its 95% interval"),
    "sensitivity_title": ("رتبهٔ هر محدوده بیشتر به کدام انتخاب بسته است؟", "Which choice moves each area's rank most?"),
    "ranks_title": ("رتبه و فاصلهٔ آن", "Rank and its interval"),
    "poor": ("سهم فقیران", "Share who are poor"),
    "half": ("نیمهٔ پهنای فاصلهٔ اطمینان", "half the width of the 95% interval"),
    "map_title": ("فقر در هر محدوده، و چه اندازه مطمئن است", "Poverty by area, and how sure it is"),
}


def _altair() -> Any:
    try:
        import altair
    except ImportError:
        raise error(
            "HY-F001",
            en='Plots need Altair. Install it with: pip install "hamyar[plots]"',
            fa='نمودارها به Altair نیاز دارند. آن را نصب کنید: pip install "hamyar[plots]"',
        ) from None
    return altair


def _word(key: str, language: str) -> str:
    return WORDS[key][0 if language == "fa" else 1]


def _digits() -> str:
    """A Vega expression that writes an axis label in Persian digits."""
    text = "datum.label"
    for digit in range(10):
        text = f"replace({text}, regexp('{digit}', 'g'), '{persian_digits(digit)}')"
    return f"replace({text}, '.', '٫')"


def _axis(language: str, **options: Any) -> Any:
    return _altair().Axis(**({"labelExpr": _digits()} if language == "fa" else {}), **options)


def _legend(language: str) -> Any:
    return _altair().Legend(**({"labelExpr": _digits()} if language == "fa" else {}))


def _needs(frame: pd.DataFrame, names: tuple[str, ...]) -> None:
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise error(
            "HY-F002",
            en=f"The frame has no column {', '.join(missing)}; this plot wants {', '.join(names)}.",
            fa=f"این جدول ستون {'، '.join(missing)} را ندارد؛ این نمودار {'، '.join(names)} می‌خواهد.",
        )


def _finished(chart: Any, title: str, language: str) -> Any:
    anchor = "end" if language == "fa" else "start"
    alt = _altair()
    return chart.properties(title=alt.Title(_word(title, language), anchor=anchor)).configure(
        font=FONT, background="white", axis=alt.AxisConfig(gridColor="#e8eaed", labelLimit=220), view={"stroke": None}
    )


def _area_axis(language: str, order: list[Any], name: str = "area") -> Any:
    alt = _altair()
    side = "right" if language == "fa" else "left"
    return alt.Y(f"{name}:N", sort=order, title=None, axis=alt.Axis(orient=side))


def _line(low: float, high: float) -> Any:
    """The diagonal on which both are equal."""
    alt = _altair()
    ends = pd.DataFrame({"x": [low, high], "y": [low, high]})
    return alt.Chart(ends).mark_line(color=GREY, strokeDash=[4, 4]).encode(x="x:Q", y="y:Q")


def residuals(diagnostics: pd.DataFrame, language: str = "fa") -> Any:
    """Standardised residuals against normal quantiles: on the diagonal where the model holds.

    diagnostics: of `FayHerriot`, `NestedError` or `EmpiricalBest`. Raises HY-F001 (no Altair), HY-F002 (columns).
    """
    from scipy.special import ndtri

    _needs(diagnostics, ("standardised",))
    alt = _altair()
    named = diagnostics if "area" in diagnostics else diagnostics.assign(area=diagnostics.index.astype(str))
    ordered = named.sort_values("standardised")
    ordered["quantile"] = ndtri((np.arange(len(ordered)) + 0.5) / len(ordered))
    reach = float(max(ordered["quantile"].abs().max(), ordered["standardised"].abs().max()))
    points = (
        alt.Chart(ordered[["area", "quantile", "standardised"]])
        .mark_circle(color=BLUE, size=45, opacity=0.8)
        .encode(
            x=alt.X("quantile:Q", title=_word("quantile", language), axis=_axis(language)),
            y=alt.Y("standardised:Q", title=_word("residual", language), axis=_axis(language)),
            tooltip=["area:N", alt.Tooltip("standardised:Q", format=".2f")],
        )
    )
    return _finished(_line(-reach, reach) + points, "residuals_title", language)


def shrinkage(diagnostics: pd.DataFrame, language: str = "fa") -> Any:
    """Direct and model estimate of each area, joined: the smaller γ, the longer the way. At most 60 areas, those moved furthest."""
    _needs(diagnostics, ("direct", "estimate", "gamma"))
    alt = _altair()
    frame = diagnostics.assign(area=diagnostics.index.astype(str))
    furthest = (frame["estimate"] - frame["direct"]).abs().sort_values(ascending=False).index[:MOST_AREAS]
    frame = frame.loc[furthest, ["area", "direct", "estimate", "gamma"]].sort_values("estimate", ascending=False)
    y = _area_axis(language, frame["area"].tolist())
    x = alt.X("direct:Q", title=_word("estimate", language), axis=_axis(language), scale=alt.Scale(zero=False))
    base = alt.Chart(frame).encode(y=y)
    way = base.mark_rule(color=GREY).encode(x=x, x2="estimate:Q")
    kinds = [_word("direct", language), _word("model", language)]
    long = frame.melt(["area", "gamma"], ["direct", "estimate"], "kind", "value")
    long["kind"] = long["kind"].map(dict(zip(("direct", "estimate"), kinds, strict=True)))
    dots = (
        alt.Chart(long)
        .mark_point(filled=True, size=55, opacity=1)
        .encode(
            y=y,
            x="value:Q",
            color=alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[ORANGE, BLUE]), title=None),
            tooltip=["area:N", "kind:N", alt.Tooltip("value:Q", format=".4g"), alt.Tooltip("gamma:Q", format=".2f")],
        )
    )
    return _finished(way + dots, "shrinkage_title", language)


def gain(diagnostics: pd.DataFrame, language: str = "fa") -> Any:
    """Standard errors of model against direct estimates; below the diagonal the model is the surer."""
    _needs(diagnostics, ("direct_se", "se", "gamma"))
    alt = _altair()
    frame = diagnostics.assign(area=diagnostics.index.astype(str))[["area", "direct_se", "se", "gamma"]]
    reach = float(max(frame["direct_se"].max(), frame["se"].max()))
    points = (
        alt.Chart(frame)
        .mark_circle(size=50, opacity=0.85)
        .encode(
            x=alt.X("direct_se:Q", title=_word("direct_se", language), axis=_axis(language)),
            y=alt.Y("se:Q", title=_word("se", language), axis=_axis(language)),
            color=alt.Color(
                "gamma:Q",
                title=_word("gamma", language),
                scale=alt.Scale(range=["#9dbfe3", "#0f2f55"], domain=[0, 1]),
                legend=_legend(language),
            ),
            tooltip=["area:N", alt.Tooltip("direct_se:Q", format=".3g"), alt.Tooltip("se:Q", format=".3g")],
        )
    )
    return _finished(_line(0, reach) + points, "gain_title", language)


def intervals(table: pd.DataFrame, language: str = "fa") -> Any:
    """Estimates by area with their intervals, highest first, at most 60. table: area, estimate, low, high."""
    _needs(table, ("area", "estimate", "low", "high"))
    alt = _altair()
    frame = table.sort_values("estimate", ascending=False).head(MOST_AREAS)[["area", "estimate", "low", "high"]]
    base = alt.Chart(frame).encode(y=_area_axis(language, frame["area"].tolist()))
    rule = base.mark_rule(color=BLUE, strokeWidth=2, opacity=0.5).encode(
        x=alt.X("low:Q", title=_word("estimate", language), axis=_axis(language)), x2="high:Q"
    )
    dot = base.mark_point(filled=True, color=BLUE, size=55, opacity=1).encode(
        x="estimate:Q", tooltip=["area:N", *(alt.Tooltip(f"{c}:Q", format=".4g") for c in ("estimate", "low", "high"))]
    )
    return _finished(rule + dot, "intervals_title", language)


def _from_one(frame: pd.DataFrame) -> Any:
    return _altair().Scale(domain=[1, int(frame["rank_high"].max())], nice=False)


def ranks(table: pd.DataFrame, language: str = "fa") -> Any:
    """Rank and its interval by area, worst first, at most 60. table: of `AreaIndex.table` or `priority.tiers`."""
    _needs(table, ("area", "rank", "rank_low", "rank_high"))
    alt = _altair()
    frame = table.sort_values("rank").head(MOST_AREAS)[["area", "rank", "rank_low", "rank_high"]]
    base = alt.Chart(frame).encode(y=_area_axis(language, frame["area"].tolist()))
    rule = base.mark_rule(color=BLUE, strokeWidth=3, opacity=0.4).encode(
        x=alt.X(
            "rank_low:Q", title=_word("rank", language), axis=_axis(language, tickMinStep=1), scale=_from_one(frame)
        ),
        x2="rank_high:Q",
    )
    dot = base.mark_point(filled=True, color=BLUE, size=55, opacity=1).encode(x="rank:Q", tooltip=["area:N", "rank:Q"])
    return _finished(rule + dot, "ranks_title", language)


def sensitivity(shares: pd.DataFrame, language: str = "fa") -> Any:
    """Sobol shares of the choices by area, stacked to 1 with their interplay; areas whose rank nothing moves are left out.

    shares: of `AreaIndex.sensitivity`; its rows without an area are not drawn. At most 60 areas.
    """
    _needs(shares, ("area", "choice", "first", "total"))
    alt = _altair()
    wide = shares.dropna(subset="area").pivot_table(index="area", columns="choice", values="first", sort=False)
    wide = wide[wide.sum(axis=1) > 0].head(MOST_AREAS)
    wide["interplay"] = (1 - wide.sum(axis=1)).clip(lower=0)
    keys = ["weights", "normalisation", "aggregation", "interplay"]
    names = [_word(key, language) for key in keys]
    long = wide.reset_index().melt("area", keys, "choice", "share")
    long["place"] = long["choice"].map({key: i for i, key in enumerate(keys)})
    long["choice"] = long["choice"].map(dict(zip(keys, names, strict=True)))
    chart = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            y=_area_axis(language, wide.index.tolist()),
            x=alt.X(
                "share:Q",
                title=_word("share", language),
                axis=_axis(language, format=".1f"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            color=alt.Color(
                "choice:N", title=None, scale=alt.Scale(domain=names, range=[BLUE, ORANGE, "#e0b34d", "#d5d8dc"])
            ),
            order="place:Q",
            tooltip=["area:N", "choice:N", alt.Tooltip("share:Q", format=".2f")],
        )
    )
    return _finished(chart, "sensitivity_title", language)


def poverty_map(boundaries: Mapping[str, Any], table: pd.DataFrame, language: str = "fa") -> Any:
    """Two maps side by side: the estimated share of the poor, and half the width of its interval, written in each area.

    boundaries: area → polygon in degrees, of shapely or as a GeoJSON geometry; table: area, name, estimate, low, high, a
    row per area (shares). Up to 60 areas are labelled. Raises HY-F001 (no Altair), HY-F002 (columns).
    """
    _needs(table, ("area", "name", "estimate", "low", "high"))
    rows = [
        {
            "type": "Feature",
            "geometry": _wound(boundaries[area]),
            "name": str(name),
            "estimate": estimate,
            "half": half,
            "share": _percent(estimate, language),
            "error": "± " + _percent(half, language),
        }
        for area, name, estimate, half in zip(
            table["area"],
            table["name"],
            table["estimate"].tolist(),
            ((table["high"] - table["low"]) / 2).tolist(),
            strict=True,
        )
        if area in boundaries
    ]
    panels = [
        _panel(rows, "estimate", "share", "poor", "oranges", 1.0, language),
        _panel(rows, "half", "error", "half", "greys", 1.8, language),
    ]
    chart = _altair().hconcat(*(reversed(panels) if language == "fa" else panels)).resolve_scale(color="independent")
    return _finished(chart, "map_title", language)


def _panel(
    rows: list[dict[str, Any]], value: str, label: str, title: str, scheme: str, room: float, language: str
) -> Any:
    """One map with its legend above; text is white where the area is dark; room: the scale's end over the largest value."""
    alt = _altair()
    data = alt.Data(values=rows)
    top = room * max(row[value] for row in rows)
    digits = f"{_digits()} + '٪'" if language == "fa" else "datum.label + '%'"
    legend = alt.Legend(
        orient="top",
        title=_word(title, language),
        labelExpr=digits.replace("datum.label", "format(datum.value * 100, '.0f')"),
        direction="horizontal",
        gradientLength=220,
        tickCount=4,
    )
    colour = alt.Color(f"{value}:Q", scale=alt.Scale(scheme=scheme, domain=[0, top]), legend=legend)
    shapes = alt.Chart(data).mark_geoshape(stroke="white", strokeWidth=1.2).encode(color=colour)
    places = [
        {key: row[key] for key in ("name", label, value)}
        | dict(zip(("lon", "lat"), _inside(row["geometry"]), strict=True))
        for row in (rows if len(rows) <= MOST_AREAS else [])
    ]
    words = alt.Chart(alt.Data(values=places)).encode(
        longitude="lon:Q",
        latitude="lat:Q",
        color=alt.condition(f"datum.{value} > {0.6 * top}", alt.value("white"), alt.value("#22262b")),
    )
    names = words.mark_text(fontSize=8.5, dy=-6, fontWeight="bold").encode(text="name:N")
    numbers = words.mark_text(fontSize=9, dy=6).encode(text=f"{label}:N")
    return alt.layer(shapes, names, numbers).project("mercator").properties(width=430, height=430)


def _percent(share: float, language: str) -> str:
    text = f"{100 * share:.0f}"
    return f"{persian_digits(text)}٪" if language == "fa" else f"{text}%"


def _inside(geometry: dict[str, Any]) -> tuple[float, float]:
    """The middle of the largest circle that lies inside."""
    from shapely import maximum_inscribed_circle
    from shapely.geometry import shape

    area: Any = shape(geometry)
    x, y = maximum_inscribed_circle(area).coords[0]
    return float(x), float(y)


def _wound(polygon: Any) -> dict[str, Any]:
    """GeoJSON wound as Vega wants it, clockwise: the other way round is the rest of the globe."""
    from shapely.geometry import MultiPolygon, mapping, shape
    from shapely.geometry.polygon import orient

    whole: Any = shape(polygon) if isinstance(polygon, dict) else polygon
    parts = whole.geoms if isinstance(whole, MultiPolygon) else [whole]
    found: dict[str, Any] = mapping(MultiPolygon([orient(part, -1.0) for part in parts]))
    return found
