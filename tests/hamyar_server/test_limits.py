"""What comes in has a size, and what goes out runs nothing."""

from __future__ import annotations

import asyncio

import pyarrow as pa
import pytest

from hamyar_server.analysis.exports import harmless
from hamyar_server.core.sizes import limited


def answered(headers, bodies):
    """Status and what the record was given of a request of these bodies, which reads all of it."""
    sent, given = [], []

    async def served(scope, receive, send):
        while True:
            message = await receive()
            given.append(message["type"])
            if message["type"] == "http.disconnect":
                return
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})

    waiting = [{"type": "http.request", "body": body, "more_body": True} for body in bodies]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(limited(served, largest=10)({"type": "http", "headers": headers}, receive, send))
    return sent[0]["status"], given


@pytest.mark.parametrize(
    ("headers", "bodies", "status", "last"),
    [
        ([(b"content-length", b"10")], [b"0123456789"], 200, "http.request"),
        ([(b"content-length", b"11")], [b"01234567890"], 413, None),
        ([(b"content-length", b"-1")], [], 413, None),
        ([], [b"01234", b"56789"], 200, "http.request"),
        ([], [b"01234", b"56789", b"0"], 413, "http.disconnect"),
    ],
)
def test_a_body_that_is_too_large_never_reaches_the_disk(headers, bodies, status, last):
    found, given = answered(headers, bodies)
    assert (found, given[-1] if given else None) == (status, last)


def test_no_text_of_a_table_that_is_given_out_is_a_formula():
    table = pa.table({"name": ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "زاوه", None], "estimate": [-1.0] * 6})
    safe = harmless(table)
    assert safe["name"].to_pylist() == ["'=cmd|' /C calc'!A0", "'+1", "'-1", "'@x", "زاوه", None]
    assert safe["estimate"].to_pylist() == [-1.0] * 6
