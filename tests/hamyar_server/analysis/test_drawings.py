"""The map of a round, from what the record knows of its places."""

from __future__ import annotations

from datetime import date

from django.core.cache import cache

from hamyar_server.analysis.drawings import tier_map
from hamyar_server.analysis.models import AreaResult, Kind, Round
from hamyar_server.areas.models import Area
from tests.hamyar_server.cast import Cast

PLACES = ("village", "neighbour_village", "other_village", "margin")


def keep(cast: Cast, *places: str) -> Round:
    cache.clear()
    title = {"title_fa": "دور", "title_en": "Round"}
    by = {"area": cast.areas["province"], "kept_by": cast.statistician.user}
    kept = Round.objects.create(
        name="r", date=date(2026, 10, 23), seed=1, kind=Kind.MEASURE, manifest={}, directory="r", **title, **by
    )
    for name in places:
        area = cast.areas[name]
        said = {"estimate_kind": "model", "universe": "census", "provenance": "census", "tier": "uncertain"}
        AreaResult.objects.create(round=kept, area=area, path=area.path, kind=area.kind, **said)
    return kept


def drawn(kept: Round) -> str | None:
    return tier_map(kept, AreaResult.objects.with_places())


def test_places_with_points_are_linked_cells_drawn_once(cast: Cast, django_assert_num_queries) -> None:
    kept = keep(cast, *PLACES)
    first = drawn(kept)
    assert first.count("data-area=") == first.count("<a href=") == 4
    assert "طرح‌واره" in first
    with django_assert_num_queries(1):
        assert drawn(kept) == first


def test_where_a_point_is_missing_the_others_are_dots_and_it_is_counted(cast: Cast) -> None:
    Area.objects.filter(pk=cast.areas["margin"].pk).update(lat=None)
    found = drawn(keep(cast, *PLACES))
    assert 'data-places="3"' in found
    assert "۱ محدوده نقطه‌ای ندارد" in found


def test_without_points_and_of_two_places_there_is_no_map(cast: Cast) -> None:
    assert drawn(keep(cast, *PLACES[:2])) is None
    Area.objects.update(lat=None)
    Round.objects.all().delete()
    assert drawn(keep(cast, *PLACES)) is None


def test_boundaries_are_drawn_where_every_place_has_one(cast: Cast) -> None:
    for i, name in enumerate(PLACES):
        ring = [[i, 35], [i + 1, 35], [i + 1, 36], [i, 35]]
        Area.objects.filter(pk=cast.areas[name].pk).update(boundary={"type": "Polygon", "coordinates": [ring]})
    found = drawn(keep(cast, *PLACES))
    assert found.count("data-area=") == 4
    assert "طرح‌واره" not in found
