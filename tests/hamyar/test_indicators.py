"""A measure is read from YAML, checked fully, its examples run, and compiled."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import ibis
import pandas as pd
import pytest

from hamyar.errors import HamyarError
from hamyar.indicators import Measure

SMALL = """
name: small
title: {fa: کوچک, en: Small}
unit: household
cutoff: 1/3
missing: drop
dimensions:
  housing:
    weight: 1/3
    indicators:
      overcrowding:
        title: {fa: تراکم, en: Overcrowding}
        deprived: "members / nullif(rooms, 0) > people_per_room"
        parameters:
          people_per_room: {2016-03-20: 3, 2021-03-21: 2}
        source: "UN-Habitat"
        examples:
          - {members: 5, rooms: 2, deprived: true}
          - {members: 4, rooms: 2, deprived: false}
          - {members: 4, rooms: 0, deprived: null}
  education:
    weight: 2/3
    indicators:
      attendance:
        title: {fa: تحصیل, en: Attendance}
        applies_when: "school_age_children > 0"
        deprived: "children_out_of_school > 0"
        source: "SDG 4.1.4"
        examples:
          - {school_age_children: 0, children_out_of_school: null, deprived: false}
          - {school_age_children: 1, children_out_of_school: 1, deprived: true}
"""


def load(tmp_path: Path, text: str = SMALL, *changes: tuple[str, str]) -> Measure:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "small.yaml"
    path.write_text(text, encoding="utf-8")
    return Measure.load(path)


def refusal(tmp_path: Path, *changes: tuple[str, str], text: str = SMALL) -> HamyarError:
    with pytest.raises(HamyarError) as caught:
        load(tmp_path, text, *changes)
    return caught.value


def codes(error: HamyarError) -> list[str]:
    return [fault.code for fault in error.faults]


def test_a_measure_has_exact_weights_and_titles(tmp_path: Path) -> None:
    measure = load(tmp_path)
    assert [(i.name, i.weight) for i in measure.indicators] == [
        ("overcrowding", Fraction(1, 3)),
        ("attendance", Fraction(2, 3)),
    ]
    assert measure.cutoff == Fraction(1, 3)
    assert measure.columns == ["children_out_of_school", "members", "rooms", "school_age_children"]
    assert measure.contract is not None
    assert measure.contract.size == "members"
    assert "2 dimensions, 2 indicators, cut-off 1/3, 5 examples" in measure.summary()
    assert measure.run_examples() == []


@pytest.mark.parametrize("name", Measure.shipped())
def test_shipped_measures_hold(name: str) -> None:
    measure = Measure.load(name)
    assert sum(i.weight for i in measure.indicators) == 1
    assert all(i.source and i.title["fa"] and i.title["en"] for i in measure.indicators)
    assert all(any(e["deprived"] is None for e in i.examples) for i in measure.indicators), "an unknown is shown"


def test_the_shipped_measures_are_the_two_of_the_design() -> None:
    assert Measure.shipped() == ["global-mpi", "iran-household"]
    world, iran = Measure.load("global-mpi"), Measure.load("iran-household")
    assert [len(m.dimensions) for m in (world, iran)] == [3, 5]
    assert {i.weight for i in world.indicators} == {Fraction(1, 6), Fraction(1, 18)}
    assert len(world.indicators) == 10
    assert {d.weight for d in iran.dimensions} == {Fraction(1, 5)}


def test_a_parameter_is_the_one_in_force_on_the_day(tmp_path: Path) -> None:
    measure = load(tmp_path)
    data = ibis.memtable({"members": [5], "rooms": [2], "school_age_children": [0], "children_out_of_school": [0]})
    on = lambda day: measure.compile(data, on=day).overcrowding.to_pandas()[0]  # noqa: E731
    assert on(date(2020, 1, 1)) == 0
    assert on(date(2021, 3, 21)) == 1
    assert on(None) == 1
    with pytest.raises(HamyarError, match="HY-I013.*2016-03-20"):
        measure.compile(data, on=date(2015, 1, 1))


def test_all_faults_come_at_once_with_their_lines(tmp_path: Path) -> None:
    error = refusal(
        tmp_path,
        ("weight: 2/3", "weight: 1/2"),
        ("cutoff: 1/3", "cutoff: 3/2"),
        ("missing: drop", "missing: guess"),
        ("children_out_of_school > 0", "children_out_of_scool > 0"),
        ('source: "UN-Habitat"', "unknown_key: 1"),
        ("2016-03-20", "1395-01-01"),
    )
    assert {"HY-I003", "HY-I004", "HY-I005", "HY-I008", "HY-I002", "HY-I012"} <= set(codes(error))
    lines = SMALL.splitlines()
    by_code = {fault.code: fault for fault in error.faults}
    assert lines[by_code["HY-I004"].row - 1].startswith("cutoff")  # type: ignore[operator]
    assert "children_out_of_school > 0" in lines[by_code["HY-I008"].row - 1]  # type: ignore[operator]
    assert all(fault.file == "small.yaml" and fault.fa and fault.en for fault in error.faults)


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("weight: 2/3", "weight: 0.66", "HY-I003", "not 149/150"),
        ("weight: 2/3", "weight: two thirds", "HY-I003", "two thirds"),
        ("2016-03-20", "1395-01-01", "HY-I012", "looks Jalali"),
        ("2016-03-20", "'20/3/2016'", "HY-I012", "ISO date"),
        ("2016-03-20: 3", "2016-03-20: three", "HY-I012", "all be numbers"),
        ("deprived: true}\n          - {members: 4, rooms: 2", "deprived: false}\n          - {members: 4, rooms: 2", "HY-I015", "at least one"),
        ("{members: 4, rooms: 2, deprived: false}", "{members: 9, rooms: 2, deprived: false}", "HY-I014", "gives true"),
        ("{members: 4, rooms: 2, deprived: false}", "{members: 4, room: 2, deprived: false}", "HY-I014", "`room`"),
        ("{members: 4, rooms: 2, deprived: false}", "{members: four, rooms: 2, deprived: false}", "HY-I014", "'four'"),
        ("title: {fa: تراکم, en: Overcrowding}", "title: Overcrowding", "HY-I002", "fa"),
        ("unit: household", "unit: village", "HY-I002", "household"),
        ("name: small", "name: Small!", "HY-I002", "Small!"),
        ("people_per_room:", "rooms:", "HY-I012", "name of a column"),
        ("title: {fa: کوچک, en: Small}", "title: {fa: کوچک, en: Small}\nname: twice", "HY-I002", "twice"),
    ],
)  # fmt: skip
def test_a_fault_is_named(tmp_path: Path, old: str, new: str, code: str, says: str) -> None:
    error = refusal(tmp_path, (old, new))
    assert any(fault.code == code and says in fault.en for fault in error.faults), str(error)


@pytest.mark.parametrize("column", ["ethnicity", "religion", "nationality", "مذهب"])
def test_a_forbidden_column_does_not_compile(tmp_path: Path, column: str) -> None:
    error = refusal(tmp_path, ("children_out_of_school > 0", f"{column} > 0"))
    assert "HY-I009" in codes(error)
    with pytest.raises(HamyarError, match="HY-I009"):
        Measure.of_columns({"d": [column]}, cutoff=1)


@pytest.mark.parametrize(
    "expression",
    [
        "read_csv('/etc/passwd') > 0",
        "(SELECT 1) = 1",
        "members IN (SELECT 1)",
        "EXISTS (SELECT 1)",
        "members > 1; DROP TABLE rows",
        "members > 1 -- comment",
        "members /* comment */ > 1",
        "CAST(members AS TEXT) = '1'",
        "members::TEXT = '1'",
        "sum(members) OVER () > 1",
        "max(members) > 1",
        "t.members > 1",
        "members % 2 = 1",
        "members // 2 = 1",
        "cooking_fuel LIKE 's%'",
        "cooking_fuel || 'x' = 'x'",
        "getenv('HOME') = 'x'",
        "members > ?",
        "members > $x",
        "members = ANY (ARRAY[1])",
        "members[1] > 1",
        "members IS DISTINCT FROM 1",
        "members IN (1, NULL)",
        "members > 1 AS x",
        "COLUMNS('.*') > 1",
        "* > 1",
        "members > 1e999",
        "DATE '2020-01-01' > members",
        "members BETWEEN SYMMETRIC 2 AND 1",
        "CASE WHEN members > 1 THEN TRUE END COLLATE x",
        "TRY(members > 1)",
        "members > (VALUES (1))",
    ],
)
def test_anything_but_the_subset_is_refused(tmp_path: Path, expression: str) -> None:
    error = refusal(tmp_path, ("children_out_of_school > 0", expression))
    mine = [fault for fault in error.faults if fault.code in ("HY-I006", "HY-I007", "HY-I008")]
    assert mine, str(error)
    assert mine[0].row == 27


def test_a_refused_part_is_shown_with_its_position(tmp_path: Path) -> None:
    error = refusal(tmp_path, ("children_out_of_school > 0", "children_out_of_school > 0 OR abs(members) > 3"))
    fault = next(fault for fault in error.faults if fault.code == "HY-I007")
    assert "`ABS(members)` (position 31)" in fault.en


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("members + " * 400 + "1 > 0", "HY-I011"),
        ("(" * 200 + "members > 1" + ")" * 200, "HY-I011"),
        ("NOT " * 100 + "(members > 1)", "HY-I011"),
        ("members > " + "1" * 3000, "HY-I011"),
        ("members >", "HY-I006"),
        ("'open", "HY-I006"),
        ("", "HY-I002"),
    ],
)
def test_large_and_broken_expressions_are_our_errors(tmp_path: Path, expression: str, code: str) -> None:
    error = refusal(tmp_path, ('"children_out_of_school > 0"', f'"{expression}"'))
    assert code in codes(error)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("cooking_fuel > 1", "text"),
        ("cooking_fuel = 1", "number"),
        ("cooking_fuel < 'solid'", "number"),
        ("members", "not true or false"),
        ("members AND bath", "boolean"),
        ("members + bath > 1", "number"),
        ("cooking_fuel = 'wood'", "'wood' is not one of"),
        ("cooking_fuel IN ('gas', 'wood')", "'wood' is not one of"),
        ("CASE WHEN bath THEN 1 ELSE 'a' END = 1", "number"),
        ("coalesce(cooking_fuel, 0) = 0", "text"),
    ],
)
def test_types_are_checked_against_the_contract(tmp_path: Path, expression: str, says: str) -> None:
    error = refusal(tmp_path, ("children_out_of_school > 0", expression))
    fault = next(fault for fault in error.faults if fault.code == "HY-I010")
    assert says in fault.en


def test_a_hostile_document_is_refused(tmp_path: Path) -> None:
    bomb = "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert codes(refusal(tmp_path, text=bomb)) == ["HY-I001"]
    assert codes(refusal(tmp_path, text="a: " + "[" * 500 + "]" * 500)) == ["HY-I001"]
    assert codes(refusal(tmp_path, text="a: !!python/object/apply:os.system [ls]")) == ["HY-I001"]
    assert codes(refusal(tmp_path, text="x" * 300_000)) == ["HY-I001"]
    assert codes(refusal(tmp_path, text="- a list")) == ["HY-I001"]
    assert codes(refusal(tmp_path, text="a: [1")) == ["HY-I001"]
    assert codes(refusal(tmp_path, text="")) == ["HY-I001"]


def test_a_file_that_is_not_there_and_one_that_is_not_text(tmp_path: Path) -> None:
    with pytest.raises(HamyarError, match="HY-I016.*global-mpi, iran-household"):
        Measure.load(tmp_path / "none.yaml")
    with pytest.raises(HamyarError, match="HY-I016"):
        Measure.load("no-such-measure")
    with pytest.raises(HamyarError, match="HY-I016"):
        Measure.load("../global-mpi")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(HamyarError, match="HY-I001"):
        Measure.load(tmp_path / "binary.yaml")


def test_indicators_may_have_their_own_weights(tmp_path: Path) -> None:
    second = SMALL.split("      attendance:")[1].replace("name: small", "")
    two = SMALL + "      literacy:" + second
    own = load(tmp_path, two.replace("SDG 4.1.4", "x"))
    assert [i.weight for i in own.indicators] == [Fraction(1, 3)] * 3
    weighted = two.replace("      attendance:\n", "      attendance:\n        weight: 1/2\n")
    assert "HY-I003" in codes(refusal(tmp_path, text=weighted))
    both = weighted.replace("      literacy:\n", "      literacy:\n        weight: 1/6\n")
    assert [i.weight for i in load(tmp_path, both).indicators] == [Fraction(1, 3), Fraction(1, 2), Fraction(1, 6)]
    wrong = both.replace("1/6", "1/7")
    assert "HY-I003" in codes(refusal(tmp_path, text=wrong))


def test_missing_columns_and_other_types_are_named(tmp_path: Path) -> None:
    measure = load(tmp_path)
    with pytest.raises(HamyarError, match="HY-I017.*members, rooms"):
        measure.compile(ibis.memtable({"school_age_children": [1], "children_out_of_school": [1]}))
    data = {"members": ["four"], "rooms": [2], "school_age_children": [1], "children_out_of_school": [1]}
    with pytest.raises(HamyarError, match='HY-I018.*column "members"'):
        measure.compile(ibis.memtable(data))


def test_not_a_number_is_unknown_and_booleans_may_be_numbers() -> None:
    measure = Measure.load("iran-household")
    row = {name: [None] for name in measure.columns}
    row |= {"members": [4.0], "rooms": [float("nan")], "internet": [0], "bath": [1.0], "kitchen": [True]}
    typed = pd.DataFrame(row).astype({"rooms": float, "internet": int})
    found = measure.compile(ibis.memtable(typed)).to_pandas().iloc[0]
    assert pd.isna(found["overcrowding"])
    assert found["facilities"] == 0
    assert measure.compile(ibis.memtable(typed)).select(x="internet").to_pandas()["x"][0] == 1


def test_of_columns_wants_columns_once() -> None:
    for bad in ({}, {"a": []}, {"a": ["x"], "b": ["x"]}):
        with pytest.raises(HamyarError, match="HY-I002"):
            Measure.of_columns(bad, cutoff="1/3")
    with pytest.raises(HamyarError, match="HY-I005"):
        Measure.of_columns({"a": ["x"]}, cutoff="1/3", missing="guess")  # type: ignore[arg-type]
    for cutoff in ("0", "4/3", "1/0", "third", None, True):
        with pytest.raises(HamyarError, match="HY-I004"):
            Measure.of_columns({"a": ["x"]}, cutoff=cutoff)


def test_one_column_and_one_cutoff_need_no_list() -> None:
    assert Measure.of_columns({"health": "sick", "school": ["never"]}, cutoff="1/2").columns == ["never", "sick"]


def test_a_float_is_the_fraction_it_is_nearest_to() -> None:
    for value, exact in [
        (1 / 3, Fraction(1, 3)),
        (0.2, Fraction(1, 5)),
        (5 / 18, Fraction(5, 18)),
        (2 / 3, Fraction(2, 3)),
    ]:
        assert Measure.of_columns({"a": ["x"]}, cutoff=value).cutoff == exact
    with pytest.raises(HamyarError, match="HY-I004"):
        Measure.of_columns({"a": ["x"]}, cutoff=0.3333333333)
