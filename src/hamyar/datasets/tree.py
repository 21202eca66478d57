"""The fictive province's places: a fixed geography, the same for every seed and size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Row = dict[Any, Any]  # of one of the package's tables

PROVINCE = "97"
INHABITED = 2_500
LARGE_CITY = 50_000  # people; a city below is small
NEIGHBOURHOODS = 72
MARGIN_SHARE = 0.26  # of a large city's households that live in its margin
_GEOGRAPHY = 97  # the geography's own seed
_CENTRE = (63.2, 14.6)


def table(name: str) -> pd.DataFrame:
    """One of the package's small tables; `code` is text."""
    with (files(__package__) / name).open(encoding="utf-8") as handle:
        return pd.read_csv(handle, comment="#", dtype={"code": str})


@cache
def names() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((files(__package__) / "names.yaml").read_text(encoding="utf-8"))
    return found


def largest_remainder(weights: Any, total: int, least: int = 0) -> Integers:
    """`total` shared out by `weights` in whole numbers, at least `least` each; ties go to the first."""
    weights = np.asarray(weights, float)
    exact = weights / weights.sum() * (total - least * len(weights))
    whole: Integers = np.floor(exact).astype(np.int64)
    order = np.argsort(whole - exact, kind="stable")
    whole[order[: total - least * len(weights) - int(whole.sum())]] += 1
    return np.asarray(whole + least)


@dataclass(frozen=True)
class Tree:
    """areas: one row per node of the tree, in order of code; settlements: where households live (cities without
    their margins, neighbourhoods, inhabited villages) with `size`, their relative number of households."""

    areas: pd.DataFrame
    settlements: pd.DataFrame


@cache
def tree() -> Tree:
    rng = np.random.Generator(np.random.PCG64(_GEOGRAPHY))
    counties = table("places.csv").merge(table("margins.csv"), on="code").merge(_people(), on="code")
    points = _cells(counties, rng)
    rural = counties.households * (1 - counties.urban_share)
    inhabited = largest_remainder(rural**0.7 * counties.villages**0.3, INHABITED)
    rows: list[dict[str, Any]] = [_node(PROVINCE, ("استان نمونه", "Sample Province"), "province", None, _CENTRE[::-1])]
    others = iter(names()["cities"])
    for place, cell, lived_in in zip(counties.to_dict("records"), points, inhabited, strict=True):
        rows += _county(place, cell, int(lived_in), others, rng)
    areas = pd.DataFrame(rows)
    areas = pd.concat([areas, _margins(areas)]).sort_values("code", kind="stable", ignore_index=True)
    areas.loc[areas.kind == "neighbourhood", "stratum"] = "city_margin"
    inside = areas[areas.size_ > 0]
    columns = ["code", "county_code", "kind", "stratum", "lat", "lon", "size_"]
    return Tree(areas.drop(columns=["size_", "county_code"]), inside[columns].reset_index(drop=True))


def _people() -> pd.DataFrame:
    ages = table("ages.csv").set_index(["code", "sex"])
    return ages.sum(axis=1).groupby("code").sum().rename("people").reset_index()


def _outline(angle: Floats) -> Floats:
    return 2.05 * (1 + 0.13 * np.cos(2 * angle + 0.6) + 0.07 * np.sin(3 * angle) + 0.04 * np.cos(5 * angle + 1))


def _cells(counties: pd.DataFrame, rng: np.random.Generator) -> list[Floats]:
    """Points inside the province's outline, one array (n, 2: lon, lat) per county: those nearest to its seat."""
    points = rng.uniform(-2.7, 2.7, (120_000, 2))
    points = points[np.hypot(*points.T) < _outline(np.arctan2(points[:, 1], points[:, 0]))] + _CENTRE
    seats = counties[["lon", "lat"]].to_numpy()
    nearest = ((points[:, None] - seats) ** 2).sum(2).argmin(1)
    return [points[nearest == k] for k in range(len(seats))]


def _node(code: str, name: Any, kind: str, parent: str | None, point: Any, **more: Any) -> dict[str, Any]:
    lat, lon = (round(float(value), 4) for value in point)
    fixed = {"code": code, "name": name[0], "name_en": name[1], "kind": kind, "parent_code": parent}
    rest = {"stratum": None, "inhabited": True, "lat": lat, "lon": lon, "county_code": code[:4], "size_": 0.0}
    return {**fixed, **rest, **more}


def _county(place: Row, cell: Floats, inhabited: int, others: Any, rng: np.random.Generator) -> list[dict[str, Any]]:
    """The nodes of one county: itself, its districts, rural districts, cities and villages."""
    seat = np.array([place["lon"], place["lat"]])
    villages = cell[rng.choice(len(cell), place["villages"], replace=False)]
    away = villages - seat
    distance = np.hypot(*away.T)
    sector = _sectors(np.arctan2(away[:, 1], away[:, 0]), place["districts"] - 1)
    district = np.where(distance <= np.quantile(distance, 1 / place["districts"]), 0, sector + 1)
    size = _village_sizes(distance, inhabited, rng)
    rows = [_node(place["code"], (place["name"], place["name_en"]), "county", PROVINCE, seat[::-1])]
    cities = _share_cities(place["cities"], place["districts"])
    sizes = iter(_city_sizes(place, rng))
    rural = size.sum()
    for d in range(place["districts"]):
        inside = np.flatnonzero(district == d)
        code = f"{place['code']}{d + 1:02d}"
        centre = villages[inside].mean(0) if d else seat
        name = ("مرکزی", "Central") if d == 0 else _pick(names()["regions"], int(code))
        rows.append(_node(code, name, "district", place["code"], centre[::-1]))
        for c in range(cities[d]):
            head = d == 0 and c == 0
            point = seat if head else villages[rng.choice(inside)]
            called = (place["seat"], place["seat_en"]) if head else next(others)
            rows.append(_city(f"{code}{1001 + c}", called, code, point, next(sizes), place))
        share = size[inside] / rural * (1 - place["urban_share"]) * place["households"]
        rows += _rural(code, villages[inside], share, rng)
    return rows


