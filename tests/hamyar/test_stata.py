"""Stata files: codes, gaps, dates and weights as they were saved, in every version, in any number of rows; and what is no Stata file."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hamyar.errors import HamyarError
from hamyar.poverty import fgt
from hamyar.survey import Design
from hamyar.tables import as_table, check, stata


def saved(path: Path, version: int = 118, rows: int = 40) -> pd.DataFrame:
    n = np.arange(rows)
    frame = pd.DataFrame(
        {
            "hv001": (n % 8 + 1).astype("int16"),
            "hv005": (1_000_000 + 37 * n).astype("int32"),
            "hv206": np.where(n % 9 == 4, np.nan, n % 2),
            "roof": pd.Categorical(np.where(n % 3 == 0, "thatch", "metal")),
            "income": 100 + 12.5 * n,
            "name": np.where(n % 5 == 0, "", "Torbat"),
            "day": pd.to_datetime("2020-03-01") + pd.to_timedelta(n, unit="D"),
        }
    )
    frame.to_stata(path, write_index=False, version=version, convert_dates={"day": "td"})
    return frame


@pytest.mark.parametrize("version", [114, 117, 118, 119])
def test_answers_stay_codes(tmp_path, version):
    frame = saved(tmp_path / "hr.dta", version)
    table = as_table(tmp_path / "hr.dta", universe="list", provenance="survey")
    kinds = {name: str(kind) for name, kind in table.expr.schema().items()}
    assert kinds == dict(zip(frame, ["int64", "int64", "int64", "int64", "float64", "string", "date"], strict=True)), (
        "a missing answer widens a code in the file, not here"
    )
    found = table.expr.to_pandas()
    assert found["roof"].tolist() == frame["roof"].cat.codes.tolist()
    assert found["hv206"].isna().sum() == 4
    assert found["hv206"].dropna().tolist() == frame["hv206"].dropna().tolist()
    assert found["name"].isna().sum() == 8
    assert str(found["day"].iloc[-1])[:10] == "2020-04-09"


def test_types_hold_over_batches(tmp_path, monkeypatch):
    """The first half looks like codes and days; one fraction and one hour at the end make the columns what they are."""
    n = np.arange(50)
    late = pd.to_datetime("2020-03-01") + pd.to_timedelta(np.where(n == 49, 12, 24 * n), unit="h")
    frame = pd.DataFrame({"x": np.where(n == 48, 0.5, n), "t": late, "z": np.where(n < 25, np.nan, n)})
    frame.to_stata(tmp_path / "a.dta", write_index=False, convert_dates={"t": "tc"})
    monkeypatch.setattr(stata, "ROWS", 7)
    found = as_table(tmp_path / "a.dta").expr.to_pandas()
    assert found["x"].tolist() == frame["x"].tolist()
    assert found["z"].dropna().tolist() == list(range(25, 50))
    assert pd.to_datetime(found["t"]).tolist() == frame["t"].tolist()


def test_a_survey_is_used_from_its_file(tmp_path):
    frame = saved(tmp_path / "hr.dta")
    design = Design(weight="hv005", psu="hv001")
    found = fgt(tmp_path / "hr.dta", "income", design, by="roof", line=300.0)
    pd.testing.assert_frame_equal(
        found, fgt(frame.assign(roof=frame["roof"].cat.codes.astype("int64")), "income", design, by="roof", line=300.0)
    )


def test_a_contract_is_checked(tmp_path):
    frame = pd.DataFrame({"household_id": ["a", "b"], "members": [3, -1]})
    frame.to_stata(tmp_path / "h.dta", write_index=False)
    report = check(tmp_path / "h.dta", "household", universe="list", provenance="survey")
    assert any(fault.column == "members" and fault.row == 2 for fault in report.faults)


def test_no_rows(tmp_path):
    pd.DataFrame({"x": np.array([], dtype="int16")}).to_stata(tmp_path / "a.dta", write_index=False)
    found = as_table(tmp_path / "a.dta").expr.to_pandas()
    assert (list(found), len(found)) == (["x"], 0)


def refusal(path: Path) -> str:
    try:
        as_table(path)
    except HamyarError as wrong:
        return wrong.faults[0].code if wrong.faults[0].fa else "no Persian"
    return ""


def test_spoiled_files_are_refused_by_name(tmp_path):
    saved(tmp_path / "good.dta", 118, 12)
    good, draw, refused = (tmp_path / "good.dta").read_bytes(), random.Random(0), 0
    for _ in range(150):
        bad = bytearray(good[: draw.randrange(1, len(good))] if draw.random() < 0.3 else good)
        for _ in range(draw.randrange(1, 6)):
            bad[draw.randrange(len(bad) if draw.random() < 0.5 else min(400, len(bad)))] = draw.randrange(256)
        (tmp_path / "bad.dta").write_bytes(bad)
        refused += refusal(tmp_path / "bad.dta") == "HY-T017"
    assert refused > 50
