"""The table of settlements: parents made, bad rows reported, the same file twice, and a batch taken back."""

from __future__ import annotations

import csv

import pytest
from django.core.management import CommandError, call_command

from hamyar.errors import HamyarError
from hamyar_server.areas.models import Area, AreaCode, ImportBatch
from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations.actions import import_areas, undo_import

HEADER = "code,name,type,province_code,county_code,county,bakhsh_code,bakhsh,dehestan_code,dehestan,diag,lat,lon"
VILLAGE = "0904020001137398,ارزنچه سفلی,abadi,09,0904,تایباد,090402,مرکزی,0904020001,پایین ولایت,,,"
SECOND = "0904020001137399,ارزنچه علیا,abadi,09,0904,تایباد,090402,مرکزی,0904020001,پایین ولایت,,,"
CITY = "0904021034,تایباد,shahr,09,0904,تایباد,090402,مرکزی,,,,34.74,60.77"


def written(folder, *rows, header=HEADER, encoding="utf-8", name="places.csv"):
    file = folder / name
    file.write_text("\n".join([header, *rows]) + "\n", encoding=encoding)
    return file


def taken(folder, *rows, **how):
    return import_areas(by=None, path=written(folder, *rows, **how))


def codes(faults):
    return [(fault.code, fault.row, fault.column) for fault in faults]


def everything():
    return list(Area.objects.order_by("code").values()), AreaCode.objects.count()


@pytest.mark.shared
@pytest.mark.django_db
def test_the_whole_province_comes_in_once_and_is_taken_back(shared, tmp_path):
    file = shared / "iran/kr_settlements_1398.csv"
    first = import_areas(by=None, path=file)
    assert (first.made, first.changed, first.refused) == (7731, 0, [])  # 7,457 of the file and 274 parents
    kinds = {kind: Area.objects.filter(kind=kind).count() for kind in ("county", "city", "village", "neighbourhood")}
    assert kinds == {"county": 30, "city": 79, "village": 7361, "neighbourhood": 17}
    mashhad = Area.objects.get(kind="city", name="مشهد")
    assert Area.objects.get(code="0916052526").parent == mashhad  # typed as a city, but a district of one
    assert not Area.objects.filter(kind="village").exclude(stratum="village").exists()
    assert sorted(note.code for note in first.notes) == ["HY-A017"] * 3

    before = everything()
    again = import_areas(by=None, path=file)
    assert (again.batch, again.made, again.changed, again.unchanged) == (None, 0, 0, 7457)
    assert everything() == before
    assert AuditEvent.objects.filter(action="areas.imported").count() == 1

    undo_import(by=None, batch=first.batch)
    assert not Area.objects.exists()
    assert not AreaCode.objects.exists()


@pytest.mark.shared
@pytest.mark.django_db
def test_of_a_file_with_ten_spoiled_rows_the_rest_comes_in_and_the_ten_are_said(shared, tmp_path):
    with (shared / "iran/kr_settlements_1398.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    spoilt = {  # row in the file: column, what is written there, code of the fault
        11: ("code", "090402000113", "HY-A011"),
        202: ("code", "0904۰۲A001137399", "HY-A011"),
        8: ("code", rows[3][0], "HY-A010"),
        404: ("name", "  ", "HY-A013"),
        505: ("name", "ن" * 201, "HY-A013"),
        606: ("type", "metropolis", "HY-A016"),
        707: ("county_code", "0999", "HY-A019"),
        808: ("lat", "سی و پنج", "HY-A015"),
        909: ("lon", "540000", "HY-A015"),
        1010: ("dehestan_code", "0904", "HY-A011"),
    }
    for number, (column, text, _) in spoilt.items():
        rows[number - 1][rows[0].index(column)] = text
    file = tmp_path / "spoilt.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)

    result = import_areas(by=None, path=file)
    found = {fault.row: fault for fault, _ in result.refused}
    assert sorted(found) == sorted(spoilt)
    assert {row: fault.code for row, fault in found.items()} == {row: code for row, (_, _, code) in spoilt.items()}
    for row, (column, _, _) in spoilt.items():
        assert found[row].column == ("code" if found[row].code == "HY-A019" else column)
        assert found[row].en.endswith(".")
        assert found[row].fa.endswith(".")
    assert Area.objects.filter(code__in=[row[0] for row in rows[1:]]).count() == 7457 - 10


