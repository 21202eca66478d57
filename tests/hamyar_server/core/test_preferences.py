from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.core.management import call_command
from django.template import Context, Template
from django.utils import translation

from hamyar_server.core import preferences
from hamyar_server.core.templatetags import hamyar as filters


@pytest.fixture(scope="module", autouse=True)
def _compiled():
    call_command("translations", "compile")


def shown(text, language="fa", calendar="jalali", **values):
    reset = preferences.calendar.set(calendar)
    with translation.override(language):
        answer = Template(text).render(Context(values))
    preferences.calendar.reset(reset)
    return answer


@pytest.mark.parametrize(
    ("text", "value", "fa", "en"),
    [
        ("{{ v|digits }}", "0904-1", "۰۹۰۴-۱", "0904-1"),
        ("{{ v|digits }}", None, "–", "–"),
        ("{{ v|number }}", 1234567, "۱٬۲۳۴٬۵۶۷", "1,234,567"),
        ("{{ v|number:2 }}", 3.14159, "۳٫۱۴", "3.14"),
        ("{{ v|number }}", -1200, "−۱٬۲۰۰", "-1,200"),
        ("{{ v|number }}", float("nan"), "–", "–"),
        ("{{ v|percent }}", 0.1234, "۱۲٫۳٪", "12.3%"),
        ("{{ v|percent:0 }}", 1, "۱۰۰٪", "100%"),
        ("{{ v|percent }}", 0, "۰٫۰٪", "0.0%"),
    ],
)
def test_numbers_as_the_reader_writes_them(text, value, fa, en):
    assert shown(text, "fa", v=value) == fa
    assert shown(text, "en", v=value) == en


@pytest.mark.parametrize(
    ("language", "calendar", "expected"),
    [
        ("fa", "jalali", "۱ آبان ۱۴۰۵"),
        ("en", "jalali", "1 Aban 1405"),
        ("fa", "gregorian", "۲۳ اکتبر ۲۰۲۶"),
        ("en", "gregorian", "23 October 2026"),
    ],
)
def test_one_day_in_the_readers_calendar(language, calendar, expected):
    assert shown("{{ v|day }}", language, calendar, v=date(2026, 10, 23)) == expected


def test_the_hijri_day_names_its_month():
    assert "جمادی" in shown("{{ v|day }}", "fa", "hijri", v=date(2026, 10, 23))


def test_a_moment_is_the_day_in_tehran():
    assert shown("{{ v|day }}", "en", "gregorian", v=datetime(2026, 10, 22, 22, 0, tzinfo=UTC)) == "23 October 2026"


def test_pair_takes_the_readers_language_and_the_other_where_that_is_empty():
    row = {"title_fa": "زاوه", "title_en": ""}
    assert shown("{{ v|pair:'title' }}", "en", v=row) == "زاوه"
    with translation.override("en"):
        assert filters.pair({"title_fa": "الف", "title_en": "A"}, "title") == "A"


def test_persian_and_jalali_by_default(client):
    page = client.get("/settings/")
    assert '<html lang="fa" dir="rtl">' in page.text
    assert "تنظیمات" in page.text
    assert page.headers["Content-Language"] == "fa"


def test_the_language_link_keeps_the_page_and_what_was_asked(client):
    answer = client.get("/settings/?a=1&language=en")
    assert (answer.status_code, answer.url) == (302, "/settings/?a=1")
    assert '<html lang="en" dir="ltr">' in client.get("/settings/").text


def test_the_language_link_never_leads_elsewhere(rf):
    request = rf.get("/x/?language=en")
    request.path = "//evil.example/"
    assert preferences.switched(request).url == "/evil.example/"


def test_settings_are_kept_in_the_browser(client):
    client.post("/settings/", {"language": "en", "calendar": "hijri"})
    page = client.get("/settings/").text
    assert (
        'value="hijri" required id="id_calendar_2" checked' in page
        or 'value="hijri" id="id_calendar_2" required checked' in page
    )
    assert '<html lang="en"' in page


@pytest.mark.parametrize(("field", "value"), [("language", "xx"), ("calendar", "roman")])
def test_a_choice_that_is_none_is_refused_and_a_cookie_of_one_is_ignored(client, field, value):
    answer = client.post("/settings/", {"language": "fa", "calendar": "jalali", field: value})
    assert answer.status_code == 200
    assert 'class="errorlist"' in answer.text
    client.cookies[field] = value
    assert '<html lang="fa" dir="rtl">' in client.get("/settings/").text


def test_one_readers_calendar_does_not_reach_the_next(client):
    client.cookies["calendar"] = "hijri"
    client.get("/settings/")
    assert preferences.calendar.get() == "jalali"


def test_no_script_may_run_and_nothing_comes_from_elsewhere(client):
    policy = client.get("/settings/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script-src" not in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_refusal_says_what_to_do_in_the_readers_language(status, rf):
    from hamyar_server.core import views

    refusal = {400: views.bad_request, 403: views.permission_denied, 404: views.page_not_found}[status]
    with translation.override("fa"):
        answer = refusal(rf.get("/"), exception=ValueError("not shown"))
    assert answer.status_code == status
    assert "بازگشت به صفحهٔ نخست" in answer.content.decode()
    assert "not shown" not in answer.content.decode()


def test_a_failure_speaks_both_languages_and_needs_nothing(rf, django_assert_num_queries):
    from hamyar_server.core import views

    answer = views.server_error(rf.get("/"))
    assert answer.status_code == 500
    assert "خطایی" in answer.content.decode()
    assert "Something failed" in answer.content.decode()
