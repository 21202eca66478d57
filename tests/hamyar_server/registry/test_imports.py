"""A file of persons: its columns, its faults, what it brings, brought twice, mended, undone."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from datetime import date, timedelta

import pytest
import xlsxwriter
from django.utils import timezone

from hamyar.errors import HamyarError
from hamyar.persian import persian_digits
from hamyar_server.core.keys import store
from hamyar_server.core.models import AuditEvent
from hamyar_server.registry import columns, imports
from hamyar_server.registry.actions import change_household
from hamyar_server.registry.models import Cover, Household, Import, ImportState, Membership, Person
from hamyar_server.registry.staging import Staging

HEADING = [
    "کد خانوار",
    "کد فرد",
    "کد محل سکونت",
    "نسبت با سرپرست",
    "نام",
    "نام خانوادگی",
    "کد ملی",
    "تاریخ تولد",
    "دهک",
    "اتاق",
]
VILLAGE, CITY = "7701010001000001", "7701012000"


def row(household: int, person: int, *, area: str = VILLAGE, role: str = "سرپرست", **changes: object) -> list[object]:
    given = {
        "given": "مريم",
        "family": "رستمى",
        "national_id": "",
        "born": "1360/05/12",
        "decile": 2,
        "rooms": 2,
    } | changes
    return [
        household,
        f"{household}-{person}",
        area,
        role,
        *(given[n] for n in ("given", "family", "national_id", "born", "decile", "rooms")),
    ]


def text(rows: list[list[object]], heading: list[str] = HEADING) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([heading, *rows])
    return out.getvalue().encode("utf-8-sig")


def brought(by, rows, *, name="list.csv", source="فهرست ۱", calendar="jalali", data=None) -> Import:
    batch = imports.upload(by=by, name=name, pieces=[data or text(rows)], source=source, calendar=calendar)
    mapping = batch.mapping | {"اتاق": "rooms"}
    return imports.check(imports.map_columns(batch=batch, mapping=mapping))


def taken(by, rows, **more) -> Import:
    batch = brought(by, rows, **more)
    return imports.run(imports.accept(by=by, batch=batch))


@pytest.fixture(autouse=True, params=["short", "long"])
def length(request, monkeypatch):
    """Of a long file what the check staged is kept until it is taken in."""
    if request.param == "long":
        monkeypatch.setattr(imports, "LARGE", 0)
    return request.param


@pytest.fixture
def assessor(cast):
    return cast.assessor


@pytest.fixture
def households() -> list[list[object]]:
    """Three households of five persons."""
    return [
        row(1, 1),
        row(1, 2, role="همسر", given="علي"),
        row(2, 1, area=CITY, national_id="0499370899", decile=5),
        row(2, 2, area=CITY, role="فرزند", born="1395/01/01", given="سارا"),
        row(3, 1, given="حسن"),
    ]


def test_columns_are_suggested_by_title_name_and_likeness(assessor, households):
    batch = imports.upload(by=assessor, name="x.csv", pieces=[text(households)], source="ف", calendar="jalali")
    assert [batch.mapping[typed] for typed in HEADING] == [
        *(
            "household_key",
            "person_key",
            "area_code",
            "role",
            "given",
            "family",
            "national_id",
            "birth_date",
            "decile",
            "",
        ),
    ]
    assert columns.suggested(["كد ملی ", "موبايل", "قومیت", "نا مربوط"]) == {
        "كد ملی ": "national_id", "موبايل": "phone", "قومیت": "", "نا مربوط": "",
    }  # fmt: skip


def test_a_mapping_is_remembered_for_the_source(assessor, households):
    brought(assessor, households, source="بهزیستی")
    again = imports.upload(by=assessor, name="y.csv", pieces=[text(households)], source="بهزیستی", calendar="jalali")
    assert again.mapping["اتاق"] == "rooms"


def test_a_missing_or_doubled_column_is_said(assessor, households):
    batch = imports.upload(by=assessor, name="x.csv", pieces=[text(households)], source="ف", calendar="jalali")
    wrong = batch.mapping | {"نام": "family", "کد فرد": ""}
    with pytest.raises(HamyarError) as refused:
        imports.map_columns(batch=batch, mapping=wrong)
    assert [(f.code, f.column) for f in refused.value.faults] == [
        ("HY-Z102", "person_key"), ("HY-Z102", "given"), ("HY-Z103", "family"),
    ]  # fmt: skip


def test_two_columns_with_one_heading_are_not_taken_for_one(assessor, households):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate([["اتاق" if name == "دهک" else name for name in HEADING], *households]):
            sheet.write_row(number, 0, line)
    batch = imports.upload(by=assessor, name="x.xlsx", pieces=[out.getvalue()], source="ف", calendar="jalali")
    with pytest.raises(HamyarError) as refused:
        imports.map_columns(batch=batch, mapping=batch.mapping | {"اتاق": "rooms"})
    assert [(f.code, f.column) for f in refused.value.faults] == [("HY-Z103", "rooms")]


def test_what_a_file_would_bring_is_said_before_anything_is_written(assessor, households):
    batch = brought(assessor, households)
    assert batch.state == ImportState.CHECKED
    assert {k: batch.counts[k] for k in ("new", "persons", "changed", "refused", "suspected")} == {
        "new": 3, "persons": 5, "changed": 0, "refused": 0, "suspected": 0,
    }  # fmt: skip
    assert not Household.objects.exists()


def test_a_file_is_taken_in(assessor, households):
    batch = taken(assessor, households)
    assert batch.state == ImportState.DONE
    assert Person.objects.count() == Membership.objects.count() == 5
    (found,) = Person.objects.named("علی رستمی")
    assert found.birth_date == date(1981, 8, 3)
    assert found.household.facts == {"rooms": 2}
    assert Person.objects.identified(persian_digits("499370899")).count() == 1
    assert sorted(Cover.objects.values_list("decile", flat=True)) == [2, 2, 5]
    assert not imports.file_of(batch).exists(), "names in clear do not stay"
    assert AuditEvent.objects.filter(action="import.done").count() == 1


def test_the_same_file_twice_changes_nothing(assessor, households):
    taken(assessor, households)
    again = brought(assessor, households)
    assert (again.counts["new"], again.counts["changed"], again.counts["unchanged"]) == (0, 0, 3)
    imports.run(imports.accept(by=assessor, batch=again))
    assert Person.objects.count() == 5
    assert set(Household.objects.values_list("version", flat=True)) == {1}


def test_a_changed_file_changes_what_is_otherwise_and_undo_restores_it(assessor, households):
    taken(assessor, households)
    before = list(Household.objects.order_by("pk").values("facts", "decile", "area", "members"))
    names = {p.pk: str(p.opened_name()) for p in Person.objects.all()}
    changed = [list(one) for one in households]
    changed[0][-1], changed[2][-2] = 4, 7
    changed[4][4] = "حسین"
    changed.append(row(3, 2, role="فرزند", given="نو"))
    batch = taken(assessor, changed)
    assert (batch.counts["changed"], batch.counts["unchanged"]) == (3, 0)
    assert Person.objects.count() == 6
    assert Person.objects.named("حسین رستمی").count() == 1
    assert Household.objects.filter(facts={"rooms": 4}).count() == 1
    imports.take_back(imports.undo(by=assessor, batch=batch))
    assert list(Household.objects.order_by("pk").values("facts", "decile", "area", "members")) == before
    assert {p.pk: str(p.opened_name()) for p in Person.objects.all()} == names
    assert Person.objects.named("حسن رستمی").count() == 1


def test_undo_takes_back_households_and_their_keys(assessor, households):
    batch = taken(assessor, households)
    persons = list(Person.objects.values_list("pk", flat=True))
    imports.take_back(imports.undo(by=assessor, batch=batch))
    assert not Household.objects.exists()
    assert not Person.objects.exists()
    assert store.opened(persons) == {}


def test_an_undo_that_was_cut_off_goes_on(assessor, households, monkeypatch):
    batch = taken(assessor, households)
    monkeypatch.setattr(imports, "CHUNK", 1)
    imports.undo(by=assessor, batch=batch)
    with pytest.raises(HamyarError, match="HY-Z132"):
        imports.undo(by=assessor, batch=batch)

    def cut(done: int, total: int) -> None:
        raise KeyboardInterrupt

    there = Household.objects.count()
    with pytest.raises(KeyboardInterrupt):
        imports.take_back(batch, cut)
    assert Household.objects.count() == there - 1
    assert imports.go_on() == 1
    imports.work(str(batch.pk))
    assert not Household.objects.exists()
    assert Import.objects.get().state == "undone"
    told = AuditEvent.objects.of(batch).filter(action__startswith="import.und").values_list("action", "user_id")
    assert list(told) == [("import.undo_begun", str(assessor.user.pk)), ("import.undone", "")]


def test_undo_leaves_what_somebody_changed_since(assessor, households):
    batch = taken(assessor, households)
    kept = Household.objects.filter(area__code=CITY).get()
    change_household(by=assessor, household=kept, version=kept.version, facts={"rooms": 9})
    assert imports.take_back(imports.undo(by=assessor, batch=batch)).counts["kept"] == 1
    assert [h.pk for h in Household.objects.all()] == [kept.pk]


def test_bad_rows_come_back_with_their_reasons_and_can_be_sent_again(assessor, households):
    bad = [
        row(4, 1, area="9999999999"),
        row(5, 1, born="1981-05-12"),  # Gregorian where Jalali was said
        row(6, 1, born="1420/01/01"),
        row(7, 1, role="عمو"),
        row(8, 1, given=""),
        row(9, 1), row(9, 2),  # two heads
        row(10, 1, decile=11),
        row(11, 1, rooms="دو"),
        row(1, 1),  # stands twice
    ]  # fmt: skip
    batch = brought(assessor, [*households[2:], *bad])
    with imports.refused_file(batch).open(encoding="utf-8-sig") as file:
        refused = list(csv.reader(file))
    assert refused[0] == [*HEADING, "reason", "دلیل"]
    assert sorted(line[0] for line in refused[1:]) == sorted(["4", "5", "6", "7", "8", "9", "9", "10", "11"])
    assert all("HY-" in line[-2] and line[-1] for line in refused[1:])
    assert batch.counts["new"] == 3  # of the two sound ones, and of household 1, whose row stands once here
    mended = [line[:10] for line in refused[1:] if line[0] == "8"]
    mended[0][4] = "=cmd|' /C calc'!A0"
    second = taken(assessor, mended)
    assert second.counts["new"] == 1


def test_a_household_with_one_bad_row_is_refused_whole(assessor):
    batch = taken(assessor, [row(1, 1), row(1, 2, role="نامعلوم"), row(2, 1)])
    assert batch.counts["refused"] == 2
    assert [str(person.opened_name()) for person in Person.objects.all()] == ["مريم رستمى"]
    assert "HY-Z112" in imports.refused_file(batch).read_text("utf-8-sig")


def test_places_outside_the_mandate_are_refused(cast, households):
    """A municipality's assessor brings a list in which one household lives elsewhere."""
    from hamyar_server.organisations.models import Job
    from tests.hamyar_server.cast import member

    local = member("local-assessor", cast.organisations["municipality"], Job.ASSESSOR)
    batch = brought(local, households)
    assert (batch.counts["new"], batch.counts["refused"]) == (1, 3)


