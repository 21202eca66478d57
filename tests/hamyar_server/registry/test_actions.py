from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from hamyar.errors import HamyarError
from hamyar_server.core import audit
from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations.mandates import NotAllowed
from hamyar_server.registry import actions
from hamyar_server.registry.incoming import NewHousehold, NewIdentifier, NewPerson, Origin, source_index
from hamyar_server.registry.models import Household, Membership, Need, Person
from hamyar_server.registry.names import Name
from tests.hamyar_server.registry.conftest import FAMILY, LISTED


def who(household):
    """role → mask of those who live in it."""
    return sorted(household.memberships.living().values_list("role", "person__mask"))


def person(household, role):
    return Person.objects.get(memberships__household=household, memberships__role=role, memberships__until=None)


def codes(refusal):
    return sorted(fault.code for fault in refusal.value.faults)


def test_a_household_is_kept_with_everything_said_and_where_it_comes_from(household):
    kept = Household.objects.get(pk=household.pk)
    assert (kept.members, kept.decile, kept.facts) == (3, 2, {"rooms": 2, "piped_water": False})
    assert kept.provenance["rooms"] == ["declared", "2026-09-01", "charity list"]
    assert kept.path == kept.area.path
    assert who(kept) == [("child", "ع. ح."), ("head", "س. ح."), ("spouse", "ز. م.")]
    assert kept.head.identifiers.count() == 3
    cover = kept.covers.get()
    assert (cover.decile, cover.organisation, cover.source, cover.as_of) == (
        2,
        "a charity",
        "charity list",
        date(2026, 9, 1),
    )


def test_the_audit_tells_of_each_person_under_their_own_key(household):
    events = list(AuditEvent.objects.about(household=household.pk))
    assert [event.action for event in events] == ["household.registered"] + ["person.registered"] * 3
    head = household.head
    told = AuditEvent.objects.about(person=head.pk).get()
    assert audit.values_of(told)["family"] == "حسینی‌نژاد"
    assert told.changed == sorted(["given", "family", "father", "sex", "birth_date", "identity", "phone", "address"])
    assert audit.verify().fault is None


TOMORROW = timezone.localdate() + timedelta(days=1)


@pytest.mark.parametrize(
    ("people", "more", "expected"),
    [
        ([FAMILY[0], FAMILY[0]], {}, ["HY-H001"]),
        (FAMILY[1:], {}, ["HY-H001"]),
        ([], {}, ["HY-H001"]),
        ([NewPerson(Name(" "), "head")], {}, ["HY-H002"]),
        ([NewPerson(Name("رضا"), "head", birth_date=TOMORROW)], {}, ["HY-H003"]),
        ([NewPerson(Name("رضا"), "head", birth_date=date(1365, 2, 3))], {}, ["HY-H004"]),
        ([NewPerson(Name("رضا"), "head", identifiers=[NewIdentifier("phone", " ")])], {}, ["HY-H005"]),
        (FAMILY, {"facts": {"ethnicity": "x"}}, ["HY-H006"]),
        (FAMILY, {"facts": {"child_deaths": 1}}, ["HY-H006"]),
        (FAMILY, {"facts": {"rooms": "two"}}, ["HY-H006"]),
        (FAMILY, {"facts": {"rooms": 51, "tenure": "squat", "bath": 1}}, ["HY-H006"] * 3),
        (FAMILY, {"decile": 11}, ["HY-H007"]),
        (
            [NewPerson(Name(""), "child", birth_date=TOMORROW)],
            {"decile": 0},
            ["HY-H001", "HY-H002", "HY-H003", "HY-H007"],
        ),
    ],
)
def test_what_is_wrong_is_said_all_at_once_and_nothing_is_kept(register, people, more, expected):
    with pytest.raises(HamyarError) as refusal:
        register(people=people, **more)
    assert codes(refusal) == expected
    assert not Household.objects.exists()
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("text", "fault"), [("0499370898", "check_digit"), ("1111111111", "all_equal"), ("12", "length"), ("499370899", "")]
)
def test_a_wrong_national_id_is_kept_and_flagged(register, text, fault):
    kept = register(people=[NewPerson(Name("رضا"), "head", identifiers=[NewIdentifier("identity", text)])])
    assert kept.head.identifiers.get().fault == fault
    assert Person.objects.identified(text).get() == kept.head


