"""From where a request comes, for the audit."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponse

origin: ContextVar[str] = ContextVar("origin", default="")


def believing(proxies: str, application: Callable[..., Any]) -> Callable[..., Any]:
    """The application behind proxies (addresses or networks, by comma) whose X-Forwarded-For is believed; nobody else's is."""
    from granian.utils.proxies import wrap_wsgi_with_proxy_headers

    return wrap_wsgi_with_proxy_headers(application, trusted_hosts=proxies) if proxies else application


class OriginMiddleware:
    """Keeps the address for the time of the request. Behind a proxy it is the proxy's, unless HAMYAR_PROXIES names it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reset = origin.set(request.META.get("REMOTE_ADDR") or "")
        try:
            return self.get_response(request)
        finally:
            origin.reset(reset)
