"""What a round gives: one row per area, one per area and indicator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

Text = Mapping[str, str]

AREAS = {
    "area": "text",
    "name_fa": "text",
    "name_en": "text",
    "estimate": "number",
    "se": "number",
    "low": "number",
    "high": "number",
    "n": "whole",
    "estimate_kind": "text",
    "population": "whole",
    "people": "number",
    "people_low": "number",
    "people_high": "number",
    "p_worst": "number",
    "tier": "text",
    "rank": "whole",
    "rank_low": "whole",
    "rank_high": "whole",
    "p_worst_people": "number",
    "tier_people": "text",
    "rank_people": "whole",
    "rank_people_low": "whole",
    "rank_people_high": "whole",
    "settling_n": "whole",
    "reason_fa": "text",
    "reason_en": "text",
    "universe": "text",
    "provenance": "text",
}
PROFILE = {
    "area": "text",
    "indicator": "text",
    "title_fa": "text",
    "title_en": "text",
    "dimension": "text",
    "estimate": "number",
    "se": "number",
    "low": "number",
    "high": "number",
    "n": "whole",
    "contribution": "number",
    "province_estimate": "number",
    "universe": "text",
    "provenance": "text",
}


@dataclass(frozen=True)
class Results:
    """areas, profile: frames with the columns above; rules: measure or index in force; method, notes: sentences {fa, en};
    not_ranked: code → why, {fa, en, name_fa, name_en}; rows: input → how many were used."""

    areas: pd.DataFrame
    profile: pd.DataFrame
    rules: dict[str, Any]
    method: list[Text]
    notes: list[Text]
    not_ranked: dict[str, dict[str, str]]
    rows: dict[str, int] = field(default_factory=dict)
