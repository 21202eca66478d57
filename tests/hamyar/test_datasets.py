"""The fictive province: real margins, invented places, a known truth."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from hamyar import datasets
from hamyar.datasets import population
from hamyar.datasets.tree import largest_remainder, names, table, tree
from hamyar.errors import HamyarError
from hamyar.tables import CONTRACTS

SIZE = 20_000
COUNTS = {"province": 1, "county": 28, "city": 79, "neighbourhood": 72, "village": 7_000}


@pytest.fixture(scope="module")
def made(small_province: datasets.Province) -> datasets.Province:
    return small_province


@pytest.fixture(scope="module")
def homes(made: datasets.Province) -> pd.DataFrame:
    return pd.read_parquet(made.households)


@pytest.fixture(scope="module")
def persons(made: datasets.Province) -> pd.DataFrame:
    return pd.read_parquet(made.persons)


@pytest.fixture(scope="module")
def areas(made: datasets.Province) -> pd.DataFrame:
    return pd.read_parquet(made.areas).set_index("code", drop=False)


def hashes(made: datasets.Province) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(made.directory.iterdir())}


class TestFiles:
    def test_same_seed_same_bytes(self, made: datasets.Province, tmp_path: Path) -> None:
        again = hashes(datasets.province(tmp_path, SIZE))
        assert again == hashes(made)
        assert len(again) == 9

    def test_another_seed_another_population_in_the_same_places(self, made: datasets.Province, tmp_path: Path) -> None:
        other = datasets.province(tmp_path, SIZE, seed=7)
        assert hashes(other)["households.parquet"] != hashes(made)["households.parquet"]
        names = ["code", "name", "lat", "lon", "inhabited"]
        pd.testing.assert_frame_equal(*(pd.read_parquet(p.areas, columns=names) for p in (made, other)))

    @pytest.mark.parametrize(
        ("name", "contract", "universe"),
        [
            ("areas", "area", "census"),
            ("households", "household", "census"),
            ("persons", "person", "census"),
            ("survey", "survey_sample", "probability_sample"),
            ("coverage", "survey_sample", "probability_sample"),
            ("nominations", "household", "list"),
            ("truth", None, "census"),
        ],
    )
    def test_every_file_says_what_it_is(
        self, made: datasets.Province, name: str, contract: str | None, universe: str
    ) -> None:
        label = json.loads(pq.read_schema(getattr(made, name)).metadata[b"hamyar"])
        assert label == {"contract": contract, "universe": universe, "provenance": "synthetic"}

    @pytest.mark.parametrize(
        ("name", "contract"),
        [
            ("areas", "area"),
            ("households", "household"),
            ("persons", "person"),
            ("survey", "survey_sample"),
            ("coverage", "survey_sample"),
            ("nominations", "household"),
        ],
    )
    def test_every_file_keeps_its_contract(self, made: datasets.Province, name: str, contract: str) -> None:
        """Every column of the contract is there, with its values and inside its limits."""
        found = pd.read_parquet(getattr(made, name))
        for column in CONTRACTS[contract].columns:
            values = found[column.name].dropna()
            assert not column.required or len(values) == len(found), column.name
            assert not column.values or set(values) <= set(column.values), column.name
            assert not column.lengths or set(values.str.len()) <= set(column.lengths), column.name
            assert column.minimum is None or values.min() >= column.minimum, column.name
            assert column.maximum is None or values.max() <= column.maximum, column.name
            assert column.above is None or values.min() > column.above, column.name
        assert found[CONTRACTS[contract].key].is_unique

    @pytest.mark.parametrize("size", [19_999, population.FULL + 1])
    def test_a_size_outside_is_refused(self, tmp_path: Path, size: int) -> None:
        with pytest.raises(HamyarError, match="HY-D001"):
            datasets.province(tmp_path / "none", size)
        assert not (tmp_path / "none").exists()

    def test_a_negative_seed_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(HamyarError, match="HY-D002"):
            datasets.province(tmp_path / "none", SIZE, seed=-1)
        assert not (tmp_path / "none").exists()

    def test_progress_ends_at_the_total(self, tmp_path: Path) -> None:
        seen: list[tuple[int, int, str]] = []
        datasets.province(tmp_path, SIZE, progress=lambda done, total, what: seen.append((done, total, what)))
        counted = [done for done, _, what in seen if what == "households"]
        assert counted == sorted(counted)
        assert counted[-1] == SIZE
        assert {total for _, total, what in seen if what == "households"} == {SIZE}
        assert seen[-3:] == [(1, 3, "files"), (2, 3, "files"), (3, 3, "files")]

    def test_rounds_read_files_that_are_there(self, made: datasets.Province) -> None:
        for path in (made.round_counties, made.round_places):
            for given in yaml.safe_load(path.read_text(encoding="utf-8"))["inputs"].values():
                label = json.loads(pq.read_schema(made.directory / given["file"]).metadata[b"hamyar"])
                assert label == {name: given[name] for name in label}

    def test_rounds_name_columns_that_are_there(self, made: datasets.Province) -> None:
        areas, survey = (set(pq.read_schema(path).names) for path in (made.areas, made.survey))
        counties, places = (
            yaml.safe_load(p.read_text(encoding="utf-8")) for p in (made.round_counties, made.round_places)
        )
        assert {counties["area"], *counties["design"].values()} <= survey
        assert set(counties["model"]["fay_herriot"]["covariates"]) <= areas
        assert {*places["area_index"]["indicators"], "focus"} <= areas
        assert set(places["area_index"]["titles"]) == set(places["area_index"]["indicators"])


class TestPlaces:
    def test_as_many_as_promised(self, areas: pd.DataFrame) -> None:
        kinds = areas.kind.value_counts()
        assert {kind: kinds[kind] for kind in COUNTS} == COUNTS
        assert ((areas.kind == "village") & areas.inhabited).sum() == 2_500

    def test_codes_nest_in_their_parents(self, areas: pd.DataFrame) -> None:
        assert areas.code.is_unique
        children = areas[areas.kind != "province"]
        parents = areas.loc[children.parent_code]
        assert [c.startswith(p) for c, p in zip(children.code, parents.code, strict=True)] == [True] * len(children)
        lengths = areas.groupby("kind").code.agg(lambda codes: set(codes.str.len()))
        expected = {"province": 2, "county": 4, "district": 6, "rural_district": 10, "city": 10}
        assert lengths.to_dict() == {k: {n} for k, n in (expected | {"neighbourhood": 12, "village": 16}).items()}

    def test_neighbourhoods_stand_at_the_margin_of_large_cities(self, areas: pd.DataFrame) -> None:
        margins = areas[areas.kind == "neighbourhood"]
        assert set(margins.stratum) == {"city_margin"}
        assert set(areas.loc[margins.parent_code].stratum) == {"other"}

    def test_villages_lie_nearest_to_their_own_seat(self, areas: pd.DataFrame) -> None:
        seats = areas[areas.kind == "county"]
        villages = areas[areas.kind == "village"]
        squared = (villages.lon.to_numpy()[:, None] - seats.lon.to_numpy()) ** 2 + (
            villages.lat.to_numpy()[:, None] - seats.lat.to_numpy()
        ) ** 2
        assert (seats.code.to_numpy()[squared.argmin(1)] == villages.code.str[:4]).mean() > 0.999

    def test_points_lie_in_the_open_sea(self, areas: pd.DataFrame) -> None:
        assert areas.lat.between(11, 18).all()
        assert areas.lon.between(60, 66).all()

    def test_village_names_repeat_as_in_life(self, areas: pd.DataFrame) -> None:
        villages = areas[areas.kind == "village"]
        assert villages.name.value_counts().max() > 10
        assert villages.name.nunique() > 1_500

    def test_city_names_do_not_repeat(self, areas: pd.DataFrame) -> None:
        cities = areas[areas.kind.isin(["city", "county"])]
        assert not cities.duplicated(["kind", "name"]).any()
        assert not cities.duplicated(["kind", "name_en"]).any()

    def test_uninhabited_villages_have_nobody_and_no_figures(self, areas: pd.DataFrame) -> None:
        empty = areas[~areas.inhabited]
        assert (empty.population == 0).all()
        assert empty[["unemp_rate", "dependency", "no_sewer_share"]].isna().all(axis=None)
        assert (areas[areas.inhabited].households > 0).all()

    @pytest.mark.shared
    def test_no_county_or_city_bears_a_real_name(self, areas: pd.DataFrame, shared: Path) -> None:
        settlements = pd.read_csv(shared / "iran/kr_settlements_1398.csv", dtype=str)
        nation = pd.read_csv(shared / "iran/national_id_prefixes.csv", dtype=str)
        counties = pd.read_csv(shared / "iran/kr_counties_1398.csv", dtype=str)
        parts = (settlements.name, settlements.county, counties.name, nation.city_fa, nation.province_fa)
        real = {_key(name) for part in parts for name in part.dropna()}
        ours = {_key(name) for name in areas[areas.kind.isin(["city", "county"])].name}
        assert len(real) > 5_000
        assert not ours & real


def _key(name: str) -> str:
    return re.sub(r"[\s\u200c()]", "", name).translate(str.maketrans("آيكأإ", "ایکاا"))


class TestMargins:
    @pytest.mark.shared
    def test_figures_are_restated_as_published(self, shared: Path) -> None:
        ages = pd.read_csv(shared / "iran/kr_county_census1395_age_sex.csv")
        real = {tuple(group[sex]) for _, group in ages.groupby("county_code") for sex in ("male", "female")}
        ours = {tuple(row) for row in table("ages.csv").drop(columns=["code", "sex"]).itertuples(index=False)}
        assert ours == real
        indicators = pd.read_csv(shared / "iran/kr_county_indicators_1395.csv")
        columns = ["illiterate_share_active", "unemp_rate", "female_activity_10p", "male_activity_10p"]
        restated = table("margins.csv")
        assert sorted(restated[columns].itertuples(index=False, name=None)) == sorted(
            indicators[columns].itertuples(index=False, name=None)
        )
        assert sorted(restated.survey_households) == sorted(indicators.heis_n_1402)
        assert restated.households.sum() == population.FULL
        assert set(indicators.households_1395_wp.dropna()) <= set(restated.households)

    @pytest.mark.shared
    def test_amenities_are_restated_as_published(self, shared: Path) -> None:
        survey = pd.read_csv(shared / "iran/hbsir_docs_shares_1395_1399_1402.csv").query("year == 1402")
        published = survey.set_index(["column", "category_or_stat"]).value / 100
        has = {
            "electricity": "Electricity",
            "piped_water": "Pipe_Water",
            "piped_gas": "Natural_Gas",
            "bath": "Bathroom",
            "kitchen": "Kitchen",
            "sewer": "Sewerage",
            "internet": "Internet",
            "telephone": "Cellphone",
            "television": "Color_TV",
            "radio": "Radio",
            "computer": "PC",
            "bicycle": "Bicycle",
            "motorcycle": "Motorcycle",
            "car": "Car",
        }
        walls = published["Structure_Main_Materials"]
        expected = {name: 1 - published[column, "True"] for name, column in has.items()} | {
            "durable_wall": walls[["Adobe_and_Wood", "Adobe_and_Clay", "All_Wood"]].sum(),
            "durable_roof": walls[["Brick_and_Wood_or_Stone_and_Wood", "Adobe_and_Wood", "All_Wood"]].sum(),
            "home_of_own": 1 - published["Tenure"][["Owned_Estate_Land", "Owned_Estate"]].sum(),
        }
        restated = table("amenities.csv").query("source == 'survey'").set_index("name").lacking
        assert restated.to_dict() == pytest.approx(expected, abs=6e-5)

    def test_at_full_size_persons_are_the_census(self) -> None:
        census = table("ages.csv").drop(columns=["code", "sex"]).to_numpy().reshape(28, 2, 21)
        assert (population.persons_by_age(population.FULL) == census).all()
        assert census.sum() == 6_434_501

    def test_persons_by_county_sex_and_age(self, persons: pd.DataFrame) -> None:
        groups = np.minimum(persons.age // 5, 20)
        found = persons.groupby([persons.household_id.str[:4], "sex", groups]).size()
        census = table("ages.csv").set_index(["code", "sex"])
        census.columns = pd.RangeIndex(21)
        expected = census.stack() * SIZE / population.FULL
        assert (found.reindex(expected.index, fill_value=0) - expected).abs().max() <= 1

    def test_households_by_county(self, homes: pd.DataFrame) -> None:
        expected = largest_remainder(table("margins.csv").households, SIZE)
        assert homes.county_code.value_counts().sort_index().tolist() == expected.tolist()

    def test_activity_unemployment_and_illiteracy(self, persons: pd.DataFrame) -> None:
        found = persons.assign(county=persons.household_id.str[:4], active=persons.activity != "inactive")
        ten = found[found.age >= 10]
        active = found[found.active]
        margins = table("margins.csv").set_index("code")
        for name, shares in {
            "female_activity_10p": ten[ten.sex == "female"].groupby("county").active,
            "male_activity_10p": ten[ten.sex == "male"].groupby("county").active,
            "unemp_rate": active.assign(seeks=active.activity == "unemployed").groupby("county").seeks,
            "illiterate_share_active": active.assign(none=~active.literate.astype(bool)).groupby("county").none,
        }.items():
            gap = (shares.mean() - margins[name]).abs() * shares.size()
            assert gap.max() <= 0.5 + 1e-9, name

    def test_amenities_have_the_national_shares(self, homes: pd.DataFrame) -> None:
        lacking = table("amenities.csv").set_index("name").lacking
        for name in population.HELD:
            assert (~homes[name]).mean() == pytest.approx(lacking[name], abs=28 * 0.5 / SIZE), name

    def test_hardship_is_worse_in_villages_and_margins(self, homes: pd.DataFrame) -> None:
        spent = np.log(homes.total_expenditure / homes.members**0.5)
        apart = (spent - spent.groupby(homes.county_code).transform("mean")).groupby(homes.stratum).mean()
        assert max(apart.village, apart.city_margin) < min(apart.other, apart.small_city) - 0.05


class TestHouseholds:
    def test_counts_agree_with_the_persons(self, homes: pd.DataFrame, persons: pd.DataFrame) -> None:
        adult, school = persons.age >= 15, persons.age.between(6, 17)
        literate = persons.literate.fillna(value=False).astype(bool)
        counted = pd.DataFrame(
            {
                "members": True,
                "adults": adult,
                "literate_adults": adult & literate,
                "school_age_children": school,
                "children_out_of_school": school & ~persons.student,
                "employed": persons.activity == "employed",
                "unemployed": persons.activity == "unemployed",
                "active": persons.activity != "inactive",
            }
        )
        expected = counted.groupby(persons.household_id).sum()
        found = homes.set_index("household_id")[expected.columns]
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)

    def test_each_household_has_one_adult_head_first(self, homes: pd.DataFrame, persons: pd.DataFrame) -> None:
        first = persons.groupby("household_id").first()
        heads = persons[persons.relation == "head"].set_index("household_id")
        assert heads.index.is_unique
        assert (first.relation == "head").all()
        assert (heads.age >= 15).all()
        assert (heads.sex == homes.set_index("household_id").head_sex).all()

    def test_spouses_and_children_fit_their_head(self, persons: pd.DataFrame) -> None:
        head = persons[persons.relation == "head"].set_index("household_id")
        spouses, children = (persons[persons.relation == r].set_index("household_id") for r in ("spouse", "child"))
        assert (head.sex[spouses.index] == "male").all()
        assert (head.age[spouses.index] - spouses.age).abs().quantile(0.99) < 20
        assert (head.age[children.index] - children.age).min() > 0
        assert 24 < (head.age[children.index] - children.age).median() < 34

    def test_sizes_are_plausible(self, homes: pd.DataFrame) -> None:
        assert homes.members.max() < 20
        assert homes.members.value_counts(normalize=True)[[2, 3, 4]].sum() > 0.6

    def test_ids_are_unique_and_nest(self, homes: pd.DataFrame, persons: pd.DataFrame) -> None:
        assert homes.household_id.is_unique
        assert persons.person_id.is_unique
        assert (persons.person_id.str[:-2] == persons.household_id).all()
        assert homes.household_id.is_monotonic_increasing

    def test_money_falls_with_hardship(self, homes: pd.DataFrame) -> None:
        spent = np.log(homes.total_expenditure / homes.members**0.5)
        assert spent[~homes.car].mean() < spent[homes.car].mean() - 0.1
        assert spent[homes.undernourished_members > 0].mean() < spent.mean() - 0.2
        assert (homes.health_expenditure <= homes.total_expenditure).all()

    def test_settlements_differ(self, homes: pd.DataFrame) -> None:
        village = homes[homes.stratum == "village"]
        gas = village.groupby("area_code").piped_gas.agg(["mean", "size"])
        large = gas[gas["size"] >= 15]
        assert large["mean"].std() > 1.5 * np.sqrt(village.piped_gas.mean() * (1 - village.piped_gas.mean()) / 20)

    def test_a_county_does_not_depend_on_the_others(self) -> None:
        whole = list(population.chunks(SIZE, 3))
        assert (next(population.chunks(SIZE, 3)).persons["age"] == whole[0].persons["age"]).all()
        assert not np.array_equal(whole[1].persons["age"][:50], whole[2].persons["age"][:50])


class TestAreas:
    def test_indicators_are_counted_from_the_population(
        self, areas: pd.DataFrame, homes: pd.DataFrame, persons: pd.DataFrame
    ) -> None:
        place = homes.set_index("household_id").area_code
        city = areas[(areas.kind == "city") & (areas.stratum == "other")].code.iloc[0]
        for code in ("97", "9703", city, areas[areas.kind == "neighbourhood"].code.iloc[3]):
            people = persons[persons.household_id.map(place).str.startswith(code)]
            inside = homes[homes.area_code.str.startswith(code)]
            active = people[people.activity != "inactive"]
            women = people[(people.sex == "female") & (people.age >= 10)]
            row = areas.loc[code]
            assert row.population == len(people)
            assert row.households == len(inside)
            assert row.unemp_rate == pytest.approx((active.activity == "unemployed").mean())
            assert row.illiterate_share_active == pytest.approx(1 - active.literate.astype(float).mean())
            dependent = (~people.age.between(15, 64)).sum()
            assert row.dependency == pytest.approx(dependent / (len(people) - dependent))
            assert row.female_activity == pytest.approx((women.activity != "inactive").mean())
            assert row.no_sewer_share == pytest.approx((~inside.sewer).mean())

    def test_focus_is_small_places_with_enough_households(self, areas: pd.DataFrame) -> None:
        focus = areas[areas.focus]
        assert set(focus.kind) == {"village", "city", "neighbourhood"}
        assert set(focus.stratum) == {"village", "small_city", "city_margin"}
        assert focus.households.min() >= 10
        assert focus.select_dtypes("number").notna().all(axis=None)


class TestSamples:
    def test_survey_has_the_real_sizes(self, made: datasets.Province) -> None:
        survey = pd.read_parquet(made.survey)
        margins = table("margins.csv").set_index("code")
        assert survey.county_code.value_counts().to_dict() == margins.survey_households.to_dict()
        assert survey.household_id.is_unique

    def test_every_stratum_has_two_clusters(self, made: datasets.Province) -> None:
        survey = pd.read_parquet(made.survey)
        assert survey.survey_stratum.nunique() == 56
        assert survey.groupby("survey_stratum").psu.nunique().min() >= 2
        assert (survey.groupby("psu").survey_stratum.nunique() == 1).all()
        assert ((survey.stratum == "village") == survey.survey_stratum.str.endswith("2")).all()

    def test_weights_are_unbiased(self, made: datasets.Province, homes: pd.DataFrame) -> None:
        draws = [datasets.draw_survey(made, seed) for seed in range(150)]
        for true, estimates in (
            (len(homes), [draw.weight.sum() for draw in draws]),
            (homes.members.sum(), [(draw.weight * draw.members).sum() for draw in draws]),
            ((~homes.piped_gas).sum(), [(draw.weight * ~draw.piped_gas).sum() for draw in draws]),
        ):
            error = np.std(estimates) / np.sqrt(len(draws))
            assert abs(np.mean(estimates) - true) < 4 * error + 1e-6 * true

    def test_the_file_is_the_first_of_the_draws(self, made: datasets.Province) -> None:
        again = datasets.draw_survey(made, 1405)
        pd.testing.assert_frame_equal(again, pd.read_parquet(made.survey), check_dtype=False)

    def test_answers_are_missing_in_a_few_fields_only(self, made: datasets.Province) -> None:
        missing = pd.read_parquet(made.survey).isna().mean()
        assert set(missing[missing > 0].index) == {"income", "floor_area", "total_expenditure", "max_years_schooling"}
        assert missing.max() < 0.05

    def test_coverage_has_clusters_of_every_stratum(self, made: datasets.Province) -> None:
        coverage = pd.read_parquet(made.coverage)
        assert coverage.groupby("stratum").psu.nunique().to_dict() == dict.fromkeys(
            ["city_margin", "other", "small_city", "village"], 6
        )
        assert set(coverage.survey_stratum) == set(coverage.stratum)

    def test_nominations_find_the_poor_of_towns_and_miss_those_of_villages(
        self, made: datasets.Province, homes: pd.DataFrame
    ) -> None:
        named = homes.household_id.isin(set(pd.read_parquet(made.nominations, columns=["household_id"]).household_id))
        assert 0.01 < named.mean() < 0.08
        spent = np.log(homes.total_expenditure / homes.members**0.5)
        village = homes.stratum == "village"
        assert spent[named & ~village].mean() < spent[~village].mean() - 0.2
        remote = village & ~homes.car & ~homes.telephone
        assert named[remote].mean() < 0.6 * named[village & ~remote].mean()
        connected = homes.groupby("area_code").internet.transform("mean")
        assert connected[named].mean() > connected[~named].mean()


class TestTruth:
    def test_counties_and_settlements(self, made: datasets.Province, areas: pd.DataFrame) -> None:
        truth = pd.read_parquet(made.truth).set_index("code")
        lived_in = areas[areas.population > 0]
        assert set(truth.index) == set(lived_in.code)
        assert (truth.population == lived_in.population[truth.index]).all()
        assert ((truth.H * truth.population).round() == truth.people).all()
        assert (truth.M0 <= truth.H).all()

    def test_varies_as_intended(self, made: datasets.Province) -> None:
        truth = pd.read_parquet(made.truth).set_index("code")
        assert 0.08 < truth.H["97"] < 0.25
        counties = truth[truth.kind == "county"].H
        assert counties.min() < 0.12
        assert counties.max() > 0.3

    def test_equals_the_method_on_the_census(self, made: datasets.Province) -> None:
        from hamyar.indicators import Measure
        from hamyar.poverty import alkire_foster
        from hamyar.survey import Design

        found = alkire_foster(
            made.households, Measure.load("iran-household"), Design(universe="census"), by="county_code"
        )
        truth = pd.read_parquet(made.truth).set_index("code")
        for name in ("H", "M0"):
            direct = found[found.measure == name].set_index("county_code").estimate
            np.testing.assert_allclose(truth[name][direct.index], direct, rtol=1e-9)

    def test_the_small_area_model_is_mis_specified(self, made: datasets.Province, areas: pd.DataFrame) -> None:
        """Residuals of a linear model on the round's covariates are far from small and far from normal."""
        truth = pd.read_parquet(made.truth).set_index("code")
        counties = areas[areas.kind == "county"]
        X = np.column_stack([np.ones(28), counties.illiterate_share_active, counties.unemp_rate])
        y = truth.H[counties.code].to_numpy()
        residual = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        assert 0.01 < residual.std() < 0.15
        assert np.abs(residual).max() > 2 * residual.std()


class TestNames:
    def test_names_are_pairs_in_both_scripts(self) -> None:
        for kind in ("cities", "regions", "neighbourhoods", "village_first", "village_second"):
            for persian, english in names()[kind]:
                assert re.fullmatch(r"[آ-ی\u200c ]+", persian), persian
                assert english.isascii(), english

    def test_tree_is_the_same_for_every_call(self) -> None:
        first = tree().areas.copy()
        tree.cache_clear()
        pd.testing.assert_frame_equal(tree().areas, first)


@pytest.mark.prove
def test_full_size_holds_every_margin() -> None:
    census = table("ages.csv").drop(columns=["code", "sex"]).to_numpy().reshape(28, 2, 21)
    homes = 0
    for k, chunk in enumerate(population.chunks(population.FULL, 1405)):
        sex, group = chunk.persons["female"].astype(int), np.minimum(chunk.persons["age"] // 5, 20)
        assert (np.bincount(sex * 21 + group, minlength=42).reshape(2, 21) == census[k]).all()
        homes += len(chunk.households["members"])
    assert homes == population.FULL
