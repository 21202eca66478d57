"""The thin story in a real browser, in Persian: both branches from the nomination to the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Enter

pytestmark = pytest.mark.browser

INSIDE = "اعتبار ردیف عمران کافی است؛ با برنامهٔ دوم هم‌پوشانی دارد."


@dataclass
class Nomination:
    """What a nominator writes: place, search and label of the needs as on the page."""

    place: str
    needs: tuple[str, ...]
    reason: str
    letter: str


def nominate(page: Page, what: Nomination) -> str:
    """Fill the form as a person does; gives the address of the nomination."""
    page.get_by_role("link", name="معرفی‌ها", exact=True).click()
    page.get_by_role("link", name="معرفی محل").click()
    page.get_by_placeholder("یافتن محل با آغاز نام آن").fill(what.place)
    page.get_by_role("button", name="جست‌وجو").click()
    chosen = page.get_by_label("محل:", exact=True)
    chosen.select_option(
        label=next(text for text in chosen.locator("option").all_text_contents() if what.place in text)
    )
    for need in what.needs:
        page.get_by_label(need, exact=True).check()
    page.get_by_label("دلیل").fill(what.reason)
    page.get_by_label("شمارهٔ نامه").fill(what.letter)
    page.get_by_label("تاریخ نامه").fill("۱۴۰۵/۰۸/۲۰")
    page.get_by_role("button", name="ثبت معرفی").click()
    expect(page.get_by_role("status")).to_contain_text("معرفی ثبت شد")
    expect(state(page)).to_have_text("در انتظار تأیید")
    return page.url


def state(page: Page):
    return page.locator("main p.lead").first


def fact(page: Page, name: str):
    """What stands beside a name in the list of facts."""
    return page.locator(f"dt:text-is('{name}') + dd")


def verify(page: Page, url: str) -> None:
    """Find it in the list and confirm it: from now on a date binds the foundation."""
    page.get_by_role("link", name="معرفی‌ها", exact=True).click()
    page.locator(f"main a[href='{url[url.index('/nominations') :]}']").click()
    page.get_by_role("button", name="تأیید").click()
    expect(state(page)).to_have_text("در انتظار تصمیم")
    expect(fact(page, "مهلت پاسخ بنیاد")).to_have_text(re.compile("[۰-۹]+ .* [۰-۹]{4}"))


def decide(page: Page, url: str, category: str) -> None:
    """From the joint list of places to the decision, with a reason that stays inside."""
    page.get_by_role("link", name="محل‌ها", exact=True).click()
    expect(page.locator(".tier.surely_in").first).to_be_visible()
    page.get_by_role("link", name="معرفی‌شده", exact=True).click()
    page.locator(f"main a[href='{url[url.index('/nominations') :]}']").click()
    page.get_by_role("link", name="تصمیم‌گیری").click()
    page.get_by_label(category).check()
    page.get_by_label("دلیل داخلی").fill(INSIDE)
    page.get_by_role("button", name="ثبت تصمیم").click()
    expect(state(page)).to_have_text("پذیرفته شد")
    expect(fact(page, "دلیل داخلی")).to_have_text(INSIDE)


def read(page: Page, url: str, category: str) -> None:
    """The nominator reads state, category and date, and not what was weighed inside."""
    page.goto(url)
    expect(state(page)).to_have_text("پذیرفته شد")
    expect(fact(page, "تصمیم")).to_have_text(re.compile(f"[۰-۹]+ .* [۰-۹]{{4}}: {category}"))
    assert "دلیل داخلی" not in page.content()
    assert INSIDE not in page.content()


def test_a_mayor_nominates_and_reads_the_answer(enter: Enter):
    mayor = enter("mayor")
    url = nominate(
        mayor,
        Nomination(
            "کوی شقایق",
            ("آب آشامیدنی", "مسکن"),
            "نیمی از خانه‌ها آب لوله‌کشی ندارند؛ از دو سال پیش، برای حدود ۴۰۰ نفر.",
            "۱۴۰۵/ش/۴۱۲",
        ),
    )
    expect(fact(mayor, "نامه")).to_contain_text("۱۴۰۵/ش/۴۱۲، ۲۰ آبان ۱۴۰۵")

    verify(enter("officer"), url)
    director = enter("director")
    decide(director, url, "در شمار محل‌های دارای اولویت")
    expect(fact(director, "آب آشامیدنی")).to_have_text("برنامهٔ محرومیت‌زدایی مناطق")
    expect(fact(director, "مسکن")).to_have_count(2)  # both programmes serve it

    read(mayor, url, "در شمار محل‌های دارای اولویت")
    read(enter("deputy"), url, "در شمار محل‌های دارای اولویت")


def test_an_outsider_sees_and_does_nothing_of_it(enter: Enter):
    mayor, outsider = enter("mayor"), enter("other-mayor")
    mayor.get_by_role("link", name="معرفی‌ها", exact=True).click()
    url = mayor.locator("tbody th a").first.get_attribute("href") or ""
    outsider.get_by_role("link", name="معرفی‌ها", exact=True).click()
    expect(outsider.locator("tbody a")).to_have_count(0)
    assert outsider.goto(url).status == 404
    assert outsider.goto(f"{url}decide/").status == 404
    assert outsider.goto("/place/970101100101/").status == 403
    assert outsider.goto("/places/").status in (200, 403)
    assert "کوی شقایق" not in outsider.content()


def test_a_village_has_a_branch_of_its_own(enter: Enter):
    village = enter("village")
    name = village.locator(".session span").inner_text().partition("دهیاری ")[2]
    url = nominate(village, Nomination(name, ("راه",), "راه روستا خاکی است و زمستان‌ها بسته می‌شود.", "۱۴۰۵/د/۷"))

    officer = enter("officer")
    officer.goto(url)
    expect(officer.get_by_role("button", name="تأیید")).to_have_count(0)  # of the other branch

    verify(enter("governor"), url)
    decide(enter("director"), url, "نیاز فوری")
    read(village, url, "نیاز فوری")


def test_one_who_may_not_decide_is_told_so(enter: Enter):
    mayor = enter("mayor")
    mayor.goto("/nominations/")
    url = mayor.locator("tbody th a").first.get_attribute("href") or ""
    assert mayor.goto(f"{url}decide/").status == 403
    expect(mayor.get_by_role("heading", level=1)).to_have_text("اجازهٔ دیدن این صفحه را ندارید")
