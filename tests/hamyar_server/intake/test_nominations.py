"""A place is put forward, verified or given back, and each step is one act with one event."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from hamyar.errors import HamyarError
from hamyar_server.core.models import AuditEvent
from hamyar_server.intake import actions
from hamyar_server.intake.models import Candidate, State
from hamyar_server.intake.views import may
from hamyar_server.organisations.actions import add_member
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import NotAllowed
from hamyar_server.organisations.models import Job
from hamyar_server.registry.models import Need
from tests.hamyar_server.cast import nomination

LETTER = {"reason": "آب نیست.", "letter_number": "۱۴۰۵/۱۲", "letter_date": "1403/03/12"}


def fault(refusal):
    return [(one.code, one.column) for one in refusal.value.faults]


@pytest.mark.parametrize(
    ("name", "where", "allowed"),
    [
        ("mayor", "city", True),
        ("mayor", "margin", True),
        ("deputy", "margin", True),
        ("administrator", "village", True),
        ("mayor", "station", False),
        ("mayor", "village", False),
        ("administrator", "neighbour_village", False),
        ("officer", "margin", False),
        ("governor", "village", False),
        ("director", "margin", False),
        ("outsider", "margin", False),
    ],
)
def test_who_puts_forward_which_place(cast, name, where, allowed):
    actor, area, before = cast.actors[name], cast.areas[where], AuditEvent.objects.count()
    if not allowed:
        with pytest.raises(NotAllowed):
            nomination(actor, area)
        assert (Candidate.objects.count(), AuditEvent.objects.count()) == (0, before)
        return
    made = nomination(actor, area, "school", "road")
    assert (made.state, made.nominated_by, made.nominator) == ("nominated", actor.organisation, actor.user)
    assert set(made.needs.values_list("pk", flat=True)) == {"school", "road"}
    event = AuditEvent.objects.get(number=AuditEvent.objects.last().number)
    assert AuditEvent.objects.count() == before + 1
    assert (event.action, event.area_path, sorted(event.fields["needs"])) == (
        "candidate.nominated",
        area.path,
        ["road", "school"],
    )


def test_a_nomination_has_a_need_and_a_letter_that_is_written_already(cast):
    tomorrow = timezone.localdate() + timedelta(days=1)
    for changes, expected in [
        ({"needs": []}, ("HY-N001", "needs")),
        ({"letter_date": tomorrow}, ("HY-N002", "letter_date")),
    ]:
        with pytest.raises(HamyarError) as refusal:
            nomination(cast.mayor, cast.areas["margin"], **changes)
        assert fault(refusal) == [expected]
    assert not Candidate.objects.exists()
    assert nomination(cast.mayor, cast.areas["margin"], letter_date=timezone.localdate())


@pytest.mark.parametrize("where", ["district", "rural_district", "empty_village"])
def test_only_where_people_live_is_put_forward(cast, where):
    """Whoever does it: here somebody who may nominate in the whole province."""
    seat = add_member(by=None, user=cast.unattached, organisation=cast.organisations["cooperation"], job=Job.MAYOR)
    with pytest.raises(HamyarError) as refusal:
        nomination(Actor(cast.unattached, seat), cast.areas[where])
    assert fault(refusal) == [("HY-N006", "area")]


def test_a_place_is_open_once_for_an_organisation_and_again_when_it_is_closed(cast):
    first = nomination(cast.mayor, cast.areas["margin"])
    with pytest.raises(HamyarError) as refusal:
        nomination(cast.deputy, cast.areas["margin"])
    assert fault(refusal) == [("HY-N003", "area")]
    Candidate.objects.filter(pk=first.pk).update(state=State.DECLINED)
    assert nomination(cast.deputy, cast.areas["margin"]).pk != first.pk


@pytest.mark.parametrize(
    ("by", "where", "verifier", "allowed"),
    [
        ("mayor", "margin", "officer", True),
        ("administrator", "village", "governor", True),
        ("administrator", "village", "officer", False),  # the other branch
        ("mayor", "margin", "governor", False),
        ("administrator", "village", "other_governor", False),
        ("mayor", "margin", "mayor", False),
        ("mayor", "margin", "director", False),
        ("mayor", "margin", "outsider", False),
    ],
)
def test_each_branch_verifies_its_own(cast, by, where, verifier, allowed):
    candidate = nomination(cast.actors[by], cast.areas[where])
    before = AuditEvent.objects.count()
    acts = [
        lambda: actions.return_to_nominator(by=cast.actors[verifier], candidate=candidate, version=1, note="نقشه"),
        lambda: actions.verify(by=cast.actors[verifier], candidate=candidate, version=1),
    ]
    for act in acts[1:] if allowed else acts:
        if allowed:
            act()
        else:
            with pytest.raises(NotAllowed):
                act()
    candidate.refresh_from_db()
    assert candidate.state == ("verified" if allowed else "nominated")
    assert AuditEvent.objects.count() == before + allowed


def test_a_date_binds_the_foundation_from_verification_on(cast):
    candidate = actions.verify(by=cast.officer, candidate=nomination(cast.mayor, cast.areas["margin"]), version=1)
    today = timezone.localdate()
    assert candidate.decide_by == today + timedelta(days=30)
    for decide_by, overdue in [(today, False), (today - timedelta(days=1), True)]:
        candidate.decide_by = decide_by
        assert candidate.overdue is overdue
    candidate.state = State.ACCEPTED
    assert not candidate.overdue


def test_nobody_verifies_what_they_put_forward_themselves(cast):
    candidate = nomination(cast.mayor, cast.areas["margin"])
    with pytest.raises(HamyarError, match="HY-G019"):  # the two functions do not meet in one person
        add_member(by=None, user=cast.mayor.user, organisation=cast.organisations["cooperation"], job=Job.OFFICER)
    Candidate.objects.update(nominator=cast.officer.user)  # who was mayor when it was put forward
    candidate.refresh_from_db()
    with pytest.raises(NotAllowed):
        actions.verify(by=cast.officer, candidate=candidate, version=1)


def test_what_is_given_back_is_mended_and_sent_again_by_its_own_organisation(cast):
    candidate = nomination(cast.mayor, cast.areas["margin"])
    with pytest.raises(HamyarError) as refusal:
        actions.return_to_nominator(by=cast.officer, candidate=candidate, version=1, note="  ")
    assert fault(refusal) == [("HY-N005", "note")]
    actions.return_to_nominator(by=cast.officer, candidate=candidate, version=1, note="شمار خانوارها کم است.")
    for stranger in ("other_mayor", "administrator", "officer", "director"):
        with pytest.raises(NotAllowed):
            actions.send_again(by=cast.actors[stranger], candidate=candidate, version=2, reason="۴۰ خانوار")
    actions.send_again(by=cast.deputy, candidate=candidate, version=2, reason="۴۰ خانوار")
    candidate.refresh_from_db()
    assert (candidate.state, candidate.reason, candidate.version) == ("nominated", "۴۰ خانوار", 3)
    said = [event.action for event in AuditEvent.objects.of(candidate)]
    assert said == ["candidate.nominated", "candidate.returned", "candidate.sent_again"]


STEPS = {
    "verify": lambda cast, c, v: actions.verify(by=cast.officer, candidate=c, version=v),
    "return": lambda cast, c, v: actions.return_to_nominator(by=cast.officer, candidate=c, version=v, note="کم است"),
    "answer": lambda cast, c, v: actions.send_again(by=cast.mayor, candidate=c, version=v, reason="این هم"),
}
POSSIBLE = {("nominated", "verify"), ("nominated", "return"), ("returned", "answer")}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("state", State.values)
def test_a_step_is_taken_from_its_own_state_alone(cast, state, step):
    candidate = nomination(cast.mayor, cast.areas["margin"])
    Candidate.objects.filter(pk=candidate.pk).update(state=state)
    candidate.refresh_from_db()
    if (state, step) in POSSIBLE:
        assert STEPS[step](cast, candidate, 1).version == 2
        return
    with pytest.raises(HamyarError, match="HY-N004"):
        STEPS[step](cast, candidate, 1)
    candidate.refresh_from_db()
    assert (candidate.state, candidate.version) == (state, 1)


def test_of_two_who_act_at_once_the_second_is_told_and_changes_nothing(cast):
    candidate = nomination(cast.mayor, cast.areas["margin"])
    actions.verify(by=cast.officer, candidate=Candidate.objects.get(), version=1)
    before = AuditEvent.objects.count()
    with pytest.raises(HamyarError, match="HY-N004"):
        actions.return_to_nominator(by=cast.officer, candidate=candidate, version=1, note="کم است")
    assert (Candidate.objects.get().state, AuditEvent.objects.count()) == ("verified", before)


def test_an_act_whose_event_cannot_be_written_does_not_happen(cast, monkeypatch):
    def broken(*_, **__):
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(AuditEvent.objects, "create", broken)
    monkeypatch.setattr(AuditEvent.objects, "bulk_create", broken)
    with pytest.raises(DatabaseError, match="full"), transaction.atomic():
        nomination(cast.mayor, cast.areas["margin"])
    assert not Candidate.objects.exists()


def test_the_form_offers_inhabited_places_of_the_own_area_alone(cast, signed_in):
    offered = {
        area.code for area in signed_in(cast.mayor).get("/nominations/new/").context["form"].fields["area"].queryset
    }
    assert offered == {"7701012000", "770101200001"}
    searched = signed_in(cast.mayor).get("/nominations/new/?q=باغ هاي").context["form"].fields["area"].queryset
    assert [area.code for area in searched] == ["770101200001"]
    for name in ("officer", "director", "assessor", "outsider"):
        assert signed_in(cast.actors[name]).get("/nominations/new/").status_code == 403


def test_a_form_is_taken_in_persian_digits_and_the_readers_calendar(cast, signed_in):
    client = signed_in(cast.mayor)
    answer = client.post(
        "/nominations/new/", LETTER | {"area": str(cast.areas["margin"].pk), "needs": ["school", "road"]}
    )
    made = Candidate.objects.get()
    assert answer.url == f"/nominations/{made.pk}/"
    assert (made.letter_number, made.letter_date) == ("1405/12", date(2024, 6, 1))
    assert "در انتظار" in client.get(answer.url).text


@pytest.mark.parametrize(
    "changes",
    [
        {"area": "{station}"},
        {"area": "not-a-uuid"},
        {"area": "{district}"},
        {"needs": ["no-such-need"]},
        {"needs": []},
        {"reason": ""},
        {"reason": "ا" * 2001},
        {"letter_number": ""},
        {"letter_date": "1403/13/01"},
        {"letter_date": "9999/01/01"},
        {"letter_date": "۱۴۹۹/۰۱/۰۱"},
        {"reason": "a\x00b"},
    ],
)
def test_a_bad_form_is_shown_again_and_nothing_is_kept(cast, signed_in, changes):
    changes = {
        key: value.format(**{name: area.pk for name, area in cast.areas.items()}) if isinstance(value, str) else value
        for key, value in changes.items()
    }
    posted = LETTER | {"area": str(cast.areas["margin"].pk), "needs": ["school"]} | changes
    answer = signed_in(cast.mayor).post("/nominations/new/", posted)
    assert answer.status_code == 200
    assert 'class="errorlist' in answer.text
    assert not Candidate.objects.exists()


def test_fields_that_the_form_does_not_ask_for_are_not_taken(cast, signed_in):
    posted = LETTER | {"area": str(cast.areas["margin"].pk), "needs": ["school"]}
    more = {
        "state": "accepted",
        "nominated_by": str(cast.organisations["other_municipality"].pk),
        "nominator": str(cast.director.user.pk),
        "decide_by": "2030-01-01",
        "internal_reason": "x",
        "version": "9",
        "channel": "import",
    }
    signed_in(cast.mayor).post("/nominations/new/", posted | more)
    made = Candidate.objects.get()
    assert (made.state, made.nominated_by, made.nominator) == ("nominated", cast.mayor.organisation, cast.mayor.user)
    assert (made.decide_by, made.internal_reason, made.version, made.channel) == (None, "", 1, "nomination")
    signed_in(cast.officer).post(f"/nominations/{made.pk}/verify/", {"version": 1, "decide_by": "2020-01-01"})
    made.refresh_from_db()
    assert made.decide_by == timezone.localdate() + timedelta(days=30)


@pytest.mark.parametrize("version", ["", "x", "1.0", "9" * 5000, "٩" * 4000, "-1", "999999999999999999999", None])
def test_a_version_that_is_none_changes_nothing_and_fails_nowhere(cast, signed_in, version):
    made = nomination(cast.mayor, cast.areas["margin"])
    posted = {} if version is None else {"version": version}
    answer = signed_in(cast.officer).post(f"/nominations/{made.pk}/verify/", posted)
    assert answer.status_code in (302, 400)
    assert Candidate.objects.get().state == "nominated"


@pytest.mark.parametrize(
    "pk",
    ["-" * 36, "0" * 36, "01900000-0000-7000-8000-000000000000", "abcdefab-cdef-abcd-efab-cdefabcdefa-"],
)
@pytest.mark.parametrize("tail", ["", "verify/", "return/", "answer/", "decide/"])
def test_an_id_that_is_none_is_not_found(cast, signed_in, pk, tail):
    assert signed_in(cast.director).post(f"/nominations/{pk}/{tail}", {"version": 1}).status_code == 404


def test_needs_come_with_the_database_in_both_languages_and_kinds(db):
    assert Need.objects.count() == 11
    assert set(Need.objects.values_list("kind", flat=True)) == {"infrastructure", "social"}
    assert not Need.objects.filter(name_fa="").exists()
    assert not Need.objects.filter(name_en="").exists()


def test_what_waits_for_whom_is_what_they_may_do(cast, signed_in):
    """In every state, for everybody; the home page counts them and its link opens them, the most urgent first."""
    cities = [nomination(cast.mayor, cast.areas[name]) for name in ("margin", "city")]
    village = nomination(cast.administrator, cast.areas["village"])
    late = actions.verify(
        by=cast.officer, candidate=cities[0], version=1, decide_by=timezone.localdate() - timedelta(1)
    )
    soon = actions.verify(by=cast.governor, candidate=village, version=1)
    stories = [
        lambda: None,
        lambda: actions.return_to_nominator(by=cast.officer, candidate=cities[1], version=1, note="نقشه"),
    ]
    for story in stories:
        story()
        for name, actor in cast.actors.items():
            seen = Candidate.objects.visible_to(actor).with_story()
            acts = {each for each in seen if any(v for k, v in may(actor, each).items() if k.startswith("may_"))}
            assert set(Candidate.objects.waiting_for(actor)) == acts, name
    assert list(Candidate.objects.waiting_for(cast.mayor)) == [cities[1]]
    client = signed_in(cast.director)
    home = client.get("/", {"language": "fa"}, follow=True).content.decode()
    assert "۲ معرفی در انتظار شماست" in home
    assert "۱ از موعد گذشته" in home
    listed = client.get(reverse("intake:list"), {"state": "waiting"}).context["page"].rows
    assert listed == [late, soon]
    assert "در انتظار شما" not in signed_in(cast.statistician).get("/").content.decode()
