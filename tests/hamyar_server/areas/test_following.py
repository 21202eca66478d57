"""Where an area moves, what carries its path follows: results, mandates, households and persons."""

from __future__ import annotations

import pytest

from hamyar_server.areas.following import carriers
from hamyar_server.areas.models import Area
from hamyar_server.organisations.actions import import_areas, undo_import
from hamyar_server.organisations.mandates import Function, holds
from hamyar_server.organisations.models import Mandate
from hamyar_server.registry import actions
from hamyar_server.registry.incoming import NewHousehold, NewPerson, Origin
from hamyar_server.registry.names import Name
from tests.hamyar_server.analysis.test_models import result

MOVED = "code,name,kind,parent_code\n7701020001,کوهسار,rural_district,770101\n"


@pytest.fixture
def carried(cast):
    """A result and a household in the village of the district that will lose it."""
    village = cast.areas["other_village"]
    result(cast, "other_village")
    new = NewHousehold(village, [NewPerson(Name("رضا", "نمونه"), role="head", sex="male")])
    actions.register_household(by=None, new=new, origin=Origin(provenance="declared", source="list"))
    return village


def paths():
    """Of every row that carries one: its model and path, and those whose area lies elsewhere."""
    found = [(model.__name__, row) for model in carriers() for row in model._base_manager.all()]
    stale = [name for name, row in found if hasattr(row, "area") and row.path != row.area.path]
    return sorted((name, row.path) for name, row in found), stale


def test_four_models_carry_a_path():
    assert {model.__name__ for model in carriers()} == {"AreaResult", "Household", "Mandate", "Person"}


def test_all_follow_and_come_back(cast, carried, tmp_path):
    file = tmp_path / "moved.csv"
    file.write_text(MOVED, encoding="utf-8")
    before, stale = paths()
    assert stale == []
    assert {name for name, path in before if path == carried.path} == {"AreaResult", "Household", "Mandate", "Person"}

    batch = import_areas(by=None, path=file).batch
    there = Area.objects.get(pk=carried.pk)
    after, stale = paths()
    assert there.path == "77/7701/770101/7701020001/7701020001000001"
    assert stale == []
    assert {name for name, path in after if path == there.path} == {"AreaResult", "Household", "Mandate", "Person"}
    assert not [name for name, path in after if path == carried.path]
    assert not holds(cast.other_governor, Function.VERIFY, there)
    assert holds(cast.governor, Function.VERIFY, there)
    assert Mandate.objects.filter(path=there.path).exists()

    undo_import(by=None, batch=batch)
    assert paths() == (before, [])
