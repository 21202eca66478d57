"""The interface for programmes: the same gate and the same masks."""

from __future__ import annotations

import pytest
from django.test import Client

from hamyar_server.intake.models import Candidate
from hamyar_server.organisations.actors import CHOSEN
from hamyar_server.registry.models import Household
from tests.hamyar_server.registry.conftest import NATIONAL_ID, household, register  # noqa: F401 fixtures

JSON = "application/json"


def codes(client: Client, address: str) -> list[str]:
    return [row["area"] for row in client.get(address).json()["rows"]]


@pytest.fixture
def assessor(cast, signed_in) -> Client:
    return signed_in(cast.assessor)


def test_who_is_not_signed_in_is_told_so(cast):
    answer = Client().get("/api/households")
    assert (answer.status_code, answer.json()["code"]) == (401, "HY-Z001")
    assert set(answer.json()) == {"code", "fa", "en"}


def test_lists_hold_what_the_gate_lets_through_and_no_identity(cast, register, signed_in):  # noqa: F811
    register("city")
    register("other_city")
    assert codes(signed_in(cast.mayor), "/api/households") == ["7701012000"]
    assert codes(signed_in(cast.director), "/api/households") == ["7701012000", "7702012000"]
    body = signed_in(cast.director).get("/api/persons").content.decode()
    assert "س. ح." in body
    assert "حسینی" not in body
    refused = signed_in(cast.statistician).get("/api/households")
    assert (refused.status_code, refused.json()["code"]) == (403, "HY-Z002")


def test_pages_follow_one_another(cast, register, assessor, monkeypatch):  # noqa: F811
    monkeypatch.setattr("hamyar_server.api.SIZE", 2)
    made = {str(register("city", people=[each]).pk) for each in [_head()] * 3}
    first = assessor.get("/api/households").json()
    second = assessor.get("/api/households", {"after": first["next"]}).json()
    assert {row["id"] for row in first["rows"] + second["rows"]} == made
    assert (second["next"], len(second["rows"])) == (None, 1)
    assert assessor.get("/api/households?after=x").json()["code"] == "HY-Z005"


def _head():
    from hamyar_server.registry.incoming import NewPerson
    from hamyar_server.registry.names import Name

    return NewPerson(Name("کسی"), "head")


def test_somebody_is_searched_for(household, assessor):  # noqa: F811
    for q in ("رضا حسيني نژاد", NATIONAL_ID):
        found = assessor.post("/api/households/search", {"q": q}, content_type=JSON).json()
        assert [row["id"] for row in found["rows"]] == [str(household.pk)]


def test_a_household_is_registered_and_changed_with_its_version(cast, assessor, signed_in):
    new = {"area": "7701012000", "people": [{"given": "رضا", "role": "head"}], "facts": {"rooms": 2}}
    answer = assessor.post("/api/households", new, content_type=JSON)
    assert answer.status_code == 201, answer.content
    address = f"/api/households/{answer.json()['id']}"
    changed = assessor.patch(address, {"version": 1, "facts": {"rooms": 3}}, content_type=JSON)
    assert changed.json()["facts"] == {"rooms": 3}
    late = assessor.patch(address, {"version": 1, "facts": {"rooms": 5}}, content_type=JSON)
    assert (late.status_code, late.json()["code"]) == (409, "HY-H010")
    assert Household.objects.get().facts == {"rooms": 3}
    mayor = signed_in(cast.mayor)
    assert mayor.patch(address, {"version": 2}, content_type=JSON).status_code == 403
    assert signed_in(cast.outsider).get(address).json()["code"] == "HY-Z003"


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ({"area": "7701012000", "people": [{"given": "رضا"}]}, "HY-H001"),
        ({"area": "7701012000", "people": []}, "HY-Z004"),
        ({"area": "7701012000", "people": [{"given": "ر", "role": "head", "birth_date": "2099-01-01"}]}, "HY-H003"),
        ({"area": "7701012000", "people": [{"given": "ر", "role": "head"}], "facts": {"religion": "x"}}, "HY-H006"),
        ({"area": "7801012000", "people": [{"given": "ر", "role": "head"}]}, "HY-Z003"),
        ("no object", "HY-Z006"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_code(assessor, new, code):
    answer = assessor.post("/api/households", new, content_type=JSON)
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == code
    assert not Household.objects.exists()


def test_a_place_is_put_forward(cast, signed_in):
    new = {"area": "7701012000", "needs": ["road"], "reason": "راه", "letter_number": "1", "letter_date": "2024-06-01"}
    answer = signed_in(cast.mayor).post("/api/nominations", new, content_type=JSON)
    assert str(Candidate.objects.get().pk) == answer.json()["id"]
    assert (
        signed_in(cast.mayor).post("/api/nominations", new | {"area": "7702012000"}, content_type=JSON).status_code
        == 404
    )


def test_a_write_needs_the_token_of_this_site(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.assessor.user)
    session = client.session
    session[CHOSEN] = str(cast.assessor.membership.pk)
    session.save()
    answer = client.post("/api/households/search", {"q": "x"}, content_type=JSON)
    assert (answer.status_code, answer.json()["code"]) == (403, "HY-Z006")


def test_the_rest_of_what_the_interface_tells(cast, signed_in):
    mayor = signed_in(cast.mayor)
    assert {row["function"] for row in mayor.get("/api/mandates").json()} == {"nominate"}
    assert [row["code"] for row in mayor.get("/api/areas").json()["rows"]] == ["7701012000", "770101200001"]
    assert {row["name_fa"] for row in mayor.get("/api/organisations").json()["rows"]} == {"شهرداری مهردشت"}
    assert mayor.get("/api/imports").status_code == 403


def test_the_description_names_every_address(client):
    told = client.get("/api/openapi.json").json()
    assert {"/api/households", "/api/persons/{pk}", "/api/nominations"} <= set(told["paths"])
