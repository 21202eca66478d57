"""Data contracts: which columns a table has, what each means, and what is never asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from hamyar.errors import error

UNIVERSES = ("census", "probability_sample", "list")
PROVENANCES = ("census", "survey", "assessed", "declared", "model", "synthetic")
TYPES = ("code", "text", "integer", "number", "boolean", "date")
PRIVACY = ("public", "internal", "personal", "identity", "sensitive")

FORBIDDEN = frozenset(
    """
    ethnicity ethnic ethnic_group ethnic_origin race tribe clan religion religious_affiliation faith sect denomination
    politics political political_party political_view political_opinion party party_membership vote voting
    nationality citizenship country_of_birth permit residence_permit residency_status legal_status immigration_status
    refugee_status language mother_tongue native_language home_language
    قومیت قوم نژاد ایل طایفه عشیره دین مذهب آیین فرقه سیاست گرایش_سیاسی عقیده_سیاسی حزب عضویت_حزبی رأی رای
    ملیت تابعیت کشور_تولد پروانه_اقامت مجوز_اقامت کارت_اقامت وضعیت_اقامت وضعیت_پناهندگی زبان زبان_مادری گویش
    """.split()
)
"""Names of columns that are never asked and that no measure reads, in small letters with `_` between words."""


@dataclass(frozen=True)
class Column:
    """One column.

    type: code (text of digits or an identifier) | text | integer | number | boolean | date; unit: of a number;
    privacy: public | internal | personal | identity | sensitive; fa, en: one sentence; required: neither the column
    nor a value may be missing; minimum, maximum: inclusive limits, above: an exclusive one; values: the only texts
    allowed, values_fa: their Persian names; lengths: the only lengths of a code; title: Persian heading, also accepted.
    """

    name: str
    type: str
    unit: str | None
    privacy: str
    fa: str
    en: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    values: tuple[str, ...] = ()
    values_fa: tuple[str, ...] = ()
    above: float | None = None
    lengths: tuple[int, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Contract:
    """The columns of a table; key: the column that is unique; size: the column that counts people in a row."""

    name: str
    columns: tuple[Column, ...]
    key: str | None = None
    size: str | None = None

    @property
    def by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}


def contract(name: str) -> Contract:
    """The contract of that name. Raises HamyarError HY-T001."""
    if name not in CONTRACTS:
        raise error(
            "HY-T001",
            en=f"there is no contract {name!r}. Choose one of {', '.join(CONTRACTS)}.",
            fa=f"قراردادی به نام {name!r} نیست. یکی از این‌ها را برگزینید: {'، '.join(CONTRACTS)}.",
        )
    return CONTRACTS[name]


def _load(name: str) -> Contract:
    document = yaml.safe_load((resources.files(__package__) / f"{name}.yaml").read_text("utf-8"))
    parts = [_load(part) for part in document.get("joins", ())]
    columns = tuple(_column(column, facts) for column, facts in document.get("columns", {}).items())
    return Contract(
        name,
        sum((part.columns for part in parts), columns),
        document.get("key") or next((part.key for part in parts if part.key), None),
        document.get("size") or next((part.size for part in parts if part.size), None),
    )


def _column(name: str, facts: Mapping[str, Any]) -> Column:
    values: Mapping[str, str] = facts.get("values", {})
    return Column(
        **{
            "name": name,
            "unit": None,
            **facts,
            "values": tuple(values),
            "values_fa": tuple(values.values()),
            "lengths": tuple(facts.get("lengths", ())),
        }
    )


CONTRACTS = {name: _load(name) for name in ("area", "household", "person", "design", "survey_sample")}
