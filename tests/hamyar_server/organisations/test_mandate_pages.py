"""The pages of organisations, agreements and mandates: what is seen, granted and revoked on them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hamyar_server.organisations.mandates import Function
from hamyar_server.organisations.models import Agreement, Contribution, Mandate, Organisation, User


def pages(cast) -> list[str]:
    cooperation, agreement = cast.organisations["cooperation"], Agreement.objects.get(number="1404/12")
    mandate = Mandate.objects.get(holder=cooperation, function=Function.VERIFY)
    of = "organisations:"
    return [
        reverse(f"{of}list"),
        reverse(f"{of}organisation", args=[cooperation.pk]),
        reverse(f"{of}grant", args=[cooperation.pk]),
        reverse(f"{of}add-member", args=[cooperation.pk]),
        reverse(f"{of}capacity", args=[cooperation.pk]),
        reverse(f"{of}mandate", args=[mandate.pk]),
        reverse(f"{of}agreements"),
        reverse(f"{of}sign"),
        reverse(f"{of}agreement", args=[agreement.pk]),
        reverse(f"{of}end-agreement", args=[agreement.pk]),
        reverse(f"{of}person", args=[cast.officer.user.pk]),
        reverse(f"{of}who-may", args=[cast.areas["city"].code]),
        reverse(f"{of}gaps"),
    ]


@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_page_opens_for_the_director(cast, signed_in, language):
    client = signed_in(cast.director)
    for url in pages(cast):
        answer = client.get(url, {"language": language}, follow=True)
        assert answer.status_code == 200, url
        assert f'lang="{language}"' in answer.content.decode(), url


def test_nobody_outside_opens_them(cast, signed_in):
    """Another province's director, with every function there, and a mayor, who manages nobody."""
    for actor in (cast.outsider, cast.mayor):
        client = signed_in(actor)
        opened = {url for url in pages(cast) if client.get(url).status_code == 200}
        own = {reverse("organisations:list"), reverse("organisations:agreements"), reverse("organisations:gaps")}
        if actor is cast.mayor:
            own |= {reverse("organisations:who-may", args=[cast.areas["city"].code])}
        else:
            own |= {reverse("organisations:sign")}
        assert opened == own, actor


def test_a_mandate_is_granted_and_revoked_on_the_pages(cast, signed_in):
    client, charity = signed_in(cast.director), cast.organisations["infrastructure"]
    form = {"functions": ["audit"], "area": "۷۷۰۱", "reason": "حسابرسی برنامه", "since": "", "until": ""}
    answer = client.post(reverse("organisations:grant", args=[charity.pk]), form)
    assert answer.status_code == 302, answer.context["form"].errors
    made = Mandate.objects.get(holder=charity, function=Function.AUDIT)
    assert made.area == cast.areas["county"]
    client.post(reverse("organisations:mandate", args=[made.pk]), {"reason": "پایان"})
    made.refresh_from_db()
    assert not made.is_living
    assert made.revoked_reason == "پایان"


def test_what_cannot_be_granted_is_said_beside_its_field(cast, signed_in):
    client, municipality = signed_in(cast.officer), cast.organisations["municipality"]
    form = {"functions": ["nominate"], "area": cast.areas["county"].code, "reason": "گسترش"}
    answer = client.post(reverse("organisations:grant", args=[municipality.pk]), form)
    assert "تنها در محدودهٔ خود" in str(answer.context["form"].errors["area"])


def test_a_promise_is_written_and_its_doing_said(cast, signed_in):
    client, agreement = signed_in(cast.officer), Agreement.objects.get(number="1404/12")
    url = reverse("organisations:agreement", args=[agreement.pk])
    client.post(url, {"organisation": cast.organisations["cooperation"].pk, "promised": "دو کارشناس", "due": ""})
    promise = Contribution.objects.get()
    done = reverse("organisations:contribution", args=[promise.pk])
    assert client.post(done, {"done": "دو کارشناس", "done_on": "1405/01/15"}).status_code == 302
    assert "دو کارشناس" in client.get(url).content.decode()


def test_a_new_person_reads_their_password_once(cast, signed_in):
    client, municipality = signed_in(cast.officer), cast.organisations["municipality"]
    url = reverse("organisations:add-member", args=[municipality.pk])
    answer = client.post(url, {"user_name": "field-1", "title_fa": "ارزیاب", "job": "assessor", "until": ""})
    made = User.objects.get(username="field-1")
    assert made.check_password(answer.context["engaged"].password)


def test_organisations_are_found_in_any_spelling(cast, signed_in):
    answer = signed_in(cast.director).get(reverse("organisations:list"), {"q": "شهرداري مهردشت"})
    assert [row.name_en for row in answer.context["page"]] == ["Mehrdasht municipality"]
    assert Organisation.objects.count() > 5
