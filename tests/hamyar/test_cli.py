"""The command `hamyar`, through its real entry: what it writes, how it ends, and what it says of bad input."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import yaml

from hamyar.tables import write

REAL = Path(__file__).resolve().parents[3] / "shared" / "iran" / "kr_county_indicators_1395.csv"
AREA = ["--contract", "area", "--universe", "census", "--provenance", "census"]


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def hamyar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """`python -m hamyar …` in this process."""

    def call(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["hamyar", *map(str, arguments)])
        code = 0
        try:
            runpy.run_module("hamyar", run_name="__main__")
        except SystemExit as end:
            code = int(end.code or 0)
        return Said(code, *capsys.readouterr())

    return call


def refused(said: Said, code: str, words: str) -> None:
    """Says what is wrong in both languages, with its code, and no traceback."""
    assert said.code == 1
    assert code in said.err
    assert words in said.err
    assert re.search("[آ-ی]{3}", said.err)
    assert "Traceback" not in said.err + said.out


def homes(rows: int = 40) -> pd.DataFrame:
    random = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "household_id": [f"{n:04d}" for n in range(rows)],
            "county_code": np.where(np.arange(rows) % 2, "0904", "0905"),
            "members": random.integers(1, 7, rows),
            "rooms": random.integers(1, 4, rows),
            "piped_water": random.random(rows) < 0.7,
            "weight": 10.0,
            "survey_stratum": np.arange(rows) // 20,
            "psu": [f"c{n // 5}" for n in range(rows)],
        }
    )


MEASURE: dict[str, Any] = {
    "name": "two",
    "title": {"fa": "دو نماگر", "en": "Two indicators"},
    "unit": "household",
    "cutoff": "1/2",
    "missing": "drop",
    "dimensions": {
        "housing": {
            "weight": "1/2",
            "indicators": {
                "crowding": {
                    "title": {"fa": "تراکم", "en": "Crowding"},
                    "deprived": "members / nullif(rooms, 0) > 2",
                    "source": "a test",
                    "examples": [{"members": 7, "rooms": 2, "deprived": True}, {"members": 2, "rooms": 2, "deprived": False}],
                }
            },
        },
        "services": {
            "weight": "1/2",
            "indicators": {
                "water": {
                    "title": {"fa": "آب", "en": "Water"},
                    "deprived": "NOT piped_water",
                    "source": "a test",
                    "examples": [{"piped_water": False, "deprived": True}, {"piped_water": True, "deprived": False}],
                }
            },
        },
    },
}  # fmt: skip


@pytest.fixture
def measure(tmp_path: Path) -> Path:
    return saved(tmp_path, MEASURE)


def saved(tmp_path: Path, body: Any) -> Path:
    file = tmp_path / "measure.yaml"
    file.write_text(yaml.safe_dump(body, allow_unicode=True), "utf-8")
    return file


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return write(
        homes(), tmp_path / "sample.parquet", contract="survey_sample", universe="probability_sample", provenance="synthetic"
    )  # fmt: skip


DESIGN = ["--weight", "weight", "--strata", "survey_stratum", "--psu", "psu"]


class TestIndex:
    @pytest.mark.shared
    def test_ranks_the_28_real_counties_with_intervals(self, tmp_path: Path) -> None:
        """As a person runs it, in a process of its own."""
        out = tmp_path / "index.csv"
        done = subprocess.run(
            [sys.executable, "-m", "hamyar", "area-index", str(REAL), "-o", str(out)], capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")
        table = pd.read_csv(out)
        assert len(table) == 28
        assert table["rank"].tolist() == list(range(1, 29))
        assert (table["rank_low"] <= table["rank"]).all()
        assert (table["rank"] <= table["rank_high"]).all()
        assert (table["rank_high"] - table["rank_low"]).min() >= 1
        assert set(table["area"]) == set(pd.read_csv(REAL)["county_name"])

    @pytest.mark.shared
    def test_on_the_screen(self, hamyar: Any) -> None:
        said = hamyar("area-index", REAL)
        assert said.code == 0
        assert "28 rows" in said.out
        assert "rank_low" in said.out

    def test_an_indicator_of_ones_own(self, hamyar: Any, tmp_path: Path) -> None:
        file = tmp_path / "areas.csv"
        file.write_text("name,poor,work\na,1,9\nb,2,8\nc,3,1\nd,,5\n", "utf-8")
        said = hamyar(
            "area-index",
            file,
            "--area",
            "name",
            "--indicator",
            "poor=1",
            "--indicator",
            "work=-1",
            "-o",
            tmp_path / "i.json",
        )
        assert said.code == 0
        assert [row["area"] for row in json.loads((tmp_path / "i.json").read_text("utf-8"))] == ["c", "b", "a"]
        assert "d: not ranked, no value for poor" in said.err
        assert "بدون رتبه" in said.err

    def test_a_sign_that_is_none(self, hamyar: Any, tmp_path: Path) -> None:
        assert hamyar("area-index", tmp_path / "areas.csv", "--indicator", "poor").code == 2

    def test_bad_input(self, hamyar: Any, tmp_path: Path) -> None:
        refused(hamyar("area-index", tmp_path / "none.csv"), "HY-T004", "no such file")
        file = tmp_path / "areas.csv"
        file.write_text("", "utf-8")
        refused(hamyar("area-index", file), "HY-T010", "empty")
        file.write_text("name,poor\na,1\nb,2\nc,3\n", "utf-8")
        refused(hamyar("area-index", file, "--area", "name", "--indicator", "rich=1"), "HY-X001", "rich")
        file.write_text("name,poor\na,1\nb,two\nc,3\n", "utf-8")
        refused(hamyar("area-index", file, "--area", "name", "--indicator", "poor=1"), "HY-X002", "row 3")
        file.write_text("name,poor\na,1\nb,2\na,3\n", "utf-8")
        refused(hamyar("area-index", file, "--area", "name", "--indicator", "poor=1"), "HY-X003", "a")


class TestMeasure:
    def test_shipped_and_own(self, hamyar: Any, measure: Path) -> None:
        said = hamyar("measure", "check", "iran-household")
        assert said.code == 0
        assert "12 indicators" in said.out
        assert "نماگر" in said.out
        assert "2 dimensions, 2 indicators, cut-off 1/2, 4 examples hold" in hamyar("measure", "check", measure).out

    def test_the_one_of_the_how_to(self, hamyar: Any, tmp_path: Path) -> None:
        page = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-measure.md"
        text = page.read_text("utf-8").split("```yaml\n")[1].split("```")[0]
        said = hamyar("measure", "check", saved(tmp_path, yaml.safe_load(text)))
        assert said.code == 0, said.err
        assert "5 examples hold" in said.out

    def test_weights_that_do_not_sum_to_1(self, hamyar: Any, tmp_path: Path) -> None:
        body = json.loads(json.dumps(MEASURE))
        body["dimensions"]["services"]["weight"] = "1/3"
        refused(hamyar("measure", "check", saved(tmp_path, body)), "HY-I", "5/6")

    def test_an_expression_that_reads_a_file(self, hamyar: Any, tmp_path: Path) -> None:
        body = json.loads(json.dumps(MEASURE))
        body["dimensions"]["services"]["indicators"]["water"]["deprived"] = "read_csv('/etc/passwd') > 0"
        refused(hamyar("measure", "check", saved(tmp_path, body)), "HY-I007", "READ_CSV")

    def test_a_forbidden_column(self, hamyar: Any, tmp_path: Path) -> None:
        body = json.loads(json.dumps(MEASURE))
        body["dimensions"]["services"]["indicators"]["water"]["deprived"] = "ethnicity = 'x'"
        refused(hamyar("measure", "check", saved(tmp_path, body)), "HY-I009", "ethnicity")

    def test_no_such_measure(self, hamyar: Any) -> None:
        refused(hamyar("measure", "check", "none"), "HY-I016", "global-mpi")


class TestPoverty:
    def test_every_format_holds_the_same(self, hamyar: Any, sample: Path, measure: Path, tmp_path: Path) -> None:
        frames = []
        readers: dict[str, Any] = {"csv": pd.read_csv, "parquet": pd.read_parquet, "json": pd.read_json}
        for ending, read in readers.items():
            out = tmp_path / f"poverty.{ending}"
            said = hamyar("poverty", sample, "--measure", measure, "--by", "county_code", *DESIGN, "-o", out)
            assert said.code == 0, said.err
            frames.append(read(out, dtype={"county_code": str}) if ending != "parquet" else read(out))
        assert len(frames[0]) == 2 * (3 + 4 * 2)
        assert set(frames[0]["county_code"]) == {"0904", "0905"}
        for frame in frames[1:]:
            pd.testing.assert_frame_equal(frame, frames[0], check_dtype=False, rtol=1e-9, atol=1e-12)
        assert not list(tmp_path.glob("*.partial"))

    def test_on_the_screen(self, hamyar: Any, sample: Path, measure: Path) -> None:
        said = hamyar("poverty", sample, "--measure", measure, *DESIGN, "--cutoff", "1/2", "--cutoff", "1")
        assert said.code == 0
        assert "estimated from a sample · برآورد از نمونه" in said.out
        assert "uncensored_headcount" in said.out
        assert "20 rows" in said.out

    def test_an_ending_that_is_no_format(self, hamyar: Any, sample: Path, measure: Path, tmp_path: Path) -> None:
        refused(hamyar("poverty", sample, "--measure", measure, *DESIGN, "-o", tmp_path / "a.docx"), "HY-L001", ".csv")

    def test_files_and_columns_that_are_missing(self, hamyar: Any, sample: Path, measure: Path, tmp_path: Path) -> None:
        refused(hamyar("poverty", tmp_path / "none.csv", "--measure", measure), "HY-T004", "no such file")
        refused(hamyar("poverty", sample, "--measure", measure, "--by", "colour", *DESIGN), "HY-S003", "colour")
        short = write(homes().drop(columns="rooms"), tmp_path / "short.parquet")
        refused(hamyar("poverty", short, "--measure", measure, *DESIGN), "HY-I017", "rooms")
        (tmp_path / "empty.csv").write_bytes(b"")
        refused(hamyar("poverty", tmp_path / "empty.csv", "--measure", measure), "HY-T010", "empty")
        (tmp_path / "damaged.parquet").write_bytes(b"PAR1")
        refused(hamyar("poverty", tmp_path / "damaged.parquet", "--measure", measure), "HY-T016", "damaged")

    def test_one_cluster(self, hamyar: Any, measure: Path, tmp_path: Path) -> None:
        """Nothing can be said of errors from one; an area with one has the error of the whole design, and that is said."""
        one = write(homes().assign(psu="c0", survey_stratum=1), tmp_path / "one.parquet")
        refused(hamyar("poverty", one, "--measure", measure, *DESIGN), "HY-Y015", "two clusters")
        alone = homes().assign(county_code=np.where(homes()["psu"] == "c0", "0904", "0905"))
        said = hamyar(
            "poverty", write(alone, tmp_path / "alone.parquet"), "--measure", measure, "--by", "county_code", *DESIGN
        )
        assert said.code == 0
        assert "one cluster only, so the error is the whole design's for one cluster: 0904" in said.err
        assert "تنها یک خوشه دارد" in said.err

    def test_a_group_of_size_zero(self, hamyar: Any, measure: Path, tmp_path: Path) -> None:
        """A county whose households have all an unknown answer."""
        rows = homes()
        rows["rooms"] = rows["rooms"].where(rows["county_code"] == "0905").astype("Int64")
        out = tmp_path / "out.parquet"
        file = write(rows, tmp_path / "gaps.parquet")
        said = hamyar("poverty", file, "--measure", measure, "--by", "county_code", *DESIGN, "-o", out)
        assert said.code == 0
        assert "no answers to count in: 0904" in said.err
        assert "بدون پاسخ شمردنی: 0904" in said.err
        found = pd.read_parquet(out).query("county_code == '0904'")
        assert found["n"].eq(0).all()
        assert found["estimate"].isna().all()

    def test_a_list_passed_off_as_a_sample(self, hamyar: Any, measure: Path, tmp_path: Path) -> None:
        named = write(homes(), tmp_path / "named.parquet", universe="list", provenance="declared")
        refused(hamyar("poverty", named, "--measure", measure, *DESIGN), "HY-S002", "a list is no sample")
        said = hamyar("poverty", named, "--measure", measure, "--universe", "list", "-o", tmp_path / "list.csv")
        assert said.code == 0
        assert pd.read_csv(tmp_path / "list.csv")["se"].isna().all()


class TestTable:
    def test_a_good_file(self, hamyar: Any, tmp_path: Path) -> None:
        file = tmp_path / "areas.csv"
        file.write_text("code,name,kind\n09,Khorasan,province\n0904,Taybad,county\n", "utf-8")
        assert hamyar("table", "check", file, *AREA).code == 0

    def test_says_every_fault_with_its_place(self, hamyar: Any, tmp_path: Path) -> None:
        file = tmp_path / "areas.csv"
        file.write_text(
            "code,name,kind,population\n0904,Taybad,county,many\n0904,Again,county,5\n905,Torbat,county,7\n0906,Jam,town,1\n",
            "utf-8",
        )
        said = hamyar("table", "check", file, *AREA)
        assert said.code == 1
        assert "Traceback" not in said.out + said.err
        for words in ("row 2", "population", "many", "row 3", "0904", "row 5", "kind"):
            assert words in said.out, words
        persian = hamyar("table", "check", file, *AREA, "--language", "fa")
        assert "ردیف" in persian.out

    def test_a_lost_leading_zero_is_mended_and_said(self, hamyar: Any, tmp_path: Path) -> None:
        file = tmp_path / "areas.csv"
        file.write_text("code,name,kind\n905,Torbat,county\n", "utf-8")
        said = hamyar("table", "check", file, *AREA)
        assert said.code == 0
        assert "0905" in said.out

    def test_a_missing_column(self, hamyar: Any, tmp_path: Path) -> None:
        file = tmp_path / "areas.csv"
        file.write_text("code,kind\n0905,county\n", "utf-8")
        said = hamyar("table", "check", file, *AREA)
        assert said.code == 1
        assert "name" in said.out

    def test_a_list_passed_off_as_a_sample(self, hamyar: Any, tmp_path: Path) -> None:
        file = tmp_path / "named.csv"
        file.write_text("household_id,members\n1,4\n", "utf-8")
        said = hamyar(
            "table",
            "check",
            file,
            "--contract",
            "household",
            "--universe",
            "probability_sample",
            "--provenance",
            "declared",
        )
        assert said.code == 1
        assert "HY-T035" in said.out

    def test_a_universe_that_is_none(self, hamyar: Any, tmp_path: Path) -> None:
        file = tmp_path / "areas.csv"
        file.write_text("code,name,kind\n0905,Torbat,county\n", "utf-8")
        said = hamyar("table", "check", file, "--contract", "area", "--universe", "everyone", "--provenance", "census")
        assert said.code == 1
        assert "HY-T003" in said.out + said.err


class TestRound:
    @pytest.fixture
    def folder(self, tmp_path: Path, sample: Path, measure: Path) -> Path:
        areas = pd.DataFrame(
            {"code": ["0904", "0905"], "name": ["الف", "ب"], "kind": "county", "population": [90, 110]}
        )
        write(areas, tmp_path / "areas.parquet", contract="area", universe="census", provenance="synthetic")
        body = {
            "name": "two-counties",
            "title": {"fa": "دو شهرستان", "en": "Two counties"},
            "date": "2026-10-23",
            "seed": 1,
            "inputs": {
                "sample": {"file": sample.name, "universe": "probability_sample", "provenance": "synthetic"},
                "areas": {"file": "areas.parquet", "universe": "census", "provenance": "synthetic"},
            },
            "area": "county_code",
            "measure": measure.name,
            "design": {"weight": "weight", "strata": "survey_stratum", "psu": "psu"},
        }
        text = yaml.safe_dump(body, allow_unicode=True).replace("'2026-10-23'", "2026-10-23")
        tmp_path.joinpath("round.yaml").write_text(text, "utf-8")
        return tmp_path

    def test_run_and_verify(self, hamyar: Any, folder: Path) -> None:
        said = hamyar("round", "run", folder / "round.yaml", "-o", folder / "out")
        assert said.code == 0, said.err
        assert "report.html" in said.out
        assert json.loads((folder / "out" / "manifest.json").read_text("utf-8"))["result_hash"] in said.out
        verified = hamyar("round", "verify", folder / "out")
        assert verified.code == 0
        assert "راستی‌آزمایی شد" in verified.out

    def test_verify_names_the_file_that_differs(self, hamyar: Any, folder: Path) -> None:
        hamyar("round", "run", folder / "round.yaml", "-o", folder / "out")
        measure = folder / "measure.yaml"
        measure.write_text(measure.read_text("utf-8").replace("> 2", "> 1"), "utf-8")
        refused(hamyar("round", "verify", folder / "out"), "HY-R021", "measure.yaml")

    def test_bad_input(self, hamyar: Any, folder: Path) -> None:
        refused(hamyar("round", "run", folder / "none.yaml", "-o", folder / "out"), "HY-R001", "no such round file")
        refused(hamyar("round", "verify", folder), "HY-R020", "manifest.json")
        (folder / "sample.parquet").unlink()
        refused(hamyar("round", "run", folder / "round.yaml", "-o", folder / "out"), "HY-R009", "sample")
        assert not (folder / "out").exists()


def test_help_and_version(hamyar: Any) -> None:
    assert hamyar("--version").out.startswith("hamyar 0.")
    said = hamyar("--help")
    assert all(word in said.out for word in ("round", "measure", "table", "dataset", "poverty", "area-index"))
