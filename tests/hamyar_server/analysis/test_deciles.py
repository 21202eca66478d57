"""Our order of places beside the deciles of their households."""

from __future__ import annotations

from datetime import date

import pytest

from hamyar_server.analysis.deciles import crossed
from hamyar_server.analysis.models import AreaResult, Round
from tests.hamyar_server.registry.conftest import register  # noqa: F401 fixture


@pytest.fixture
def kept(cast):
    made = Round.objects.create(
        name="places", title_fa="دور محل‌ها", title_en="Round of places", date=date(2026, 1, 1), seed=1, kind="index",
        area=cast.areas["province"], manifest={"method": [], "inputs": []}, result_hash="x", directory="x",
        kept_by=cast.statistician.user,
    )  # fmt: skip
    for name, tier in (("city", "surely_in"), ("other_city", "surely_out")):
        area = cast.areas[name]
        AreaResult.objects.create(
            round=made, area=area, path=area.path, kind=area.kind, estimate=0.5, estimate_kind="index", tier=tier,
            universe="census", provenance="census",
        )  # fmt: skip
    return made


def test_each_tier_by_decile_with_those_unknown_apart(cast, register, kept):  # noqa: F811
    for where, decile in (("city", 1), ("city", 1), ("city", 9), ("city", None), ("other_city", 5), ("village", 2)):
        register(where, decile=decile)
    lines = {line.tier: line for line in crossed(cast.director, kept)}
    assert list(lines) == ["surely_in", "surely_out", "none"]
    assert (lines["surely_in"].counts[0], lines["surely_in"].counts[8], lines["surely_in"].without) == (2, 1, 1)
    assert lines["surely_in"].cells[0] == (2, 2 / 3)
    assert [line.total for line in crossed(cast.mayor, kept)] == [4], "what the actor sees, and nothing else"


def test_the_page_in_both_languages_and_without_figures(cast, register, kept, signed_in):  # noqa: F811
    client = signed_in(cast.director)
    assert "دهک هیچ خانواری" in client.get("/deciles/").content.decode()
    register("city", decile=1)
    assert "۱۰۰٪" in client.get("/deciles/").content.decode()
    assert signed_in(cast.statistician).get("/deciles/").status_code == 403
    Round.objects.all().delete()
    assert "هنوز دوری" in client.get("/deciles/").content.decode()
