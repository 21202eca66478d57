"""The contract of areas: any kind, with its parent's code and its figures."""

from __future__ import annotations

import pytest

from hamyar.tables.contracts import PROVENANCES
from hamyar_server.areas import parsing
from hamyar_server.areas.models import SMALL_CITY, Area, stratum_of
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actions import import_areas, undo_import

COLUMNS = "code,name,kind,parent_code,population,inhabited,stratum,provenance,lat,lon"


def taken(folder, *rows, by=None, name="areas.csv"):
    (folder / name).write_text("\n".join([COLUMNS, *rows]) + "\n", encoding="utf-8")
    return import_areas(by=by, path=folder / name)


def codes(result):
    return sorted((fault.code, fault.row, fault.column) for fault, _ in result.refused)


TREE = ["66,استان,province,,,,,,,", "6601,شهرستان,county,66,,,,,,", "660101,بخش,district,6601,,,,,,"]


@pytest.mark.parametrize(
    ("kind", "population", "imported", "stratum"),
    [
        ("village", 90_000, "", "village"),
        ("village", 100, "city_margin", "village"),
        ("city", SMALL_CITY - 1, "", "small_city"),
        ("city", SMALL_CITY, "", "other"),
        ("city", None, "", "small_city"),
        ("city", 900_000, "city_margin", "city_margin"),
        ("neighbourhood", 5_000, "", "other"),
        ("neighbourhood", 5_000, "city_margin", "city_margin"),
        ("county", None, "city_margin", "other"),
    ],
)
def test_the_stratum_follows_from_kind_census_and_the_imported_attribute(kind, population, imported, stratum):
    assert stratum_of(kind, population, imported) == stratum


def test_the_words_of_provenance_are_those_of_the_tables():
    assert set(parsing.PROVENANCES) == set(PROVENANCES)


@pytest.mark.django_db
def test_parents_may_stand_below_their_children_in_the_file(tmp_path):
    result = taken(tmp_path, *reversed(TREE))
    assert (result.made, result.refused) == (3, [])
    assert Area.objects.get(code="660101").path == "66/6601/660101"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("6601012000,شهر,city,660999,,,,,,", ("HY-A014", 5, "parent_code")),
        ("6601012000,شهر,city,,,,,,,", ("HY-A014", 5, "parent_code")),
        ("6601012000,شهر,city,6601012000,,,,,,", ("HY-A024", 5, "parent_code")),
        ("6602,شهرستان دیگر,county,660101,,,,,,", ("HY-A024", 5, "parent_code")),
        ("67,استان دیگر,province,66,,,,,,", ("HY-A024", 5, "parent_code")),
        ("660101200001,محله,quarter,660101,,,,,,", ("HY-A016", 5, "kind")),
        ("66/6601,محله,neighbourhood,660101,,,,,,", ("HY-A011", 5, "code")),
        ("6601012000,شهر,city,66۰۱x1,,,,,,", ("HY-A011", 5, "parent_code")),
        ("6601012000,شهر,city,660101,زیاد,,,,,", ("HY-A015", 5, "population")),
        ("6601012000,شهر,city,660101,-1,,,,,", ("HY-A015", 5, "population")),
        ("6601012000,شهر,city,660101,12.5,,,,,", ("HY-A015", 5, "population")),
        ("6601012000,شهر,city,660101,1e400,,,,,", ("HY-A015", 5, "population")),
        ("6601012000,شهر,city,660101,,perhaps,,,,", ("HY-A023", 5, "inhabited")),
        ("6601012000,شهر,city,660101,,,slum,,,", ("HY-A023", 5, "stratum")),
        ("6601012000,شهر,city,660101,,,,rumour,,", ("HY-A023", 5, "provenance")),
        ("6601012000,شهر,city,660101,,,,,95,59", ("HY-A015", 5, "lat")),
    ],
)
def test_a_bad_row_is_refused_with_its_place_and_the_others_come_in(tmp_path, row, fault):
    result = taken(tmp_path, *TREE, row)
    assert codes(result) == [fault]
    assert result.made == 3
    assert result.refused[0][1]["code"] == row.split(",")[0]  # the row as it was typed, to be mended and sent again