@pytest.mark.django_db
def test_parents_are_made_from_the_rows_own_columns(tmp_path):
    result = taken(tmp_path, VILLAGE, CITY)
    assert (result.made, result.refused) == (6, [])
    village = Area.objects.get(code="0904020001137398")
    assert village.path == "09/0904/090402/0904020001/0904020001137398"
    assert [area.name for area in Area.objects.above(village)] == ["خراسان رضوی", "تایباد", "مرکزی", "پایین ولایت"]
    assert Area.objects.get(code="0904021034").parent.code == "090402"


@pytest.mark.django_db
def test_a_code_without_its_leading_zero_is_mended_and_said(tmp_path):
    result = taken(tmp_path, VILLAGE.replace(",0904,", ",904,").replace("0904020001137398", "904020001137398"))
    assert Area.objects.filter(code="0904020001137398").exists()
    assert codes(result.notes) == [("HY-A012", 2, "code"), ("HY-A012", 2, "county_code")]
    assert "0904020001137398" in result.notes[0].en
    assert result.refused == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "how"),
    [
        ([VILLAGE], {"encoding": "windows-1256"}),
        ([VILLAGE.replace(",", ";")], {"header": HEADER.replace(",", ";")}),
        ([VILLAGE.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))], {}),
        ([VILLAGE.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))], {}),
        ([VILLAGE], {"encoding": "utf-8-sig"}),
    ],
    ids=["windows-1256", "semicolon", "Persian digits", "Arabic digits", "BOM"],
)
def test_files_as_they_come(tmp_path, rows, how):
    if how.get("encoding") == "windows-1256":
        rows = [rows[0].replace("ی", "ي").replace("ک", "ك")]  # the letters that Windows-1256 has
    result = taken(tmp_path, *rows, **how)
    assert result.refused == []
    assert Area.objects.get(code="0904020001137398").key == "ارزنچهسفلی" or Area.objects.named("ارزنچه سفلی").exists()


@pytest.mark.django_db
def test_a_workbook_says_the_same_as_the_text(tmp_path):
    import xlsxwriter

    book = xlsxwriter.Workbook(tmp_path / "places.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADER.split(","))
    cells = VILLAGE.split(",")
    cells[0] = 904020001137398  # a number, as spreadsheets make of a code
    sheet.write_row(1, 0, cells)
    book.close()
    result = import_areas(by=None, path=tmp_path / "places.xlsx")
    assert (result.made, result.refused) == (5, [])
    assert Area.objects.filter(code="0904020001137398").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "\n\n", HEADER + "\n"])
def test_an_empty_file_is_said(tmp_path, text):
    (tmp_path / "empty.csv").write_text(text, encoding="utf-8")
    with pytest.raises(HamyarError) as refusal:
        import_areas(by=None, path=tmp_path / "empty.csv")
    assert [fault.code for fault in refusal.value.faults] == ["HY-A003"]


@pytest.mark.django_db
@pytest.mark.parametrize("text", [HEADER + "\n" + "ء" * 200_000, "ء" * 200_000])
def test_a_cell_that_no_reader_holds_is_said(tmp_path, text):
    (tmp_path / "long.csv").write_text(text, encoding="utf-8")
    with pytest.raises(HamyarError) as refusal:
        import_areas(by=None, path=tmp_path / "long.csv")
    assert [fault.code for fault in refusal.value.faults] == ["HY-A006"]


@pytest.mark.django_db
def test_a_missing_column_and_a_file_that_is_not_there_are_said(tmp_path):
    with pytest.raises(HamyarError) as refusal:
        taken(tmp_path, VILLAGE, header=HEADER.replace("county_code", "shahrestan"))
    assert codes(refusal.value.faults) == [("HY-A005", 1, "county_code")]
    with pytest.raises(HamyarError) as refusal:
        import_areas(by=None, path=tmp_path / "nowhere.csv")
    assert codes(refusal.value.faults) == [("HY-A001", None, None)]


