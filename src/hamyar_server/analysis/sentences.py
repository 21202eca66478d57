"""What is said about a result, for the reader's audience and language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from django.forms.models import model_to_dict
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hamyar import priority
from hamyar.errors import HamyarError
from hamyar_server.analysis.models import AreaResult, IndicatorResult, Round
from hamyar_server.core.templatetags.hamyar import number, pair
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function, holds

DECIDERS = (Function.DECIDE, Function.ANALYSE, Function.VERIFY, Function.AUDIT)


@dataclass(frozen=True)
class Explained:
    """A result with what a page says around it."""

    result: AreaResult
    reason: str
    settling: str
    profile: list[IndicatorResult]
    drawing: SafeString | None
    total: int


def explained(result: AreaResult, actor: Actor) -> Explained:
    from hamyar import figures

    profile = list(result.profile.all())
    rows = frame(result, profile)
    drawn = figures.profile(rows, get_language(), dimensions=dimensions(result.round)) if profile else None
    return Explained(
        result,
        reason(result, rows, audience(actor, result)),
        settling(result),
        profile,
        mark_safe(drawn) if drawn else None,  # nosec B308 B703  # noqa: S308 SVG that the library made
        result.round.results.count(),
    )


def dimensions(kept: Round) -> dict[str, Mapping[str, str]]:
    """Titles of the measure's dimensions; none for an index, or where the measure was a file that lies here no longer."""
    from hamyar.indicators import Measure

    if kept.is_index:
        return {}
    try:
        measure = Measure.load(kept.manifest["round"]["measure"])
    except HamyarError:
        return {}
    return {each.name: each.title for each in measure.dimensions}


def audience(actor: Actor, result: AreaResult) -> str:
    """Deciders and those who check read all; who nominates reads the state and a public category."""
    return "decider" if any(holds(actor, function, result.area) for function in DECIDERS) else "nominator"


def frame(result: AreaResult, profile: list[IndicatorResult]) -> pd.DataFrame:
    return pd.DataFrame([{**model_to_dict(row), "area": result.area.code} for row in profile])


def reason(result: AreaResult, rows: pd.DataFrame, audience: str) -> str:
    if audience == "decider" or rows.empty:
        return pair(result, "reason") if audience == "decider" else ""
    code = result.area.code
    return priority.reasons(rows, audience, tiers={code: result.tier})[code][get_language()]


def settling(result: AreaResult) -> str:
    """What sample would settle an uncertain tier."""
    if result.tier != "uncertain":
        return ""
    if result.is_index:
        return _(
            "An index of census figures has no sample: the tier hangs on the weights. A visit, or a measure of households, would settle it."
        )
    if result.settling_n is None:
        return _("No sample of reasonable size: the place lies too near the edge of the worst fifth.")
    return _("About %(n)s more households asked here.") % {"n": number(result.settling_n)}
