"""Checks a measure's YAML fully: every fault at once, each with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from typing import Any

import ibis

from hamyar.errors import Fault, HamyarError
from hamyar.indicators import document
from hamyar.indicators.document import Document, Path
from hamyar.indicators.expression import DTYPES, RefusedError, Typed, names
from hamyar.indicators.measure import (
    KINDS,
    MISSING,
    Dimension,
    Indicator,
    Measure,
    as_missing,
    cutoff_fraction,
    forbidden,
    forbidden_texts,
    fraction,
    missing_texts,
)
from hamyar.tables import CONTRACTS, Column, Contract, contract

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_MEASURE_KEYS = {
    "name": True,
    "title": True,
    "unit": True,
    "cutoff": True,
    "missing": True,
    "dimensions": True,
    "source": False,
}
_DIMENSION_KEYS = {"weight": True, "indicators": True, "title": False}
_INDICATOR_KEYS = {
    "title": True,
    "deprived": True,
    "source": True,
    "examples": True,
    "applies_when": False,
    "parameters": False,
    "weight": False,
}
_JALALI_BEFORE = 1700


def measure_from(text: str, file: str) -> Measure:
    """The measure in a YAML text. Raises HamyarError with every fault."""
    found = document.read(text, file)
    root = found.value
    _keys(found, root, (), _MEASURE_KEYS)
    unit = _unit(found, root)
    groups = _entries(found, root, "dimensions", ())
    dimensions = tuple(_dimension(found, name, body) for name, body in groups.items())
    _sum_to(found, ("dimensions",), {d.name: d.weight for d in dimensions}, Fraction(1))
    indicators = tuple(
        indicator
        for dimension in dimensions
        for indicator in _indicators(found, dimension, groups[dimension.name], unit)
    )
    _unique(found, indicators)
    cutoff = _attempt(found, ("cutoff",), Fraction(1), lambda: cutoff_fraction(root.get("cutoff")))
    if root.get("missing") not in MISSING:
        found.fault(("missing",), "HY-I005", *missing_texts(root.get("missing")))
    name = _text(found, root, "name", ())
    if not _NAME.fullmatch(name):
        _bad_name(found, ("name",), name)
    title = _title(found, root, ())
    found.raise_if_any()
    measure = Measure(name, title, cutoff, as_missing(root["missing"]), dimensions, indicators, unit, text)
    _check_examples(found, measure)
    found.raise_if_any()
    return measure


def failing_examples(measure: Measure) -> list[Fault]:
    """Run every example of a measure in one table; the faults of those whose answer differs from `deprived`."""
    found = Document(measure.name)
    _check_examples(found, measure)
    return found.faults


def _keys(found: Document, body: Any, path: Path, known: Mapping[str, bool]) -> None:
    for key in body:
        if key not in known:
            listed = ", ".join(known)
            found.fault(
                (*path, key),
                "HY-I002",
                f"`{key}` is not known here. Known: {listed}.",
                f"«{key}» اینجا شناخته نیست. شناخته‌ها: {listed}.",
            )
    for key, required in known.items():
        if required and body.get(key) is None:
            found.fault(path, "HY-I002", f"`{key}` is missing. Add it.", f"«{key}» نیامده است. آن را بیفزایید.")


def _entries(found: Document, body: Mapping[str, Any], key: str, path: Path) -> dict[str, dict[str, Any]]:
    """A mapping of names to mappings; those that are not are reported and left out."""
    entries = body.get(key)
    if not isinstance(entries, dict) or not entries:
        if entries is not None:
            found.fault(
                (*path, key),
                "HY-I002",
                f"`{key}` must hold names, each with its entries.",
                f"«{key}» باید نام‌ها و زیر هر نام مقدارهایش را داشته باشد.",
            )
        return {}
    good = {}
    for name, entry in entries.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            _bad_name(found, (*path, key, name), name)
        if isinstance(entry, dict):
            good[str(name)] = entry
        else:
            found.fault(
                (*path, key, name),
                "HY-I002",
                "entries (name: value) are expected here.",
                "اینجا «نام: مقدار» انتظار می‌رود.",
            )
    return good


def _bad_name(found: Document, path: Path, name: Any) -> None:
    en = f"{name!r} is not a name: small Latin letters, digits, - and _, a letter first, at most 64."
    found.fault(
        path, "HY-I002", en, f"{name!r} نام درستی نیست: حرف کوچک لاتین، رقم، - و _، آغاز با حرف، حداکثر ۶۴ نویسه."
    )


def _text(found: Document, body: Mapping[str, Any], key: str, path: Path) -> str:
    value = body.get(key)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        found.fault((*path, key), "HY-I002", f"`{key}` must be text in quotes.", f"«{key}» باید متنی میان گیومه باشد.")
    return value.strip() if isinstance(value, str) else ""


def _title(found: Document, body: Mapping[str, Any], path: Path) -> Mapping[str, str]:
    title = body.get("title")
    if title is None:
        return {}
    if (
        isinstance(title, dict)
        and set(title) == {"fa", "en"}
        and all(isinstance(t, str) and t.strip() for t in title.values())
    ):
        return title
    found.fault(
        (*path, "title"),
        "HY-I002",
        "a title has a text in fa and one in en.",
        "عنوان باید متنی به fa و متنی به en داشته باشد.",
    )
    return {}


def _unit(found: Document, root: Mapping[str, Any]) -> Contract | None:
    unit = root.get("unit")
    if isinstance(unit, str) and unit in CONTRACTS:
        return contract(unit)
    if unit is not None:
        listed = ", ".join(CONTRACTS)
        found.fault(
            ("unit",),
            "HY-I002",
            f"`unit` is one of {listed}, not {unit!r}.",
            f"«unit» یکی از این‌هاست: {listed}؛ نه {unit!r}.",
        )
    return None


def _weight(found: Document, path: Path, value: Any) -> Fraction:
    try:
        weight = fraction(value)
    except ValueError:
        weight = Fraction(0)
    if weight <= 0:
        found.fault(
            path,
            "HY-I003",
            f"the weight {value!r} is not a fraction above 0. Write for example 1/3.",
            f"وزن {value!r} کسری بزرگ‌تر از صفر نیست. برای نمونه بنویسید 1/3.",
        )
    return weight


def _sum_to(found: Document, path: Path, weights: Mapping[str, Fraction], wanted: Fraction) -> None:
    total = sum(weights.values(), Fraction(0))
    if weights and total != wanted and all(weight > 0 for weight in weights.values()):
        listed = " + ".join(f"{name} {weight}" for name, weight in weights.items())
        found.fault(
            path,
            "HY-I003",
            f"the weights must sum to {wanted} exactly, not {total}: {listed}.",
            f"جمع وزن‌ها باید دقیقاً {wanted} باشد، نه {total}: {listed}.",
        )


def _dimension(found: Document, name: str, body: Mapping[str, Any]) -> Dimension:
    path = ("dimensions", name)
    _keys(found, body, path, _DIMENSION_KEYS)
    weight = _weight(found, (*path, "weight"), body["weight"]) if body.get("weight") is not None else Fraction(0)
    return Dimension(name, _title(found, body, path) or {"fa": name, "en": name}, weight)


def _indicators(
    found: Document, dimension: Dimension, body: Mapping[str, Any], unit: Contract | None
) -> list[Indicator]:
    path = ("dimensions", dimension.name)
    entries = _entries(found, body, "indicators", path)
    own = {name for name, entry in entries.items() if entry.get("weight") is not None}
    if own and own != set(entries):
        found.fault(
            (*path, "indicators"),
            "HY-I003",
            "either every indicator of a dimension has a weight or none has.",
            "یا همهٔ نماگرهای یک بُعد وزن دارند یا هیچ‌کدام.",
        )
    made = [_indicator(found, dimension, name, entry, len(entries), unit) for name, entry in entries.items()]
    if own == set(entries):
        _sum_to(found, (*path, "indicators"), {i.name: i.weight for i in made}, dimension.weight)
    return made


def _indicator(
    found: Document, dimension: Dimension, name: str, body: Mapping[str, Any], siblings: int, unit: Contract | None
) -> Indicator:
    path = ("dimensions", dimension.name, "indicators", name)
    _keys(found, body, path, _INDICATOR_KEYS)
    own = body.get("weight")
    indicator = Indicator(
        name=name,
        dimension=dimension.name,
        title=_title(found, body, path),
        weight=dimension.weight / siblings if own is None else _weight(found, (*path, "weight"), own),
        source=_text(found, body, "source", path),
        deprived=_text(found, body, "deprived", path),
        applies_when=_text(found, body, "applies_when", path) or None,
        parameters=_parameters(found, body.get("parameters") or {}, (*path, "parameters")),
        reads=_reads(found, body, path),
        examples=_examples(found, body, path),
    )
    if unit is not None:
        _check_expressions(found, indicator, unit, path)
    return indicator


def _reads(found: Document, body: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    """Columns that the expressions read: their names without the parameters."""
    read: set[str] = set()
    for key in ("deprived", "applies_when"):
        if isinstance(body.get(key), str):
            read |= _refusable(found, (*path, key), frozenset(), partial(names, body[key]))
    parameters = body.get("parameters")
    return tuple(sorted(read - set(parameters if isinstance(parameters, dict) else ())))


def _refusable(found: Document, path: Path, otherwise: Any, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except RefusedError as refusal:
        found.fault(path, refusal.code, refusal.en, refusal.fa)
        return otherwise


def _attempt(found: Document, path: Path, otherwise: Any, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except HamyarError as several:
        for fault in several.faults:
            found.fault(path, fault.code, fault.en, fault.fa)
        return otherwise


def _parameters(found: Document, parameters: Any, path: Path) -> dict[str, dict[date, Any]]:
    if not isinstance(parameters, dict):
        found.fault(
            path,
            "HY-I012",
            "write each parameter as name: {date: value}.",
            "هر پارامتر را به شکل «نام: {تاریخ: مقدار}» بنویسید.",
        )
        return {}
    return {str(name): _dated(found, dated, (*path, str(name))) for name, dated in parameters.items()}


def _dated(found: Document, dated: Any, path: Path) -> dict[date, Any]:
    if not isinstance(dated, dict) or not dated:
        found.fault(
            path,
            "HY-I012",
            "write {date from which it is in force: value}.",
            "به شکل {تاریخ آغاز اعتبار: مقدار} بنویسید.",
        )
        return {date.min: 0}
    if len({_kind(value) for value in dated.values()}) > 1 or None in map(_kind, dated.values()):
        found.fault(
            path,
            "HY-I012",
            "its values must all be numbers, or all texts, or all true/false.",
            "مقدارهای آن باید همه عدد، یا همه متن، یا همه true/false باشند.",
        )
        return {date.min: 0}
    return {_day(found, day, (*path, str(day))): value for day, value in dated.items()}


def _day(found: Document, value: Any, path: Path) -> date:
    """An ISO date after 1700; an earlier year looks like a Jalali one."""
    try:
        if isinstance(value, datetime) or not isinstance(value, date | str):
            raise ValueError
        day = value if isinstance(value, date) else date.fromisoformat(value)
    except ValueError:
        found.fault(
            path,
            "HY-I012",
            f"{value} is not an ISO date. Write for example 2016-03-20.",
            f"{value} تاریخ میلادی ISO نیست. برای نمونه بنویسید 2016-03-20.",
        )
        return date.min
    if day.year < _JALALI_BEFORE:
        found.fault(
            path,
            "HY-I012",
            f"the year {day.year} looks Jalali. Write the ISO date of that day, for example 2016-03-20 for 1395/01/01.",
            f"سال {day.year} خورشیدی می‌نماید. تاریخ میلادی همان روز را بنویسید؛ برای نمونه 2016-03-20 به جای 1395/01/01.",
        )
    return day


def _kind(value: Any) -> str | None:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number" if abs(value) < float("inf") else None
    return "text" if isinstance(value, str) else None


def _check_expressions(found: Document, indicator: Indicator, unit: Contract, path: Path) -> None:
    known = {column.name: column for column in unit.columns}
    for name in forbidden(indicator.reads):
        found.fault((*path, "deprived"), "HY-I009", *forbidden_texts(name))
    clashes = set(indicator.parameters) & set(known)
    for name in sorted(clashes):
        found.fault(
            (*path, "parameters", name),
            "HY-I012",
            f"`{name}` is the name of a column; choose another.",
            f"«{name}» نام یک ستون است؛ نام دیگری برگزینید.",
        )
    if forbidden(indicator.reads) or clashes:
        return
    table = ibis.table(
        {name: DTYPES[KINDS[known[name].type]] for name in indicator.reads if name in known} or {"_": "int8"}
    )
    scope = {n: Typed(KINDS[known[n].type], table[n], tuple(known[n].values)) for n in indicator.reads if n in known}
    for key, text in (("deprived", indicator.deprived), ("applies_when", indicator.applies_when)):
        if text:
            alone = Indicator(indicator.name, "", {}, Fraction(1), "", text, (), parameters=indicator.parameters)
            _refusable(found, (*path, key), None, partial(alone.compile, scope, None))


def _examples(found: Document, body: Mapping[str, Any], path: Path) -> tuple[Mapping[str, Any], ...]:
    examples = body.get("examples")
    if examples is None:
        return ()
    if not isinstance(examples, list) or not all(isinstance(e, dict) and "deprived" in e for e in examples):
        found.fault(
            (*path, "examples"),
            "HY-I014",
            "examples are a list; each names columns and `deprived`.",
            "نمونه‌ها فهرست‌اند؛ هر کدام ستون‌ها و «deprived» را می‌گوید.",
        )
        return ()
    answers = [example["deprived"] for example in examples]
    if any(answer is not None and not isinstance(answer, bool) for answer in answers):
        found.fault(
            (*path, "examples"),
            "HY-I014",
            "`deprived` is true, false or null (unknown).",
            "«deprived» یکی از true، false یا null (نامعلوم) است.",
        )
    elif True not in answers or False not in answers:
        found.fault(
            (*path, "examples"),
            "HY-I015",
            "give at least one example that is deprived and one that is not.",
            "دست‌کم یک نمونهٔ محروم و یک نمونهٔ نامحروم بیاورید.",
        )
    return tuple(examples)


def _unique(found: Document, indicators: tuple[Indicator, ...]) -> None:
    seen: set[str] = set()
    for indicator in indicators:
        if indicator.name in seen:
            path = ("dimensions", indicator.dimension, "indicators", indicator.name)
            found.fault(
                path,
                "HY-I002",
                "another dimension has an indicator of this name.",
                "بُعد دیگری نماگری به همین نام دارد.",
            )
        seen.add(indicator.name)


def _check_examples(found: Document, measure: Measure) -> None:
    """Run all examples in one table of the contract's types and report those that answer otherwise."""
    if measure.contract is None:
        return
    kinds = {column.name: column for column in measure.contract.columns}
    cases = [(i, n, example) for i in measure.indicators for n, example in enumerate(i.examples)]
    runnable = [case for case in cases if _fits(found, *case, kinds)]
    answers = _answers(measure, [example for _, _, example in runnable]) if runnable else {}
    for row, (indicator, n, example) in enumerate(runnable):
        answer = answers[indicator.name][row]
        if answer != example["deprived"]:
            shown = {None: "null", True: "true", False: "false"}
            found.fault(
                _place(indicator, n),
                "HY-I014",
                f"the expression gives {shown[answer]}, the example says {shown[example['deprived']]}. Mend one of them.",
                f"عبارت {shown[answer]} می‌دهد و نمونه {shown[example['deprived']]} می‌گوید. یکی را درست کنید.",
            )


