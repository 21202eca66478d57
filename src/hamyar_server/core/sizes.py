"""How large a request may be."""

from __future__ import annotations

from typing import Any

LARGEST = 100 * 1024 * 1024  # bytes; Django writes a body to disk before any view can refuse it


def limited(served: Any, largest: int = LARGEST) -> Any:
    """The same ASGI application for requests of a size that it may take; a longer one gets 413, whether it says its length or not."""

    async def refuse(send: Any) -> None:
        await send({"type": "http.response.start", "status": 413, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def application(scope: Any, receive: Any, send: Any) -> None:
        length = dict(scope.get("headers") or []).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > largest:
            await refuse(send)
            return
        taken = 0

        async def counted() -> Any:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return message if taken <= largest else {"type": "http.disconnect"}

        await served(scope, counted, send)
        if taken > largest:  # Django answers nothing to whoever left
            await refuse(send)

    return application