def test_somebody_without_the_function_brings_nothing(cast, households):
    with pytest.raises(imports.mandates.NotAllowed):
        imports.upload(by=cast.statistician, name="x.csv", pieces=[text(households)], source="x", calendar="jalali")


def test_suspected_duplicates_wait_unless_taken(assessor, households):
    taken(assessor, households)
    double = [
        row(50, 1, national_id="0499370899"),
        row(51, 1, national_id="0013542419"),
        row(52, 1, national_id="۰۰۱۳۵۴۲۴۱۹"),
    ]
    batch = brought(assessor, double, source="فهرست ۲")
    assert (batch.counts["new"], batch.counts["suspected"]) == (1, 2)
    imports.run(imports.accept(by=assessor, batch=batch, take_suspected=True))
    assert Household.objects.count() == 6


@pytest.mark.parametrize("again", ["0013542419", "13542419", "001-354-2419", "۰۰۱۳۵۴۲۴۱۹", " 0013542419"])
def test_one_number_in_two_households_is_suspected_however_it_is_written(assessor, again):
    rows = [row(1, 1, national_id="0013542419"), row(2, 1, national_id="0499370899"), row(3, 1, national_id=again)]
    batch = brought(assessor, rows)
    assert (batch.counts["new"], batch.counts["suspected"]) == (2, 1)


