"""Pages of results: home, a place, the rounds, a round. Every number leads to the round that made it."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language

from hamyar.persian import latin_digits
from hamyar_server.analysis import drawings, sentences
from hamyar_server.analysis.exports import as_csv, files
from hamyar_server.analysis.models import AreaResult, AreaResultQuerySet, Kind, Round, Tier
from hamyar_server.areas.models import Area
from hamyar_server.core.paging import page
from hamyar_server.intake.models import Candidate
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import actor_required

BY_RATE, BY_PEOPLE = ("rank", "id"), ("rank_people", "id")
WORST = 8
FOUND = 30
PARTS = ("county", "district", "rural_district", "city")  # shown as parts of a place; what lies in them as places
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:; sandbox"


@actor_required
def home(request: HttpRequest) -> HttpResponse:
    """What waits for the reader; where it is worst, by rate and by number, how sure, and what the newest rounds used."""
    found = [section(request, kept) for kept in Round.objects.current(request.actor).order_by("-kind")]
    shown = [each for each in found if each["counts"]["total"]]
    waiting = Candidate.objects.waiting_for(request.actor)
    counts = {"waiting": waiting.count(), "overdue": waiting.past_due().count()}
    return render(request, "analysis/home.html", {"sections": shown, "area": request.actor.area} | counts)


def section(request: HttpRequest, kept: Round) -> dict[str, Any]:
    """One round on the home page."""
    results = kept.results.visible_to(request.actor).with_places()
    by_rate, by_people = list(results.order_by(*BY_RATE)[:WORST]), list(most_people(kept, results)[:WORST])
    return {
        "round": kept,
        "counts": results.by_tier(),
        "by_rate": by_rate,
        "by_people": by_people,
        "top_rate": drawings.top(by_rate, "high", "estimate"),
        "top_people": drawings.top(by_people, "people_high", "people"),
        "map": drawings.tier_map(kept, results),
    }


def most_people(kept: Round, results: AreaResultQuerySet) -> AreaResultQuerySet:
    """By the estimated number of people; an index estimates none, so the largest of the places that are surely in."""
    return (
        results.filter(tier=Tier.SURELY_IN).order_by("-population", "id")
        if kept.is_index
        else results.order_by(*BY_PEOPLE)
    )


@actor_required
def search(request: HttpRequest) -> HttpResponse:
    """Places whose name or code begins with what was typed, in any spelling and any digits."""
    q = request.GET.get("q", "").strip()
    found = list(begins(visible_areas(request), q)[: FOUND + 1]) if q else []
    return render(request, "analysis/search.html", {"q": q, "found": found[:FOUND], "more": len(found) > FOUND})


def begins(areas: QuerySet[Area], q: str) -> QuerySet[Area]:
    code = latin_digits(q)
    found = areas.filter(code__startswith=code) if code.isdecimal() else areas.named(q)
    return found.select_related("parent").order_by("key", "code")


def visible_areas(request: HttpRequest) -> QuerySet[Area]:
    return Area.objects.filter(mandates.inside(request.actor))


@actor_required
def place(request: HttpRequest, code: str) -> HttpResponse:
    """One place: where it lies, what is known of it and how surely, why, and what lies in it."""
    area = get_object_or_404(Area.objects.select_related("parent"), code=latin_digits(code))
    visible = visible_areas(request)
    if not visible.filter(pk=area.pk).exists():
        raise PermissionDenied
    current = AreaResult.objects.current(request.actor).with_places()
    own = [sentences.explained(result, request.actor) for result in current.filter(area=area).order_by("round__kind")]
    above = list(Area.objects.above(area))
    inside = current.below(area.path).exclude(area=area)
    places = page(inside.filter(round__kind=Kind.INDEX), BY_RATE, request.GET.get("after"), size=25)
    context = {
        "area": area,
        "ancestors": [{"area": each, "visible": visible.filter(pk=each.pk).exists()} for each in above],
        "results": own,
        "around": None if own and not own[0].result.is_index else nearest(current, above),
        "parts": parts(area, inside),
        "places": places,
        "top": drawings.top(places.rows, "high", "estimate"),
        "without": without_result(area, inside),
    }
    return render(request, "analysis/place.html", context)


def nearest(current: QuerySet[AreaResult], above: list[Area]) -> AreaResult | None:
    """The rate of the lowest of these areas that has one."""
    rates = {result.area_id: result for result in current.filter(area__in=above, round__kind=Kind.MEASURE)}
    return next((rates[area.pk] for area in reversed(above) if area.pk in rates), None)


def parts(area: Area, inside: QuerySet[AreaResult]) -> list[dict[str, Any]]:
    """Its direct subdivisions, the worst first, with their results."""
    results = {result.area_id: result for result in inside.filter(area__parent=area, kind__in=PARTS)}
    children = area.children.filter(kind__in=PARTS).order_by("code")
    found = [{"area": child, "result": results.get(child.pk)} for child in children]
    return sorted(found, key=lambda part: part["result"].rank if part["result"] else len(results) + 1)


def without_result(area: Area, inside: QuerySet[AreaResult]) -> int:
    """How many villages and neighbourhoods in it the index says nothing about."""
    small = Area.objects.subtree(area).exclude(pk=area.pk).exclude(kind__in=PARTS)
    return small.count() - inside.filter(round__kind=Kind.INDEX).exclude(kind__in=PARTS).count()


@actor_required
def rounds(request: HttpRequest) -> HttpResponse:
    """How numbers are made, and the rounds that were kept."""
    kept = page(Round.objects.visible_to(request.actor), ("-date", "-kept_at", "id"), request.GET.get("after"), size=25)
    return render(request, "analysis/rounds.html", {"page": kept})


@actor_required
def round_page(request: HttpRequest, pk: str) -> HttpResponse:
    """What a round was made from and how, and its results in order."""
    kept = get_object_or_404(Round.objects.visible_to(request.actor), pk=pk)
    by_people = request.GET.get("order") == "people" and not kept.is_index
    results = kept.results.visible_to(request.actor).with_places()
    found = page(results, BY_PEOPLE if by_people else BY_RATE, request.GET.get("after"), size=50)
    context = {
        "round": kept,
        "counts": results.by_tier(),
        "method": [sentence[get_language()] for sentence in kept.manifest["method"]],
        "by_people": by_people,
        "keep": "order=people&" if by_people else "",
        "page": found,
        "top": drawings.top(found.rows, "high", "estimate"),
        "files": files(kept) if sees_whole(request, kept) else [],
        "manifest": json.dumps(kept.manifest, ensure_ascii=False, indent=1),
    }
    return render(request, "analysis/round.html", context)


def sees_whole(request: HttpRequest, kept: Round) -> bool:
    """Whether every area of the round lies in the actor's own."""
    return visible_areas(request).filter(pk=kept.area_id).exists()


@actor_required
def download(request: HttpRequest, pk: str, file: str) -> HttpResponse | FileResponse:
    """A result of the round as a file; never the snapshot or its households."""
    kept = get_object_or_404(Round.objects.visible_to(request.actor), pk=pk)
    if file not in files(kept):
        raise Http404
    if not sees_whole(request, kept):
        raise PermissionDenied
    if file.endswith(".csv"):
        return as_csv(kept, file)
    answer = FileResponse((kept.folder / file).open("rb"), as_attachment=file != "report.html", filename=file)
    if file == "report.html":
        answer.headers["Content-Security-Policy"] = REPORT_POLICY
    return answer
