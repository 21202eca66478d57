"""A full round on the whole province: check, estimate, model, tiers, score every household, report, manifest."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from bench.measure import in_process
from bench.province import PLACE, WHOLE

Figure = tuple[str, float, str, float | None]
HOUSEHOLDS = {
    "file": "households.parquet",
    "contract": "household",
    "universe": "census",
    "provenance": "synthetic",
}


def make() -> None:
    from hamyar import datasets

    datasets.province(PLACE, WHOLE)


def full_round(out: str) -> str:
    """The shipped round by county, with every household of the province."""
    import yaml

    from hamyar import rounds

    body = yaml.safe_load(Path(PLACE, "round-counties.yaml").read_text("utf-8"))
    body["inputs"]["households"] = HOUSEHOLDS
    file = Path(PLACE, "round-whole.yaml")
    file.write_text(yaml.safe_dump(body, allow_unicode=True), "utf-8")
    return str(rounds.run(file, out)["result_hash"])


def places_round(out: str) -> str:
    """The index of every village, small city and margin in focus."""
    from hamyar import rounds

    return str(rounds.run(Path(PLACE, "round-places.yaml"), out)["result_hash"])


def run() -> list[Figure]:
    if not Path(PLACE, "truth.parquet").exists():
        in_process("bench.rounds", "make")
    with tempfile.TemporaryDirectory() as place:
        whole = in_process("bench.rounds", "full_round", f"{place}/whole")
        again = in_process("bench.rounds", "full_round", f"{place}/again")
        places = in_process("bench.rounds", "places_round", f"{place}/places")
        ranked = json.loads(Path(place, "places", "manifest.json").read_text("utf-8"))["inputs"]
    rows = next(each["rows"] for each in ranked if each["name"] == "areas")
    return [
        (f"full round on {WHOLE:,} households", whole.seconds, "s", 60),
        ("its peak memory", whole.peak / 1e9, "GB", 4),
        ("result hashes that differ between two runs", float(whole.answer != again.answer), "hashes", 0),
        (f"round by index of {rows:,} places", places.seconds, "s", None),
        ("its peak memory", places.peak / 1e9, "GB", 4),
    ]
