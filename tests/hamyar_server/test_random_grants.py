"""Nobody gets beyond a living chain of grants, over random organisations, grants and people."""

from __future__ import annotations

import random
from collections import defaultdict
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta

import pytest
from django.db import connections, transaction
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from hamyar.errors import HamyarError
from hamyar_server.analysis.models import Round
from hamyar_server.areas.models import Area, stratum_of
from hamyar_server.intake.models import Candidate
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actions import add_member, found
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.granting import grant, revoke
from hamyar_server.organisations.mandates import NotAllowed
from hamyar_server.organisations.models import (
    Agreement,
    Contribution,
    Function,
    Job,
    Mandate,
    Organisation,
    OrganisationKind,
    SecondFactor,
    User,
)
from hamyar_server.programmes.models import Programme, ProgrammeNeed
from hamyar_server.registry import imports
from hamyar_server.registry.models import (
    Alarm,
    Household,
    HouseholdQuerySet,
    Import,
    Need,
    SavedFilter,
)
from tests.hamyar_server import gate
from tests.hamyar_server.gate import Mark
from tests.hamyar_server.test_gate import _quiet, kept_round, objects, registered  # noqa: F401  a fixture of each test

LEVELS = [
    ("province", 2, ""),
    ("county", 4, "01"),
    ("district", 6, "01"),
    ("city", 10, "2000"),
    ("neighbourhood", 12, "01"),
]


def random_places() -> list[Area]:
    """Two provinces with two counties each, down to a neighbourhood: twenty places."""
    made: list[Area] = []
    for province in ("61", "62"):
        for county in ("01", "02"):
            parent = None
            code = province
            for kind, digits, step in LEVELS:
                code = province if kind == "province" else province + county if kind == "county" else code + step
                assert len(code) == digits
                known = next((area for area in made if area.code == code), None)
                if known is None:
                    path = f"{parent.path}/{code}" if parent else code
                    known = Area(code=code, name=f"جای {code}", key=f"جای{code}", kind=kind, parent=parent, path=path)
                    known.depth, known.stratum = path.count("/"), stratum_of(kind, None)
                    made.append(known)
                parent = known
    Area.objects.bulk_create(made)
    return made


FIRST = (Job.DIRECTOR, Job.DIRECTOR, Job.ASSESSOR, Job.OFFICER, Job.ADMINISTRATOR)  # of the two foundations, in turn


def random_story(seed: int, folder) -> tuple[list[Actor], Round, list[Mark]]:
    chance = random.Random(seed)
    places = random_places()
    organisations = [
        found(
            by=None,
            kind="foundation",
            name_fa=f"بنیاد {code}",
            name_en="F",
            area=next(p for p in places if p.code == code),
        )
        for code in ("61", "62")
    ]
    for number in range(chance.randint(2, 6)):
        kind = chance.choice([k for k in OrganisationKind.values if k != "foundation"])
        organisations.append(
            found(
                by=None,
                kind=kind,
                name_fa=f"سازمان {number}",
                name_en="O",
                area=chance.choice(places),
                parent=chance.choice([None, *organisations]),
            )
        )
    actors = []
    for number in range(chance.randint(5, 9)):
        organisation = organisations[number % 2] if number < len(FIRST) else chance.choice(organisations)
        user = User.objects.create(username=f"user-{number}", title_fa=f"شخص {number}")
        job = FIRST[number] if number < len(FIRST) else chance.choice(Job.values)
        try:
            with transaction.atomic():
                actors.append(Actor(user, add_member(by=None, user=user, organisation=organisation, job=job)))
        except HamyarError:
            continue
        SecondFactor.objects.create(user=user, sealed=b"", confirmed_at=timezone.now())
    for _ in range(chance.randint(3, 12)):
        random_grant(chance, actors, organisations, places)
    actors.append(verifier(chance, actors[0], places))
    lived_in = [place for place in places if place.kind in ("city", "neighbourhood")]
    for number in range(5):
        candidate = Candidate.objects.create(
            area=chance.choice(lived_in),
            state=chance.choice(["accepted", "declined", "verified", "nominated"]),
            reason=f"دلیل-معرفی-{number}-",
            letter_number=f"نامه-{number}-",
            letter_date=date(2025, 1, 1),
            nominated_by=Organisation.objects.create(
                kind="municipality", name_fa=f"معرف {number}", name_en="N", area=places[0]
            ),
            nominator=actors[0].user,
            verified_by=organisations[0],
            verified_at=timezone.now(),
            internal_reason=f"درونی-{number}-",
        )
        candidate.needs.set(Need.objects.all()[:1])
    programme = Programme.objects.create(organisation=organisations[0], name_fa="برنامه", name_en="P")
    ProgrammeNeed.objects.create(programme=programme, need_id="road", since=date(2025, 1, 1))
    kept = kept_round(folder, places, reason="نتیجه-{code}-")
    for number, place in enumerate(chance.sample(lived_in, 4)):
        registered(place, number)
    marks = (
        gate.marks_of_candidates()
        + gate.marks_of_households()
        + [Mark(f"نتیجه-{area.code}-", area.path) for area in places]
    )
    return actors, kept, marks + owned(chance, actors, organisations)


