"""Every address and every model stands behind the one gate."""

from __future__ import annotations

import logging
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.apps import apps
from django.test import Client, override_settings

from hamyar_server.analysis.models import AreaResult, Round
from hamyar_server.areas.models import Area
from hamyar_server.intake import actions as intake
from hamyar_server.intake.models import Candidate
from hamyar_server.organisations.models import (
    Agreement,
    Contribution,
    Mandate,
    Membership,
    Organisation,
    SignedIn,
    User,
)
from hamyar_server.programmes.actions import decide
from hamyar_server.programmes.models import Programme, ProgrammeNeed
from hamyar_server.registry import actions as registry
from hamyar_server.registry.incoming import NewHousehold, NewIdentifier, NewPerson, Origin
from hamyar_server.registry.models import (
    Alarm,
    Consent,
    Household,
    HouseholdNeed,
    Import,
    Need,
    Person,
    SavedFilter,
)
from hamyar_server.registry.names import Name
from tests.hamyar_server import gate
from tests.hamyar_server.cast import nomination
from tests.hamyar_server.gate import Mark

# Models that hold nothing of a place or a person, or are shown only through something that is gated, each with its reason.
WITHOUT_A_PLACE = {
    "core.AuditEvent": "shown through the subject that was gated; its own pages need the function audit",
    "areas.Area": "public geography; what lies in an area is gated",
    "areas.AreaCode": "public geography",
    "areas.ImportBatch": "the operator's, at the command line",
    "areas.ImportedRow": "the operator's, at the command line",
    "organisations.User": "shown through a membership",
    "organisations.Organisation": "seen by reviews.organisations_seen_by, walked below",
    "organisations.Membership": "shown through its organisation",
    "organisations.Agreement": "its parties alone: Agreement.objects.of, walked below",
    "organisations.Contribution": "shown through its agreement",
    "organisations.Mandate": "shown through its holder",
    "organisations.Capacity": "shown through its organisation",
    "organisations.SecondFactor": "one's own account alone",
    "organisations.SignedIn": "one's own account alone",
    "organisations.SignInFailure": "shown to nobody",
    "registry.Import": "its organisation's alone: Import.objects.of",
    "registry.Alarm": "shown to the organisation that is told",
    "registry.SavedFilter": "one's own membership alone; holds no name",
    "keys.PersonKey": "shown to nobody",
    "keys.Erased": "shown to nobody",
    "registry.Need": "a reference table",
    "programmes.Programme": "a reference table",
    "programmes.ProgrammeNeed": "a reference table",
    "programmes.Route": "shown through its candidate",
    "analysis.IndicatorResult": "shown through its result",
}


def kept_round(folder, areas, reason="دلیل {code}.") -> Round:
    """A round with a result of each area, and its files in the folder."""
    pq.write_table(pa.table({"area": [area.code for area in areas]}), folder / "areas.parquet")
    (folder / "report.html").write_text("<p>report of all</p>", encoding="utf-8")
    (folder / "households.parquet").write_text("the snapshot", encoding="utf-8")
    manifest = {"method": [{"fa": "روش", "en": "method"}], "inputs": [], "secret": "manifest of Sepidar"}
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    kept = Round.objects.create(
        name="round",
        title_fa="دور سپیدار",
        title_en="Round of Sepidar",
        date=date(2026, 1, 1),
        seed=1,
        kind="index",
        area=areas[0],
        manifest=manifest,
        result_hash=folder.name,
        directory=str(folder),
        kept_by=User.objects.first(),
    )
    AreaResult.objects.bulk_create(
        AreaResult(
            round=kept,
            area=area,
            path=area.path,
            kind=area.kind,
            estimate=0.5,
            estimate_kind="index",
            tier="uncertain",
            rank=rank,
            p_worst=0.5,
            reason_fa=reason.format(code=area.code),
            reason_en=reason.format(code=area.code),
            universe="census",
            provenance="census",
        )
        for rank, area in enumerate(areas, start=1)
    )
    return kept


