"""Three calendars, one date."""

from __future__ import annotations

from datetime import date

import pytest

from hamyar.errors import HamyarError
from hamyar.persian import calendars


def test_one_day_in_three_calendars() -> None:
    day = date(2024, 12, 2)
    assert calendars.parts(day, "jalali") == (1403, 9, 12)
    assert calendars.parts(day, "hijri") == (1446, 6, 1)
    assert calendars.weekday(day, "en") == "Monday"
    assert calendars.weekday(day, "fa") == "دوشنبه"


@pytest.mark.parametrize(
    "typed", ["1399/11/26", "۱۳۹۹/۱۱/۲۶", "١٣٩٩-١١-٢٦", "26 بهمن 1399", "۲۶ بهمن‌ماه ۱۳۹۹", "26 Bahman 1399"]
)
def test_a_jalali_date_as_people_type_it(typed: str) -> None:
    assert calendars.parse(typed) == date(2021, 2, 14)


@pytest.mark.parametrize(
    ("typed", "calendar", "code"),
    [
        ("2024/12/02", "jalali", "HY-P004"),  # Gregorian where Jalali was said
        ("1403/09/12", "gregorian", "HY-P004"),
        ("1404/12/30", "jalali", "HY-P002"),  # not a leap year
        ("1403/13/01", "jalali", "HY-P002"),
        ("1403/07/31", "jalali", "HY-P002"),
        ("soon", "jalali", "HY-P001"),
        ("", "jalali", "HY-P001"),
        ("12 برومر 1403", "jalali", "HY-P001"),
        ("2023/02/29", "gregorian", "HY-P002"),
    ],
)
def test_a_wrong_date_is_refused_by_name(typed: str, calendar: calendars.Calendar, code: str) -> None:
    with pytest.raises(HamyarError) as caught:
        calendars.parse(typed, calendar)
    assert caught.value.faults[0].code == code
    assert typed in caught.value.faults[0].en or "/" in typed


def test_a_leap_day() -> None:
    assert calendars.parse("1403/12/30") == date(2025, 3, 20)


def test_the_hint_names_the_other_calendar() -> None:
    with pytest.raises(HamyarError, match="looks gregorian"):
        calendars.parse("2024/12/02")


def test_outside_the_lunar_tables() -> None:
    with pytest.raises(HamyarError) as caught:
        calendars.parts(date(1900, 1, 1), "hijri")
    assert caught.value.faults[0].code == "HY-P003"
    assert calendars.written(date(1900, 1, 1), "hijri", "en") == "1 January 1900"


def test_written_in_both_languages() -> None:
    assert calendars.written(date(2024, 12, 2), "jalali", "fa") == "۱۲ آذر ۱۴۰۳"
    assert calendars.written(date(2024, 12, 2), "gregorian", "en") == "2 December 2024"
    assert calendars.written(date(2024, 12, 2), "hijri", "fa") == "۱ جمادی‌الثانی ۱۴۴۶"