def verifier(chance: random.Random, director: Actor, places: list[Area]) -> Actor:
    """An officer of a cooperation organisation, which alone verifies what municipalities nominate."""
    root = next(place for place in places if place.code == "61")
    organisation = found(by=None, kind="cooperation", name_fa="سازمان همیاری", name_en="C", area=root)
    user = User.objects.create(username="verifier", title_fa="کارشناس همیاری")
    agreement = Agreement.objects.create(number="همیاری", date=date(2025, 1, 1), title_fa="تفاهم")
    agreement.parties.set([director.organisation, organisation])
    within = chance.choice([place for place in places if gate.lies_in(place.path, [root.path])])
    grant(by=director, holder=organisation, functions=["verify"], area=within, reason="آزمون", agreement=agreement)
    membership = add_member(by=None, user=user, organisation=organisation, job=Job.OFFICER)
    SecondFactor.objects.create(user=user, sealed=b"", confirmed_at=timezone.now())
    return Actor(user, membership)


def owned(chance: random.Random, actors: list[Actor], organisations: list[Organisation]) -> list[Mark]:
    """An import, with rows that were refused, and an alarm of each organisation, a filter of each membership."""
    marks = []
    for number, organisation in enumerate(organisations):
        state = chance.choice(["uploaded", "checked", "done", "undone"])
        kept = {"organisation": organisation, "file_name": f"فهرست-{number}-", "source": f"فهرست-{number}-"}
        batch = Import.objects.create(**kept, state=state, counts={"refused": 1})
        imports.folder(batch).mkdir(parents=True)
        imports.refused_file(batch).write_text(f"ردشده-{number}-", encoding="utf-8")
        Alarm.objects.create(told=organisation, event=1, count=51)
        marks += [Mark(text, "", owner=organisation.pk) for text in (f"فهرست-{number}-", f"ردشده-{number}-")]
    for number, actor in enumerate(actors):
        SavedFilter.objects.create(membership=actor.membership, name=f"صافی-{number}-", wanted={"decile": "2"})
        marks.append(Mark(f"صافی-{number}-", "", owner=actor.membership.pk))
    return marks


def random_grant(chance: random.Random, actors, organisations, places) -> None:
    today = timezone.localdate()
    days = [None, today, today + timedelta(days=3)]
    giver = chance.choice(actors)
    agreement = Agreement.objects.create(number=f"{chance.random()}", date=date(2025, 1, 1), title_fa="تفاهم")
    agreement.parties.set(organisations)
    Contribution.objects.create(agreement=agreement, organisation=chance.choice(organisations), promised="قول")
    try:
        with transaction.atomic():
            made = grant(
                by=giver,
                holder=chance.choice(organisations),
                functions=chance.sample(list(Function), 1),
                area=chance.choice(places),
                reason="آزمون",
                agreement=agreement,
                since=chance.choice([None, None, None, today + timedelta(days=2)]),
                until=chance.choice(days),
            )
            if chance.random() < 0.2:
                revoke(by=giver, mandate=made[0], reason="آزمون")
            elif chance.random() < 0.3:  # its time is over
                Mandate.objects.filter(pk=made[0].pk).update(since=date(2024, 1, 1), until=date(2024, 2, 1))
    except (HamyarError, NotAllowed):
        return


