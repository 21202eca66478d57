"""Text keys, digits and the national id."""

from __future__ import annotations

import pytest

from hamyar.persian import latin_digits, national_id, persian_digits, text_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("علي آباد", "علی اباد"),  # Arabic ye, alef without madda
        ("علی\u200cآباد", "علی  آباد"),  # non-joiner, double space
        ("كاريز", "کاریز"),
        ("مدرسة", "مدرسه"),
        ("مُحَمَّد", "محمد"),
        ("مـحـمـد", "محمد"),
        ("رؤیا", "رویا"),
        ("محله ۲", "محله 2"),
        ("محله ٢", "محله 2"),
        ("\u200fده نو", "ده نو"),
        ("ده نو (بالا)", "ده نو بالا"),
        ("Deh-e NOW", "deh e now"),
        ("ﻋﻠﯽ", "علی"),  # presentation forms
    ],
)
def test_two_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert text_key(one) == text_key(other)


@pytest.mark.parametrize(("one", "other"), [("ده نو بالا", "ده نو"), ("حسن", "حسین"), ("محله 2", "محله 3")])
def test_two_names_have_two_keys(one: str, other: str) -> None:
    assert text_key(one) != text_key(other)


def test_digits_of_any_script() -> None:
    assert latin_digits("۰۹۰۴-٠٩٠٤-0904") == "0904-0904-0904"
    assert persian_digits(1405) == "۱۴۰۵"
    assert persian_digits("٤٥٦") == "۴۵۶"


def valid(first_nine: str) -> str:
    """An id with its check digit, by the definition written out another way."""
    for digit in range(10):
        total = sum(int(d) * weight for d, weight in zip(first_nine, range(10, 1, -1), strict=True))
        if (total % 11 < 2 and digit == total % 11) or (total % 11 >= 2 and digit == 11 - total % 11):
            return first_nine + str(digit)
    raise AssertionError(first_nine)


@pytest.mark.parametrize("first", ["001234567", "012345678", "123456789", "999999998"])
def test_a_valid_national_id(first: str) -> None:
    assert national_id(valid(first)).valid


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("12345678a", "not_digits"),
        ("1234567", "length"),
        ("12345678901", "length"),
        ("1111111111", "all_equal"),
        ("0000000000", "all_equal"),
        ("0012345670", "check_digit"),
    ],
)
def test_a_wrong_national_id_is_kept_and_said(typed: str, fault: str) -> None:
    assert national_id(typed).fault == fault


def test_lost_leading_zeros_are_put_back() -> None:
    full = valid("001234567")
    assert national_id(full[2:]) == national_id(full)
    assert national_id(persian_digits(full)) == national_id(full)
    assert national_id(f"{full[:3]}-{full[3:9]}-{full[9]}") == national_id(full)


def test_a_single_wrong_digit_is_found() -> None:
    """Except where the remainder goes from 10 to 1 or back: both have the check digit 1."""
    full = valid("123456780")
    assert full[9] != "1"
    for place in range(10):
        for digit in set("0123456789") - {full[place]}:
            assert not national_id(full[:place] + digit + full[place + 1 :]).valid