@pytest.mark.django_db
def test_a_circle_is_refused_row_by_row_in_the_file_and_against_the_record(tmp_path):
    circle = taken(tmp_path, "6601,الف,county,6602,,,,,,", "6602,ب,county,6601,,,,,,")
    assert [code for code, _, _ in codes(circle)] == ["HY-A024", "HY-A024"]
    taken(tmp_path, *TREE, "6601010001,دهستان,rural_district,660101,,,,,,")
    turned = taken(tmp_path, "660101,بخش,district,6601010001,,,,,,", "6601,شهرستان,village,660101,,,,,,")
    assert [code for code, _, _ in codes(turned)] == ["HY-A011", "HY-A024"]
    assert Area.objects.get(code="6601010001").path == "66/6601/660101/6601010001"


@pytest.mark.django_db
def test_a_lost_zero_of_the_parent_is_put_back_too(tmp_path):
    result = taken(tmp_path, "6,مرکزی,province,,,,,,,", "601,شهرستان,county,6,,,,,,")
    assert result.refused == []
    assert [(note.code, note.row, note.column) for note in result.notes] == [
        ("HY-A012", 2, "code"),
        ("HY-A012", 3, "parent_code"),
        ("HY-A012", 3, "code"),
    ]
    assert Area.objects.get(code="0601").path == "06/0601"


@pytest.mark.django_db
def test_an_empty_cell_says_nothing(tmp_path):
    city = "6601012000,شهر,city,660101,60000,{},{},synthetic,,"
    taken(tmp_path, *TREE, city.format("false", "city_margin"))
    known = Area.objects.get(code="6601012000")
    assert (known.inhabited, known.stratum, known.provenance) == (False, "city_margin", "synthetic")
    assert taken(tmp_path, city.format("", "").replace("60000", "").replace("synthetic", "")).unchanged == 1
    assert taken(tmp_path, city.format("yes", "other").replace("60000", "")).changed == 1
    known.refresh_from_db()
    assert (known.inhabited, known.stratum, known.population) == (True, "other", 60000)


@pytest.mark.django_db
def test_where_a_place_moves_everything_below_it_follows_and_comes_back(tmp_path):
    below = ["6601010001,دهستان,rural_district,660101,,,,,,", "6601010001000001,روستا,village,6601010001,,,,,,"]
    taken(tmp_path, *TREE, "6602,دیگر,county,66,,,,,,", *below)
    moved = taken(tmp_path, TREE[2].replace(",6601,", ",6602,"))
    assert Area.objects.get(code="6601010001000001").path == "66/6602/660101/6601010001/6601010001000001"
    undo_import(by=None, batch=moved.batch)
    assert Area.objects.get(code="6601010001000001").path == "66/6601/660101/6601010001/6601010001000001"


@pytest.mark.parametrize(
    ("name", "row", "allowed"),
    [
        ("director", "7701010001000001,چشمهٔ نو,village,7701010001,,,,,,", True),
        ("director", "7701010001000009,تازه,village,7701010001,,,,,,", True),
        ("director", "7801012000,ساحل نو,city,780101,,,,,,", False),
        ("director", "7801010001,دهستان,rural_district,780101,,,,,,", False),
        ("director", "79,استان نو,province,,,,,,,", False),
        ("outsider", "7701010001,دهستان,rural_district,780101,,,,,,", False),  # pulls a place of others over to itself
        ("director", "7702012000,نیک‌رود,city,780101,,,,,,", False),  # pushes its own under others
        ("mayor", "770101200001,باغ‌ها,neighbourhood,7701012000,,,,,,", False),
        ("statistician", "7701010001000001,چشمهٔ نو,village,7701010001,,,,,,", False),
    ],
)
def test_who_may_import_what(cast, tmp_path, name, row, allowed):
    actor, before = cast.actors[name], list(Area.objects.order_by("code").values())
    if allowed:
        assert taken(tmp_path, row, by=actor).batch
    else:
        with pytest.raises(mandates.NotAllowed):
            taken(tmp_path, row, by=actor)
        assert list(Area.objects.order_by("code").values()) == before


def test_who_may_take_a_batch_back(cast, tmp_path):
    batch = taken(tmp_path, "7701010001000001,چشمهٔ نو,village,7701010001,,,,,,").batch
    for name in ("outsider", "mayor", "officer", "administrator"):
        with pytest.raises(mandates.NotAllowed):
            undo_import(by=cast.actors[name], batch=batch)
    undo_import(by=cast.director, batch=batch)
