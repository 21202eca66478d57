"""Agreements and mandates: who may give what to whom, and what happens when it is taken back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from hamyar.errors import HamyarError
from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations import granting, mandates, reviews
from hamyar_server.organisations.actions import add_member, end_membership, engage, place_under
from hamyar_server.organisations.mandates import Function, NotAllowed
from hamyar_server.organisations.models import Agreement, Job, Mandate, User

F = Function
TODAY = timezone.localdate()
SOON = TODAY + timedelta(days=30)


def refused(code: str, act, **given):
    with pytest.raises(HamyarError) as wrong:
        act(**given)
    assert [fault.code for fault in wrong.value.faults] == [code]


def agreement_of(cast) -> Agreement:
    return Agreement.objects.get(number="1404/12")


def representative(cast, **changes):
    given = {
        "by": cast.director,
        "holder": cast.organisations["cooperation"],
        "functions": [F.DELIVER],
        "area": cast.areas["county"],
        "agreement": agreement_of(cast),
        "reason": "بر پایهٔ نامهٔ ۱۲",
    }
    return granting.grant(**given | changes)


def test_a_representative_holds_what_was_granted_where_it_was_granted(cast):
    representative(cast)
    assert mandates.holds(cast.officer, F.DELIVER, cast.areas["city"])
    assert not mandates.holds(cast.officer, F.DELIVER, cast.areas["other_county"])
    assert not mandates.holds(cast.officer, F.DECIDE, cast.areas["city"])


def test_a_job_does_its_part_of_what_the_organisation_holds(cast):
    assert mandates.functions_of(cast.officer) == {F.VERIFY, F.MANAGE_PEOPLE}
    assert mandates.functions_of(cast.mayor) == {F.NOMINATE}
    assert mandates.functions_of(cast.statistician) == {F.ANALYSE}


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("HY-G010", {"since": SOON, "until": TODAY}),
        ("HY-G011", {"agreement": None}),
        ("HY-G013", {"functions": []}),
        ("HY-G013", {"functions": [F.DELIVER, F.DELIVER]}),
        ("HY-G014", {"functions": [F.DELIVER, F.DECIDE]}),
    ],
)
def test_what_must_not_be_granted_is_refused(cast, code, changes):
    held = Mandate.objects.count()
    refused(code, representative, cast=cast, **changes)
    assert Mandate.objects.count() == held


def test_nobody_grants_more_than_they_hold(cast):
    given = {"by": cast.officer, "holder": cast.organisations["municipality"], "reason": "آزمون"}
    refused("HY-G017", granting.grant, functions=[F.DECIDE], area=cast.areas["city"], **given)
    refused("HY-G015", granting.grant, functions=[F.NOMINATE], area=cast.areas["county"], **given)


def test_nobody_grants_outside_their_area(cast):
    with pytest.raises(NotAllowed):
        representative(cast, area=cast.areas["elsewhere_city"])
    with pytest.raises(NotAllowed):  # the governor manages people in one district
        granting.grant(
            by=cast.governor,
            holder=cast.organisations["other_administration"],
            functions=[F.NOMINATE],
            area=cast.areas["other_village"],
            reason="آزمون",
        )


def test_a_grant_never_outlives_what_it_comes_from(cast):
    (first,) = representative(cast, until=SOON)
    municipality = cast.organisations["municipality"]
    given = {"by": cast.officer, "holder": municipality, "functions": [F.DELIVER], "area": cast.areas["city"]}
    refused("HY-G017", granting.grant, until=SOON + timedelta(days=1), reason="دیرتر", **given)
    (second,) = granting.grant(reason="تا همان روز", **given)
    assert second.until == first.until == SOON
    assert Mandate.objects.living(SOON).filter(pk=second.pk).exists()
    assert not Mandate.objects.living(SOON + timedelta(days=1)).filter(pk=second.pk).exists()


def test_an_agreement_s_end_is_the_last_day_of_what_is_granted_under_it(cast):
    agreement = granting.sign(
        by=cast.director,
        number="۲۰",
        date=TODAY,
        title_fa="کوتاه",
        parties=[cast.organisations["cooperation"]],
        until=SOON,
    )
    (made,) = representative(cast, agreement=agreement)
    assert made.until == SOON


def test_an_ended_or_foreign_agreement_carries_nothing(cast):
    foreign = Agreement.objects.exclude(parties=cast.organisations["cooperation"]).first()
    refused("HY-G012", representative, cast=cast, agreement=foreign)
    granting.end_agreement(by=cast.director, agreement=agreement_of(cast), reason="پایان همکاری")
    refused("HY-G012", representative, cast=cast)


def test_a_mandate_is_not_granted_back_up_its_own_chain(cast):
    granting.sign(
        by=cast.officer, number="۹", date=TODAY, title_fa="وارونه", parties=[cast.organisations["foundation"]]
    )
    back = Agreement.objects.get(number="۹")
    refused(
        "HY-G018",
        granting.grant,
        by=cast.officer,
        holder=cast.organisations["foundation"],
        functions=[F.VERIFY],
        area=cast.areas["county"],
        agreement=back,
        reason="آزمون",
    )


def test_revoking_ends_everything_below_at_once(cast):
    root = Mandate.objects.get(holder=cast.organisations["cooperation"], function=F.NOMINATE)
    assert mandates.holds(cast.mayor, F.NOMINATE, cast.areas["city"])
    ended = granting.revoke(by=cast.director, mandate=root, reason="بازنگری")
    assert {m.holder_id for m in ended} >= {cast.organisations[o].pk for o in ("cooperation", "municipality")}
    assert not mandates.holds(cast.mayor, F.NOMINATE, cast.areas["city"])
    assert mandates.holds(cast.administrator, F.NOMINATE, cast.areas["village"]), "the other branch stays"
    assert AuditEvent.objects.filter(action="mandate.revoked").count() == 1


def test_only_those_above_in_the_chain_revoke(cast):
    own = Mandate.objects.get(holder=cast.organisations["municipality"], function=F.NOMINATE)
    for actor in (cast.governor, cast.outsider, cast.mayor):
        with pytest.raises(NotAllowed):
            granting.revoke(by=actor, mandate=own, reason="نه")
    granting.revoke(by=cast.officer, mandate=own, reason="آری")
    assert not mandates.holds(cast.mayor, F.NOMINATE, cast.areas["city"])


def test_ending_an_agreement_ends_its_mandates(cast):
    granting.end_agreement(by=cast.director, agreement=agreement_of(cast), reason="پایان")
    assert mandates.functions_of(cast.officer) == frozenset()
    assert mandates.functions_of(cast.mayor) == frozenset()
    assert mandates.functions_of(cast.governor) == {F.VERIFY, F.MANAGE_PEOPLE}
    refused("HY-G020", granting.end_agreement, by=cast.director, agreement=agreement_of(cast), reason="دوباره")


@pytest.mark.parametrize("pair", mandates.APART)
def test_functions_that_must_not_meet_in_one_person(cast, pair):
    """By two jobs in one organisation that holds both, and by a grant that would bring them together."""
    jobs = {F.NOMINATE: Job.MAYOR, F.VERIFY: Job.OFFICER, F.DECIDE: Job.DIRECTOR, F.DELIVER: Job.OFFICER}
    foundation = cast.organisations["foundation"]
    user = User.objects.create(username="both")
    add_member(by=cast.director, user=user, organisation=foundation, job=jobs[pair[0]])
    refused("HY-G019", add_member, by=cast.director, user=user, organisation=foundation, job=jobs[pair[1]])


def test_a_grant_that_would_join_two_functions_in_a_person_is_refused(cast):
    user = cast.officer.user
    add_member(by=cast.officer, user=user, organisation=cast.organisations["municipality"], job=Job.DIRECTOR)
    granting.grant(
        by=cast.director,
        holder=cast.organisations["cooperation"],
        functions=[F.DELIVER],
        area=cast.areas["city"],
        agreement=agreement_of(cast),
        reason="تحویل",
    )
    granting.grant(
        by=cast.director,
        holder=cast.organisations["cooperation"],
        functions=[F.DECIDE],
        area=cast.areas["city"],
        agreement=agreement_of(cast),
        reason="تصمیم",
    )
    refused(
        "HY-G019",
        granting.grant,
        by=cast.director,
        holder=cast.organisations["municipality"],
        functions=[F.DECIDE],
        area=cast.areas["city"],
        agreement=granting.sign(
            by=cast.director, number="۳۰", date=TODAY, title_fa="شهر", parties=[cast.organisations["municipality"]]
        ),
        reason="تصمیم",
    )


def test_several_representatives_may_share_an_area(cast):
    charity = cast.organisations["governor"]
    held = [m.holder_id for m in Mandate.objects.living().filter(function=F.VERIFY).covering(cast.areas["village"])]
    assert {cast.organisations["cooperation"].pk, charity.pk} <= set(held)


def test_the_tree_of_organisations_never_becomes_a_circle(cast):
    cooperation, municipality = cast.organisations["cooperation"], cast.organisations["municipality"]
    refused("HY-G030", place_under, by=cast.director, organisation=cooperation, parent=municipality)
    refused("HY-G030", place_under, by=cast.director, organisation=cooperation, parent=cooperation)
    place_under(by=cast.director, organisation=municipality, parent=None)


def test_people_are_managed_by_those_for_whom_they_act(cast):
    engaged = engage(
        by=cast.officer, organisation=cast.organisations["municipality"], user_name="new-assessor", job=Job.ASSESSOR
    )
    assert engaged.password
    assert engaged.membership.user.check_password(engaged.password)
    refused(
        "HY-G031",
        engage,
        by=cast.officer,
        organisation=cast.organisations["municipality"],
        user_name="new-assessor",
        job=Job.ASSESSOR,
    )
    with pytest.raises(NotAllowed):
        engage(by=cast.officer, organisation=cast.organisations["foundation"], user_name="spy", job=Job.DIRECTOR)
    end_membership(by=cast.officer, membership=engaged.membership)
    assert not engaged.membership.user.memberships.living().exists()


def test_who_has_a_user_name_elsewhere_is_not_drawn_in_by_it(cast):
    municipality = cast.organisations["municipality"]
    for name in ("outsider", "director", "unattached"):
        refused("HY-G032", engage, by=cast.officer, organisation=municipality, user_name=name, job=Job.ASSESSOR)
    engaged = engage(by=cast.officer, organisation=municipality, user_name="other_mayor", job=Job.ASSESSOR)
    assert (engaged.membership.user, engaged.password) == (cast.other_mayor.user, None)
    assert engaged.membership.organisation == municipality


def test_a_person_is_shown_by_what_the_reader_manages(cast, signed_in):
    """The mayor is an assessor in another province besides: the officer reads nothing of that, the mayor all."""
    elsewhere = cast.organisations["elsewhere_foundation"]
    there = add_member(by=None, user=cast.mayor.user, organisation=elsewhere, job=Job.ASSESSOR)
    address = f"/people/{cast.mayor.user.pk}/"
    seen = signed_in(cast.officer).get(address)
    assert list(seen.context["memberships"]) == [cast.mayor.membership]
    assert {power.membership for power in seen.context["powers"]} == {cast.mayor.membership}
    own = signed_in(cast.mayor).get(address)
    assert set(own.context["memberships"]) == {cast.mayor.membership, there}
    assert {power.membership for power in own.context["powers"]} == {cast.mayor.membership, there}
    assert signed_in(cast.governor).get(address).status_code == 403


def test_a_deputy_ends_with_the_one_they_stand_in_for(cast):
    end_membership(by=cast.officer, membership=cast.mayor.membership)
    assert not cast.deputy.user.memberships.living().exists()


def test_a_person_s_page_says_why(cast):
    (power,) = reviews.powers_of([cast.mayor.membership])
    assert [step.holder.name_en for step in power.chain] == [
        "Sepidar foundation",
        "Sepidar cooperation organisation",
        "Mehrdasht municipality",
    ]


def test_who_may_act_in_a_place(cast):
    found = reviews.who_may(cast.areas["margin"])
    nominators = {h.mandate.holder.name_en: {m.user.title_en for m in h.people} for h in found[F.NOMINATE]}
    assert nominators["Mehrdasht municipality"] == {"the mayor", "the deputy"}
    assert found[F.DELIVER]


def test_gaps_are_the_inhabited_places_that_nobody_was_given(cast):
    gaps = {area.name_en for area in reviews.gaps(cast.director, F.DECIDE)}
    assert gaps == {"Mehrdasht", "Lower Gardens", "Cheshmeh", "Sangchin", "Tavus", "Nikrud", "Station"}
    assert not reviews.gaps(cast.director, F.NOMINATE).exists(), "the cooperation organisation holds the province"
    representative(cast, functions=[F.DECIDE])
    assert {area.name_en for area in reviews.gaps(cast.director, F.DECIDE)} == {"Nikrud", "Station"}
    by_county = {gap.area.name_en: (gap.without, gap.places) for gap in reviews.gaps_by_county(cast.director, F.DECIDE)}
    assert by_county == {"Nikrud": (2, 2), "Mehrdasht": (0, 5)}


def test_an_expired_mandate_gives_nothing(cast):
    Mandate.objects.filter(holder=cast.organisations["municipality"]).update(
        since=date(2020, 1, 1), until=TODAY - timedelta(days=1)
    )
    assert mandates.functions_of(cast.mayor) == frozenset()


def test_many_roots_are_asked_for_in_one_query(cast, monkeypatch, django_assert_max_num_queries):
    representative(cast)
    by_ranges = set(cast_areas(cast.officer))
    monkeypatch.setattr(mandates, "MOST_RANGES", 0)
    with django_assert_max_num_queries(2):
        assert set(cast_areas(cast.officer)) == by_ranges
    assert by_ranges


def cast_areas(actor):
    from hamyar_server.areas.models import Area

    return Area.objects.filter(mandates.inside(actor)).values_list("code", flat=True)


def test_one_party_of_an_agreement_does_not_cut_off_another(cast):
    shared = Agreement.objects.get(number="1404/13")  # the foundation with two district governors
    living = Mandate.objects.living().count()
    with pytest.raises(mandates.NotAllowed):
        granting.end_agreement(by=cast.governor, agreement=shared, reason="ما دیگر نیستیم.")
    assert Mandate.objects.living().count() == living
    assert granting.end_agreement(by=cast.director, agreement=shared, reason="پایان همکاری")


def test_one_party_cuts_off_no_mandate_that_is_yet_to_begin_and_ends_none_that_is_over(cast):
    shared = Agreement.objects.get(number="1404/13")
    theirs = Mandate.objects.filter(agreement=shared).exclude(holder=cast.governor.organisation)
    tomorrow = timezone.localdate() + timedelta(days=1)
    assert theirs.update(since=tomorrow)
    with pytest.raises(mandates.NotAllowed):
        granting.end_agreement(by=cast.governor, agreement=shared, reason="ما دیگر نیستیم.")
    theirs.update(since=date(2021, 1, 1), until=date(2021, 2, 1))
    assert granting.end_agreement(by=cast.governor, agreement=shared, reason="ما دیگر نیستیم.")
    assert not theirs.exclude(revoked_at=None)
