"""The joint list: places that were nominated and places that the figures suggest, each once."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from hamyar_server.analysis.models import AreaResult, Kind, Round, Tier
from hamyar_server.areas.models import PLACES, Area
from hamyar_server.intake.models import OPEN, Candidate
from hamyar_server.organisations.actors import Actor

SUGGESTED = (Tier.SURELY_IN, Tier.UNCERTAIN)


def joint(actor: Actor, *, which: str = "") -> QuerySet[AreaResult]:
    """Results of places in the actor's area that were nominated (open) or that the newest round does not rule out.

    which: "nominated", "suggested", "both" or "" for all of them.
    """
    newest = Round.objects.current(actor).filter(kind=Kind.INDEX)
    nominated = Exists(Candidate.objects.filter(area=OuterRef("area"), state__in=OPEN))
    found = AreaResult.objects.filter(round__in=newest, kind__in=PLACES).visible_to(actor).annotate(nominated=nominated)
    wanted = {
        "nominated": Q(nominated=True),
        "suggested": Q(tier=Tier.SURELY_IN, nominated=False),
        "both": Q(tier=Tier.SURELY_IN, nominated=True),
    }
    return found.filter(wanted.get(which, Q(nominated=True) | Q(tier__in=SUGGESTED))).select_related(
        "area__parent", "round"
    )


def without_figures(actor: Actor) -> QuerySet[Candidate]:
    """Nominated places that the newest round says nothing of: they must not be lost from the list."""
    newest = Round.objects.current(actor).filter(kind=Kind.INDEX)
    known = AreaResult.objects.filter(round__in=newest, area=OuterRef("area"))
    return Candidate.objects.visible_to(actor).open().filter(~Exists(known)).with_story().order_by("decide_by", "id")


def open_candidates(areas: list[Area]) -> dict[object, list[Candidate]]:
    found: dict[object, list[Candidate]] = {}
    for candidate in Candidate.objects.filter(area__in=areas, state__in=OPEN).with_story().order_by("decide_by", "id"):
        found.setdefault(candidate.area_id, []).append(candidate)
    return found
