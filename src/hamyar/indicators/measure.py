"""A measure: dimensions, indicators with their expressions and exact weights, a cut-off, and a rule for gaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any, Literal, cast

import ibis

from hamyar.errors import Fault, HamyarError, error
from hamyar.indicators.expression import DTYPES, RefusedError, Typed, translate
from hamyar.tables import FORBIDDEN, Column, Contract

Missing = Literal["drop", "not_deprived", "reweight"]
MISSING = ("drop", "not_deprived", "reweight")
KINDS = {"code": "text", "text": "text", "integer": "number", "number": "number", "boolean": "boolean", "date": "date"}
LARGEST_DENOMINATOR = 1_000_000_000
SIMPLE_DENOMINATOR = 1000  # a float as near to such a fraction as floats come is it


def fraction(value: Any) -> Fraction:
    """The exact fraction of "1/3", "0.25", 1, 0.2 (read as its shortest text) or the float that 1/3 is. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Fraction):
        raise ValueError(value)
    try:
        exact = Fraction(str(value).replace(" ", ""))
    except ZeroDivisionError:
        raise ValueError(value) from None
    if isinstance(value, float) and exact.denominator > LARGEST_DENOMINATOR:
        simple = Fraction(value).limit_denominator(SIMPLE_DENOMINATOR)
        exact = simple if float(simple) == value else exact
    if exact.denominator > LARGEST_DENOMINATOR:
        raise ValueError(value)
    return exact


def cutoff_fractions(cutoffs: Any) -> list[Fraction]:
    """Of one cut-off or of several, in order. Raises HamyarError."""
    several = [cutoffs] if isinstance(cutoffs, str | int | float | Fraction) else cutoffs
    return [cutoff_fraction(cutoff) for cutoff in several]


def cutoff_fraction(value: Any) -> Fraction:
    """A poverty cut-off in (0, 1]. Raises HamyarError."""
    try:
        exact = fraction(value)
    except ValueError:
        exact = Fraction(0)
    if not 0 < exact <= 1:
        raise error(
            "HY-I004",
            en=f"the cut-off {value!r} is not a fraction above 0 and at most 1. Write for example 1/3.",
            fa=f"آستانهٔ {value!r} کسری بزرگ‌تر از صفر و حداکثر یک نیست. برای نمونه بنویسید 1/3.",
        )
    return exact


@dataclass(frozen=True)
class Dimension:
    """A group of indicators that share a title, and by default a weight."""

    name: str
    title: Mapping[str, str]
    weight: Fraction


@dataclass(frozen=True)
class Indicator:
    """One question about a household; `deprived` and `applies_when` are expressions on the columns in `reads`.

    parameters: name → {date from which it is in force: value}; examples: columns and `deprived` (true, false, null).
    """

    name: str
    dimension: str
    title: Mapping[str, str]
    weight: Fraction
    source: str
    deprived: str
    reads: tuple[str, ...]
    applies_when: str | None = None
    parameters: Mapping[str, Mapping[date, Any]] = field(default_factory=dict)
    examples: tuple[Mapping[str, Any], ...] = ()

    def in_force(self, on: date | None) -> dict[str, Any]:
        """Each parameter's value on a day (None: the latest). Raises HamyarError where none is in force yet."""
        values = {}
        for name, dated in self.parameters.items():
            days = [day for day in dated if on is None or day <= on]
            if not days:
                first = min(dated)
                raise error(
                    "HY-I013",
                    en=f"parameter `{name}` of {self.name} has no value in force on {on}; its first is from {first}. Add an earlier one with its source.",
                    fa=f"پارامتر `{name}` در {self.name} در تاریخ {on} مقداری ندارد؛ نخستین مقدار آن از {first} است. مقدار پیشین را با منبع بیفزایید.",
                )
            values[name] = dated[max(days)]
        return values

    def compile(self, columns: Mapping[str, Typed], on: date | None) -> Any:
        """The Ibis value 0, 1 or null (int8) of this indicator. Raises RefusedError, HamyarError."""
        scope = {**columns, **{name: _constant(value) for name, value in self.in_force(on).items()}}
        deprived = _truth(self.deprived, scope)
        if self.applies_when is not None:
            applies = _truth(self.applies_when, scope)
            deprived = ibis.cases((applies.isnull(), ibis.null("boolean")), (applies, deprived), else_=False)
        return deprived.cast("int8")


