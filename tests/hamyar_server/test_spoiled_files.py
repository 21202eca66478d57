"""Files that were spoiled at random, of persons and of places: each is taken, refused or reported, and none breaks the server.

HAMYAR_SPOILED says how many; 200 without it, 10,000 in `make prove`.
"""

from __future__ import annotations

import csv
import io
import os
import random
import shutil
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hamyar.errors import Fault, HamyarError
from hamyar_server.organisations.actions import import_areas
from hamyar_server.registry import imports
from hamyar_server.registry.staging import FORMULA, Refused
from tests.hamyar_server import cast as of

FILES = int(os.environ.get("HAMYAR_SPOILED", "0"))
LONGEST = 30  # seconds of the processor for one file
MORE_MEMORY = 250  # MB above what the test began with
HEADING = (
    "household_key person_key area_code role given family national_id birth_date decile rooms phone address".split()
)
NASTY = [
    *("=1+1", "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\x00", "a\x00b", "\u202e=1", "\u2066رضا\u2069", "\ufeff"),
    *("9" * 400, "1e400", "-1e-400", "nan", "inf", "0x10", "1_000", "۹" * 30, "9999/99/99", "0000-00-00", "1403/12/30", "1400-13-01"),
    *("'; DROP TABLE good; --", '"', '""', "\n", "\r\n", "ء" * 5000, "x" * 200_000, "\ufffd", "\ud7ff", "🙂", "𐎠", "ﷺ" * 50, "%s", "{0}", "\\", ""),
]  # fmt: skip
SHEET = "xl/worksheets/sheet1.xml"


