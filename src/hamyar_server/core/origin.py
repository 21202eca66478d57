"""From where a request comes, for the audit."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

origin: ContextVar[str] = ContextVar("origin", default="")


class OriginMiddleware:
    """Keeps the address for the time of the request. Behind a proxy the server that runs us must set REMOTE_ADDR."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reset = origin.set(request.META.get("REMOTE_ADDR") or "")
        try:
            return self.get_response(request)
        finally:
            origin.reset(reset)
