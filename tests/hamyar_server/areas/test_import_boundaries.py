from __future__ import annotations

import json

import pytest

from hamyar.errors import HamyarError
from hamyar_server.areas.models import Area
from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actions import import_areas, import_boundaries, undo_import


def square(west, south, east, north):
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


MEHRDASHT, NIKRUD = square(59.0, 35.0, 59.35, 35.35), square(59.35, 35.35, 59.6, 35.6)


def taken(folder, boundaries, by=None, raw=None):
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": geometry} for code, geometry in boundaries
    ]
    file = folder / "boundaries.geojson"
    file.write_text(
        raw if raw is not None else json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8"
    )
    return import_boundaries(by=by, path=file)


@pytest.mark.shared
@pytest.mark.django_db
def test_the_34_counties_find_the_30_of_the_table_and_points_outside_are_left_out(shared):
    import_areas(by=None, path=shared / "iran/kr_settlements_1398.csv")
    file = shared / "iran/kr_counties_34_osm_simplified.geojson"
    first = import_boundaries(by=None, path=file)
    assert (first.changed, [fault.code for fault, _ in first.refused]) == (30, ["HY-A018"] * 4)
    assert [cells["code"] for _, cells in first.refused] == ["0942", "0943", "0944", "0945"]
    assert [note.code for note in first.notes] == ["HY-A017"]
    assert "عشق آباد" in first.notes[0].fa
    lost = Area.objects.filter(kind="city", lat=None).values_list("name", flat=True)
    assert {"صالح آباد", "دولت آباد", "نصرآباد", "عشق آباد"} <= set(lost)

    again = import_boundaries(by=None, path=file)
    assert (again.batch, again.changed, again.unchanged) == (None, 0, 30)

    undo_import(by=None, batch=first.batch)
    assert not Area.objects.exclude(boundary=None).exists()
    assert Area.objects.get(kind="city", name="عشق آباد").lat is not None


def test_a_county_alone_says_nothing_of_points_in_the_others(cast, tmp_path):
    before = dict(Area.objects.values_list("code", "lat"))
    result = taken(tmp_path, [("7701", MEHRDASHT)], by=cast.director)
    assert (result.changed, result.notes) == (1, [])
    assert dict(Area.objects.values_list("code", "lat")) == before


def test_a_point_outside_the_outline_is_left_out_and_said(cast, tmp_path):
    result = taken(tmp_path, [("7701", square(59.0, 35.0, 59.15, 35.15)), ("7702", NIKRUD)])
    assert {note.code for note in result.notes} == {"HY-A017"}
    lost = set(Area.objects.filter(lat=None, code__startswith="7701", kind="village").values_list("name_en", flat=True))
    assert lost == {"Cheshmeh", "Sangchin", "Kohneh", "Tavus"}
    assert Area.objects.get(code="7702012000").lat == 35.4
    assert len(result.notes) == 4


def test_one_event_is_written_for_one_file(cast, tmp_path):
    taken(tmp_path, [("7701", MEHRDASHT), ("7702", NIKRUD)], by=cast.director)
    event = AuditEvent.objects.filter(action="areas.imported").last()
    assert (event.fields["rows"]["changed"], event.user_id) == (2, str(cast.director.user.pk))


@pytest.mark.parametrize(
    ("boundaries", "raw", "code"),
    [
        (None, "", "HY-A030"),
        (None, "[" * 200_000, "HY-A030"),
        (None, '{"features": [{"properties": {}, "geometry": null}]}', "HY-A030"),
        (None, '{"features": {"code": "7701"}}', "HY-A030"),
        ([("7701", None)], None, "HY-A031"),
        ([("7701", {"type": "Point", "coordinates": [59, 35]})], None, "HY-A031"),
        ([("7701", {"type": "Polygon", "coordinates": []})], None, "HY-A031"),
        ([("7701", {"type": "Polygon", "coordinates": [[[1, 2], [3]]]})], None, "HY-A031"),
        ([("7701", {"type": "Polygon"})], None, "HY-A031"),
        ([("7701", {"coordinates": []})], None, "HY-A031"),
        ([("7701", square(700_000, 3_900_000, 750_000, 3_950_000))], None, "HY-A031"),
        ([("7701", square(59, 35, float("nan"), 36))], None, "HY-A031"),
        ([("7701", MEHRDASHT), ("7701", NIKRUD)], None, "HY-A032"),
        ([("7701", MEHRDASHT), (7701, NIKRUD)], None, "HY-A032"),
    ],
)
def test_a_file_that_is_no_set_of_boundaries_is_refused_whole(cast, tmp_path, boundaries, raw, code):
    with pytest.raises(HamyarError) as refusal:
        taken(tmp_path, boundaries or [], raw=raw)
    assert [fault.code for fault in refusal.value.faults] == [code]
    assert not Area.objects.exclude(boundary=None).exists()


def test_a_bow_tie_is_taken_and_its_points_are_still_judged(cast, tmp_path):
    bow = {"type": "Polygon", "coordinates": [[[59, 35], [59.4, 35.4], [59.4, 35], [59, 35.4], [59, 35]]]}
    assert taken(tmp_path, [("7701", bow)]).changed == 1


@pytest.mark.django_db
def test_a_code_that_lost_its_zero_finds_its_county(tmp_path):
    rows = "code,name,kind,parent_code\n09,استان,province,\n0904,شهرستان,county,09\n"
    (tmp_path / "areas.csv").write_text(rows, encoding="utf-8")
    import_areas(by=None, path=tmp_path / "areas.csv")
    result = taken(tmp_path, [(904, MEHRDASHT)])
    assert (result.changed, [(note.code, note.column) for note in result.notes]) == (1, [("HY-A012", "code")])


@pytest.mark.parametrize("name", ["outsider", "mayor", "statistician", "officer"])
def test_who_does_not_administer_draws_no_boundary(cast, tmp_path, name):
    with pytest.raises(mandates.NotAllowed):
        taken(tmp_path, [("7701", MEHRDASHT)], by=cast.actors[name])
    assert not Area.objects.exclude(boundary=None).exists()