@pytest.mark.parametrize("again", ["A-1", "a1", "A 1"])
def test_a_number_without_enough_digits_is_compared_too(assessor, again):
    batch = brought(assessor, [row(1, 1, national_id="A1"), row(2, 1, national_id="A2"), row(3, 1, national_id=again)])
    assert (batch.counts["new"], batch.counts["suspected"]) == (2, 1)


def test_a_run_that_was_cut_off_goes_on_where_it_was(assessor, households, monkeypatch):
    batch = imports.accept(by=assessor, batch=brought(assessor, households))
    monkeypatch.setattr(imports, "CHUNK", 1)
    with pytest.raises(KeyboardInterrupt):
        imports.run(
            batch, progress=lambda done, _total: (_ for _ in ()).throw(KeyboardInterrupt) if done == 2 else None
        )
    assert Household.objects.count() == 2
    again = Import.objects.get(pk=batch.pk)
    assert (again.state, again.done) == (ImportState.RUNNING, 2)
    imports.run(again)
    assert Household.objects.count() == 3
    assert Person.objects.count() == 5


def beforehand(by, rows, **more) -> Import:
    """As `taken`, in one pass."""
    batch = imports.upload(by=by, name="list.csv", pieces=[text(rows)], source="فهرست ۱", calendar="jalali")
    batch = imports.map_columns(batch=batch, mapping=batch.mapping | {"اتاق": "rooms"})
    return imports.accept(by=by, batch=batch, beforehand=True, **more)