def test_another_document_is_never_flagged_since_that_would_tell_its_type(register):
    people = [NewPerson(Name("رضا"), "head", identifiers=[NewIdentifier("identity", "A-12345678901", document="card")])]
    kept = register(people=people).head.identifiers.get()
    assert (kept.fault, kept.mask, kept.kind) == ("", "••••••01", "identity")
    assert Person.objects.identified("a12345678901").exists()


def test_nobody_registers_where_they_hold_no_mandate(cast):
    new = NewHousehold(cast.areas["city"], FAMILY)
    for name in ("mayor", "director", "outsider", "statistician"):
        with pytest.raises(NotAllowed):
            actions.register_household(by=cast.actors[name], new=new)
    actions.register_household(by=cast.assessor, new=new)
    assert AuditEvent.objects.filter(user_name=str(cast.assessor.user)).count() == 4


def test_a_batch_is_one_event_with_a_digest_and_knows_its_source(cast):
    batch = cast.areas["city"]  # any row stands for the import here
    new = [
        NewHousehold(
            cast.areas["city"], FAMILY[1:] + [NewPerson(Name("الف"), "head", source_key=f"{i}")], source_key=f"{i}"
        )
        for i in range(5)
    ]
    before = AuditEvent.objects.count()
    persons = actions.register_many(by=cast.assessor, households=new, origin=LISTED, subject=batch)
    assert [len(some) for some in persons] == [3] * 5
    event = AuditEvent.objects.order_by("number").last()
    assert AuditEvent.objects.count() == before + 1
    assert (event.fields["households"], event.fields["persons"], len(event.fields["digest"])) == (5, 15, 64)
    assert Household.objects.get(source_key=source_index("charity list", "۳")).members == 3
    with pytest.raises(IntegrityError), transaction.atomic():
        actions.register_many(by=cast.assessor, households=new[:1], origin=LISTED, subject=batch)
    with pytest.raises(NotAllowed):
        actions.register_many(by=cast.mayor, households=new, origin=Origin(), subject=batch)


