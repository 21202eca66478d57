"""The record's addresses and three views that forgot the gate: the walk must find each of them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from hamyar_server.intake.models import Candidate
from hamyar_server.organisations.actors import actor_required
from hamyar_server.urls import urlpatterns as real


def everyone(request: HttpRequest) -> HttpResponse:
    return HttpResponse(" ".join(Candidate.objects.values_list("reason", flat=True)))


@actor_required
def everywhere(request: HttpRequest) -> HttpResponse:
    return HttpResponse(" ".join(Candidate.objects.values_list("reason", flat=True)))


@actor_required
def writes(request: HttpRequest, pk: str) -> HttpResponse:
    if request.method == "POST":
        Candidate.objects.filter(pk=pk).update(note="overwritten")
    return HttpResponse("done")


urlpatterns = [
    *real,
    path("leak/everyone/", everyone, name="everyone"),
    path("leak/everywhere/", everywhere, name="everywhere"),
    path("nominations/<uuid:pk>/overwrite/", writes, name="writes"),
]
