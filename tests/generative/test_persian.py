"""What is always true of keys, digits and calendars."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from hamyar.persian import calendars, latin_digits, persian_digits, text_key

persian = st.text(alphabet="ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهیيكآأإةۀؤئء \u200c\u200f()۰۱۲0123ـ\u064e-AbZ", max_size=40)


@given(persian)
def test_a_key_is_its_own_key(text: str) -> None:
    assert text_key(text_key(text)) == text_key(text)


@given(st.text(max_size=60))
def test_any_text_has_a_key_without_edges_or_double_spaces(text: str) -> None:
    key = text_key(text)
    assert key == " ".join(key.split())


@given(st.integers(0, 10**15))
def test_digits_there_and_back(number: int) -> None:
    assert latin_digits(persian_digits(number)) == str(number)


@given(st.dates(date(1830, 1, 1), date(2170, 1, 1)))
def test_jalali_there_and_back(day: date) -> None:
    year, month, number = calendars.parts(day, "jalali")
    assert calendars.to_date(year, month, number, "jalali") == day
    assert calendars.parse(f"{year}/{month}/{number}") == day
    assert calendars.parse(calendars.written(day, "jalali", "fa")) == day


@given(st.dates(date(1925, 1, 1), date(2076, 12, 31)))
def test_hijri_there_and_back(day: date) -> None:
    year, month, number = calendars.parts(day, "hijri")
    assert calendars.to_date(year, month, number, "hijri") == day
