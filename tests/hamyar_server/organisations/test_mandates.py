"""Who may do what, where: the one gate, as a table."""

from __future__ import annotations

import pytest

from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actions import add_member, found
from hamyar_server.organisations.mandates import Function
from hamyar_server.organisations.models import Job, Membership, Organisation, OrganisationKind

PROVINCE = {
    "province",
    "county",
    "city",
    "margin",
    "district",
    "rural_district",
    "village",
    "neighbour_village",
    "empty_village",
    "other_district",
    "other_village",
    "other_county",
    "other_city",
    "station",
}
DISTRICT = {"district", "city", "margin", "rural_district", "village", "neighbour_village", "empty_village"}
ELSEWHERE = {"elsewhere", "elsewhere_city"}
DIRECTORS = {"director": PROVINCE, "outsider": ELSEWHERE}
MAY: dict[Function, dict[str, set[str]]] = {
    Function.NOMINATE: {
        "mayor": {"city", "margin"},
        "deputy": {"city", "margin"},
        "other_mayor": {"other_city", "station"},
        "administrator": {"village"},
        "other_administrator": {"other_village"},
    },
    Function.VERIFY: {"officer": PROVINCE, "governor": DISTRICT, "other_governor": {"other_district", "other_village"}},
    Function.DECIDE: DIRECTORS,
    Function.ADMINISTER: DIRECTORS,
    Function.AUDIT: DIRECTORS,
    Function.MANAGE_PEOPLE: DIRECTORS
    | {"officer": PROVINCE, "governor": DISTRICT, "other_governor": {"other_district", "other_village"}},
    Function.ANALYSE: {"statistician": PROVINCE},
    Function.ASSESS: {"assessor": PROVINCE},
    Function.DELIVER: {"infrastructure_manager": PROVINCE, "social_manager": PROVINCE},
    Function.SEE_IDENTITIES: DIRECTORS,
}


def test_who_may_do_what_where(cast):
    assert set(MAY) == set(Function)
    for function, table in MAY.items():
        for name, actor in cast.actors.items():
            found = {where for where, area in cast.areas.items() if mandates.holds(actor, function, area)}
            assert found == table.get(name, set()), (function, name)


@pytest.mark.parametrize(
    ("name", "function", "where", "said"),
    [
        ("mayor", Function.DECIDE, "city", "تصمیم"),
        ("mayor", Function.NOMINATE, "other_city", "نیک‌رود"),
        ("outsider", Function.DECIDE, "city", "مهردشت"),
    ],
)
def test_a_refusal_says_which_function_or_which_place(cast, name, function, where, said):
    with pytest.raises(mandates.NotAllowed, match=said):
        mandates.require(cast.actors[name], function, cast.areas[where])


def test_a_job_that_an_organisation_of_the_kind_does_not_have_may_do_nothing(cast):
    actor = cast.administrator
    Membership.objects.filter(pk=actor.membership.pk).update(job=Job.DIRECTOR)
    actor.membership.refresh_from_db()
    assert not [f for f in Function if mandates.holds(actor, f, actor.area)]


@pytest.mark.parametrize(
    ("name", "where", "allowed"),
    [
        ("director", "station", True),
        ("director", "elsewhere_city", False),
        ("outsider", "station", False),
        ("mayor", "margin", False),
        ("officer", "city", False),
    ],
)
def test_who_founds_organisations_and_adds_people(cast, name, where, allowed):
    by, area = cast.actors[name], cast.areas[where]
    organisation = Organisation(kind=OrganisationKind.VILLAGE, name_fa="نو", name_en="New", area=area)
    before = Organisation.objects.count(), Membership.objects.count(), AuditEvent.objects.count()
    new = {"kind": organisation.kind, "name_fa": "نو", "name_en": "New", "area": area}
    if allowed:
        made = found(by=by, parent=cast.organisations["foundation"], **new)
        add_member(by=by, user=cast.unattached, organisation=made, job=Job.ADMINISTRATOR)
        after = Organisation.objects.count(), Membership.objects.count(), AuditEvent.objects.count()
        assert after == (before[0] + 1, before[1] + 1, before[2] + 2)
        return
    with pytest.raises(mandates.NotAllowed):
        found(by=by, **new)
    organisation.save()
    with pytest.raises(mandates.NotAllowed):
        add_member(by=by, user=cast.unattached, organisation=organisation, job=Job.ADMINISTRATOR)
    assert (Membership.objects.count(), AuditEvent.objects.count()) == before[1:]
