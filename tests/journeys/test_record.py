"""The record in a real browser, in Persian: an agreement, a grant and its end; a list with spoiled rows, mended, sent again, undone; an identity with a reason."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Enter

pytestmark = pytest.mark.browser

CITY = "9701011001"  # of the demonstration's mayor and assessor
HEADING = ["کد خانوار", "کد فرد", "کد محل سکونت", "نسبت با سرپرست", "نام", "نام خانوادگی", "تاریخ تولد"]


def facts(page: Page, name: str):
    return page.locator(f"dt:text-is('{name}') + dd")


def test_an_agreement_a_grant_and_its_end(enter: Enter):
    director, officer = enter("director"), enter("officer")
    director.goto("/agreements/new/")
    director.get_by_label("شماره", exact=False).first.fill("۱۴۰۵/۷۷")
    director.get_by_label("تاریخ", exact=False).first.fill("۱۴۰۵/۰۶/۰۱")
    director.get_by_label("عنوان").fill("تفاهم‌نامهٔ تحویل بسته‌ها")
    director.get_by_label(re.compile("سازمان همیاری شهرداری‌ها")).check()
    director.get_by_role("button", name="ذخیره").click()
    expect(director.locator("h1")).to_have_text("تفاهم‌نامهٔ تحویل بسته‌ها")
    director.get_by_role("link", name=re.compile("سازمان همیاری شهرداری‌ها")).first.click()
    director.get_by_role("link", name="تفویض اختیار").click()
    for box in director.locator("input[name=functions]").all():
        box.uncheck()
    director.get_by_label("تحویل", exact=True).check()
    director.get_by_label("بر پایهٔ تفاهم‌نامهٔ").select_option(label="1405/77 · تفاهم‌نامهٔ تحویل بسته‌ها")
    director.get_by_label("دلیل").fill("توزیع بسته‌های زمستانی")
    director.get_by_role("button", name="واگذاری").click()
    expect(director.get_by_role("status")).to_contain_text("واگذار شد")
    mine(officer)
    expect(officer.locator("h3", has_text="تحویل")).to_be_visible()
    expect(officer.locator("main")).to_contain_text("بنیاد نمونه")
    director.locator("table", has_text="از سوی").get_by_role("link", name="تحویل").click()
    director.get_by_label("دلیل").fill("پایان توزیع")
    director.get_by_role("button", name="پس گرفتن").click()
    expect(director.get_by_role("status")).to_contain_text("پس گرفته شد")
    mine(officer)
    expect(officer.locator("h3", has_text="تحویل")).to_have_count(0)


def mine(page: Page) -> None:
    """What one may do, and why."""
    page.goto("/account/")
    page.get_by_role("link", name="اختیارهای شما و دلیل آن‌ها").click()


def rows() -> list[list[str]]:
    """Twenty sound households and ten spoiled in ten ways."""
    sound = [[f"s{n}", f"s{n}-1", CITY, "سرپرست", "مریم", f"آزمون {n}", "۱۳۶۰/۰۵/۱۲"] for n in range(20)]
    spoiled = [[f"b{n}", f"b{n}-1", CITY, "سرپرست", "حسن", "خراب", "1360/05/12"] for n in range(10)]
    wrong = {2: "9999999999", 3: "عمو", 4: "", 6: "1981-05-12"}
    for n, row in enumerate(spoiled):
        place = list(wrong)[n % 4]
        row[place] = wrong[place]
    return [*sound, *spoiled]


def written(path: Path, lines: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out).writerows([HEADING, *lines])
    return path


def send(page: Page, file: Path) -> None:
    """Upload, accept the suggested columns, and wait for the worker's check."""
    page.goto("/imports/")
    page.get_by_label("پرونده").set_input_files(file)
    page.get_by_label("خاستگاه فهرست").fill("فهرست آزمون")
    page.get_by_label("تاریخ فهرست").fill("۱۴۰۵/۰۶/۰۱")
    page.get_by_role("button", name="بارگذاری").click()
    page.get_by_role("button", name="بررسی پرونده").click()
    waits_for(page, "بررسی شد")


def waits_for(page: Page, state: str) -> None:
    """The page reloads itself until the job is done."""
    expect(page.locator("main p.lead").first).to_contain_text(state, timeout=60_000)


def test_a_list_with_spoiled_rows_is_mended_sent_again_and_undone(enter: Enter, tmp_path: Path):
    page = enter("assessor")
    send(page, written(tmp_path / "list.csv", rows()))
    expect(facts(page, "خانوارهای تازه")).to_contain_text("۲۰")
    expect(facts(page, "ردیف‌های پذیرفته‌نشده")).to_contain_text("۱۰")
    with page.expect_download() as download:
        page.get_by_role("link", name="دریافت آن‌ها همراه با دلیل").click()
    refused = list(csv.reader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert len(refused) == 11
    assert all("HY-" in line[-1] for line in refused[1:])
    page.get_by_role("button", name="ثبت فهرست").click()
    waits_for(page, "ثبت‌شده")
    brought = page.url
    mended = [[one[0], one[1], CITY, "سرپرست", "حسن", "درست", "1360/05/12"] for one in refused[1:]]
    send(page, written(tmp_path / "mended.csv", mended))
    expect(facts(page, "خانوارهای تازه")).to_contain_text("۱۰")
    page.get_by_role("button", name="ثبت فهرست").click()
    waits_for(page, "ثبت‌شده")
    for url in (page.url, brought):
        page.goto(url)
        page.get_by_role("button", name="بازگرداندن").click()
        waits_for(page, "بازگردانده‌شده")


def test_an_identity_is_shown_with_a_reason_and_written_down(enter: Enter, tmp_path: Path):
    assessor, director = enter("assessor"), enter("director")
    send(assessor, written(tmp_path / "one.csv", [["k1", "k1-1", CITY, "سرپرست", "گلنار", "یکتایی", "۱۳۵۵/۰۱/۰۲"]]))
    assessor.get_by_role("button", name="ثبت فهرست").click()
    waits_for(assessor, "ثبت‌شده")
    director.goto("/households/")
    director.get_by_role("searchbox").fill("گلنار یکتایي")
    director.get_by_role("button", name="جست‌وجو").click()
    row = director.locator("main tbody th a").first
    expect(row).not_to_contain_text("یکتایی")
    row.click()
    director.goto(director.locator("main a[href$='/identity/']").first.get_attribute("href") or "")
    director.locator("textarea, main input[type=text]").first.fill("تماس برای بازدید")
    director.locator("main").get_by_role("button", name="ذخیره").click()
    expect(director.locator("main")).to_contain_text("گلنار یکتایی")
    director.get_by_role("link", name=re.compile("بازگشت به خانوار")).click()
    director.goto(director.url.replace("/households/", "/audit/households/"))
    expect(director.locator("main table")).to_contain_text("مدیر دفتر استانی")
    assert "گلنار" not in director.locator("main").inner_text(), "the audit shows no value in clear"
    assessor.get_by_role("button", name="بازگرداندن").click()
    waits_for(assessor, "بازگردانده‌شده")
