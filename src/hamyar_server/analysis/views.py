from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "analysis/home.html")


def rounds(request: HttpRequest) -> HttpResponse:
    return render(request, "analysis/rounds.html")
