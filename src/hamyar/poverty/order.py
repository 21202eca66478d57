"""The order of many incomes, without the cost of an indirect sort."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hamyar.survey.variance import Floats, Ints

_FEW, _PASSES = 100_000, 12  # rows below which an indirect sort is as fast; repairs before giving up


def ascending(y: Floats) -> tuple[Ints, Floats]:
    """(rows,) places of the values in ascending order, which of equal ones comes first being unsaid; the values in it."""
    keys = _sorted_keys(y)
    if keys is not None:
        order, found = keys.view(np.int64), np.empty_like(y)
        for part in _parts(len(y)):
            np.take(y, order[part], out=found[part], mode="clip")
        if _repaired(found, order):
            return order, found
    order = np.argsort(y)
    return order, y[order]


def together(y: Floats, w: Floats, other: NDArray[Any] | None) -> tuple[Floats, Floats, NDArray[Any] | None]:
    """Values in ascending order, and two more columns in the order of these, where the order itself is not needed."""
    keys = _sorted_keys(y)
    if keys is not None:
        found, of_other = np.empty_like(y), None if other is None else np.empty_like(other)
        carried = keys.view(np.float64)  # takes the place of the order, part by part: fresh memory costs the most
        for part in _parts(len(y)):
            order = keys[part].astype(np.int64)
            np.take(y, order, out=found[part], mode="clip")
            np.take(w, order, out=carried[part], mode="clip")
            if other is not None and of_other is not None:
                np.take(other, order, out=of_other[part], mode="clip")
        if _repaired(found, carried, *([] if of_other is None else [of_other])):
            return found, carried, of_other
    order = np.argsort(y)
    return y[order], w[order], None if other is None else other[order]


def _sorted_keys(y: Floats) -> NDArray[np.uint64] | None:
    """(rows,) places of the values, ascending but for neighbours that are nearly alike; None where that saves nothing.

    The bits of a float that is not negative sort as an integer does. As values differ in some of their bits alone, the
    others, and the last ones, are given up for the row's number, so that a direct sort of integers, more than twice as
    fast, carries the place along.
    """
    bits = int(len(y) - 1).bit_length()
    if len(y) < _FEW or bits > 28 or not y.min() >= 0:
        return None
    least, most = (np.array(edge + 0.0).view(np.uint64) for edge in (y.min(), y.max()))
    last, spare = np.uint64((1 << bits) - 1), np.uint64(64 - int(most - least).bit_length())
    keys = np.empty(len(y), dtype=np.uint64)
    for part in _parts(len(y)):
        key = keys[part]
        np.subtract((y[part] + 0.0).view(np.uint64), least, out=key)  # no negative zero
        key <<= spare
        key &= ~last
        key |= np.arange(part.start, part.start + len(key), dtype=np.uint64)
    keys.sort()
    for part in _parts(len(y)):
        keys[part] &= last
    return keys


def _repaired(found: Floats, *others: NDArray[Any]) -> bool:
    """Puts neighbours in the wrong order right, in all columns; False where there are too many."""
    for _ in range(_PASSES):
        wrong = np.flatnonzero(found[1:] < found[:-1])
        if not len(wrong):
            return True
        apart = wrong[np.diff(wrong, prepend=-2) > 1]
        for values in (found, *others):
            values[apart], values[apart + 1] = values[apart + 1], values[apart]
    return False


def _parts(rows: int) -> Iterator[slice]:
    """Rows in parts that stay near the processor."""
    return (slice(start, min(start + _FEW, rows)) for start in range(0, rows, _FEW))
