"""The wizard of imports, as a browser posts it; the job itself is called where the worker would."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django_q.models import OrmQ

from hamyar_server.registry import imports
from hamyar_server.registry.models import Household, Import, ImportState
from tests.hamyar_server.registry.test_imports import HEADING, row, text

FORM = {"source": "بهزیستی", "as_of": "1405/06/01", "calendar": "jalali"}


def sent(client, rows) -> str:
    """Upload, and the address of the import."""
    file = SimpleUploadedFile("list.csv", text(rows))
    return client.post(reverse("registry:imports"), FORM | {"file": file}).url


def columns_of(batch: Import) -> dict[str, str]:
    return {f"column-{place}": batch.mapping[name] or "" for place, name in enumerate(batch.heading)}


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_list_goes_through_the_wizard(cast, signed_in, language):
    client = signed_in(cast.assessor)
    client.get("/settings/", {"language": language})
    url = sent(client, [row(1, 1), row(2, 1, area="9999999999")])
    batch = Import.objects.get()
    assert "کد خانوار" in client.get(url).content.decode()
    assert client.post(url, columns_of(batch)).url == url
    assert OrmQ.objects.count() == 1, "the check stands in the queue"
    waiting = client.get(url)
    assert waiting.headers["Refresh"] == "2"
    imports.work(str(batch.pk))
    page = client.get(url)
    assert "HY-Z110" in page.content.decode()
    assert "Refresh" not in page.headers
    client.post(reverse("registry:accept-import", args=[batch.pk]))
    imports.work(str(batch.pk))
    assert Household.objects.count() == 1
    refused = client.get(reverse("registry:refused-rows", args=[batch.pk]))
    lines = list(csv.reader(io.StringIO(b"".join(refused.streaming_content).decode("utf-8-sig"))))
    assert lines[0][: len(HEADING)] == HEADING
    assert lines[1][2] == "9999999999"
    client.post(reverse("registry:undo-import", args=[batch.pk]))
    assert client.get(url).headers["Refresh"] == "2"
    imports.work(str(batch.pk))
    assert not Household.objects.exists()
    assert client.get(reverse("registry:imports")).status_code == 200


def test_a_wrong_mapping_is_said_on_the_page(cast, signed_in):
    client = signed_in(cast.assessor)
    url = sent(client, [row(1, 1)])
    page = client.post(url, {"column-0": "given"})
    assert "HY-Z102" not in page.content.decode(), "texts, not codes"
    assert 'role="alert"' in page.content.decode()


def test_a_file_that_cannot_be_read_is_said_beside_its_field(cast, signed_in):
    file = SimpleUploadedFile("x.xlsx", b"PK\x03\x04 no workbook")
    page = signed_in(cast.assessor).post(reverse("registry:imports"), FORM | {"file": file})
    assert page.status_code == 200
    assert page.context["form"].errors
    assert not Import.objects.exists()


def test_others_see_nothing_of_it(cast, signed_in):
    url = sent(signed_in(cast.assessor), [row(1, 1)])
    assert signed_in(cast.mayor).get(url).status_code == 403
    assert signed_in(cast.outsider).get(url).status_code == 403
    from hamyar_server.organisations.models import Job
    from tests.hamyar_server.cast import member

    elsewhere = member("assessor-elsewhere", cast.organisations["elsewhere_foundation"], Job.ASSESSOR)
    assert signed_in(elsewhere).get(url).status_code == 404


def test_the_command_brings_a_list_and_takes_it_back(cast, tmp_path, capsys):
    file = tmp_path / "list.csv"
    file.write_bytes(text([row(1, 1), row(2, 1)]))
    call_command("register", str(file), source="فهرست", column=["اتاق=rooms"])
    assert Household.objects.count() == 2
    assert Household.objects.filter(facts={"rooms": 2}).count() == 2
    assert "new 2" in capsys.readouterr().out
    call_command("register", "undo", str(Import.objects.get().pk))
    assert not Household.objects.exists()
    with pytest.raises(CommandError, match="--source"):
        call_command("register", str(file))


def test_a_job_that_cannot_go_on_says_why(cast, signed_in):
    client = signed_in(cast.assessor)
    url = sent(client, [row(1, 1)])
    batch = Import.objects.get()
    client.post(url, columns_of(batch))
    imports.file_of(batch).unlink()
    imports.work(str(batch.pk))
    batch.refresh_from_db()
    assert batch.state == ImportState.FAILED
    assert 'role="alert"' in client.get(url).content.decode()