@dataclass(frozen=True)
class Measure:
    """A multidimensional measure; weights are exact fractions that sum to 1, `text` is the YAML it was read from."""

    name: str
    title: Mapping[str, str]
    cutoff: Fraction
    missing: Missing
    dimensions: tuple[Dimension, ...]
    indicators: tuple[Indicator, ...]
    contract: Contract | None = None
    text: str = ""

    @classmethod
    def load(cls, source: str | Path) -> Measure:
        """Read a measure from a YAML file, or a shipped one by its name; check it fully and run its examples.

        Raises HamyarError with every fault, each with its line.
        """
        from hamyar.indicators.checking import measure_from

        path = Path(source)
        if path.suffix not in (".yaml", ".yml") and not path.exists():
            shipped = resources.files("hamyar") / "measures" / f"{source}.yaml"
            if str(source) not in cls.shipped():
                raise _no_such(source, cls.shipped())
            return measure_from(shipped.read_text("utf-8"), f"{source}.yaml")
        try:
            return measure_from(path.read_text("utf-8-sig"), path.name)
        except OSError:
            raise _no_such(source, cls.shipped()) from None
        except UnicodeDecodeError:
            raise error(
                "HY-I001", en="the file is not UTF-8 text.", fa="پرونده متن UTF-8 نیست.", file=path.name
            ) from None

    @staticmethod
    def shipped() -> list[str]:
        """Names of the measures that come with the library."""
        folder = resources.files("hamyar") / "measures"
        return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".yaml"))

    @classmethod
    def of_columns(
        cls, dimensions: Mapping[str, str | Sequence[str]], *, cutoff: Any, missing: Missing = "drop"
    ) -> Measure:
        """A measure on columns that already hold 0, 1 or null; equal weights, nested: dimensions, then indicators."""
        groups = {name: [held] if isinstance(held, str) else list(held) for name, held in dimensions.items()}
        _check_columns(groups, missing)
        share = Fraction(1, len(dimensions))
        return cls(
            name="columns",
            title={"fa": "شاخص بر پایهٔ ستون‌ها", "en": "Measure on columns"},
            cutoff=cutoff_fraction(cutoff),
            missing=missing,
            dimensions=tuple(Dimension(name, {"fa": name, "en": name}, share) for name in dimensions),
            indicators=tuple(
                Indicator(column, name, {"fa": column, "en": column}, share / len(columns), "", "", (column,))
                for name, columns in groups.items()
                for column in columns
            ),
        )

    @property
    def columns(self) -> list[str]:
        """The columns that the measure reads, sorted."""
        return sorted({column for indicator in self.indicators for column in indicator.reads})

    def compile(self, table: ibis.Table, on: date | None = None) -> ibis.Table:
        """The table with one column of 0, 1 or null (int8) per indicator beside its own.

        on: the day whose parameters are in force (None: the latest). Raises HamyarError for columns that are missing
        or of another kind.
        """
        columns = self._scope(table)
        if self.contract is None:
            return table.mutate(**{name: _as_integer(typed.value) for name, typed in columns.items()})
        return table.mutate(**{indicator.name: indicator.compile(columns, on) for indicator in self.indicators})

    def run_examples(self) -> list[Fault]:
        """Compile the measure and run every example; the faults of those whose answer differs."""
        from hamyar.indicators.checking import failing_examples

        return failing_examples(self)

    def summary(self, language: str = "en") -> str:
        """One line that says what the measure is."""
        counts = len(self.dimensions), len(self.indicators), sum(len(i.examples) for i in self.indicators)
        if language == "fa":
            return (
                f"{self.title['fa']}: {counts[0]} بُعد، {counts[1]} نماگر، آستانهٔ {self.cutoff}، {counts[2]} نمونهٔ درست"
            )
        return f"{self.title['en']}: {counts[0]} dimensions, {counts[1]} indicators, cut-off {self.cutoff}, {counts[2]} examples hold"

    def _scope(self, table: ibis.Table) -> dict[str, Typed]:
        schema = table.schema()
        missing = [name for name in self.columns if name not in schema]
        if missing:
            listed = ", ".join(missing)
            raise error(
                "HY-I017",
                en=f"the measure {self.name} reads columns that the data do not have: {listed}. Add them, empty where unknown.",
                fa=f"شاخص {self.name} ستون‌هایی می‌خواند که در داده نیست: {listed}. آن‌ها را بیفزایید و نامعلوم را خالی بگذارید.",
            )
        contract = _by_name(self.contract)
        return {name: _typed(name, table[name], schema[name], contract.get(name)) for name in self.columns}