def test_a_household_has_at_most_one_living_head_and_a_person_one_household_in_the_database_itself(household, register):
    spouse = person(household, "spouse")
    for changes in ({"household": household, "role": "head"}, {"household": register(), "role": "other"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Membership.objects.create(person=spouse, **changes)
    today, living = timezone.localdate(), Membership.objects.living().get(person=spouse)
    for _ in range(2):  # who left twice on one day did so
        Membership.objects.create(person=spouse, household=register(), until=today)
    Membership.objects.filter(pk=living.pk).update(until=today)
    Membership.objects.create(person=spouse, household=household, role="spouse")
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=living.pk).update(until=None)


def test_a_child_is_born(household):
    new = NewPerson(Name("نوزاد"), "child", birth_date=timezone.localdate())
    actions.add_person(by=None, household=household, version=1, new=new)
    household.refresh_from_db()
    assert (household.members, household.version, len(who(household))) == (4, 2, 4)
    with pytest.raises(HamyarError, match="HY-H015"):
        actions.add_person(by=None, household=household, version=2, new=NewPerson(Name("رضا"), "head"))


def test_of_two_who_change_a_household_the_second_sees_the_conflict(cast, household):
    actions.change_household(by=cast.assessor, household=household, version=1, facts={"rooms": 3})
    again = Household.objects.get(pk=household.pk)
    with pytest.raises(HamyarError) as refusal:
        actions.change_household(by=None, household=again, version=1, facts={"rooms": 9, "bath": True})
    assert codes(refusal) == ["HY-H010"]
    assert str(cast.assessor.user) in refusal.value.faults[0].en
    again.refresh_from_db()
    assert again.facts == {"rooms": 3, "piped_water": False}
    actions.change_household(
        by=None, household=again, version=2, facts={"piped_water": None}, area=cast.areas["margin"]
    )
    assert again.facts == {"rooms": 3}
    assert set(again.provenance) == {"rooms", "area"}
    assert set(again.people.values_list("path", flat=True)) == {cast.areas["margin"].path}


def test_of_two_who_change_a_person_the_second_sees_the_conflict(household):
    head = household.head
    actions.change_person(by=None, person=head, version=1, name=Name("رضا", "کریمی"), birth_date=date(1981, 1, 1))
    with pytest.raises(HamyarError, match="HY-H010"):
        actions.change_person(by=None, person=head, version=1, sex="female")
    head.refresh_from_db()
    assert (head.opened_name(), head.mask, head.sex) == (Name("رضا", "کریمی"), "ر. ک.", "male")
    assert list(Person.objects.named("رضا كریمی")) == [head]
    assert not Person.objects.named("رضا حسینی نژاد").exists()
    with pytest.raises(HamyarError, match="HY-H004"):
        actions.change_person(by=None, person=head, version=2, birth_date=date(1360, 1, 1))


def test_somebody_moves_and_the_old_household_remains_whole(household, register):
    other, head = register("village"), household.head
    with pytest.raises(HamyarError, match="HY-H016"), transaction.atomic():
        actions.move_person(by=None, person=head, to=other, version=1)
    actions.move_person(by=None, person=head, to=other, version=1, head=person(household, "spouse"))
    head.refresh_from_db()
    assert (head.household, head.path) == (other, other.path)
    assert who(household) == [("child", "ع. ح."), ("head", "ز. م.")]
    assert [len(who(home)) for home in (household, other)] == [2, 4]
    assert list(Household.objects.order_by("id").values_list("members", flat=True)) == [2, 4]
    assert head.memberships.exclude(until=None).get().household == household


def test_the_last_one_who_leaves_closes_the_household(register):
    alone, other = register(people=FAMILY[:1]), register()
    actions.move_person(by=None, person=alone.head, to=other, version=1)
    alone.refresh_from_db()
    assert (alone.state, alone.members) == ("closed", 0)
    assert not Household.objects.living().filter(pk=alone.pk).exists()


def test_a_household_splits(household, cast):
    spouse, child = person(household, "spouse"), person(household, "child")
    made = actions.split_household(
        by=cast.assessor,
        household=household,
        version=1,
        people=[spouse, child],
        head=spouse,
        area=cast.areas["village"],
    )
    assert who(made) == [("child", "ع. ح."), ("head", "ز. م.")]
    assert who(household) == [("head", "س. ح.")]
    assert (made.members, made.path) == (2, cast.areas["village"].path)
    assert Person.objects.get(pk=child.pk).path == made.path


@pytest.mark.parametrize("wrong", ["everybody", "nobody", "head elsewhere", "stranger"])
def test_a_split_that_makes_no_two_households_is_refused(household, register, wrong):
    everybody = list(household.people.all())
    stranger = register().head
    people, head = {
        "everybody": (everybody, everybody[0]),
        "nobody": ([], everybody[0]),
        "head elsewhere": (everybody[:1], everybody[1]),
        "stranger": ([stranger], stranger),
    }[wrong]
    with pytest.raises(HamyarError, match="HY-H014" if wrong == "stranger" else "HY-H011"):
        actions.split_household(by=None, household=household, version=1, people=people, head=head)
    household.refresh_from_db()
    assert household.version == 1


def test_two_households_that_are_one_are_merged_and_nothing_is_lost(household, register):
    gone = register("village", facts={"rooms": 5, "bath": True})
    actions.record_need(by=None, household=gone, version=1, need=Need.objects.get(pk="drinking-water"))
    actions.merge_households(by=None, kept=household, version=1, gone=gone, gone_version=2)
    gone.refresh_from_db()
    assert (gone.state, gone.merged_into, gone.members, gone.facts) == ("merged", household, 0, {})
    assert household.facts == {"rooms": 2, "bath": True, "piped_water": False}
    assert household.members == 6
    assert [role for role, _ in who(household)].count("head") == 1
    assert household.needs.get().need_id == "drinking-water"
    with pytest.raises(HamyarError, match="HY-H012"):
        actions.merge_households(by=None, kept=household, version=3, gone=household, gone_version=3)
