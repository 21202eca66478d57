"""Rounds: run by the library, kept here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from math import isnan
from operator import itemgetter
from os.path import commonprefix
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from django.conf import settings
from django.db import transaction
from django.db.models import Model

from hamyar.errors import HamyarError, error
from hamyar_server.analysis.models import AreaResult, IndicatorResult, Kind, Round
from hamyar_server.areas.models import Area
from hamyar_server.core import audit
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function


@dataclass(frozen=True)
class Kept:
    """round: in the database; unmatched: codes in its results that no area here has; created: False where it was kept before."""

    round: Round
    unmatched: list[str]
    created: bool


def run_round(*, by: Actor, round_file: Path, out: Path, progress: Callable[..., object] | None = None) -> Kept:
    """Run a round of the library into `out` and keep it."""
    from hamyar import rounds  # the engine and the methods take seconds to import

    rounds.run(round_file, out, progress=progress)
    return keep_round(by=by, directory=out)


@transaction.atomic
def keep_round(*, by: Actor, directory: Path) -> Kept:
    """Keep the results that lie in `directory`, as its manifest states them; the same results a second time change nothing.

    Raises HamyarError HY-Q001 without a manifest, HY-Q002 where a file is not the one the manifest names, HY-Q003 where no area is known.
    """
    manifest = read_manifest(directory)
    rows = read(directory, manifest, "areas.parquet")
    areas = {area.code: area for area in Area.objects.filter(code__in=[row["area"] for row in rows])}
    whole = common_area(areas, directory)
    mandates.require(by, Function.ANALYSE, whole)
    unmatched = [row["area"] for row in rows if row["area"] not in areas]
    if known := Round.objects.filter(result_hash=manifest["result_hash"]).first():
        return Kept(known, unmatched, created=False)
    kept = Round.objects.create(**described(manifest), area=whole, directory=place_of(directory), kept_by=by.user)
    results = AreaResult.objects.bulk_create(area_results(kept, rows, areas), batch_size=500)
    profile = read(directory, manifest, "profile.parquet")
    IndicatorResult.objects.bulk_create(indicator_results(results, profile), batch_size=1000)
    audit.record(
        by, "round.kept", kept, result_hash=kept.result_hash, areas=len(results), unmatched=len(unmatched), area=whole
    )
    return Kept(kept, unmatched, created=True)


def read_manifest(directory: Path) -> dict[str, Any]:
    try:
        return json.loads(Path(directory, "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise error(
            "HY-Q001",
            file=str(directory),
            en="there is no readable manifest.json. Give the folder that `hamyar round run` wrote.",
            fa="فایل manifest.json خواندنی در این پوشه نیست. پوشه‌ای را بدهید که «hamyar round run» ساخته است.",
        ) from problem


def read(directory: Path, manifest: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Rows of a result, which must be the very file that the manifest names; gaps and NaN are None."""
    path = directory / name
    stated = next((result["sha256"] for result in manifest["results"] if result["file"] == name), None)
    if stated is None or not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != stated:
        raise changed(path)
    rows = pq.read_table(path).to_pylist()
    return [
        {name: None if isinstance(value, float) and isnan(value) else value for name, value in row.items()}
        for row in rows
    ]


def changed(path: Path) -> HamyarError:
    return error(
        "HY-Q002",
        file=path.name,
        en="this is not the file that the manifest names. Run the round again; do not edit its results.",
        fa="این همان فایلی نیست که شناسنامهٔ دور نام برده است. دور را دوباره اجرا کنید و نتیجه‌ها را دست‌کاری نکنید.",
    )


def common_area(areas: dict[str, Area], directory: Path) -> Area:
    """The lowest area that holds them all."""
    steps = commonprefix([area.path.strip("/").split("/") for area in areas.values()])
    if not steps:
        raise error(
            "HY-Q003",
            file=str(directory),
            en="no code in the results is an area of this record under one root. Import the areas first.",
            fa="هیچ کدی از نتیجه‌ها در درخت محدوده‌های این سامانه نیست. نخست محدوده‌ها را بارگذاری کنید.",
        )
    return Area.objects.get(code=steps[-1])


def place_of(directory: Path) -> str:
    """Relative to the record's home where it lies inside, so that the home may move."""
    full = directory.resolve()
    return str(full.relative_to(settings.HOME)) if full.is_relative_to(settings.HOME) else str(full)


def described(manifest: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": manifest["name"],
        "title_fa": manifest["title"]["fa"],
        "title_en": manifest["title"]["en"],
        "date": date.fromisoformat(str(manifest["date"])),
        "seed": manifest["seed"],
        "kind": Kind.INDEX if "area_index" in manifest["round"] else Kind.MEASURE,
        "manifest": manifest,
        "result_hash": manifest["result_hash"],
    }


def fields_of(model: type[Model], row: dict[str, Any]) -> dict[str, Any]:
    """Those of the row's columns that the model holds under the same name."""
    names = {field.name for field in model._meta.concrete_fields} - {"id", "area", "round", "result", "path", "kind"}
    return {name: value for name, value in row.items() if name in names}


def area_results(kept: Round, rows: list[dict[str, Any]], areas: dict[str, Area]) -> Iterator[AreaResult]:
    for row in rows:
        if area := areas.get(row["area"]):
            yield AreaResult(round=kept, area=area, path=area.path, kind=area.kind, **fields_of(AreaResult, row))


def indicator_results(results: list[AreaResult], profile: list[dict[str, Any]]) -> Iterator[IndicatorResult]:
    by_code = {result.area.code: result for result in results}
    for code, rows in groupby(profile, key=itemgetter("area")):
        if result := by_code.get(code):
            yield from (IndicatorResult(result=result, **fields_of(IndicatorResult, row)) for row in rows)
