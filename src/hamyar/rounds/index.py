"""A round by an index of areas: scores, ranks over many choices, tiers, and what drives each score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hamyar import priority
from hamyar.area_index import DRAWS, AreaIndex
from hamyar.persian import persian_digits
from hamyar.rounds.document import Input, RoundFile
from hamyar.rounds.inputs import Areas, require
from hamyar.rounds.results import AREAS, PROFILE, Results, Text
from hamyar.tables import CONTRACTS

Titles = Mapping[str, Mapping[str, str]]


def by_index(given: RoundFile, areas: Areas, parts: Mapping[str, dict[str, str]]) -> Results:
    """parts: areas of today that were part of others, code → why. Raises HamyarError HY-R003 and those of the index."""
    source, body = given.inputs["areas"], given.body["area_index"]
    index = AreaIndex(body["indicators"], body.get("weights"))
    require(areas.frame.columns, index.indicators, source)
    own = areas.frame[~areas.frame.index.isin(list(parts))]
    titles = _titles(list(index.indicators), body.get("titles", {}))
    index.fit(own[list(index.indicators)].reset_index(), area="area", seed=given.seed)
    table = _ranked(index, areas, titles, source)
    return Results(
        table[list(AREAS)].sort_values(["rank", "area"], ignore_index=True),
        _profile(index, areas, titles, source),
        {
            "indicators": dict(index.indicators),
            "weights": dict(zip(index.indicators, index.shares.tolist(), strict=True)),
        },
        _method(index, titles),
        [],
        {code: _gaps(gaps, titles) | areas.called(code) for code, gaps in index.not_ranked.items()} | dict(parts),
        {"areas": areas.rows},
    )


def _titles(names: list[str], given: Titles) -> Titles:
    """As the round gives them, else the contract's heading and the column's name."""
    known = CONTRACTS["area"].by_name
    return {
        name: given.get(name) or {"fa": known[name].title if name in known else name, "en": name.replace("_", " ")}
        for name in names
    }


def _ranked(index: AreaIndex, areas: Areas, titles: Titles, source: Input) -> pd.DataFrame:
    found = index.table()[["area", "score", "rank", "rank_low", "rank_high", "p_worst"]].set_index("area")
    why = priority.index_reasons(index, titles)
    table = found.join(areas.frame[["name_fa", "name_en", "population"]]).rename(columns={"score": "estimate"})
    empty = dict.fromkeys(name for name in AREAS if name not in table.columns and name != "area")
    return (
        table.assign(**empty)
        .assign(
            estimate_kind="index",
            tier=priority.tier(table["p_worst"].to_numpy()),
            tier_people="",
            reason_fa=[why[code]["fa"] for code in table.index],
            reason_en=[why[code]["en"] for code in table.index],
            universe=source.universe,
            provenance=source.provenance,
        )
        .reset_index()
    )


def _profile(index: AreaIndex, areas: Areas, titles: Titles, source: Input) -> pd.DataFrame:
    """The figures themselves, the province's beside them, and each indicator's share of the score."""
    names, codes = list(index.indicators), sorted(index.areas)
    parts = index.normalised.loc[codes].to_numpy() * index.shares
    whole = parts.sum(axis=1, keepdims=True)
    table = pd.DataFrame(
        {
            "area": np.repeat(codes, len(names)),
            "indicator": names * len(codes),
            "estimate": index.values.loc[codes].to_numpy().ravel(),
            "contribution": np.divide(parts, whole, out=np.zeros_like(parts), where=whole > 0).ravel(),
        }
    )
    province = {name: None if areas.whole is None else areas.whole[name] for name in names}
    return table.assign(
        title_fa=table["indicator"].map({name: titles[name]["fa"] for name in names}),
        title_en=table["indicator"].map({name: titles[name]["en"] for name in names}),
        dimension="",
        se=None,
        low=None,
        high=None,
        n=None,
        province_estimate=table["indicator"].map(province),
        universe=source.universe,
        provenance=source.provenance,
    )[list(PROFILE)]


def _gaps(names: list[str], titles: Titles) -> dict[str, str]:
    return {
        "fa": f"بدون مقدار برای {'، '.join(titles[name]['fa'] for name in names)}",
        "en": f"no value for {', '.join(titles[name]['en'] for name in names)}",
    }


def _method(index: AreaIndex, titles: Titles) -> list[Text]:
    def listed(language: str) -> str:
        less = {"fa": "کمتر = محروم‌تر", "en": "less = more deprived"}[language]
        parts = [
            titles[name][language] + ("" if sign == 1 else f" ({less})") for name, sign in index.indicators.items()
        ]
        return ("، " if language == "fa" else ", ").join(parts)

    equal = index.weights is None
    return [
        {
            "fa": f"امتیاز هر محدوده میانگین {'ساده' if equal else 'وزنی'} این نماگرهاست، هر یک از ۰ (کم‌محروم‌ترین محدوده) تا ۱ (محروم‌ترین)، ضرب در ۱۰۰: {listed('fa')}.",
            "en": f"The score of an area is the {'plain' if equal else 'weighted'} mean of these indicators, each from 0 (the least deprived area) to 1 (the most), times 100: {listed('en')}.",
        },
        {
            "fa": f"رتبه‌بندی {persian_digits(DRAWS)} بار با وزن‌ها، مقیاس‌ها و میانگین‌های دیگر تکرار شده است؛ فاصلهٔ رتبه ۹۵٪ آن‌ها را در بر دارد. این عدم‌قطعیت از انتخاب‌هاست، نه از نمونه.",
            "en": f"The order was made {DRAWS} times with other weights, scales and means; the interval of a rank holds 95% of them. This is uncertainty of choices, not of a sample.",
        },
        {
            "fa": "رده از سهم انتخاب‌هایی به دست آمده است که محدوده در آن‌ها میان بدترین یک‌پنجم است: از ۰٫۹ به بالا «قطعاً در اولویت»، تا ۰٫۱ «قطعاً خارج».",
            "en": "A tier comes from the share of choices in which the area is among the worst fifth: from 0.9 surely in, up to 0.1 surely out.",
        },
    ]
