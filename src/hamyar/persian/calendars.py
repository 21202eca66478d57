"""Dates are stored as ISO dates and shown in three calendars: Jalali, Gregorian, Hijri (Umm al-Qura)."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from hijridate import Gregorian, Hijri
from persiantools.jdatetime import JalaliDate

from hamyar.errors import HamyarError, error
from hamyar.persian.text import latin_digits, persian_digits, text_key

Calendar = Literal["jalali", "gregorian", "hijri"]
CALENDARS: tuple[Calendar, ...] = ("jalali", "gregorian", "hijri")

MONTHS: dict[str, dict[str, tuple[str, ...]]] = {
    "jalali": {
        "fa": tuple("فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند".split()),
        "en": tuple("Farvardin Ordibehesht Khordad Tir Mordad Shahrivar Mehr Aban Azar Dey Bahman Esfand".split()),
    },
    "gregorian": {
        "fa": tuple("ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر".split()),
        "en": tuple("January February March April May June July August September October November December".split()),
    },
    "hijri": {
        "fa": (
            *("محرم", "صفر", "ربیع‌الاول", "ربیع‌الثانی", "جمادی‌الاول", "جمادی‌الثانی"),
            *("رجب", "شعبان", "رمضان", "شوال", "ذی‌القعده", "ذی‌الحجه"),
        ),
        "en": (
            *("Muharram", "Safar", "Rabi I", "Rabi II", "Jumada I", "Jumada II"),
            *("Rajab", "Shaban", "Ramadan", "Shawwal", "Dhu al-Qadah", "Dhu al-Hijjah"),
        ),
    },
}
WEEKDAYS = {  # Monday first, as in datetime
    "fa": ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_YEARS: dict[Calendar, range] = {
    "jalali": range(1200, 1600),
    "gregorian": range(1800, 2200),
    "hijri": range(1343, 1501),
}
_NAMES = {"jalali": "شمسی", "gregorian": "میلادی", "hijri": "قمری"}


def parts(day: date, calendar: Calendar) -> tuple[int, int, int]:
    """Year, month and day of a date in a calendar.

    The Hijri date is that of Umm al-Qura; Iran's official lunar month often begins a day later.
    Raises HamyarError HY-P003 for a Hijri date outside 1924 to 2077.
    """
    if calendar == "gregorian":
        return day.year, day.month, day.day
    if calendar == "jalali":
        jalali = JalaliDate(day)  # type: ignore[no-untyped-call]
        return jalali.year, jalali.month, jalali.day
    try:
        year, month, number = Gregorian.fromdate(day).to_hijri().datetuple()
    except OverflowError:
        raise _outside_hijri(day.isoformat()) from None
    return year, month, number


def to_date(year: int, month: int, day: int, calendar: Calendar) -> date:
    """The ISO date of a day in a calendar. Raises HamyarError HY-P002 for a day that the calendar does not have."""
    try:
        if calendar == "gregorian":
            return date(year, month, day)
        if calendar == "jalali":
            return JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]
        return date(*Hijri(year, month, day).to_gregorian().datetuple())
    except (ValueError, OverflowError):
        raise _no_such_day(f"{year}/{month}/{day}", calendar) from None


def written(day: date, calendar: Calendar, language: str) -> str:
    """A date with its month named: «۱۲ آذر ۱۴۰۳», "12 Azar 1403". Where the calendar ends, the Gregorian date."""
    try:
        year, month, number = parts(day, calendar)
    except HamyarError:
        calendar, (year, month, number) = "gregorian", parts(day, "gregorian")
    text = f"{number} {MONTHS[calendar][language][month - 1]} {year}"
    return persian_digits(text) if language == "fa" else text


def weekday(day: date, language: str) -> str:
    return WEEKDAYS[language][day.weekday()]


def parse(typed: str, calendar: Calendar = "jalali") -> date:
    """The date that somebody typed: «۱۴۰۳/۰۹/۱۲», "1403-9-12", «12 آذر 1403», in any digits.

    Raises HamyarError HY-P001 where it cannot be read, HY-P002 where there is no such day, HY-P004 where the year belongs to
    another calendar.
    """
    year, month, day = _numbers(typed, calendar)
    if year not in _YEARS[calendar]:
        raise _wrong_calendar(typed, year, calendar)
    return to_date(year, month, day, calendar)


def _numbers(typed: str, calendar: Calendar) -> tuple[int, int, int]:
    text = latin_digits(typed).strip()
    if match := re.fullmatch(r"(\d{4})\s*[/\-.]\s*(\d{1,2})\s*[/\-.]\s*(\d{1,2})", text):
        year, month, day = (int(part) for part in match.groups())
        return year, month, day
    named = re.fullmatch(r"(\d{1,2})\s+(\D+?)\s+(?:ماه\s+)?(\d{4})", text)
    if named and (found := _month(named[2], calendar)):
        return int(named[3]), found, int(named[1])
    raise error(
        "HY-P001",
        en=f"“{typed}” is not a date. Write year/month/day, such as 1403/09/12.",
        fa=f"«{typed}» تاریخ نیست. به‌صورت سال/ماه/روز بنویسید، مانند ۱۴۰۳/۰۹/۱۲.",
    )


def _month(name: str, calendar: Calendar) -> int | None:
    names = MONTHS[calendar]
    keys = {text_key(n): i for language in names.values() for i, n in enumerate(language, start=1)}
    return keys.get(text_key(name.removesuffix("ماه")))


def _no_such_day(text: str, calendar: Calendar) -> HamyarError:
    return error(
        "HY-P002",
        en=f"There is no day {text} in the {calendar} calendar. Check the month and the day.",
        fa=f"در تقویم {_NAMES[calendar]} روز {persian_digits(text)} وجود ندارد. ماه و روز را بررسی کنید.",
    )


def _outside_hijri(text: str) -> HamyarError:
    return error(
        "HY-P003",
        en=f"{text} has no Hijri date here: the Umm al-Qura tables reach from 1924 to 2077. Use another calendar.",
        fa=f"برای {text} تاریخ قمری در دست نیست؛ جدول‌های ام‌القری از ۱۹۲۴ تا ۲۰۷۷ میلادی را در بر می‌گیرند. از تقویم دیگری استفاده کنید.",
    )


def _wrong_calendar(typed: str, year: int, calendar: Calendar) -> HamyarError:
    other = next((name for name in CALENDARS if name != calendar and year in _YEARS[name]), None)
    hint_en = f" It looks {other}." if other else ""
    hint_fa = f" به نظر {_NAMES[other]} می‌رسد." if other else ""
    return error(
        "HY-P004",
        en=f"The year of “{typed}” does not belong to the {calendar} calendar.{hint_en} Write the date in the {calendar} calendar.",
        fa=f"سال «{typed}» در تقویم {_NAMES[calendar]} نمی‌گنجد.{hint_fa} تاریخ را به تقویم {_NAMES[calendar]} بنویسید.",
    )
