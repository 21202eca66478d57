"""Rounds: the same inputs give the same results, a manifest says what made them, and `verify` names what differs."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from hamyar import datasets, rounds
from hamyar.errors import HamyarError
from hamyar.indicators import Measure
from hamyar.poverty import alkire_foster
from hamyar.rounds.results import AREAS, PROFILE
from hamyar.survey import Design

REAL = Path(__file__).parent / "rounds" / "counties-1395.yaml"
NEWER = {"0940": "0906", "0941": "0914", "0942": "0917", "0943": "0908", "0944": "0918", "0945": "0917"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> datasets.Province:
    return datasets.province(tmp_path_factory.mktemp("province"), households=20_000)


@pytest.fixture(scope="module")
def counties(made: datasets.Province) -> Path:
    """A round by the shipped measure, with the households of the province."""
    body = yaml.safe_load(made.round_counties.read_text("utf-8"))
    body["inputs"]["households"] = {
        "file": "households.parquet", "contract": "household", "universe": "census", "provenance": "synthetic"
    }  # fmt: skip
    file = made.directory / "counties.yaml"
    file.write_text(yaml.safe_dump(body, allow_unicode=True), "utf-8")
    out = made.directory / "out" / "counties"
    rounds.run(file, out)
    return out


def copy_of(counties: Path, tmp_path: Path) -> Path:
    """The province's folder with its round, to be spoiled."""
    shutil.copytree(counties.parents[1], tmp_path / "province")
    return tmp_path / "province" / "out" / "counties"


def manifest(directory: Path) -> dict[str, Any]:
    return json.loads(directory.joinpath("manifest.json").read_text("utf-8"))


def named(directory: Path) -> list[tuple[str, str | None]]:
    found = rounds.verify(directory)
    assert all(re.search("[آ-ی]", fault.fa) for fault in found)
    return [(fault.code, fault.file) for fault in found]


