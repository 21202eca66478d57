"""The file of an import: one row per person. Which columns it may have, and which of the file's is which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from hamyar.persian import text_key
from hamyar.tables import FORBIDDEN, Column, Contract
from hamyar_server.registry.incoming import FACTS
from hamyar_server.registry.models import IdentifierKind, Role, Sex

LEFT_OUT = ""  # a column of the file that is not taken
ROLES_FA = ("سرپرست", "همسر", "فرزند", "سایر")


def _text(name: str, title: str, fa: str, en: str, **more: object) -> Column:
    given = {"type": "text", "unit": None, "privacy": "identity", "title": title} | more
    return Column(name=name, fa=fa, en=en, **given)  # type: ignore[arg-type]


PEOPLE = (
    _text("household_key", "کد خانوار", "شناسهٔ خانوار در این فهرست.", "Key of the household in this source.", type="code", privacy="internal", required=True),
    _text("person_key", "کد فرد", "شناسهٔ فرد در این فهرست.", "Key of the person in this source.", type="code", privacy="internal", required=True),
    _text("area_code", "کد محل سکونت", "کد شهر، محله یا روستای محل سکونت.", "Code of the city, neighbourhood or village of residence.", type="code", privacy="internal", required=True, lengths=(10, 12, 16)),
    _text("role", "نسبت با سرپرست", "سرپرست، همسر، فرزند یا سایر.", "head, spouse, child or other.", privacy="personal", required=True, values=tuple(Role.values), values_fa=ROLES_FA),
    _text("given", "نام", "نام فرد.", "Given name.", required=True),
    _text("family", "نام خانوادگی", "نام خانوادگی فرد.", "Family name."),
    _text("father", "نام پدر", "نام پدر فرد.", "Father's name."),
    _text("national_id", "کد ملی", "کد ملی؛ نادرست آن نگه داشته و نشانه‌گذاری می‌شود.", "National id; a wrong one is kept and flagged.", type="code"),
    _text("phone", "تلفن همراه", "شمارهٔ تلفن.", "Telephone number.", type="code"),
    _text("bank", "شماره شبا", "شمارهٔ شبا یا حساب.", "IBAN or account number.", type="code"),
    _text("address", "نشانی", "نشانی پستی.", "Postal address."),
    _text("sex", "جنس", "زن یا مرد.", "female or male.", privacy="personal", values=tuple(Sex.values), values_fa=("زن", "مرد")),
    _text("birth_date", "تاریخ تولد", "تاریخ تولد در تقویمی که گفته‌اید.", "Date of birth, in the calendar that you named.", privacy="personal"),
    _text("decile", "دهک", "دهک رفاهی، ۱ تا ۱۰.", "Welfare decile, 1 to 10.", type="integer", privacy="personal", minimum=1, maximum=10),
    _text("covered_by", "تحت پوشش", "سازمانی که خانوار را زیر پوشش دارد.", "Organisation that covers the household.", privacy="personal"),
)  # fmt: skip
CONTRACT = Contract("registration", (*PEOPLE, *FACTS.values()), key="person_key")
NUMBERS = (
    ("national_id", IdentifierKind.IDENTITY),
    ("phone", IdentifierKind.PHONE),
    ("bank", IdentifierKind.BANK),
    ("address", IdentifierKind.ADDRESS),
)
ALSO = {
    "شناسه خانوار": "household_key",
    "شماره خانوار": "household_key",
    "household": "household_key",
    "household id": "household_key",
    "شناسه فرد": "person_key",
    "ردیف": "person_key",
    "person id": "person_key",
    "کد آبادی": "area_code",
    "کد روستا": "area_code",
    "کد محله": "area_code",
    "نسبت": "role",
    "relation": "role",
    "first name": "given",
    "name": "given",
    "last name": "family",
    "surname": "family",
    "فامیل": "family",
    "شماره ملی": "national_id",
    "کدملی": "national_id",
    "شماره همراه": "phone",
    "موبایل": "phone",
    "mobile": "phone",
    "شبا": "bank",
    "iban": "bank",
    "جنسیت": "sex",
    "gender": "sex",
    "متولد": "birth_date",
    "دهک درآمدی": "decile",
}
_FORBIDDEN = frozenset(map(text_key, FORBIDDEN))


def suggested(heading: Sequence[str], remembered: Mapping[str, str] | None = None) -> dict[str, str]:
    """File's column → ours, each of ours once: as it was mapped last time, by name or title in any spelling, or by likeness."""
    known = {text_key(c.name): c.name for c in CONTRACT.columns} | {text_key(c.title): c.name for c in CONTRACT.columns}
    known |= {text_key(name): ours for name, ours in ALSO.items()}
    found: dict[str, str] = {}
    for typed in heading:
        key = text_key(typed)
        near = get_close_matches(key, list(known), n=1, cutoff=0.88) if len(key) > 3 else []
        wanted = (remembered or {}).get(typed, known.get(key) or (known[near[0]] if near else LEFT_OUT))
        taken = wanted in found.values() or key in _FORBIDDEN
        found[typed] = LEFT_OUT if taken else wanted
    return found


def forbidden(heading: Sequence[str]) -> list[str]:
    """Columns that are never asked: the file may come, they stay out."""
    return [typed for typed in heading if text_key(typed) in _FORBIDDEN]