def rows(draw: random.Random) -> list[list[str]]:
    found = [list(HEADING)]
    for n in range(draw.randrange(1, 25)):
        role, born = ("head", "1350/02/03") if n % 2 == 0 else ("spouse", "1360/05/06")
        area = draw.choice(["7701010001000001", "7701012000", "770101200001", "99"])
        found.append([str(n // 2), str(n), area, role, "مریم", "رستمی", f"{n:010}", born, "3", "2", "0915", "کوچه"])
    for _ in range(draw.randrange(4)):
        line = found[draw.randrange(len(found))]
        line[draw.randrange(len(line))] = draw.choice(NASTY)
    if draw.random() < 0.1:
        line = found[draw.randrange(len(found))]
        line[:] = line * draw.choice([0, 2, 40])
    return found


def places(draw: random.Random) -> list[list[str]]:
    found = [line.split(",") for line in of.ROWS.strip().split("\n")]
    found = [list(of.COLUMNS), *draw.sample(found, draw.randrange(1, len(found)))]
    for _ in range(draw.randrange(5)):
        line = found[draw.randrange(len(found))]
        line[draw.randrange(len(line))] = draw.choice([*NASTY, "77", "7701", "village", "97.5"])
    return found


def as_csv(table: list[list[str]], draw: random.Random) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=draw.choice(",,,,;\t|"), lineterminator=draw.choice(["\r\n", "\n", "\r"])).writerows(
        table
    )
    encoding = draw.choice(["utf-8", "utf-8", "utf-8-sig", "cp1256", "utf-16", "utf-16-be", "utf-32", "cp720"])
    return out.getvalue().encode(encoding, "replace")


def as_xlsx(table: list[list[str]], draw: random.Random) -> bytes:
    cells = []
    for y, line in enumerate(table, 1):
        y = y if draw.random() > 0.01 else draw.choice([0, 1_048_576, 2**31, 1])
        inner = "".join(_cell(x, y, text, draw) for x, text in enumerate(line))
        cells.append(f'<row r="{y}">{inner}</row>')
    size = draw.choice(["A1:L30", "A1:L30", "A1:XFD1048576", "ZZZZ1:A0", "", "A1:A99999999999"])
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    laughs = '<!DOCTYPE w [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' if draw.random() < 0.05 else ""
    body = f'<?xml version="1.0"?>{laughs}<worksheet {space}><dimension ref="{size}"/><sheetData>{"".join(cells)}</sheetData></worksheet>'
    if draw.random() < 0.02:
        body = body.replace("</sheetData>", f"</sheetData>{' ' * draw.choice([10**6, 10**8])}")  # it packs to nothing
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {space} xmlns:r="{office}"><sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        SHEET: body,
    }
    if draw.random() < 0.1:
        del parts[draw.choice(list(parts))]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            whole = text.encode("utf-8", "replace")
            packed.writestr(name, bitten(whole, draw) if draw.random() < 0.1 else whole)
    return out.getvalue()


def _cell(x: int, y: int, text: str, draw: random.Random) -> str:
    safe = text.translate({ord("&"): "&amp;", ord("<"): "&lt;", ord('"'): "&quot;"})
    place = (
        f"{chr(65 + x % 26)}{y}"
        if draw.random() > 0.01
        else draw.choice(["XFD1048576", "A0", "", "ZZZZZZZ99999999999"])
    )
    kind = draw.choice(["inlineStr"] * 12 + ["n", "s", "b", "e", "d", "str", "?"])
    inner = f"<is><t>{safe}</t></is>" if kind == "inlineStr" else f"<f>1+1</f><v>{safe}</v>"
    return f'<c r="{place}" t="{kind}">{inner}</c>'


def bitten(whole: bytes, draw: random.Random) -> bytes:
    """Bytes turned, cut off, doubled or put in."""
    spoiled = bytearray(whole)
    for _ in range(draw.choice([1, 1, 3, 30])):
        at = draw.randrange(len(spoiled) + 1)
        match draw.randrange(5):
            case 0 if at < len(spoiled):
                spoiled[at] ^= 1 << draw.randrange(8)
            case 1:
                del spoiled[at:]
            case 2:
                spoiled[at:at] = bytes(draw.choices(range(256), k=draw.choice([1, 8, 300])))
            case 3:
                spoiled[at:at] = spoiled[at : at + draw.randrange(200)]
            case 4:
                spoiled[at:at] = b"\0" * draw.choice([1, 2, 1000])
    return bytes(spoiled)


def spoiled(table: list[list[str]], draw: random.Random) -> tuple[str, bytes]:
    kind = draw.choice([as_csv, as_xlsx])
    whole = kind(table, draw)
    suffix = (
        {as_csv: ".csv", as_xlsx: ".xlsx"}[kind]
        if draw.random() > 0.05
        else draw.choice([".xlsx", ".csv", ".parquet", ".exe", ""])
    )
    return f"list{suffix}", bitten(whole, draw) if draw.random() < 0.5 else whole


def memory(which: str) -> int:
    """MB of this process: VmRSS now, VmHWM at most since `forget_the_peak`."""
    return next(int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith(which)) // 1024


def forget_the_peak() -> None:
    """What follows is counted; making a file of a hundred million spaces is not."""
    Path("/proc/self/clear_refs").write_text("5")


def persons(draw: random.Random, _folder: Path) -> str:
    name, whole = spoiled(rows(draw), draw)
    forget_the_peak()
    batch = imports.upload(
        by=None, name=name, pieces=[whole], source="s", calendar=draw.choice(["jalali", "gregorian", "hijri"])
    )
    try:
        ours = dict(zip(batch.heading, HEADING, strict=False)) if draw.random() < 0.7 else {}
        batch = imports.check(imports.map_columns(batch=batch, mapping=batch.mapping | ours))
        if batch.counts["new"] and draw.random() < 0.3:
            imports.run(imports.accept(by=None, batch=batch, take_suspected=draw.random() < 0.5))
            return "taken"
        return "checked"
    finally:
        shutil.rmtree(imports.folder(batch))


def areas(draw: random.Random, folder: Path) -> str:
    name, whole = spoiled(places(draw), draw)
    forget_the_peak()
    (folder / name).write_bytes(whole)
    return "areas refused" if import_areas(by=None, path=folder / name).refused else "areas"


def fuzz(files: int, folder: Path) -> None:
    told, begun = Counter[str](), memory("VmRSS")
    for seed in range(files):
        spent, (draw, one) = time.process_time(), drawn(seed)
        told[outcome(one, draw, folder, seed)] += 1
        assert time.process_time() - spent < LONGEST, f"seed {seed}"
        assert memory("VmHWM") - begun < MORE_MEMORY, f"seed {seed}"
        if seed % 1000 == 999:
            print(f"{seed + 1} files: {dict(told)}", flush=True)
    assert min(told["checked"], told["taken"], told["areas"]) > 0, told  # some are whole, or nothing was tried
    assert sum(count for what, count in told.items() if what.startswith("HY-")) > files / 10, told


def drawn(seed: int) -> tuple[random.Random, Callable[[random.Random, Path], str]]:
    draw = random.Random(seed)
    return draw, draw.choices([persons, areas], [3, 1])[0]


def outcome(one: Callable[[random.Random, Path], str], draw: random.Random, folder: Path, seed: int) -> str:
    try:
        return one(draw, folder)
    except HamyarError as refusal:
        return refusal.faults[0].code
    except Exception as broken:
        raise AssertionError(f"seed {seed}: {one.__name__} broke") from broken


def test_spoiled_files_break_nothing(cast, tmp_path):
    fuzz(FILES or 200, tmp_path)


@pytest.mark.parametrize(("seed", "code"), [(269, "HY-T020"), (356, "HY-Z103"), (394, "HY-A006"), (1097, "HY-T013")])
def test_what_once_broke_is_refused_with_its_reason(cast, tmp_path, seed, code):
    draw, one = drawn(seed)
    assert outcome(one, draw, tmp_path, seed) == code


@pytest.mark.prove
def test_ten_thousand_spoiled_files_break_nothing(cast, tmp_path):
    fuzz(FILES or 10_000, tmp_path)


SHORT = [text for text in NASTY if len(text) < 1000]
TEXTS = st.lists(st.one_of(st.sampled_from(SHORT), st.text(max_size=12)), min_size=1, max_size=6)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(heading=TEXTS, cells=TEXTS, reason=st.sampled_from(["=", "+x", "@y", "reason"]))
def test_no_cell_of_the_refused_rows_begins_a_formula(tmp_path, heading, cells, reason):
    refused = Refused(tmp_path / "refused.csv", heading)
    refused.add(cells, [Fault("HY-J013", en=reason, fa=reason)])
    refused.close()
    with refused.path.open(encoding="utf-8-sig", errors="surrogatepass", newline="") as file:
        kept = list(csv.reader(file))
    assert len(kept) == 2
    assert not [cell for line in kept for cell in line if cell.startswith(FORMULA)]