def _by_name(contract: Contract | None) -> dict[str, Column]:
    return {column.name: column for column in contract.columns} if contract else {}


def _typed(name: str, value: Any, dtype: Any, column: Column | None) -> Typed:
    """A data column as the contract's kind; not-a-number becomes null."""
    if dtype.is_floating():
        value = value.isnan().ifelse(ibis.null(dtype), value)
    kind, found = KINDS[column.type] if column else "boolean", _kind_of(dtype)
    if kind == "boolean" and found == "number":
        value = value == 1 if column else _zero_or_one(value)
        found = "boolean"
    if found not in (kind, "null"):
        raise error(
            "HY-I018",
            en=f"the column holds {found}, the contract wants {kind}. Check the file against its contract.",
            fa=f"نوع این ستون ({found}) با قرارداد داده ({kind}) نمی‌خواند. پرونده را با قرارداد بسنجید.",
            column=name,
        )
    return Typed(kind, value if found == kind else ibis.null(DTYPES[kind]), column.values if column else ())


def _kind_of(dtype: Any) -> str:
    for kind, holds in {
        "null": dtype.is_null(),
        "boolean": dtype.is_boolean(),
        "number": dtype.is_numeric(),
        "text": dtype.is_string(),
        "date": dtype.is_date(),
    }.items():
        if holds:
            return kind
    return str(dtype)


def _zero_or_one(value: Any) -> Any:
    """Integers as they are; other numbers as 0, 1, null, or 2 for anything else, which `alkire_foster` reports."""
    if value.type().is_integer():
        return value
    return ibis.cases((value == 0, 0), (value == 1, 1), (value.isnull(), ibis.null("int8")), else_=2).cast("int8")


def _as_integer(value: Any) -> Any:
    return value.cast("int8") if value.type().is_boolean() else value


def _constant(value: Any) -> Typed:
    if isinstance(value, bool):
        return Typed("boolean", ibis.literal(value))
    if isinstance(value, int | float):
        return Typed("number", ibis.literal(float(value)))
    return Typed("text", ibis.literal(value), literal=value)


def _truth(text: str, scope: Mapping[str, Typed]) -> Any:
    typed = translate(text, scope)
    if typed.kind == "null":
        return ibis.null("boolean")
    if typed.kind != "boolean":
        raise RefusedError(
            "HY-I010", f"`{text}` is a {typed.kind}, not true or false.", f"`{text}` درست یا نادرست نیست."
        )
    return typed.value


def forbidden(names: Iterable[str]) -> list[str]:
    """Those of the names that no measure may read."""
    return [name for name in names if name.casefold().replace(" ", "_").replace("-", "_") in FORBIDDEN]


def _check_columns(dimensions: Mapping[str, Sequence[str]], missing: str) -> None:
    columns = [column for group in dimensions.values() for column in group]
    if not dimensions or not all(dimensions.values()) or len(set(columns)) < len(columns):
        raise error(
            "HY-I002",
            en="each dimension needs at least one column, and no column may stand twice.",
            fa="هر بُعد دست‌کم یک ستون می‌خواهد و هیچ ستونی نباید دو بار بیاید.",
        )
    if missing not in MISSING:
        raise HamyarError(Fault("HY-I005", *missing_texts(missing)))
    if forbidden(columns):
        raise HamyarError(*(Fault("HY-I009", *forbidden_texts(name)) for name in forbidden(columns)))


def missing_texts(found: Any) -> tuple[str, str]:
    listed = ", ".join(MISSING)
    return f"`missing` is one of {listed}, not {found!r}.", f"`missing` یکی از این‌هاست: {listed}؛ نه {found!r}."


def forbidden_texts(name: str) -> tuple[str, str]:
    return (
        f"no measure may read `{name}`: it is never asked and never a reason. Remove it.",
        f"هیچ شاخصی نمی‌تواند `{name}` را بخواند: این پرسیده نمی‌شود و هرگز دلیل نیست. آن را بردارید.",
    )


def _no_such(source: str | Path, shipped: list[str]) -> HamyarError:
    listed = ", ".join(shipped)
    return error(
        "HY-I016",
        en=f"there is no measure file {source}. Shipped measures: {listed}.",
        fa=f"پروندهٔ شاخص {source} پیدا نشد. شاخص‌های همراه: {listed}.",
    )


def as_missing(value: Any) -> Missing:
    return cast(Missing, value)
