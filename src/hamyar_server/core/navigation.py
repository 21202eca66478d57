"""What stands at the head of every page."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

ENTRIES = (
    ("analysis:home", _("Home")),
    ("programmes:places", _("Places")),
    ("intake:list", _("Nominations")),
    ("analysis:rounds", _("Rounds")),
)


def entries(request: HttpRequest) -> list[dict[str, object]]:
    found = []
    for name, label in ENTRIES:
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        here = request.path == url or (url != "/" and request.path.startswith(url))
        found.append({"url": url, "label": label, "here": here})
    return found
