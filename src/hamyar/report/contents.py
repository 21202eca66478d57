"""What a report says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal

import pandas as pd

from hamyar.figures import TIERS
from hamyar.persian.numbers import absent

Text = Mapping[str, str]
LANGUAGES = ("fa", "en")


@dataclass(frozen=True)
class Contents:
    """What a report says.

    title, method, notes: texts {"fa", "en"}; date: of the rules in force; kind: "measure" (rates from 0 to 1, people, tiers
    from a sample or a model) or "index" (scores from 0 to 100, tiers over weightings and normalisations).
    areas: a row per area with area (code), name_fa, name_en, estimate, low, high, n, estimate_kind, people, people_low,
    people_high, p_worst, tier, tier_people, rank, rank_low, rank_high, settling_n, reason_fa, reason_en, universe, provenance;
    profile: a row per area and indicator as `figures.profile` reads it. boundaries: code → polygon; points: code → (lon, lat),
    for a schematic map where there is no boundary. hatched: code → {"fa", "en", "name_fa", "name_en"}, areas of the map that
    have no rank and why; they never stand in the table, even where `areas` holds them.
    inputs: name, file, sha256, rows, universe, provenance of each; versions: package → version.
    """

    title: Text
    date: date
    kind: Literal["measure", "index"]
    areas: pd.DataFrame
    seed: int
    inputs: Sequence[Mapping[str, Any]]
    versions: Mapping[str, str]
    method: Sequence[Text]
    notes: Sequence[Text] = ()
    profile: pd.DataFrame = field(default_factory=pd.DataFrame)
    boundaries: Mapping[str, Any] = field(default_factory=dict)
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    hatched: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_index(self) -> bool:
        return self.kind == "index"

    @cached_property
    def ranked(self) -> pd.DataFrame:
        """The areas that have a tier, the worst first."""
        known = self.areas["tier"].isin(list(TIERS)) & ~self.areas["area"].isin(list(self.hatched))
        return self.areas[known].sort_values(["rank", "area"])

    def unranked(self) -> Iterator[tuple[str, Mapping[str, str] | None]]:
        """Code and reason of every area without a rank; None where nothing was said."""
        yield from self.hatched.items()
        ranked = set(self.ranked["area"])
        yield from ((code, None) for code in self.areas["area"] if code not in ranked and code not in self.hatched)

    @cached_property
    def names(self) -> dict[str, dict[str, str]]:
        """Code → name in both languages, the other one where one is missing."""
        rows = self.areas
        pairs = {c: (fa, en) for c, fa, en in zip(rows["area"], rows["name_fa"], rows["name_en"], strict=True)}
        for code, why in self.hatched.items():
            if "name_fa" in why or "name_en" in why:
                pairs[code] = (why.get("name_fa"), why.get("name_en"))
        return {code: _pair(code, fa, en) for code, (fa, en) in pairs.items()}

    def holds(self, column: str, value: str) -> bool:
        """Whether an area or an input says so of itself."""
        return value in set(self.areas[column]) or any(given.get(column) == value for given in self.inputs)


def _pair(code: str, fa: Any, en: Any) -> dict[str, str]:
    fa, en = (None if absent(name) else str(name) for name in (fa, en))
    return {"fa": fa or en or code, "en": en or fa or code}
