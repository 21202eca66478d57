"""Runs a round: inputs to tables, report and manifest, which appear together or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any

import hamyar
from hamyar import report
from hamyar.errors import error
from hamyar.indicators import Measure
from hamyar.rounds.boundaries import Shapes, parts_of, shapes_of
from hamyar.rounds.document import RoundFile, load
from hamyar.rounds.households import households_of
from hamyar.rounds.index import by_index
from hamyar.rounds.inputs import Areas, areas_of
from hamyar.rounds.numbers import stated
from hamyar.rounds.rates import by_measure
from hamyar.rounds.results import AREAS, PROFILE, Results
from hamyar.tables import write

Progress = Callable[[int, int, str], object]
MANIFEST, REPORT = "manifest.json", "report.html"
PACKAGES = ("duckdb", "ibis-framework", "numpy", "pandas", "pyarrow", "scipy", "shapely")


def run(round_file: str | Path, out: str | Path, progress: Progress | None = None) -> dict[str, Any]:
    """Run the round in `round_file` and write areas.parquet, profile.parquet, households.parquet (where households are
    given), report.html and manifest.json to the folder `out`; gives the manifest.

    progress(done, total, what) is called along the way. The same inputs give the same bytes, on any number of threads.
    The folder appears when everything is complete, in place of an earlier round; a round that fails leaves all as it was.
    Raises HamyarError: HY-R001, HY-R002 (the round file), HY-R003 to HY-R009 (inputs), and those of the methods.
    """
    given, target = load(Path(round_file)), Path(out)
    if target.exists() and not _replaceable(target):
        raise error(
            "HY-R008",
            file=str(target),
            en="this holds something that is no round. Give a new folder, or that of an earlier round.",
            fa="در این نشانی چیزی هست که دور نیست. پوشه‌ای تازه یا پوشهٔ دوری پیشین را بدهید.",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as place:
        made = Path(place, "round")
        made.mkdir()
        manifest = _made(given, made, os.path.relpath(given.file.parent, target), progress or _silent)
        if target.exists():
            target.rename(Path(place, "earlier"))
        made.rename(target)
    return manifest


def _silent(done: int, total: int, what: str) -> None:
    """Nobody listens to the progress."""


def _replaceable(target: Path) -> bool:
    return target.is_dir() and (Path(target, MANIFEST).is_file() or not any(target.iterdir()))


def _made(given: RoundFile, made: Path, where: str, progress: Progress) -> dict[str, Any]:
    """Writes every file of the round to `made`."""
    progress(0, 4, "inputs")
    used = {name: _used(given, name, file) for name, file in given.files().items()}
    progress(1, 4, "estimates")
    measure = Measure.load(given.measure) if "measure" in given.body else None
    areas, shapes = areas_of(given), shapes_of(given)
    found = by_measure(given, measure, areas) if measure else by_index(given, areas, parts_of(given, shapes, areas))
    progress(2, 4, "results")
    source = given.rated or given.inputs["areas"]
    label = {"universe": source.universe, "provenance": source.provenance}
    write(stated(found.areas, AREAS), made / "areas.parquet", **label)
    write(stated(found.profile, PROFILE), made / "profile.parquet", **label)
    rows = dict(found.rows)
    if measure and "households" in given.inputs:
        rows["households"] = _write_households(given, measure, made)
    progress(3, 4, "report")
    for name, count in rows.items():
        used[name]["rows"] = count
    manifest = _manifest(given, found, where, list(used.values()), measure)
    made.joinpath(REPORT).write_text(_report(given, found, manifest, areas, shapes), encoding="utf-8")
    manifest |= _hashes(made)
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    made.joinpath(MANIFEST).write_text(text + "\n", encoding="utf-8")
    progress(4, 4, "report")
    return manifest


def sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _used(given: RoundFile, name: str, file: Path) -> dict[str, Any]:
    """What the manifest says of an input. Raises HamyarError HY-R009 where it is not there."""
    if not file.is_file():
        raise error(
            "HY-R009",
            file=str(file),
            en=f'there is no such file; the round names it as "{name}". Check the path.',
            fa=f"چنین پرونده‌ای نیست؛ دور آن را با نام «{name}» خوانده است. نشانی را بررسی کنید.",
        )
    label = given.inputs.get(name)
    facts = {"universe": label.universe, "provenance": label.provenance} if label else {}
    return {"name": name, "file": file.name, "sha256": sha256(file)} | facts


def _write_households(given: RoundFile, measure: Measure, made: Path) -> int:
    label = given.inputs["households"]
    rows = households_of(given, measure)
    write(rows, made / "households.parquet", universe=label.universe, provenance=label.provenance)
    return int(rows.num_rows)


def _manifest(
    given: RoundFile, found: Results, where: str, used: list[dict[str, Any]], measure: Measure | None
) -> dict[str, Any]:
    body = given.body
    return {
        "name": body["name"],
        "title": body["title"],
        "date": body["date"],
        "seed": given.seed,
        "round": body,
        "where": where,
        "inputs": used,
        "versions": versions(),
        "rules": found.rules
        | ({"measure_sha256": hashlib.sha256(measure.text.encode()).hexdigest()} if measure else {}),
        "method": [dict(sentence) for sentence in [*found.method, *found.notes]],
        "not_ranked": [{"area": code} | why for code, why in found.not_ranked.items()],
    }


def versions() -> dict[str, str]:
    """Of everything that can change a number."""
    return {"hamyar": hamyar.__version__, "python": python_version()} | {name: version(name) for name in PACKAGES}


def _hashes(made: Path) -> dict[str, Any]:
    """SHA-256 of each result, and one of the tables together."""
    results = [{"file": file.name, "sha256": sha256(file)} for file in sorted(made.iterdir())]
    tables = "".join(f"{each['file']} {each['sha256']}\n" for each in results if each["file"] != REPORT)
    return {"results": results, "result_hash": hashlib.sha256(tables.encode()).hexdigest()}


def _report(given: RoundFile, found: Results, manifest: dict[str, Any], areas: Areas, shapes: Shapes) -> str:
    return report.page(
        report.Contents(
            title=given.body["title"],
            date=given.day,
            kind="index" if "area_index" in given.body else "measure",
            areas=found.areas,
            seed=given.seed,
            inputs=manifest["inputs"],
            versions=manifest["versions"],
            method=found.method,
            notes=found.notes,
            profile=found.profile,
            boundaries=shapes.polygons,
            points={} if shapes.polygons else areas.points,
            hatched=found.not_ranked,
        )
    )
