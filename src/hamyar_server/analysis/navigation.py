"""What stands at the head of every page, by what the actor may do."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from hamyar_server.organisations.mandates import Function, functions_of
from hamyar_server.registry.models import WITH_PEOPLE

ENTRIES = (
    ("analysis:home", _("Home"), frozenset(Function)),
    ("programmes:places", _("Places"), frozenset({Function.DECIDE, Function.DELIVER, Function.ANALYSE})),
    ("registry:households", _("People and households"), frozenset(WITH_PEOPLE)),
    ("intake:list", _("Nominations"), frozenset({Function.NOMINATE, Function.VERIFY, Function.DECIDE})),
    ("analysis:rounds", _("Rounds"), frozenset(Function)),
    ("organisations:list", _("Organisations"), frozenset(Function)),
    ("admin:index", _("Back office"), frozenset({Function.ADMINISTER})),
    ("registry:audit", _("Audit"), frozenset({Function.AUDIT})),
)


def context(request: HttpRequest) -> dict[str, Any]:
    """The entries for whoever acts; none before that."""
    actor = getattr(request, "actor", None)
    held = functions_of(actor) if actor else frozenset()
    found = []
    for name, label, functions in ENTRIES:
        if not held & functions:
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        found.append({"url": url, "label": label, "here": here(request.path, url)})
    return {"navigation": found}


def here(path: str, url: str) -> bool:
    return path == url or (url != "/" and path.startswith(url))