def objects(kept: Round) -> dict[str, list[object]]:
    """What stands behind each word of an address."""
    found = {
        "nominations": list(Candidate.objects.values_list("pk", flat=True)),
        "rounds": [kept.pk],
        "file": ["areas.parquet", "areas.csv", "report.html", "manifest.json", "households.parquet"],
        "place": [area.code for area in Area.objects.all()],
        "places": [area.code for area in Area.objects.all()],
        "organisations": list(Organisation.objects.values_list("pk", flat=True)),
        "memberships": list(Membership.objects.values_list("pk", flat=True)),
        "mandates": list(Mandate.objects.values_list("pk", flat=True)),
        "agreements": list(Agreement.objects.values_list("pk", flat=True)),
        "contributions": list(Contribution.objects.values_list("pk", flat=True)),
        "sessions": list(SignedIn.objects.values_list("pk", flat=True)),
        "people": list(User.objects.values_list("pk", flat=True)),
        "households": list(Household.objects.values_list("pk", flat=True)),
        "persons": list(Person.objects.values_list("pk", flat=True)),
        "needs": list(HouseholdNeed.objects.values_list("pk", flat=True)),
        "need": ["road", "dowry"],  # of the back office
        "programme": list(Programme.objects.values_list("pk", flat=True)),
        "programmeneed": list(ProgrammeNeed.objects.values_list("pk", flat=True)),
        "imports": list(Import.objects.values_list("pk", flat=True)),
        "consents": list(Consent.objects.values_list("pk", flat=True)),
        "alarms": list(Alarm.objects.values_list("pk", flat=True)),
        "filters": list(SavedFilter.objects.values_list("pk", flat=True)),
    }
    whole = ("file", "households")  # of which each lies elsewhere
    return {key: rows if key in whole else few(rows) for key, rows in found.items()}


def registered(area: Area, number: int) -> Household:
    """A household of two in the area, with something of every kind; `number` tells it from others on a page."""
    people = [
        NewPerson(
            Name(f"نام{number}ی", f"خانواده{number}ی"), "head", identifiers=[NewIdentifier("identity", f"77{number}")]
        ),
        NewPerson(Name("دیگری"), "other"),
    ]
    new = NewHousehold(area, people, facts={"rooms": 2}, decile=2, covered_by=f"پوشش-{number}-")
    made = registry.register_household(by=None, new=new, origin=Origin(source=f"منبع-{number}-"))
    registry.give_consent(by=None, person=made.head, purpose="sensitive", evidence=f"مدرک-{number}-")
    registry.record_vulnerability(by=None, person=made.head, kind=f"بیماری-{number}-")
    note = {"need": Need.objects.get(pk="road"), "note": f"نیاز-{number}-"}
    registry.record_need(by=None, household=made, version=made.version, **note)
    return made


