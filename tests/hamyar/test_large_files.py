"""A file of 300 MB is checked and read in a stream: memory does not grow with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROW = "{n:08d},0904,4,2,{rooms},true,false,private_improved,piped,gas,owner,durable,durable\n"
HEADING = "household_id,county_code,members,adults,rooms,electricity,piped_gas,sanitation,drinking_water,cooking_fuel,tenure,wall_material,roof_material\n"
CHECK = """if 1:
    import json, resource, sys
    from hamyar import tables
    report = tables.check(sys.argv[1], "household", universe="census", provenance="census")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": report.rows, "total": report.total, "first": report.faults[0].row, "peak": peak}))"""


def made(file: Path, megabytes: int) -> int:
    """Rows written; every millionth has a wrong number of rooms."""
    rows = megabytes * 1_000_000 // len(ROW.format(n=0, rooms=3))
    with file.open("w", encoding="utf-8") as handle:
        handle.write(HEADING)
        for start in range(0, rows, 100_000):
            lines = range(start, min(start + 100_000, rows))
            handle.write("".join(ROW.format(n=n, rooms="many" if n % 1_000_000 == 999 else 3) for n in lines))
    return rows


@pytest.mark.prove
def test_300_megabytes_are_checked_within_900_of_memory(tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    rows = made(file, 300)
    done = subprocess.run([sys.executable, "-c", CHECK, str(file)], check=True, capture_output=True, text=True)
    said = json.loads(done.stdout)
    print(f"\n{file.stat().st_size / 1e6:.0f} MB, {rows:,} rows: {said['peak']:.0f} MB of memory")
    assert said["rows"] == rows
    assert (said["first"], said["total"]) == (1001, 1 + (rows - 1000) // 1_000_000)
    assert said["peak"] < 900