def breaches(seed: int, folder, actors_walked: int, told: defaultdict[str, set[tuple[str, int]]]) -> list[str]:
    """What actors of a random story got beyond their grants, each in the story as it was told."""
    chance = random.Random(seed)
    actors, kept, marks = random_story(seed, folder)
    faults = []
    holding: defaultdict[str, list[Actor]] = defaultdict(list)  # by function, so that none is rare
    for actor in actors:
        for function in {function for function, _ in gate.reach(actor)}:
            holding[function].append(actor)
    first = [chance.choice(holding[chance.choice(sorted(holding))])] if holding else []
    walking = [*first, *chance.sample(actors, len(actors))]
    for actor in list(dict.fromkeys(walking))[:actors_walked]:
        with rolled_back():
            client = Client()
            client.force_login(actor.user)
            some = {key: chance.sample(rows, min(len(rows), 2)) for key, rows in objects(kept).items() if key != "file"}
            found = gate.addresses("hamyar_server.urls", some | {"file": ["areas.csv", "households.parquet"]})
            found.sort(
                key=lambda each: each.name.startswith("api:"), reverse=chance.random() < 0.5
            )  # the first to ask does it
            number, everywhere = chance.randrange(4), list(Area.objects.all())
            own = [area for area in everywhere if gate.lies_in(area.path, {path for _, path in gate.reach(actor)})]
            lived_in = [area for area in own if area.kind in ("city", "neighbourhood")]
            sent = {
                "area": str(chance.choice(chance.choice([lived_in or everywhere, own or everywhere, everywhere])).pk),
                "household": str(chance.choice(Household.objects.all()).pk),
                "q": chance.choice([f"نام{number}ی", f"خانواده{number}ی", f"77{number}", "جای"]),
            }
            faults += [f"{actor}: {fault}" for fault in gate.faults_of(actor, client, found, marks, sent, told)]
    return faults


@contextmanager
def rolled_back():
    """What is written to either database is taken back."""
    with ExitStack() as stack:
        for database in connections:
            stack.enter_context(transaction.atomic(using=database))
        yield
        for database in connections:
            transaction.set_rollback(True, using=database)


def over_random_trees(seeds: range, folder_factory, actors_walked: int) -> set[str]:
    """Names of the addresses that gave somebody what they asked for."""
    told: defaultdict[str, set[tuple[str, int]]] = defaultdict(set)
    for seed in seeds:
        with rolled_back():
            assert breaches(seed, folder_factory.mktemp("round"), actors_walked, told) == [], f"story {seed}"
    return {name for name, answers in told.items() if any(status < 400 for _, status in answers)}


def test_over_random_grants_nobody_reads_or_writes_outside_a_living_chain(db, tmp_path_factory):
    assert len(over_random_trees(range(2), tmp_path_factory, actors_walked=2)) > 60


@pytest.mark.parametrize("forgotten", ["require", "visible_to"])
def test_the_walk_over_random_grants_finds_a_gate_that_lets_everybody_through(
    db, tmp_path_factory, monkeypatch, forgotten
):
    if forgotten == "require":
        monkeypatch.setattr(mandates, "require", lambda *_: None)
    else:
        monkeypatch.setattr(HouseholdQuerySet, "visible_to", lambda self, *_: self)
    found = []
    for seed in range(4):
        with rolled_back():
            found += breaches(seed, tmp_path_factory.mktemp("round"), 1, defaultdict(set))
        if found:
            return
    pytest.fail("nobody of four stories got beyond their grants, though there was no gate")


@pytest.mark.prove
def test_over_many_random_grants_nobody_reads_or_writes_outside_a_living_chain(db, tmp_path_factory):
    """Every address gives somebody what they ask for, or nothing was proved of it."""
    given = over_random_trees(range(100), tmp_path_factory, actors_walked=2)
    names = {name for name, _ in gate.routes(get_resolver("hamyar_server.urls").url_patterns)}
    ends = {"organisations:sign-out", "organisations:end-session"}  # the walk would be over
    assert names - given - gate.NOTHING_THERE == ends
