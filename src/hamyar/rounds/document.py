"""ROUND.yaml: what a round takes and what it does, checked fully, every fault with its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from hamyar.errors import error
from hamyar.indicators.document import Document, read
from hamyar.priority import AUDIENCES
from hamyar.survey import Design
from hamyar.tables import CONTRACTS
from hamyar.tables.contracts import PROVENANCES, UNIVERSES

_KEYS = {
    "name": True,
    "title": True,
    "date": True,
    "seed": True,
    "inputs": True,
    "audience": False,
    "boundaries": False,
    "part_of": False,
    "area": False,
    "measure": False,
    "design": False,
    "model": False,
    "area_index": False,
}
_INPUT_KEYS = {"file": True, "universe": True, "provenance": True, "contract": False, "where": False}
_AREA_KEYS = _INPUT_KEYS | {"code": False, "name": False, "population": False}
INPUTS = ("areas", "sample", "households")


@dataclass(frozen=True)
class Input:
    """One file of rows. where: column → the value that the rows used have; code, label, population: columns of the areas' file."""

    name: str
    file: Path
    universe: str
    provenance: str
    contract: str | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    code: str = "code"
    label: str = "name"
    population: str = "population"


@dataclass(frozen=True)
class RoundFile:
    """A checked ROUND.yaml. body: its plain values; area: the column of the sample that holds the area's code."""

    file: Path
    body: dict[str, Any]
    inputs: dict[str, Input]
    area: str
    design: Design
    covariates: tuple[str, ...] | None

    @property
    def day(self) -> date:
        return date.fromisoformat(self.body["date"])

    @property
    def seed(self) -> int:
        return int(self.body["seed"])

    @property
    def audience(self) -> str:
        return str(self.body.get("audience", "decider"))

    @property
    def rated(self) -> Input | None:
        """The households that rates are taken from: the sample, else a full count."""
        return self.inputs.get("sample") or self.inputs.get("households")

    def beside(self, file: str) -> Path:
        return self.file.parent / file

    @property
    def measure(self) -> str | Path:
        """A shipped measure's name, or a file."""
        source = str(self.body["measure"])
        return self.beside(source) if source.endswith((".yaml", ".yml")) else source

    @property
    def boundaries(self) -> Path | None:
        return self.beside(self.body["boundaries"]) if "boundaries" in self.body else None

    @property
    def part_of(self) -> dict[str, str]:
        """Area of today → the area it was part of when the figures were taken."""
        return {str(code): str(whole) for code, whole in self.body.get("part_of", {}).get("areas", {}).items()}

    def files(self) -> dict[str, Path]:
        """Every file that the round reads, by name; first its own."""
        found = {"round": self.file} | {name: each.file for name, each in self.inputs.items()}
        if isinstance(self.body.get("measure"), str) and isinstance(self.measure, Path):
            found["measure"] = self.measure
        return found | ({"boundaries": self.boundaries} if self.boundaries else {})


def load(file: Path) -> RoundFile:
    """Raises HamyarError HY-R001 for a file that is not there, HY-R002 with every fault in it."""
    if not file.is_file():
        raise error(
            "HY-R001",
            file=str(file),
            en="there is no such round file. Check the path.",
            fa="چنین پروندهٔ دوری نیست. نشانی را بررسی کنید.",
        )
    found = read(file.read_text("utf-8-sig"), file.name)
    body = found.value
    _keys(found, body, (), _KEYS)
    _head(found, body)
    _method(found, body)
    inputs = {name: _input(found, file, name, given) for name, given in _mapping(found, body, "inputs").items()}
    _files(found, body)
    found.raise_if_any()
    body["date"] = body["date"].isoformat()
    rated = inputs.get("sample") or inputs.get("households")
    design = Design(**body.get("design", {}), universe=rated.universe if rated and "measure" in body else "census")
    covariates = tuple(body["model"]["fay_herriot"]["covariates"]) if "model" in body else None
    return RoundFile(file, body, inputs, str(body.get("area", "")), design, covariates)


def _bad(found: Document, path: tuple[Any, ...], en: str, fa: str) -> None:
    found.fault(path, "HY-R002", en, fa)


def _keys(found: Document, body: Mapping[Any, Any], path: tuple[Any, ...], known: Mapping[str, bool]) -> None:
    listed = ", ".join(known)
    for key in body:
        if key not in known:
            _bad(
                found,
                (*path, key),
                f"`{key}` is not known here. Known: {listed}.",
                f"«{key}» اینجا شناخته نیست. شناخته‌ها: {listed}.",
            )
    for key, required in known.items():
        if required and body.get(key) is None:
            _bad(found, path, f"`{key}` is missing. Add it.", f"«{key}» نیامده است. آن را بیفزایید.")


