"""Which round is the newest for whom, and who sees a result."""

from __future__ import annotations

from datetime import date, timedelta

from hamyar_server.analysis.models import AreaResult, Kind, Round
from tests.hamyar_server.cast import Cast

DAY = date(2026, 10, 23)


def result(cast: Cast, place: str, kind: str = Kind.INDEX, day: date = DAY) -> AreaResult:
    """Of a round of its own."""
    area = cast.areas[place]
    kept = Round.objects.create(
        name=f"{place} {kind} {day}",
        title_fa="دور",
        title_en="Round",
        date=day,
        seed=1,
        kind=kind,
        area=area,
        manifest={"inputs": [], "method": []},
        result_hash=f"{place} {kind} {day}",
        directory="r",
        kept_by=cast.statistician.user,
    )
    said = {"estimate_kind": "index", "universe": "census", "provenance": "census", "tier": "uncertain"}
    return AreaResult.objects.create(
        round=kept, area=area, path=area.path, kind=area.kind, estimate=50.0, rank=1, **said
    )


def test_the_newest_of_each_kind_and_no_other_provinces(cast):
    earlier, mine, elsewhere = (
        result(cast, "village", day=DAY - timedelta(days=1)),
        result(cast, "village"),
        result(cast, "elsewhere_city", day=DAY + timedelta(days=1)),
    )
    rates = result(cast, "county", kind=Kind.MEASURE, day=DAY - timedelta(days=9))
    assert set(Round.objects.current(cast.director)) == {mine.round, rates.round}
    assert set(Round.objects.current(cast.outsider)) == {elsewhere.round}
    assert set(AreaResult.objects.current(cast.director)) == {mine, rates}
    assert earlier.round not in Round.objects.current(cast.governor)


def test_a_newer_round_of_another_province_leaves_the_home_page_full(cast, signed_in):
    mine = result(cast, "village")
    result(cast, "elsewhere_city", day=DAY + timedelta(days=1))
    home = signed_in(cast.director).get("/")
    assert [section["round"] for section in home.context["sections"]] == [mine.round]
    assert list(home.context["sections"][0]["by_rate"]) == [mine]


def test_the_page_of_a_place_shows_the_round_of_their_province(cast, signed_in):
    mine = result(cast, "village")
    result(cast, "elsewhere_city", day=DAY + timedelta(days=1))
    page = signed_in(cast.director).get(f"/place/{mine.area.code}/")
    assert [shown.result for shown in page.context["results"]] == [mine]


def test_the_pages_of_an_index_speak_of_weights_and_of_no_number_of_people(cast, signed_in):
    index, rate = result(cast, "village"), result(cast, "county", kind=Kind.MEASURE)
    said = {"rank_low": 1, "rank_high": 3, "p_worst": 0.5, "people": None}
    AreaResult.objects.update(**said)
    AreaResult.objects.filter(pk=rate.pk).update(estimate_kind="model", estimate=0.3)
    client = signed_in(cast.director)
    client.cookies["language"] = "en"
    pages = {r: client.get(f"/place/{r.area.code}/").content.decode() for r in (index, rate)}
    assert "under other weights and normalisations from" in pages[index]
    assert "of the choices of weights and normalisations" in pages[index]
    assert "together with all others" not in pages[index]
    assert "together with all others" in pages[rate]
    for kept, ordered in ((index, False), (rate, True)):
        page = client.get(f"/rounds/{kept.round.pk}/?order=people")
        assert page.context["by_people"] is ordered
        assert ("?order=rate" in page.content.decode()) is ordered
