"""What a reader prefers: the language and the calendar, kept in two cookies."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation

import hamyar
from hamyar.persian.calendars import CALENDARS

LANGUAGES = {"fa": "فارسی", "en": "English"}
YEAR = 365 * 24 * 3600
calendar: ContextVar[str] = ContextVar("calendar", default="jalali")

GetResponse = Callable[[HttpRequest], HttpResponse]


def keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR, samesite="Lax", httponly=True)


class PreferencesMiddleware:
    """Persian and Jalali unless the reader's cookies say otherwise; `?language=en` changes the language and keeps the page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.GET.get("language") in LANGUAGES:
            return switched(request)
        language = request.COOKIES.get("language")
        chosen = request.COOKIES.get("calendar")
        reset = calendar.set(chosen if chosen in CALENDARS else "jalali")
        try:
            with translation.override(language if language in LANGUAGES else settings.LANGUAGE_CODE):
                response = self.get_response(request)
                response.headers.setdefault("Content-Language", translation.get_language())
                return response
        finally:
            calendar.reset(reset)


def switched(request: HttpRequest) -> HttpResponse:
    """The same page again, in the language that was asked for."""
    rest = request.GET.copy()
    language = rest.pop("language")[-1]
    path = "/" + request.path.lstrip("/")  # never `//elsewhere`
    response = HttpResponseRedirect(f"{path}?{rest.urlencode()}" if rest else path)
    keep(response, "language", language)
    return response


def context(request: HttpRequest) -> dict[str, Any]:
    """What every template may use."""
    language = translation.get_language()
    here = request.GET.copy()
    here["language"] = "en" if language == "fa" else "fa"
    return {
        "language": language,
        "direction": "rtl" if translation.get_language_bidi() else "ltr",
        "calendar": calendar.get(),
        "other_language": here["language"],
        "other_language_name": LANGUAGES[here["language"]],
        "other_language_url": f"?{here.urlencode()}",
        "version": hamyar.__version__,
        "demonstration": settings.DEMONSTRATION,
    }