def _mapping(found: Document, body: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = body.get(key)
    if value is None or (isinstance(value, dict) and value):
        return value or {}
    _bad(found, (key,), f"`{key}` must hold names and values.", f"«{key}» باید نام و مقدار داشته باشد.")
    return {}


def _head(found: Document, body: dict[str, Any]) -> None:
    title, day, seed = body.get("title"), body.get("date"), body.get("seed")
    if title is not None and not (isinstance(title, dict) and all(isinstance(title.get(k), str) for k in ("fa", "en"))):
        _bad(found, ("title",), "give the title in fa and en.", "عنوان را به fa و en بدهید.")
    if day is not None and (not isinstance(day, date) or isinstance(day, datetime) or day.year < 1700):
        _bad(
            found,
            ("date",),
            f"{day} is no ISO date. Write for example 2026-10-23.",
            f"{day} تاریخ ISO نیست. برای نمونه بنویسید 2026-10-23.",
        )
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or seed < 0):
        _bad(found, ("seed",), "the seed is a whole number from 0.", "بذر عددی صحیح از صفر به بالاست.")
    if body.get("audience", "decider") not in AUDIENCES:
        listed = ", ".join(AUDIENCES)
        _bad(found, ("audience",), f"the audience is one of {listed}.", f"مخاطب یکی از این‌هاست: {listed}.")


def _method(found: Document, body: dict[str, Any]) -> None:
    """Either measure (with area, design, model) or area_index."""
    if ("measure" in body) == ("area_index" in body):
        _bad(found, (), "give either `measure` or `area_index`.", "یکی از «measure» یا «area_index» را بدهید.")
        return
    if "area_index" in body:
        index = _mapping(found, body, "area_index")
        _keys(found, index, ("area_index",), {"indicators": True, "weights": False, "titles": False})
        for key in ("area", "design", "model"):
            if key in body:
                _bad(found, (key,), f"`{key}` belongs to a measure.", f"«{key}» از آن دورِ دارای شاخص (measure) است.")
        return
    if not isinstance(body.get("area"), str):
        _bad(
            found,
            ("area",),
            "name the column of the households that holds the area's code.",
            "ستونی از خانوارها را نام ببرید که کد محدوده در آن است.",
        )
    _keys(found, _mapping(found, body, "design"), ("design",), {"weight": False, "strata": False, "psu": False})
    model = _mapping(found, body, "model")
    _keys(found, model, ("model",), {"fay_herriot": True} if "model" in body else {})
    names = (model.get("fay_herriot") or {}).get("covariates") if "fay_herriot" in model else []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        _bad(
            found,
            ("model",),
            "give fay_herriot: {covariates: [columns of the areas]}.",
            "بنویسید fay_herriot: {covariates: [ستون‌های محدوده‌ها]}.",
        )


def _input(found: Document, file: Path, name: str, given: Any) -> Input:
    path = ("inputs", name)
    if name not in INPUTS:
        listed = ", ".join(INPUTS)
        _bad(found, path, f"an input is one of {listed}.", f"ورودی یکی از این‌هاست: {listed}.")
    given = given if isinstance(given, dict) else {}
    _keys(found, given, path, _AREA_KEYS if name == "areas" else _INPUT_KEYS)
    choices = {"universe": UNIVERSES, "provenance": PROVENANCES, "contract": tuple(CONTRACTS)}
    for key, allowed in choices.items():
        if given.get(key) is not None and given[key] not in allowed:
            listed = ", ".join(allowed)
            _bad(found, (*path, key), f"`{key}` is one of {listed}.", f"«{key}» یکی از این‌هاست: {listed}.")
    if not isinstance(given.get("where", {}), dict):
        _bad(found, (*path, "where"), "`where` holds column: value.", "«where» ستون: مقدار دارد.")
    _relative(found, (*path, "file"), given.get("file"))
    return Input(
        name,
        file.parent / str(given.get("file")),
        str(given.get("universe")),
        str(given.get("provenance")),
        given.get("contract"),
        given.get("where", {}),
        str(given.get("code", "code")),
        str(given.get("name", "name")),
        str(given.get("population", "population")),
    )


def _files(found: Document, body: dict[str, Any]) -> None:
    inputs = body.get("inputs")
    if isinstance(inputs, dict) and "areas" not in inputs:
        _bad(found, ("inputs",), "the areas are missing: give `areas`.", "محدوده‌ها نیامده‌اند: «areas» را بدهید.")
    if "measure" in body and isinstance(inputs, dict) and not {"sample", "households"} & set(inputs):
        _bad(
            found,
            ("inputs",),
            "a measure needs `sample`, or `households` of a census.",
            "شاخص به «sample» یا «households» سرشماری نیاز دارد.",
        )
    _relative(found, ("boundaries",), body.get("boundaries", ""))
    part = _mapping(found, body, "part_of")
    _keys(found, part, ("part_of",), {"year": True, "areas": True} if "part_of" in body else {})
    if part and not isinstance(part.get("areas"), dict):
        _bad(found, ("part_of",), "`areas` holds code: code of the whole.", "«areas» کد: کدِ کل دارد.")


def _relative(found: Document, path: tuple[Any, ...], file: Any) -> None:
    """A path relative to the round file, so that a manifest names no machine."""
    if file is not None and (not isinstance(file, str) or PurePosixPath(file).is_absolute()):
        _bad(
            found,
            path,
            f"{file!r}: give a path relative to the round file.",
            f"{file!r}: نشانی را نسبت به خود پروندهٔ دور بدهید.",
        )