MIXED = [row(1, 1, born="1390/01/01"), row(2, 1, area=CITY, national_id="0499370899", decile=5), row(4, 1, role="عمو")]


@pytest.mark.parametrize("suspected", [False, True])
def test_what_is_accepted_beforehand_is_told_as_a_check_would_have(assessor, households, suspected):
    """Of households some are new, some changed, some refused, one suspected, one as it was."""
    taken(assessor, [row(1, 1), *households[2:4]])
    rows = [*MIXED[:1], *households[1:4], MIXED[2], row(5, 1, national_id="0499370899"), *households[4:]]
    checked = brought(assessor, rows)
    batch = imports.run(beforehand(assessor, rows, take_suspected=suspected))
    if suspected:
        checked.counts |= {"new": 2, "persons": 2, "suspected": 0, "refused": 1, "first": checked.counts["first"][:1]}
    assert batch.counts == checked.counts
    assert {name: batch.counts[name] for name in ("changed", "unchanged", "rows")} == {
        "changed": 1,
        "unchanged": 1,
        "rows": 7,
    }
    assert (batch.total, batch.done) == (checked.total, checked.total)
    if not suspected:
        assert imports.refused_file(batch).read_bytes() == imports.refused_file(checked).read_bytes()
    assert Household.objects.count() == 3 + suspected
    with pytest.raises(HamyarError, match="HY-Z130"):
        imports.accept(by=assessor, batch=batch, beforehand=True)


