"""Codes change, areas remain."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.management import CommandError, call_command

from hamyar.errors import HamyarError
from hamyar_server.areas.models import Area, AreaCode
from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations.imports import import_areas, recode, undo_import
from hamyar_server.organisations.mandates import Function, NotAllowed, holds
from hamyar_server.organisations.models import Mandate

DAY = date(2026, 3, 21)
PLACES = """code,name,kind,parent_code,population
09,استان,province,,
0932,شهرستان,county,09,
093201,مرکزی,district,0932,
0932012000,شهر,city,093201,5000
"""


@pytest.fixture
def county(db, tmp_path):
    assert not import_areas(by=None, path=written(tmp_path, PLACES)).refused
    return Area.objects.get(code="0932")


def written(folder, text):
    file = folder / "places.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_old_code_ends_the_day_before_and_what_lies_below_follows(county):
    call_command("import", "recode", "0932", "0946", "--since", "2026-03-21")
    now = Area.objects.get(pk=county.pk)
    assert (now.code, now.path) == ("0946", "09/0946")
    assert Area.objects.get(code="0932012000").path == "09/0946/093201/0932012000"
    codes = AreaCode.objects.filter(area=county).order_by("pk").values_list("code", "valid_from", "valid_to")
    assert list(codes) == [("0932", None, date(2026, 3, 20)), ("0946", DAY, None)]
    event = AuditEvent.objects.get(action="area.recoded")
    assert (event.fields["old"], event.fields["new"], event.fields["since"]) == ("0932", "0946", "2026-03-21")


def test_a_file_with_the_old_code_or_the_new_means_the_same_area(county, tmp_path):
    recode(by=None, area=county, code="0946", since=DAY)
    for text in (PLACES, PLACES.replace("0932,شهرستان", "0946,شهرستان").replace(",0932,", ",0946,")):
        again = import_areas(by=None, path=written(tmp_path, text))
        assert (again.batch, again.made, again.changed, again.unchanged, again.refused) == (None, 0, 0, 4, [])
    changed = import_areas(by=None, path=written(tmp_path, PLACES.replace("شهرستان", "نام نو")))
    assert (changed.made, changed.changed, Area.objects.get(pk=county.pk).name) == (0, 1, "نام نو")
    assert Area.objects.count() == 4


def test_a_batch_from_before_is_taken_back_to_the_right_parent(county, tmp_path):
    batch = import_areas(by=None, path=written(tmp_path, PLACES.replace("مرکزی", "نام نو"))).batch
    recode(by=None, area=county, code="0946", since=DAY)
    undo_import(by=None, batch=batch)
    district = Area.objects.get(code="093201")
    assert (district.name, district.parent, district.path) == ("مرکزی", county, "09/0946/093201")


def test_a_code_that_somebody_has_or_had_and_a_day_too_early_are_refused(county):
    city = Area.objects.get(code="0932012000")
    recode(by=None, area=county, code="0946", since=DAY)
    county.refresh_from_db()
    for area, code, since, wrong in (
        (city, "0932", DAY, "HY-A025"),
        (city, "0946", DAY, "HY-A025"),
        (county, "0946", DAY, "HY-A025"),
        (county, "0947", DAY, "HY-A026"),
    ):
        with pytest.raises(HamyarError, match=wrong):
            recode(by=None, area=area, code=code, since=since)
    with pytest.raises(CommandError, match="0999"):
        call_command("import", "recode", "0999", "0998", "--since", "2026-03-21")
    assert AuditEvent.objects.filter(action="area.recoded").count() == 1


def test_only_an_administrator_of_the_area_does_and_mandates_follow(cast):
    county = cast.areas["county"]
    for actor in (cast.officer, cast.outsider):
        with pytest.raises(NotAllowed):
            recode(by=actor, area=county, code="7709", since=DAY)
    recode(by=cast.director, area=county, code="7709", since=DAY)
    village = Area.objects.get(pk=cast.areas["village"].pk)
    assert village.path.startswith("77/7709/")
    assert holds(cast.governor, Function.VERIFY, village)
    assert not Mandate.objects.filter(path__startswith="77/7701").exists()
