"""Identifiers, made before a row is inserted and ordered by time."""

from __future__ import annotations

import os
import time
import uuid

_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
_RANDOM = 20  # hexadecimal digits of each


def uuid7() -> uuid.UUID:
    """A UUID of version 7: 48 bits of milliseconds, then random. Source: RFC 9562, 5.7."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return uuid.UUID(int=value & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62)


def uuid7s(count: int) -> list[str]:
    """As many of them, ascending, as 32 hexadecimal digits each, for rows that are made by the thousand: an index takes what ascends at its end."""
    moment, drawn = f"{time.time_ns() // 1_000_000:012x}7", os.urandom(count * _RANDOM // 2).hex()
    return sorted(
        f"{moment}{drawn[at : at + 3]}{_VARIANT[drawn[at + 3]]}{drawn[at + 4 : at + 19]}"
        for at in range(0, count * _RANDOM, _RANDOM)
    )