def test_counts_of_one_that_was_cut_off_are_those_of_the_whole(assessor, households, monkeypatch):
    monkeypatch.setattr(imports, "CHUNK", 1)
    batch = beforehand(assessor, [*households, row(4, 1, role="عمو")])
    with pytest.raises(KeyboardInterrupt):
        imports.run(
            batch, progress=lambda done, _total: (_ for _ in ()).throw(KeyboardInterrupt) if done == 2 else None
        )
    again = Import.objects.get(pk=batch.pk)
    assert (again.state, again.done, again.counts["new"]) == (ImportState.RUNNING, 2, 2)
    imports.run(again)
    told = {"new": 3, "persons": 5, "changed": 0, "unchanged": 0, "suspected": 0, "refused": 1, "rows": 6}
    assert {name: again.counts[name] for name in told} == told
    assert Household.objects.count() == 3


def test_what_the_check_staged_is_taken_in_and_goes(assessor, households, length, monkeypatch):
    batch = imports.accept(by=assessor, batch=brought(assessor, [*households, row(4, 1, role="عمو")]))
    kept = {"staged.duckdb", "staged.json"} if length == "long" else set()
    assert {file.name for file in imports.folder(batch).iterdir()} == {"file.csv", "refused.csv", "lock"} | kept
    said = imports.refused_file(batch).read_bytes()
    if kept:
        monkeypatch.setattr(Staging, "read", None)
    imports.run(batch)
    assert Household.objects.count() == 3
    assert imports.refused_file(batch).read_bytes() == said
    assert {file.name for file in imports.folder(batch).iterdir()} == {"refused.csv", "lock"}


@pytest.mark.parametrize("changed", ["day", "half", "gone"])
def test_what_was_staged_of_something_else_is_staged_anew(assessor, households, changed, monkeypatch):
    """On another day other births lie in the future; half of a file or none is not taken for the whole."""
    batch = imports.accept(by=assessor, batch=brought(assessor, [*households, row(4, 1, role="عمو")]))
    said = imports.refused_file(batch).read_bytes()
    if changed == "day":
        tomorrow = timezone.localdate() + timedelta(days=1)
        monkeypatch.setattr(imports.timezone, "localdate", lambda: tomorrow)
    elif changed == "half":
        (imports.folder(batch) / "staged.json").unlink(missing_ok=True)
        (imports.folder(batch) / "staged.duckdb").write_bytes(b"half of it")
    else:
        (imports.folder(batch) / "staged.duckdb").unlink(missing_ok=True)
    imports.run(batch)
    assert Household.objects.count() == 3
    assert imports.refused_file(batch).read_bytes() == said


def test_a_file_of_another_kind_leaves_nothing(assessor):
    with pytest.raises(HamyarError, match="HY-T014"):
        imports.upload(by=assessor, name="x.dta", pieces=[b"x"], source="x", calendar="jalali")
    assert not Import.objects.exists()


@pytest.mark.parametrize(("what", "without"), [("registry.imports", "pandas"), ("urls", "ibis")])
def test_what_reads_a_list_needs_no_pandas_and_a_page_no_engine(what, without):
    code = f"import django; django.setup(); import hamyar_server.{what}, sys; print({without!r} in sys.modules)"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "hamyar_server.settings"}
    assert subprocess.check_output([sys.executable, "-c", code], env=environment, text=True).strip() == "False"


def test_a_file_too_large_leaves_nothing(assessor, monkeypatch, settings):
    monkeypatch.setattr(imports, "LARGEST", 100)
    with pytest.raises(HamyarError, match="HY-Z101"):
        imports.upload(by=assessor, name="x.csv", pieces=[b"x" * 60] * 2, source="x", calendar="jalali")
    assert not Import.objects.exists()


def test_another_organisation_does_not_undo(cast, assessor, households):
    batch = taken(assessor, households)
    with pytest.raises(imports.mandates.NotAllowed):
        imports.undo(by=cast.mayor, batch=batch)
