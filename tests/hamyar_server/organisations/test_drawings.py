"""The map of gaps: counties in three classes; where they are few, and of one, its places."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hamyar_server.areas.models import Area
from hamyar_server.organisations.granting import grant
from hamyar_server.organisations.mandates import Function
from hamyar_server.organisations.models import Agreement


@pytest.fixture
def drawn(cast, signed_in):
    """How many areas of each class are on the director's page of who decides, and the page."""
    grant(
        by=cast.director,
        holder=cast.organisations["cooperation"],
        functions=[Function.DECIDE],
        area=cast.areas["county"],
        agreement=Agreement.objects.get(number="1404/12"),
        reason="بر پایهٔ نامهٔ ۱۲",
    )
    client = signed_in(cast.director)

    def ask(**query):
        page = client.get(reverse("organisations:gaps"), {"function": "decide"} | query).content.decode()
        return [page.count(f'class="area {kind}"') for kind in ("without", "partly", "covered")], page

    return ask


def test_of_one_county_and_of_few_it_draws_the_places(drawn):
    assert drawn()[0] == [2, 0, 5]
    counts, page = drawn(county="۷۷۰۱")
    assert counts == [0, 0, 5]
    assert "با نماینده: ۵" in page


def test_of_a_province_it_draws_the_counties_and_each_opens_its_own(cast, drawn):
    third = Area.objects.create(
        code="7709", name="دیگر", key="دیگر", kind="county", path="77/7709", depth=1, parent=cast.areas["province"]
    )
    for n in (1, 2):
        code = f"770990000{n}"
        Area.objects.create(code=code, name=code, key=code, kind="city", path=f"77/7709/{code}", depth=2, parent=third)
    for n, county in enumerate(Area.objects.filter(kind="county")):
        Area.objects.filter(pk=county.pk).update(lat=35 + n % 2, lon=50 + n)
    grant(
        by=cast.director,
        holder=cast.organisations["cooperation"],
        functions=[Function.DECIDE],
        area=Area.objects.get(code="7709900001"),
        agreement=Agreement.objects.get(number="1404/12"),
        reason="بر پایهٔ نامهٔ ۱۳",
    )
    counts, page = drawn()
    assert counts == [1, 1, 1]
    assert "function=decide&amp;county=7709" in page
    assert drawn(county="7709")[0] == [0, 0, 0], "two places are no map"


def test_a_county_that_the_reader_does_not_see_is_none(drawn):
    assert drawn(county="9901")[0] == drawn()[0]
