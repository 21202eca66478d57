"""Opens a round's inputs: rows by their contract, areas by their code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from hamyar.errors import error
from hamyar.rounds.document import Input, RoundFile
from hamyar.tables import Table, as_table, read


def opened(given: Input) -> Table:
    """The input's rows that `where` chooses, checked against its contract where it names one. Raises HamyarError HY-R003."""
    label = {"universe": given.universe, "provenance": given.provenance}
    table = read(given.file, given.contract, **label) if given.contract else as_table(given.file, **label)
    require(table.expr.columns, given.where, given)
    expr = table.expr
    for column, value in given.where.items():
        expr = expr.filter(expr[column].isin(value if isinstance(value, list) else [value]))
    return replace(table, expr=expr)


def require(found: Any, wanted: Any, given: Input) -> None:
    """Raises HamyarError HY-R003 for columns that the round names and the file does not have."""
    missing = [column for column in wanted if column not in found]
    if missing:
        raise error(
            "HY-R003",
            file=given.file.name,
            en=f"the round reads columns that are not here: {', '.join(missing)}. There are: {', '.join(list(found)[:40])}. Say in the round file which of them is meant, as in `name: county_name`.",
            fa=f"ستون‌هایی که دور می‌خواند در این پرونده نیست: {'، '.join(missing)}. ستون‌های موجود: {'، '.join(list(found)[:40])}. در پروندهٔ دور بگویید کدام ستون است، مانند «name: county_name».",
        )


@dataclass(frozen=True)
class Areas:
    """frame: by code in order, with name_fa, name_en, population and the file's own columns; whole: the row of the province, if there is one."""

    frame: pd.DataFrame
    whole: pd.Series | None
    rows: int

    @property
    def population(self) -> pd.Series | None:
        """Persons, where every area has a number."""
        people = self.frame["population"]
        return people.astype(float) if people.notna().all() else None

    @property
    def points(self) -> dict[str, tuple[float, float]]:
        """Code → (longitude, latitude), where known."""
        if not {"lat", "lon"} <= set(self.frame.columns):
            return {}
        located = self.frame.dropna(subset=["lat", "lon"])
        return dict(zip(located.index, zip(located["lon"], located["lat"], strict=True), strict=True))

    def called(self, code: str) -> dict[str, str]:
        row = self.frame.loc[code]
        return {"name_fa": str(row["name_fa"]), "name_en": str(row["name_en"])}


def areas_of(given: RoundFile) -> Areas:
    """Raises HamyarError HY-R003 (columns), HY-R004 (an area twice, or none)."""
    source = given.inputs["areas"]
    table = opened(source)
    require(table.expr.columns, [source.code, source.label], source)
    chosen = table.expr.to_pandas()
    chosen.index = pd.Index(chosen[source.code].astype(str), name="area")
    twice = chosen.index[chosen.index.duplicated()]
    if len(twice) or chosen.empty:
        raise error(
            "HY-R004",
            file=source.file.name,
            en=f'the area "{twice[0]}" stands twice. Keep one row.' if len(twice) else "no area is left to rank.",
            fa=f"محدودهٔ «{twice[0]}» دو بار آمده است. یک ردیف نگه دارید."
            if len(twice)
            else "محدوده‌ای برای رتبه‌بندی نمانده است.",
        )
    names = chosen[source.label].astype(str)
    english = chosen["name_en"].where(chosen["name_en"].notna(), names) if "name_en" in chosen else names
    people = chosen[source.population] if source.population in chosen else float("nan")
    frame = chosen.assign(name_fa=names, name_en=english, population=people).sort_index()
    return Areas(frame, _whole(source), len(chosen))


def _whole(source: Input) -> pd.Series | None:
    """The one province in the file, whose figures stand beside those of its areas."""
    expr = as_table(source.file).expr
    if "kind" not in expr.columns:
        return None
    found = expr.filter(expr["kind"] == "province").to_pandas()
    return found.iloc[0] if len(found) == 1 else None