def _sectors(angle: Floats, parts: int) -> Integers:
    """Each point's sector 0 … parts − 1 around the seat, equal in number of points."""
    rank = angle.argsort().argsort()
    return (rank * max(parts, 1) // len(angle)).astype(np.int64)


def _village_sizes(distance: Floats, inhabited: int, rng: np.random.Generator) -> Floats:
    """Heavy-tailed relative sizes, zero where nobody lives; villages near the seat are larger and rarely empty."""
    appeal = rng.gumbel(size=len(distance)) - 0.8 * distance / distance.mean()
    size: Floats = rng.lognormal(0, 1.1, len(distance)) * np.exp(-0.25 * distance / distance.mean())
    size[np.argsort(appeal)[: len(distance) - inhabited]] = 0
    return np.asarray(np.minimum(size, 18))


def _share_cities(cities: int, districts: int) -> Integers:
    """Cities per district, the central one first."""
    return np.bincount(np.arange(cities) % districts, minlength=districts)


def _city_sizes(place: Row, rng: np.random.Generator) -> Floats:
    """Households of the county's cities, the seat first."""
    weights = np.r_[1.0, 0.16 * rng.uniform(0.5, 1.5, place["cities"] - 1)]
    if place["code"] == "9701":
        weights[1:] *= 0.15
    found: Floats = weights / weights.sum() * place["urban_share"] * place["households"]
    return found


def _city(code: str, name: Any, parent: str, point: Floats, size: float, place: Row) -> dict[str, Any]:
    people = size * place["people"] / place["households"]
    stratum = "small_city" if people < LARGE_CITY else "other"
    return _node(code, name, "city", parent, point[::-1], stratum=stratum, size_=size)


def _rural(code: str, villages: Floats, size: Floats, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Two or three rural districts of a district, with their villages."""
    parts = 2 if len(villages) < 110 else 3
    sector = _sectors(villages[:, 0] + 0.3 * villages[:, 1], parts)
    rows = []
    for r in range(parts):
        inside = np.flatnonzero(sector == r)
        parent = f"{code}{r + 1:04d}"
        name = _pick(names()["regions"], int(code) + 7 * r + 3)
        rows.append(_node(parent, name, "rural_district", code, villages[inside].mean(0)[::-1]))
        called = _village_names(len(inside), rng)
        for v, k in enumerate(inside):
            more = {"stratum": "village", "inhabited": bool(size[k] > 0), "size_": size[k]}
            rows.append(_node(f"{parent}{100001 + v}", called[v], "village", parent, villages[k][::-1], **more))
    return rows


def _pick(pairs: list[list[str]], k: int) -> list[str]:
    return pairs[k % len(pairs)]


def _village_names(count: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Names from syllables; a few stems are common, so that names repeat as they do in life."""
    first, second, forms = (names()[key] for key in ("village_first", "village_second", "village_forms"))
    weight = np.array([form[2] for form in forms], float)
    chosen = rng.choice(len(forms), count, p=weight / weight.sum())
    a = (rng.beta(0.8, 1.3, count) * len(first)).astype(int)
    b = (rng.beta(0.8, 1.3, count) * len(second)).astype(int)
    return [_village_name(first[i], second[j], forms[f]) for i, j, f in zip(a, b, chosen, strict=True)]


def _village_name(first: list[str], second: list[str], form: list[Any]) -> tuple[str, str]:
    return form[0].format(first[0] + second[0]), form[1].format(first[1] + second[1])


def _margins(areas: pd.DataFrame) -> pd.DataFrame:
    """The neighbourhoods of the large cities; their households are taken from the city's own."""
    rng = np.random.Generator(np.random.PCG64(_GEOGRAPHY + 1))
    large = areas[(areas.kind == "city") & (areas.stratum == "other")]
    counts = largest_remainder(large.size_**0.6, NEIGHBOURHOODS, least=1)
    kinds, called = names()["neighbourhood_kinds"], names()["neighbourhoods"]
    rows, used = [], 0
    for row, city, count in zip(large.index, large.to_dict("records"), counts, strict=True):
        sizes = rng.dirichlet(np.full(count, 4.0)) * MARGIN_SHARE * city["size_"]
        angle = 2 * np.pi * (np.arange(count) + rng.uniform(0, 1)) / count
        for n in range(count):
            kind, own = kinds[used // len(called)], called[used % len(called)]
            name = (f"{kind[0]} {own[0]}", f"{kind[1]} {own[1]}")
            point = (city["lat"] + 0.05 * np.sin(angle[n]), city["lon"] + 0.05 * np.cos(angle[n]))
            rows.append(_node(f"{city['code']}{n + 1:02d}", name, "neighbourhood", city["code"], point, size_=sizes[n]))
            used += 1
        areas.loc[row, "size_"] = city["size_"] * (1 - MARGIN_SHARE)
    return pd.DataFrame(rows)