def spoil(file: Path) -> None:
    """One bit of the byte in the middle."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


class TestVerify:
    def test_nothing_differs(self, counties: Path) -> None:
        assert rounds.verify(counties) == []

    def test_a_second_run_gives_the_same(self, counties: Path, tmp_path: Path) -> None:
        again = rounds.run(counties.parents[1] / "counties.yaml", tmp_path / "again")
        first = manifest(counties)
        assert again["result_hash"] == first["result_hash"]
        assert again["results"] == first["results"]

    @pytest.mark.parametrize("file", ["areas.parquet", "profile.parquet", "households.parquet", "report.html"])
    def test_a_result_with_one_byte_changed_is_named(self, counties: Path, tmp_path: Path, file: str) -> None:
        spoiled = copy_of(counties, tmp_path)
        spoil(spoiled / file)
        assert named(spoiled) == [("HY-R022", file)]

    @pytest.mark.parametrize("file", ["survey.parquet", "areas.parquet", "households.parquet", "counties.yaml"])
    def test_an_input_with_one_byte_changed_is_named(self, counties: Path, tmp_path: Path, file: str) -> None:
        spoiled = copy_of(counties, tmp_path)
        spoil(spoiled.parents[1] / file)
        assert named(spoiled) == [("HY-R021", file)]

    def test_what_is_missing_is_named(self, counties: Path, tmp_path: Path) -> None:
        spoiled = copy_of(counties, tmp_path)
        (spoiled / "profile.parquet").unlink()
        (spoiled.parents[1] / "survey.parquet").unlink()
        assert named(spoiled) == [("HY-R021", "survey.parquet"), ("HY-R022", "profile.parquet")]
        assert {fault.en for fault in rounds.verify(spoiled)} == {"the input is missing.", "the result is missing."}

    def test_another_version_is_named(self, counties: Path, tmp_path: Path) -> None:
        spoiled = copy_of(counties, tmp_path)
        stated = manifest(spoiled)
        stated["versions"]["numpy"] = "1.0"
        spoiled.joinpath("manifest.json").write_text(json.dumps(stated), "utf-8")
        assert named(spoiled) == [("HY-R023", "numpy")]
        assert "version 1.0 made the round" in rounds.verify(spoiled)[0].en

    def test_a_manifest_that_tells_another_story_is_named(self, counties: Path, tmp_path: Path) -> None:
        spoiled = copy_of(counties, tmp_path)
        stated = manifest(spoiled)
        stated["date"], stated["rules"]["cutoff"] = "2026-10-24", "1/2"
        spoiled.joinpath("manifest.json").write_text(json.dumps(stated), "utf-8")
        assert {(fault.file, fault.column) for fault in rounds.verify(spoiled)} == {
            ("manifest.json", "date"), ("manifest.json", "rules")
        }  # fmt: skip

    def test_results_that_were_replaced_with_their_hashes_are_named(self, counties: Path, tmp_path: Path) -> None:
        """Somebody improves a rate and mends the manifest: the second run finds it."""
        from hamyar.rounds.running import sha256

        spoiled = copy_of(counties, tmp_path)
        spoil(spoiled / "areas.parquet")
        stated = manifest(spoiled)
        stated["results"][0]["sha256"] = sha256(spoiled / "areas.parquet")
        spoiled.joinpath("manifest.json").write_text(json.dumps(stated), "utf-8")
        assert named(spoiled) == [("HY-R024", "areas.parquet")]

    def test_a_folder_that_is_no_round(self, tmp_path: Path) -> None:
        with pytest.raises(HamyarError, match="HY-R020"):
            rounds.verify(tmp_path)

    def test_a_round_moves_with_its_inputs(self, counties: Path, tmp_path: Path) -> None:
        assert named(copy_of(counties, tmp_path)) == []


class TestManifest:
    def test_names_no_place_of_this_machine(self, counties: Path) -> None:
        text = counties.joinpath("manifest.json").read_text("utf-8")
        assert str(counties.parents[1]) not in text
        assert not re.search(r'"(/|[A-Z]:\\\\)', text)

    def test_holds_every_input_and_result(self, counties: Path) -> None:
        import hashlib

        stated = manifest(counties)
        for each in stated["inputs"]:
            content = counties.parents[1].joinpath(each["file"]).read_bytes()
            assert each["sha256"] == hashlib.sha256(content).hexdigest()
        assert {each["file"] for each in stated["results"]} == {
            "areas.parquet", "profile.parquet", "households.parquet", "report.html"
        }  # fmt: skip
        assert {each["name"]: each.get("rows") for each in stated["inputs"]} == {
            "round": None, "sample": len(pq.read_table(counties.parents[1] / "survey.parquet")), "areas": 28, "households": 20_000
        }  # fmt: skip

    def test_states_the_rules_in_force(self, counties: Path) -> None:
        rules = manifest(counties)["rules"]
        assert rules["cutoff"] == "1/3"
        assert rules["parameters"]["overcrowding.people_per_room"] == {"value": 3, "since": "2003-10-01"}
        assert all(sentence["fa"] and sentence["en"] for sentence in manifest(counties)["method"])


class TestResults:
    def test_columns(self, counties: Path) -> None:
        assert pq.read_schema(counties / "areas.parquet").names == list(AREAS)
        assert pq.read_schema(counties / "profile.parquet").names == list(PROFILE)

    def test_rates_add_up_to_the_direct_rate_of_the_province(self, counties: Path, made: datasets.Province) -> None:
        areas = pd.read_parquet(counties / "areas.parquet")
        design = Design(weight="weight", strata="survey_stratum", psu="psu")
        whole = alkire_foster(made.survey, Measure.load("iran-household"), design)
        direct = whole.loc[whole["measure"] == "H", "estimate"].iloc[0]
        assert areas["people"].sum() / areas["population"].sum() == pytest.approx(direct, rel=1e-7)
        assert len(areas) == 28
        assert areas["rank"].is_monotonic_increasing
        assert areas["p_worst"].sum() == pytest.approx(6)
        assert (areas["low"] < areas["estimate"]).all()
        assert (areas["estimate"] < areas["high"]).all()

    def test_nothing_rests_on_fewer_than_ten_households(self, counties: Path) -> None:
        areas, profile = (pd.read_parquet(counties / f"{name}.parquet") for name in ("areas", "profile"))
        few = areas[areas["n"] < 10]
        assert len(few)
        assert (few["estimate_kind"] == "synthetic_part").all()
        assert (
            profile.loc[profile["area"].isin(few["area"]), ["estimate", "low", "high", "contribution"]]
            .isna()
            .all(axis=None)
        )
        assert few["reason_en"].str.contains("The sample says nothing").all()

    def test_households_are_nobody(self, counties: Path, made: datasets.Province) -> None:
        rows = pq.read_table(counties / "households.parquet")
        measure = Measure.load("iran-household")
        names = [indicator.name for indicator in measure.indicators]
        assert rows.column_names == ["row", "area", "stratum", "members", *names, "score", "poor"]
        assert rows["row"].to_pylist() == list(range(1, 20_001))
        source = pq.read_table(made.households)
        assert rows["members"].to_pylist() != source["members"].to_pylist(), "the order tells nothing"
        assert sorted(rows["members"].to_pylist()) == sorted(source["members"].to_pylist())
        frame = rows.to_pandas()
        truth = pd.read_parquet(made.truth).set_index("code")["H"]
        known = frame[frame["poor"].notna()]
        rate = (known["poor"].astype(float) * known["members"]).groupby(known["area"]).sum() / known.groupby("area")[
            "members"
        ].sum()
        pd.testing.assert_series_equal(rate, truth.loc[rate.index], check_names=False, check_index_type=False)

    def test_row_numbers_are_drawn_anew_with_the_seed(self, counties: Path, tmp_path: Path) -> None:
        copied = copy_of(counties, tmp_path).parents[1]
        file = copied / "counties.yaml"
        file.write_text(file.read_text("utf-8").replace("seed: 1405", "seed: 1406"), "utf-8")
        rounds.run(file, copied / "other")
        one, two = (
            pq.read_table(place / "households.parquet")["score"].to_pylist() for place in (counties, copied / "other")
        )
        assert one != two


@pytest.mark.shared
class TestTheRealCounties:
    @pytest.fixture(scope="class")
    def out(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        out = tmp_path_factory.mktemp("real") / "round"
        rounds.run(REAL, out)
        return out

    def test_28_are_ranked_with_intervals(self, out: Path) -> None:
        areas = pd.read_parquet(out / "areas.parquet")
        assert len(areas) == 28
        assert areas["rank"].tolist() == list(range(1, 29))
        assert (areas["rank_low"] <= areas["rank"]).all()
        assert (areas["rank"] <= areas["rank_high"]).all()
        assert areas["population"].sum() == 6_434_501
        assert not set(NEWER) & set(areas["area"])

    def test_six_newer_are_hatched_and_never_ranked(self, out: Path) -> None:
        not_ranked = {each["area"]: each for each in manifest(out)["not_ranked"]}
        assert set(not_ranked) == set(NEWER)
        assert not_ranked["0941"]["fa"] == "بخشی از کاشمر در سال ۱۳۹۵"
        assert not_ranked["0941"]["en"].startswith("part of Kashmar")
        assert not_ranked["0941"]["en"].endswith("in 1395")
        page = out.joinpath("report.html").read_text("utf-8")
        for why in not_ranked.values():
            assert why["fa"] in page
            assert why["en"] in page

    def test_verifies(self, out: Path) -> None:
        assert rounds.verify(out) == []
