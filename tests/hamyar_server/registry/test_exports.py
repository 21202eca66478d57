"""What one may see, as files."""

from __future__ import annotations

import csv
import io
import os
import tempfile

import pyarrow.parquet as pq
import pyogrio
import pytest
from python_calamine import CalamineWorkbook

from hamyar_server.core.models import AuditEvent
from hamyar_server.registry import exports
from hamyar_server.registry.incoming import FACTS, NewPerson
from hamyar_server.registry.names import Name

EXPORT = "/households/export/"


def read(form: str, body: bytes, folder) -> list[dict]:
    """The rows of the file as somebody else's program reads them."""
    if form == "csv":
        return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    file = folder / f"file.{form}"
    file.write_bytes(body)
    if form == "parquet":
        return pq.read_table(file).to_pylist()
    if form == "gpkg":
        _meta, table = pyogrio.read_arrow(file)
        return table.to_pylist()
    heading, *rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    return [dict(zip(heading, row, strict=True)) for row in rows]


@pytest.fixture
def two(household, register):
    """A household in the city; one in another city whose only member is its head, covered by what a sheet would run."""
    return household, register("other_city", people=[NewPerson(Name("تنها"), "head")], covered_by="=cmd|' /C calc'!A0")


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet", "gpkg"])
@pytest.mark.parametrize(("name", "count"), [("mayor", 1), ("director", 2)])
def test_each_exports_what_they_see_and_no_identity(cast, two, signed_in, tmp_path, form, name, count):
    answer = signed_in(cast.actors[name]).get(f"{EXPORT}households/{form}/")
    body = answer.getvalue()
    rows = read(form, body, tmp_path)
    assert len(rows) == count
    city = next(row for row in rows if row["area_code"] == "7701012000")
    assert (int(city["members"]), int(city["decile"]), int(city["rooms"])) == (3, 2, 2)
    assert city["covered_by"] == "a charity"
    assert set(city) - {"geometry", "fid", "wkb_geometry", "geom"} == set(exports.SCHEMAS["households"].names)
    for secret in ("حسینی", "س. ح.", "0499370899", "national_id", "کوچه"):
        assert secret.encode() not in body, secret
    event = AuditEvent.objects.last()
    assert (event.action, event.fields["count"], event.fields["form"]) == ("households.exported", count, form)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_a_spreadsheet_would_run_is_text(cast, two, signed_in, tmp_path, form):
    rows = read(form, signed_in(cast.director).get(f"{EXPORT}households/{form}/").getvalue(), tmp_path)
    assert {row["covered_by"] for row in rows} == {"a charity", "'=cmd|' /C calc'!A0"}


def test_persons_go_out_by_role_sex_and_year(cast, two, signed_in, tmp_path):
    rows = read("parquet", signed_in(cast.mayor).get(f"{EXPORT}persons/parquet/").getvalue(), tmp_path)
    found = {(row["role"], row["sex"], row["birth_year"]) for row in rows}
    assert found == {("head", "male", 1980), ("spouse", "female", 1985), ("child", "male", 2012)}


def test_the_filter_of_the_list_is_that_of_the_file_and_no_name_reaches_the_audit(cast, two, signed_in, tmp_path):
    client = signed_in(cast.director)
    token = client.post("/households/", {"q": "رضا حسینی نژاد"}).url.split("?")[1]
    rows = read("csv", client.get(f"{EXPORT}households/csv/?{token}&decile=2").getvalue(), tmp_path)
    assert [row["household"] for row in rows] == [str(two[0].pk)]
    fields = AuditEvent.objects.last().fields
    assert fields["searched"] is True
    assert fields["filters"]["decile"] == "2"
    assert "رضا" not in str(fields)
    assert client.get(f"{EXPORT}households/csv/?decile=9").getvalue().count(b"\n") == 1


@pytest.mark.parametrize("form", ["xlsx", "parquet", "gpkg"])
def test_an_empty_list_is_a_file_with_its_columns(cast, signed_in, tmp_path, form):
    answer = signed_in(cast.mayor).get(f"{EXPORT}households/{form}/")
    assert answer.status_code == 200
    assert read(form, answer.getvalue(), tmp_path) == []


def test_a_list_longer_than_a_worksheet_is_refused(cast, two, signed_in, monkeypatch):
    monkeypatch.setattr(exports, "SHEET", 1)
    answer = signed_in(cast.director).get(f"{EXPORT}households/xlsx/", follow=True)
    assert "گنجایش یک کاربرگ" in answer.content.decode()


def test_no_column_that_is_sensitive_or_identifies_goes_out():
    names = set(exports.SCHEMAS["households"].names) | set(exports.SCHEMAS["persons"].names)
    assert {FACTS[name].privacy for name in names & set(FACTS)} == {"personal"}
    assert not names & {"name", "mask", "given", "family", "identity", "phone", "address", "point", "document"}


def test_what_a_killed_export_left_goes_and_what_is_being_written_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / f"{exports.PREFIX}{2**30}-left").mkdir()
    (tmp_path / f"{exports.PREFIX}{2**30}-left" / "households.xlsx").touch()
    (tmp_path / f"{exports.PREFIX}{os.getpid()}-written").mkdir()
    exports.clear_abandoned()
    assert [folder.name for folder in tmp_path.iterdir()] == [f"{exports.PREFIX}{os.getpid()}-written"]
