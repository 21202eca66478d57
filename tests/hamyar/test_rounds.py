"""Rounds: the same inputs give the same results, a manifest says what made them, and `verify` names what differs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from hamyar import datasets, rounds
from hamyar.errors import HamyarError
from hamyar.indicators import Measure
from hamyar.poverty import alkire_foster
from hamyar.rounds.numbers import exact_weights
from hamyar.rounds.results import AREAS, PROFILE
from hamyar.survey import Design
from hamyar.tables import as_table, write

REAL = Path(__file__).parent / "rounds" / "counties-1395.yaml"
NEWER = {"0940": "0906", "0941": "0914", "0942": "0917", "0943": "0908", "0944": "0918", "0945": "0917"}


@pytest.fixture(scope="module")
def made(small_province: datasets.Province, tmp_path_factory: pytest.TempPathFactory) -> datasets.Province:
    """A folder of its own, in which rounds may be written beside the province's files, which are links."""
    folder = tmp_path_factory.mktemp("rounds") / "province"
    shutil.copytree(small_province.directory, folder, copy_function=os.link)
    return datasets.Province(folder)


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

    @pytest.mark.parametrize(
        "files",
        [("areas.parquet", "households.parquet"), ("profile.parquet", "report.html")],
        ids=lambda files: files[0],
    )
    def test_a_result_with_one_byte_changed_is_named(
        self, counties: Path, tmp_path: Path, files: tuple[str, ...]
    ) -> None:
        """Two in one, since to verify is to run again."""
        spoiled = copy_of(counties, tmp_path)
        for file in files:
            spoil(spoiled / file)
        assert named(spoiled) == [("HY-R022", file) for file in files]

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
        (fault,) = rounds.verify(spoiled)
        assert (fault.code, fault.file) == ("HY-R023", "numpy")
        assert "version 1.0 made the round" in fault.en
        assert re.search("[آ-ی]", fault.fa)

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


def body_of(counties: Path) -> dict[str, Any]:
    return yaml.safe_load(counties.parents[1].joinpath("counties.yaml").read_text("utf-8"))


def run_with(folder: Path, body: dict[str, Any], name: str = "changed") -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(body, allow_unicode=True), "utf-8")
    rounds.run(file, folder / "out" / name)
    return folder / "out" / name