@pytest.mark.django_db
def test_a_file_too_large_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("hamyar_server.areas.reading.LARGEST", 100)
    with pytest.raises(HamyarError) as refusal:
        taken(tmp_path, VILLAGE)
    assert codes(refusal.value.faults) == [("HY-A002", None, None)]


@pytest.mark.django_db
def test_what_is_renamed_keeps_its_code_and_the_undo_gives_the_name_back(tmp_path):
    taken(tmp_path, VILLAGE)
    renamed = taken(tmp_path, VILLAGE.replace("ارزنچه سفلی", "ارزنچهٔ پایین"))
    area = Area.objects.get(code="0904020001137398")
    assert (renamed.made, renamed.changed, area.name) == (0, 1, "ارزنچهٔ پایین")
    undo_import(by=None, batch=renamed.batch)
    area.refresh_from_db()
    assert area.name == "ارزنچه سفلی"
    assert Area.objects.named("ارزنچه سفلی").get() == area


@pytest.mark.django_db
def test_where_a_row_says_nothing_what_is_known_stays(tmp_path):
    taken(tmp_path, CITY)
    known = Area.objects.get(code="0904021034")
    known.population, known.stratum = 56_562, "other"
    known.save()
    result = taken(tmp_path, CITY.replace("34.74,60.77", ",").replace("تایباد,shahr", "تایباد نو,shahr"))
    known.refresh_from_db()
    assert result.changed == 1
    assert (known.name, known.population, known.stratum, known.lat) == ("تایباد نو", 56_562, "other", 34.74)


@pytest.mark.django_db
def test_a_district_of_a_city_that_comes_alone_still_finds_its_city(tmp_path):
    district = "0904029999,تایباد 1,shahr_2,09,0904,تایباد,090402,مرکزی,,,,,"
    taken(tmp_path, CITY)
    taken(tmp_path, district)
    assert Area.objects.get(code="0904029999").parent.code == "0904021034"


@pytest.mark.django_db
def test_a_batch_is_not_undone_twice_nor_under_a_later_one_nor_under_an_organisation(tmp_path):
    from hamyar_server.organisations.actions import found

    first = taken(tmp_path, VILLAGE)
    later = taken(tmp_path, VILLAGE.replace("سفلی", "پایین"), name="later.csv")
    with pytest.raises(HamyarError, match=r"HY-A021.*later\.csv"):
        undo_import(by=None, batch=first.batch)
    undo_import(by=None, batch=later.batch)
    with pytest.raises(HamyarError, match="HY-A020"):
        undo_import(by=None, batch=ImportBatch.objects.get(pk=later.batch.pk))

    village = Area.objects.get(code="0904020001137398")
    administration = found(by=None, kind="village", name_fa="دهیاری", name_en="Administration", area=village)
    before = everything()
    with pytest.raises(HamyarError, match="HY-A022"):
        undo_import(by=None, batch=first.batch)
    assert everything() == before
    assert ImportBatch.objects.get(pk=first.batch.pk).undone_at is None
    administration.delete()
    undo_import(by=None, batch=first.batch)
    assert not Area.objects.exists()


@pytest.mark.django_db
def test_the_command_reports_and_writes_refused_rows_that_no_spreadsheet_runs(tmp_path, capsys):
    file = written(tmp_path, VILLAGE, SECOND.replace("abadi", "=cmd|' /C calc'!A0"))
    call_command("import", "areas", str(file), "--refused", str(tmp_path / "refused.csv"))
    said = capsys.readouterr().out
    assert "made 5 · changed 0 · unchanged 0 · refused 1" in said
    assert "HY-A016 · row 3" in said
    (header, row) = list(csv.reader((tmp_path / "refused.csv").open(encoding="utf-8-sig")))
    assert row[header.index("type")].startswith("'=cmd")
    assert row[header.index("code")] == "0904020001137399"
    assert "HY-A016" in row[header.index("reason")]
    batch = ImportBatch.objects.get()
    call_command("import", "undo", str(batch.pk))
    assert not Area.objects.exists()
    for wrong in ("no-such-batch", "01900000-0000-7000-8000-000000000000"):
        with pytest.raises(CommandError, match="there is no batch"):
            call_command("import", "undo", wrong)
