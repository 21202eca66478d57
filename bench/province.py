"""The whole province: seconds and memory to generate it; the same seed gives the same bytes; one more survey of it."""

from __future__ import annotations

import hashlib
import tempfile
import time
from pathlib import Path

from bench.measure import in_process

WHOLE = 1_938_703
USUAL = 60_000
PLACE = "var/bench/province"

Figure = tuple[str, float, str, float | None]


def make(directory: str, households: int) -> dict[str, str]:
    """Generate the province; the SHA-256 of each of its files."""
    from hamyar import datasets

    made = datasets.province(directory, households)
    return {path.name: _sha256(path) for path in sorted(made.directory.iterdir())}


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def survey(directory: str, draws: int) -> float:
    """Seconds of one simulated survey, after the first has put the households in memory."""
    from hamyar import datasets

    made = datasets.Province(Path(directory))
    datasets.draw_survey(made, 0)
    start = time.perf_counter()
    for seed in range(draws):
        datasets.draw_survey(made, seed)
    return (time.perf_counter() - start) / draws


def run() -> list[Figure]:
    whole = in_process("bench.province", "make", PLACE, WHOLE)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        first, second = (in_process("bench.province", "make", place, USUAL) for place in (one, two))
        drawn = in_process("bench.province", "survey", one, 20)
    differing = sum(first.answer[name] != second.answer[name] for name in first.answer)
    return [
        (f"province of {WHOLE:,} households", whole.seconds, "s", 120),
        ("its peak memory", whole.peak / 1e9, "GB", 4),
        (f"province of {USUAL:,} households", first.seconds, "s", None),
        ("files that differ between two runs of one seed", differing, "files", 0),
        (f"one simulated survey of {USUAL:,} households", drawn.answer, "s", 0.3),
    ]