def _place(indicator: Indicator, n: int) -> Path:
    return ("dimensions", indicator.dimension, "indicators", indicator.name, "examples", n)


def _fits(
    found: Document, indicator: Indicator, n: int, example: Mapping[str, Any], columns: Mapping[str, Column]
) -> bool:
    good = True
    for name, value in example.items():
        if name == "deprived":
            continue
        if name not in indicator.reads:
            found.fault(
                _place(indicator, n),
                "HY-I014",
                f"the expressions do not read `{name}`.",
                f"عبارت‌ها ستون `{name}` را نمی‌خوانند.",
            )
            good = False
        elif value is not None and (
            _kind(value) != KINDS[columns[name].type] or (columns[name].values and value not in columns[name].values)
        ):
            found.fault(
                _place(indicator, n),
                "HY-I014",
                f"`{name}` cannot be {value!r}.",
                f"مقدار `{name}` نمی‌تواند {value!r} باشد.",
            )
            good = False
    return good


def _answers(measure: Measure, examples: list[Mapping[str, Any]]) -> dict[str, list[bool | None]]:
    assert measure.contract is not None
    schema = {c.name: DTYPES[KINDS[c.type]] for c in measure.contract.columns if c.name in measure.columns}
    rows = {name: [_plain(example.get(name), dtype) for example in examples] for name, dtype in schema.items()}
    import pyarrow as pa

    table = ibis.memtable(pa.table({n: pa.array(v, type=ibis.dtype(schema[n]).to_pyarrow()) for n, v in rows.items()}))
    compiled = measure.compile(table).select(*(i.name for i in measure.indicators))
    answers = ibis.duckdb.connect().to_pyarrow(compiled).to_pydict()
    return {name: [None if a is None else bool(a) for a in column] for name, column in answers.items()}


def _plain(value: Any, dtype: str) -> Any:
    return float(value) if value is not None and dtype == "float64" else value
