"""A round by a measure: headcounts of poor people by area, from a sample with or without a model, or from a full count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from hamyar import priority
from hamyar.errors import error
from hamyar.indicators import Measure
from hamyar.persian import persian_digits
from hamyar.poverty import alkire_foster
from hamyar.rounds.document import Input, RoundFile
from hamyar.rounds.inputs import Areas, opened, require
from hamyar.rounds.numbers import exact_weights, rounded
from hamyar.rounds.results import AREAS, PROFILE, Results, Text
from hamyar.small_area import direct_draws, headcount_model
from hamyar.small_area.headcount import DRAWS, SMALLEST_SAMPLE
from hamyar.survey.variance import Floats
from hamyar.tables import CONTRACTS, Table

Steps = Callable[[int, int, str], object]
TOO_FEW = {
    "fa": f"کمتر از {persian_digits(SMALLEST_SAMPLE)} خانوار در نمونه",
    "en": f"fewer than {SMALLEST_SAMPLE} households in the sample",
}


@dataclass(frozen=True)
class _Headcounts:
    """table: estimate, se, low, high, n, estimate_kind by area; draws: (draws, areas); unit_variance: (areas,)."""

    table: pd.DataFrame
    draws: Floats
    unit_variance: Floats
    notes: list[dict[str, str]]


def by_measure(given: RoundFile, measure: Measure, areas: Areas) -> Results:
    """Raises HamyarError: HY-R003 (columns), HY-R005 (a list), HY-R006, HY-R007 (areas), and those of the methods."""
    source = given.rated
    assert source is not None
    if source.universe == "list":
        raise _no_rates(source)
    households = _households(given, source)
    found = alkire_foster(households, measure, given.design, by=given.area, on=given.day)
    whole = alkire_foster(households, measure, given.design, on=given.day)
    direct = _direct(found, given.area)
    counted = _counted(given, areas, direct, rounded(_of(whole, "H")["estimate"]).iloc[0])
    codes = list(counted.table.index)
    provenance = _provenance(source, given)
    profile = _profile(found, whole, measure, given.area, list(areas.frame.index), source)
    table = _ordered(_ranked(counted, areas, profile, given).assign(universe=source.universe, provenance=provenance))
    few = [code for code in areas.frame.index if code not in set(codes)]
    return Results(
        table[list(AREAS)],
        profile[profile["area"].isin(codes)][list(PROFILE)],
        _rules(measure, given),
        _method(measure, given, whole),
        [*counted.notes, *found.attrs["notes"], *_unplaced(found, given.area)],
        {code: TOO_FEW | areas.called(code) for code in few},
        {"areas": areas.rows, source.name: int(households.expr.count().to_pyarrow().as_py())},
    )


def _households(given: RoundFile, source: Input) -> Table:
    table = opened(source)
    require(table.expr.columns, [given.area], source)
    expr = exact_weights(table.expr, given.design.weight)
    return replace(table, expr=expr.mutate(**{given.area: expr[given.area].cast("string")}))


def _no_rates(source: Input) -> Exception:
    return error(
        "HY-R005",
        file=source.file.name,
        en="a list says nothing of those who are not on it: its rates never stand as an area's. Give a census or a probability sample.",
        fa="فهرست دربارهٔ کسانی که در آن نیستند چیزی نمی‌گوید و نرخ آن نرخ محدوده نیست. سرشماری یا نمونهٔ احتمالی بدهید.",
    )


def _of(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame[frame["measure"] == name]


def _direct(found: pd.DataFrame, area: str) -> pd.DataFrame:
    """H by area, to 10 digits, so that all that follows is the same on any number of threads."""
    rates = _of(found, "H").dropna(subset=[area]).rename(columns={area: "area"}).set_index("area")
    rates = rates[["estimate", "se", "low", "high", "n"]]
    return rates.assign(**{name: rounded(rates[name]) for name in ("estimate", "se", "low", "high")})


def _counted(given: RoundFile, areas: Areas, direct: pd.DataFrame, province: float) -> _Headcounts:
    unknown = direct.index.difference(areas.frame.index)
    if len(unknown):
        raise error(
            "HY-R006",
            file=given.inputs["areas"].file.name,
            en=f'{len(unknown)} area(s) of the households are not among the areas, first "{unknown[0]}". Add them, or choose households with `where`.',
            fa=f"{len(unknown)} محدودهٔ خانوارها میان محدوده‌ها نیست؛ نخستین: «{unknown[0]}». آن‌ها را بیفزایید یا خانوارها را با where برگزینید.",
        )
    if given.covariates is not None:
        return _modelled(given, areas, direct, province)
    known = direct[direct["estimate"].notna()]
    if given.design.universe == "census":
        values = known["estimate"].to_numpy()
        return _Headcounts(known.assign(estimate_kind="census"), values[None], np.zeros_like(values), [])
    known = known[known["n"] >= SMALLEST_SAMPLE]
    if known.empty:
        raise error(
            "HY-R007",
            en=f"no area has {SMALLEST_SAMPLE} households in the sample. Add a model: fay_herriot, or use larger areas.",
            fa=f"هیچ محدوده‌ای {SMALLEST_SAMPLE} خانوار در نمونه ندارد. مدل fay_herriot را بیفزایید یا محدوده‌های بزرگ‌تر بگیرید.",
        )
    draws, unit_variance = direct_draws(known, seed=given.seed)
    return _Headcounts(known.assign(estimate_kind="direct"), draws, unit_variance, [])


def _modelled(given: RoundFile, areas: Areas, direct: pd.DataFrame, province: float) -> _Headcounts:
    names = list(given.covariates or ())
    require(areas.frame.columns, names, given.inputs["areas"])
    people = areas.population
    model = headcount_model(
        direct.reset_index(),
        areas.frame[names],
        population=people,
        province=province if people is not None else None,
        seed=given.seed,
    )
    return _Headcounts(model.table.set_index("area"), model.draws, model.unit_variance, model.notes)


def _ranked(counted: _Headcounts, areas: Areas, profile: pd.DataFrame, given: RoundFile) -> pd.DataFrame:
    """A row per area with tiers and ranks by rate and by number of people, and the reasons."""
    codes = list(counted.table.index)
    names = areas.frame.loc[codes, ["name_fa", "name_en", "population"]]
    table = pd.concat([counted.table, names], axis=1)
    by_rate = priority.tiers(counted.draws, codes).set_index("area")
    table = table.join(by_rate)
    table["settling_n"] = priority.settling_sample(counted.draws, counted.unit_variance)
    for name, rate in (("people", "estimate"), ("people_low", "low"), ("people_high", "high")):
        table[name] = table[rate] * table["population"].astype(float)
    if areas.population is None:
        by_people = pd.DataFrame(index=by_rate.index, columns=by_rate.columns).assign(tier="")
    else:
        people = areas.population.loc[codes]
        by_people = priority.tiers(counted.draws, codes, population=people).set_index("area")
    table = table.join(by_people.rename(columns=_of_people))
    why = priority.reasons(profile, given.audience, tiers=by_rate["tier"].to_dict())
    for language in ("fa", "en"):
        table[f"reason_{language}"] = [why[code][language] for code in codes]
    return table.reset_index(names="area")


def _of_people(name: str) -> str:
    return {"rank_low": "rank_people_low", "rank_high": "rank_people_high"}.get(name, f"{name}_people")


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values(["rank", "area"], ignore_index=True)


def _profile(
    found: pd.DataFrame, whole: pd.DataFrame, measure: Measure, area: str, codes: Sequence[str], source: Input
) -> pd.DataFrame:
    """Uncensored headcounts and contributions; nothing but n where a sample has fewer than 10 households."""
    keys = [(code, indicator.name) for code in codes for indicator in measure.indicators]
    index = pd.MultiIndex.from_tuples(keys, names=["area", "indicator"])
    rows = _of(found, "uncensored_headcount").rename(columns={area: "area"}).set_index(["area", "indicator"])
    shares = _of(found, "percentage_contribution").rename(columns={area: "area"}).set_index(["area", "indicator"])
    table = rows[["estimate", "se", "low", "high", "n"]].reindex(index)
    table["contribution"] = shares["estimate"].reindex(index)
    table["n"] = table["n"].fillna(0).astype(int)
    if source.universe == "probability_sample":
        table.loc[table["n"] < SMALLEST_SAMPLE, ["estimate", "se", "low", "high", "contribution"]] = np.nan
    table = table.reset_index()
    province = _of(whole, "uncensored_headcount").set_index("indicator")["estimate"]
    titles = {indicator.name: indicator.title for indicator in measure.indicators}
    return table.assign(
        title_fa=table["indicator"].map({name: title["fa"] for name, title in titles.items()}),
        title_en=table["indicator"].map({name: title["en"] for name, title in titles.items()}),
        dimension=table["indicator"].map({indicator.name: indicator.dimension for indicator in measure.indicators}),
        province_estimate=table["indicator"].map(province),
        universe=source.universe,
        provenance=source.provenance,
    )


def _provenance(source: Input, given: RoundFile) -> str:
    """What is invented stays invented; an estimate by a model says so."""
    return source.provenance if source.provenance == "synthetic" or given.covariates is None else "model"


def _rules(measure: Measure, given: RoundFile) -> dict[str, Any]:
    """What was in force on the round's date."""
    return {
        "measure": measure.name,
        "cutoff": str(measure.cutoff),
        "missing": measure.missing,
        "weights": {indicator.name: str(indicator.weight) for indicator in measure.indicators},
        "parameters": {
            f"{indicator.name}.{name}": _in_force(dated, given)
            for indicator in measure.indicators
            for name, dated in indicator.parameters.items()
        },
    }