def few(rows: list[object], most: int = 3) -> list[object]:
    """At most so many, spread over the list."""
    return rows[:: -(-len(rows) // most)] if rows else rows


@pytest.fixture(autouse=True)
def _quiet():
    """A refusal is what is wanted here; a thousand tracebacks of it are not."""
    logger = logging.getLogger("django.request")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(before)


@pytest.fixture
def story(cast, tmp_path):
    """A nomination decided on, one in the other city, one of a village; a round over the province; a promise."""
    one = nomination(cast.mayor, cast.areas["margin"], reason="آب با تانکر به باغ‌ها می‌رسد.", letter_number="L-104")
    intake.verify(by=cast.officer, candidate=one, version=1)
    decide(
        by=cast.director, candidate=one, version=2, accept=False, public_category="covered", internal_reason="درون ۱"
    )
    nomination(cast.other_mayor, cast.areas["station"], reason="ایستگاه مدرسه ندارد.", letter_number="L-205")
    nomination(cast.administrator, cast.areas["village"], reason="چشمه راه ندارد.", letter_number="L-306")
    Contribution.objects.create(
        agreement=Agreement.objects.get(number="1404/12"),
        organisation=cast.organisations["cooperation"],
        promised="ده خودرو برای بازدید",
    )
    SignedIn.objects.create(user=cast.mayor.user, session_key="of-the-mayor")
    for number, where in enumerate(("margin", "station", "village", "other_village", "city")):
        registered(cast.areas[where], number)
    Import.objects.create(
        organisation=cast.organisations["municipality"],
        file_name="فهرست مهردشت",
        source="فهرست مهردشت",
        state="uploaded",
    )
    Alarm.objects.create(told=cast.organisations["foundation"], event=1, count=51)
    SavedFilter.objects.create(membership=cast.mayor.membership, name="صافی شهردار", wanted={"decile": "2"})
    return kept_round(tmp_path, [area for name, area in cast.areas.items() if not name.startswith("elsewhere")])


def marks_of(cast, kept):
    """Everything of the province that an outsider must not read; names of organisations at the root are known to all who sign."""
    found = gate.marks_of_candidates() + gate.marks_of_households()
    found += [mark for mark in gate.marks_of_areas() if mark.path.startswith("77/")]
    found += [Mark(f"دلیل {result.area.code}.", result.path) for result in kept.results.select_related("area")]
    found += [
        Mark(organisation.name_fa, organisation.area.path)
        for organisation in Organisation.objects.exclude(parent=None).select_related("area")
    ]
    directory = " ".join(Organisation.objects.filter(parent=None).values_list("name_fa", flat=True))
    found = [mark for mark in found if mark.text not in directory]
    found += [Mark(f"نقش {name}", "77") for name in cast.actors if name != "outsider"]
    found += [
        Mark(text, "77")
        for text in (
            "صافی شهردار",
            "فهرست مهردشت",
            "دور سپیدار",
            "manifest of Sepidar",
            "report of all",
            "ده خودرو برای بازدید",
        )
    ]
    return found


def walk(kept, urlconf="hamyar_server.urls"):
    return gate.addresses(urlconf, objects(kept))


def test_nobody_who_is_not_signed_in_gets_past_the_gate(cast, story):
    found = walk(story)
    assert len({address.name for address in found}) > 20
    marks, before = marks_of(cast, story), gate.rows()
    assert gate.faults_of_strangers(Client(), found, marks, "/sign-in/", gate.PUBLIC) == []
    assert gate.rows() == before


def test_who_signed_in_but_acts_for_nobody_gets_no_further(cast, story):
    client = Client()
    client.force_login(cast.unattached)
    marks, before = marks_of(cast, story), gate.rows()
    free = gate.PUBLIC | gate.OPEN_TO_USERS
    assert gate.faults_of_strangers(client, walk(story), marks, "/acting-for/", free) == []
    assert gate.rows() == before


def test_who_holds_everything_elsewhere_reads_and_changes_nothing_here(cast, story, signed_in):
    faults = gate.faults_of(cast.outsider, signed_in(cast.outsider), walk(story), marks_of(cast, story), posted(cast))
    assert faults == []


def posted(cast):
    return {"area": str(cast.areas["margin"].pk), "parties": [], "organisation": str(cast.organisations["social"].pk)}


@pytest.mark.parametrize("name", ["mayor", "administrator", "governor", "assessor", "social_manager"])
def test_nobody_of_the_cast_reads_or_changes_what_lies_outside_their_own_area(cast, story, signed_in, name):
    actor = cast.actors[name]
    marks = [
        *gate.marks_of_candidates(),
        *gate.marks_of_households(),
        *(Mark(f"دلیل {result.area.code}.", result.path) for result in story.results.select_related("area")),
    ]
    assert gate.faults_of(actor, signed_in(actor), walk(story), marks, posted(cast)) == []


def test_the_snapshot_is_never_given_out_and_no_path_leads_out_of_the_folder(cast, story, signed_in):
    client = signed_in(cast.director)
    assert (story.folder / "households.parquet").exists()
    assert client.get(f"/rounds/{story.pk}/areas.parquet").status_code == 200
    assert client.get(f"/rounds/{story.pk}/areas.csv").status_code == 200
    (story.folder.parent / "outside.json").write_text("{}", encoding="utf-8")
    for file in (
        "households.parquet",
        "..",
        "%2e%2e%2foutside.json",
        "..%5coutside.json",
        "areas.parquet%00",
        "%2fetc%2fpasswd",
    ):
        assert client.get(f"/rounds/{story.pk}/{file}").status_code == 404, file
    assert (
        signed_in(cast.mayor).get(f"/rounds/{story.pk}/areas.parquet").status_code == 403
    )  # holds more than the own area


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_a_form_of_another_site_changes_nothing(cast, story, method):
    """Without the token of this site's own form every write is refused."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.director.user)
    before = gate.rows()
    for address in walk(story):
        answer = getattr(client, method)(address.url, gate.FORM)
        unknown = address.name.startswith("api:") and answer.status_code == 405
        assert unknown or answer.status_code in (403, 404), (address, answer.status_code)
    assert gate.rows() == before


def test_a_name_is_shown_as_text_and_never_runs(cast, story, signed_in):
    evil = "<script>alert(1)</script>"
    Area.objects.filter(code="770101200001").update(name=evil, name_en=evil)
    Candidate.objects.update(reason=evil, letter_number='"><img src=x>', note=evil)
    User.objects.filter(username="director").update(title_fa=evil)
    client = signed_in(cast.director)
    for address in walk(story):
        answer, body = gate.asked(client, address.url, "get", {})
        if answer.headers["Content-Type"].startswith("text/html") and not address.name.startswith("analysis:download"):
            assert "<script" not in body, address
            assert "<img src=x" not in body, address


@override_settings(ROOT_URLCONF="tests.hamyar_server.ungated")
def test_the_walk_finds_a_view_that_forgot_the_gate(cast, story, signed_in):
    """Three views stand beside the real ones without a gate; the walk names exactly these."""
    found = walk(story, "tests.hamyar_server.ungated")
    marks = marks_of(cast, story)
    strangers = gate.faults_of_strangers(Client(), found, marks, "/sign-in/", gate.PUBLIC)
    assert {fault.split()[1] for fault in strangers} == {"everyone"}
    assert any("answers 200" in fault for fault in strangers)
    assert any("ایستگاه مدرسه ندارد" in fault for fault in strangers)
    outsiders = gate.faults_of(cast.outsider, signed_in(cast.outsider), found, marks, posted(cast))
    assert {fault.split()[1] for fault in outsiders if "shows" in fault} == {"everyone", "everywhere"}
    assert len([fault for fault in outsiders if fault.startswith("changed: Candidate")]) == 3
    assert Candidate.objects.filter(note="overwritten").count() == 3


def test_an_address_that_the_walk_does_not_know_is_said(cast, story):
    with pytest.raises(LookupError, match="does not know what stands behind “rounds/”"):
        gate.addresses("hamyar_server.urls", {key: one for key, one in objects(story).items() if key != "rounds"})


def test_every_model_is_gated_or_stands_in_the_list_of_those_that_hold_nothing_of_a_place():
    ungated = set()
    for model in apps.get_models():
        if model.__module__.startswith("hamyar_server.") and not hasattr(model._default_manager.all(), "visible_to"):
            ungated.add(model._meta.label)
    assert ungated - set(WITHOUT_A_PLACE) == set(), "give it visible_to(actor), or state here why it needs none"
    assert set(WITHOUT_A_PLACE) - ungated == set(), "no longer without a gate"
