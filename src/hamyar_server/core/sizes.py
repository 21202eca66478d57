"""How large a request may be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

LARGEST = 210 * 1000 * 1000  # bytes; Django writes a body to disk before any view can refuse it


def limited(served: Any, largest: int = LARGEST) -> Any:
    """The same WSGI application for requests of a size that it may take; 413 for a longer one. Of a body without a length nothing is read."""

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > largest:
            start_response("413 Content Too Large", [("Content-Length", "0"), ("Connection", "close")])
            return []
        answer: Iterable[bytes] = served(environ, start_response)
        return answer

    return application
