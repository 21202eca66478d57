"""Pages by key: the database walks its index from the last row shown, however far the reader goes."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core import signing
from django.core.exceptions import SuspiciousOperation
from django.db.models import F, Model, OrderBy, Q, QuerySet

Row = TypeVar("Row", bound=Model)
SALT = "hamyar.page"


@dataclass(frozen=True)
class Page(Generic[Row]):
    """rows: at most `size`; next, previous: tokens for `after`, or None at an end."""

    rows: list[Row]
    next: str | None
    previous: str | None

    def __iter__(self) -> Any:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def page(queryset: QuerySet[Row], order: Sequence[str], after: str | None = None, size: int = 50) -> Page[Row]:
    """The `size` rows that follow the token in `order` (field names, "-" for descending; the last one unique; nulls come last).

    Raises SuspiciousOperation (400) for a token that was changed or belongs to another order.
    """
    backward, position = _read(after, order) if after else (False, None)
    rows = queryset.order_by(*(_ordering(name, backward) for name in order))
    if position is not None:
        rows = rows.filter(_beyond(order, position, backward))
    found = list(rows[: size + 1])
    more, found = len(found) > size, found[:size]
    if backward:
        found.reverse()
    before, behind = (more, True) if backward else (position is not None, more)
    return Page(
        found,
        next=_token(found[-1], order, False) if behind and found else None,
        previous=_token(found[0], order, True) if before and found else None,
    )


def _field(name: str) -> tuple[str, bool]:
    return name.removeprefix("-"), name.startswith("-")


def _ordering(name: str, backward: bool) -> OrderBy:
    field, descending = _field(name)
    nulls: dict[str, bool] = {"nulls_first": True} if backward else {"nulls_last": True}
    return OrderBy(F(field), descending=descending != backward, **nulls)


def _beyond(order: Sequence[str], position: Sequence[Any], backward: bool) -> Q:
    """Rows past the position: equal in the first k fields and past it in the next, for any k."""
    equal = Q()
    past = []
    for name, value in zip(order, position, strict=True):
        past.append(equal & _past(name, value, backward))
        equal &= Q(**{f"{_field(name)[0]}__isnull": True}) if value is None else Q(**{_field(name)[0]: value})
    return functools.reduce(operator.or_, past)


def _past(name: str, value: Any, backward: bool) -> Q:
    field, descending = _field(name)
    null = Q(**{f"{field}__isnull": True})
    if value is None:
        return ~null if backward else Q(pk__in=[])
    beyond = Q(**{f"{field}__{'lt' if descending != backward else 'gt'}": value})
    return beyond if backward else beyond | null


def _token(row: Model, order: Sequence[str], backward: bool) -> str:
    values = [operator.attrgetter(_field(name)[0].replace("__", "."))(row) for name in order]
    plain = json.loads(json.dumps(values, default=str))
    return signing.dumps([backward, plain], salt=f"{SALT}:{','.join(order)}", compress=True)


def _read(token: str, order: Sequence[str]) -> tuple[bool, list[Any]]:
    try:
        backward, position = signing.loads(token, salt=f"{SALT}:{','.join(order)}")
    except signing.BadSignature as bad:
        raise SuspiciousOperation("a page token that this server did not make") from bad
    return backward, position