def _in_force(dated: Mapping[Any, Any], given: RoundFile) -> dict[str, Any]:
    since = max(day for day in dated if day <= given.day)
    return {"value": dated[since], "since": since.isoformat()}


GAPS = {
    "drop": {
        "fa": "خانواری که نماگری از آن نامعلوم است کنار گذاشته شد.",
        "en": "Households with an unknown indicator are left out.",
    },
    "not_deprived": {
        "fa": "نماگر نامعلوم محرومیت شمرده نشد.",
        "en": "An unknown indicator counts as no deprivation.",
    },
    "reweight": {
        "fa": "وزن نماگر نامعلوم میان نماگرهای دیگرِ خانوار پخش شد.",
        "en": "The weight of an unknown indicator is spread over the household's others.",
    },
}
TIERS = {
    "fa": "رده‌ها از احتمال بودن در بدترین یک‌پنجم محدوده‌ها به دست آمده‌اند: از ۰٫۹ به بالا «قطعاً در اولویت»، تا ۰٫۱ «قطعاً خارج».",
    "en": "Tiers come from the probability of being among the worst fifth of the areas: from 0.9 surely in, up to 0.1 surely out.",
}


def _method(measure: Measure, given: RoundFile, whole: pd.DataFrame) -> list[Text]:
    n = int(_of(whole, "H")["n"].iloc[0])
    label = whole.attrs["label"]
    sentences: list[Text] = [
        {
            "fa": f"{persian_digits(measure.summary('fa'))}. خانواری فقیر است که امتیاز محرومیتش دست‌کم {persian_digits(str(measure.cutoff))} باشد (آلکایر و فوستر، ۲۰۱۱)؛ افراد شمرده شده‌اند.",
            "en": f"{measure.summary('en')}. A household is poor when its deprivation score is at least {measure.cutoff} (Alkire & Foster 2011); people are counted.",
        },
        GAPS[measure.missing],
        {
            "fa": f"{label['fa']}: {persian_digits(f'{n:,}').replace(',', '٬')} خانوار{_clusters(whole, 'fa')}.",
            "en": f"{label['en'].capitalize()}: {n:,} households{_clusters(whole, 'en')}.",
        },
    ]
    if given.covariates is not None:
        sentences.append(
            {
                "fa": f"نرخ محدوده‌ها با مدل فی-هریوت برآورد شده است، با متغیرهای کمکی {'، '.join(_heading(name) for name in given.covariates)} و {persian_digits(DRAWS)} شبیه‌سازی توأم.",
                "en": f"Rates of areas are estimated with the Fay-Herriot model on {', '.join(given.covariates)}, with {DRAWS} joint draws.",
            }
        )
    return [*sentences, TIERS]


def _heading(column: str) -> str:
    known = CONTRACTS["area"].by_name
    return known[column].title if column in known else column


def _clusters(whole: pd.DataFrame, language: str) -> str:
    if "clusters" not in whole.attrs:
        return ""
    clusters, strata = whole.attrs["clusters"], whole.attrs["strata"]
    if language == "fa":
        return f" در {persian_digits(clusters)} خوشه و {persian_digits(strata)} طبقه"
    return f" in {clusters} clusters and {strata} strata"


def _unplaced(found: pd.DataFrame, area: str) -> list[dict[str, str]]:
    """Households whose area is not known count in the province alone."""
    without = int(_of(found, "H").loc[found[area].isna(), "n"].sum())
    if not without:
        return []
    return [
        {
            "fa": f"محدودهٔ {persian_digits(without)} خانوار معلوم نیست؛ تنها در نرخ استان شمرده شده‌اند.",
            "en": f"The area of {without} household(s) is not known; they count in the province's rate alone.",
        }
    ]
