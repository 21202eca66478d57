"""Persian text and numbers, identifiers and calendars: what was typed is stored, what is derived is a key."""

from hamyar.persian.national_id import NationalId, national_id
from hamyar.persian.text import latin_digits, persian_digits, text_key

__all__ = ["NationalId", "latin_digits", "national_id", "persian_digits", "text_key"]