class TestWithoutAModel:
    def test_a_sample_alone_ranks_what_has_ten_households(self, counties: Path) -> None:
        body = body_of(counties)
        del body["model"], body["inputs"]["households"]
        out = run_with(counties.parents[1], body, "direct")
        areas = pd.read_parquet(out / "areas.parquet")
        assert (areas["n"] >= 10).all()
        assert set(areas["estimate_kind"]) == {"direct"}
        few = manifest(out)["not_ranked"]
        assert len(areas) + len(few) == 28
        assert {why["en"] for why in few} == {"fewer than 10 households in the sample"}
        design = Design(weight="weight", strata="survey_stratum", psu="psu")
        found = alkire_foster(
            counties.parents[1] / "survey.parquet", Measure.load("iran-household"), design, by="county_code"
        )
        direct = (
            found[found["measure"] == "H"]
            .set_index("county_code")
            .loc[areas["area"], ["estimate", "se", "low", "high"]]
        )
        np.testing.assert_allclose(areas[["estimate", "se", "low", "high"]], direct, rtol=1e-7)
        assert areas["p_worst"].sum() == pytest.approx(-(-len(areas) // 5))

    def test_a_census_is_certain(self, counties: Path, made: datasets.Province) -> None:
        body = body_of(counties)
        del body["model"], body["inputs"]["sample"], body["design"]
        out = run_with(counties.parents[1], body, "census")
        areas = pd.read_parquet(out / "areas.parquet")
        truth = pd.read_parquet(made.truth).set_index("code")["H"]
        np.testing.assert_allclose(areas["estimate"], truth.loc[areas["area"]], rtol=1e-9)
        assert areas["se"].eq(0).all()
        assert areas["tier"].tolist() == ["surely_in"] * 6 + ["surely_out"] * 22
        assert areas["settling_n"].eq(0).all()
        assert areas["rank_low"].equals(areas["rank"])

    def test_a_list_is_refused(self, counties: Path, tmp_path: Path) -> None:
        body = body_of(counties)
        del body["model"], body["inputs"]["sample"], body["design"]
        body["inputs"]["households"] |= {"file": "nominations.parquet", "universe": "list"}
        with pytest.raises(HamyarError, match="HY-R005"):
            run_with(counties.parents[1], body)

    def test_a_list_passed_off_as_a_sample_is_refused(self, counties: Path) -> None:
        body = body_of(counties)
        body["inputs"]["sample"] = {
            "file": "nominations.parquet",
            "universe": "probability_sample",
            "provenance": "synthetic",
        }
        with pytest.raises(HamyarError, match="HY-T002"):
            run_with(counties.parents[1], body)


class TestFailure:
    def test_leaves_all_as_it_was(self, counties: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The report fails, last of all: neither half a round nor the loss of the earlier one."""
        copied = copy_of(counties, tmp_path)
        before = {file.name: file.read_bytes() for file in copied.iterdir()}
        folders = sorted(file.name for file in copied.parent.iterdir())

        def broken(contents: Any) -> str:
            raise OSError("no space left")

        monkeypatch.setattr("hamyar.report.page", broken)
        for out in (copied, copied.parent / "new"):
            with pytest.raises(OSError, match="no space left"):
                rounds.run(copied.parents[1] / "counties.yaml", out)
        assert {file.name: file.read_bytes() for file in copied.iterdir()} == before
        assert sorted(file.name for file in copied.parent.iterdir()) == folders

    def test_never_replaces_what_is_no_round(self, counties: Path, tmp_path: Path) -> None:
        tmp_path.joinpath("letter.txt").write_text("mine")
        with pytest.raises(HamyarError, match="HY-R008"):
            rounds.run(counties.parents[1] / "counties.yaml", tmp_path)
        assert tmp_path.joinpath("letter.txt").read_text() == "mine"


class TestRoundFile:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"seed": -1}, "whole number"),
            ({"date": "1405-08-01"}, "no ISO date"),
            ({"title": "one"}, "in fa and en"),
            ({"audience": "everybody"}, "audience"),
            ({"colour": 1}, "not known here"),
            ({"area_index": {"indicators": {"unemp_rate": 1}}}, "either `measure` or `area_index`"),
            ({"area": None}, "name the column"),
            ({"model": {"fay_herriot": {"covariates": "unemp_rate"}}}, "covariates"),
            ({"boundaries": "/etc/passwd"}, "relative to the round file"),
            (
                {"inputs": {"areas": {"file": "areas.parquet", "universe": "all", "provenance": "census"}}},
                "`universe` is one of",
            ),
        ],
    )
    def test_faults_have_their_line(self, counties: Path, tmp_path: Path, change: dict[str, Any], words: str) -> None:
        file = tmp_path / "round.yaml"
        file.write_text(yaml.safe_dump(body_of(counties) | change), "utf-8")
        with pytest.raises(HamyarError, match="HY-R002") as caught:
            rounds.run(file, tmp_path / "out")
        fault = next(fault for fault in caught.value.faults if words in fault.en)
        assert fault.row
        assert not (tmp_path / "out").exists()

    def test_every_fault_at_once(self, counties: Path, tmp_path: Path) -> None:
        file = tmp_path / "round.yaml"
        file.write_text(yaml.safe_dump(body_of(counties) | {"seed": "x", "colour": 1, "audience": "none"}), "utf-8")
        with pytest.raises(HamyarError) as caught:
            rounds.run(file, tmp_path / "out")
        assert len(caught.value.faults) == 3

    def test_columns_and_areas_that_are_not_there(self, counties: Path) -> None:
        folder = counties.parents[1]
        for change, code in (
            ({"area": "colour"}, "HY-R003"),
            ({"model": {"fay_herriot": {"covariates": ["colour"]}}}, "HY-R003"),
        ):
            with pytest.raises(HamyarError, match=code):
                run_with(folder, body_of(counties) | change)
        body = body_of(counties)
        body["inputs"]["areas"]["where"] = {"kind": "city"}
        with pytest.raises(HamyarError, match="HY-R006"):
            run_with(folder, body)
        body["inputs"]["areas"]["where"] = {"kind": "moon"}
        with pytest.raises(HamyarError, match="HY-R004"):
            run_with(folder, body)


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs two processors"
)
def test_the_same_hash_on_one_thread_and_on_two_and_in_any_order(tmp_path: Path) -> None:
    """200,000 households with weights that no binary number holds."""
    random = np.random.default_rng(5)
    rows = pd.DataFrame(
        {
            "county_code": random.choice([f"09{n:02d}" for n in range(10, 22)], 200_000),
            "members": random.integers(1, 8, 200_000),
            "rooms": random.integers(1, 4, 200_000),
            "weight": random.uniform(1, 1000, 200_000) / 3,
        }
    )
    rows = rows.assign(psu=rows["county_code"] + (random.integers(0, 9, 200_000)).astype(str))
    areas = pd.DataFrame({"code": sorted(set(rows["county_code"])), "name": "x", "kind": "county", "population": 1000})
    write(areas, tmp_path / "areas.parquet", contract="area", universe="census", provenance="synthetic")
    measure = yaml.safe_load((Path(rounds.__file__).parents[1] / "measures" / "iran-household.yaml").read_text("utf-8"))
    crowding = measure["dimensions"]["housing"]["indicators"]["overcrowding"]
    measure["dimensions"] = {"housing": {"weight": 1, "indicators": {"overcrowding": crowding | {"weight": 1}}}}
    tmp_path.joinpath("crowding.yaml").write_text(yaml.safe_dump(measure, allow_unicode=True), "utf-8")
    body = {
        "name": "threads", "title": {"fa": "رشته", "en": "threads"}, "date": date(2026, 10, 23), "seed": 1, "area": "county_code",
        "inputs": {
            "sample": {"file": "sample.parquet", "universe": "probability_sample", "provenance": "synthetic"},
            "areas": {"file": "areas.parquet", "universe": "census", "provenance": "synthetic"},
        },
        "measure": "crowding.yaml", "design": {"weight": "weight", "strata": "county_code", "psu": "psu"},
    }  # fmt: skip
    tmp_path.joinpath("round.yaml").write_text(yaml.safe_dump(body, allow_unicode=True), "utf-8")

    def hash_with(processors: set[int], rows: pd.DataFrame) -> str:
        write(rows, tmp_path / "sample.parquet", universe="probability_sample", provenance="synthetic")
        program = f"""if 1:
            import os; os.sched_setaffinity(0, {processors})
            from hamyar import rounds
            print(rounds.run({str(tmp_path / "round.yaml")!r}, {str(tmp_path / "out")!r})["result_hash"])"""
        return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    two = set(list(os.sched_getaffinity(0))[:2])
    assert hash_with({min(two)}, rows) == hash_with(two, rows.sample(frac=1, random_state=1))


def test_sums_of_weights_are_exact_in_any_order() -> None:
    random = np.random.default_rng(5)
    weight, people = random.uniform(1, 1000, 100_000) / 3, random.integers(1, 8, 100_000)
    rows = as_table(pd.DataFrame({"weight": weight, "people": people}))
    exact = exact_weights(rows.expr, "weight").to_pandas()["weight"].to_numpy()
    np.testing.assert_allclose(exact, weight, rtol=1e-7)
    for kind, orders in ((weight * people, 2), (exact * people, 1)):
        assert len({sum(kind), sum(kind[::-1])}) == orders


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("real") / "round"
    rounds.run(REAL, out)
    return out


@pytest.mark.shared
class TestTheRealCounties:
    def test_28_are_ranked_with_intervals(self, real: Path) -> None:
        areas = pd.read_parquet(real / "areas.parquet")
        assert len(areas) == 28
        assert areas["rank"].tolist() == list(range(1, 29))
        assert (areas["rank_low"] <= areas["rank"]).all()
        assert (areas["rank"] <= areas["rank_high"]).all()
        assert areas["population"].sum() == 6_434_501
        assert not set(NEWER) & set(areas["area"])

    def test_six_newer_are_hatched_and_never_ranked(self, real: Path) -> None:
        not_ranked = {each["area"]: each for each in manifest(real)["not_ranked"]}
        assert set(not_ranked) == set(NEWER)
        assert not_ranked["0941"]["fa"] == "بخشی از کاشمر در سال ۱۳۹۵"
        assert not_ranked["0941"]["en"].startswith("part of Kashmar")
        assert not_ranked["0941"]["en"].endswith("in 1395")
        page = real.joinpath("report.html").read_text("utf-8")
        for why in not_ranked.values():
            assert why["fa"] in page
            assert why["en"] in page

    def test_verifies(self, real: Path) -> None:
        assert rounds.verify(real) == []
