"""Pages by key: the database walks its index from the last row shown, however far the reader goes."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core import signing
from django.core.exceptions import FieldDoesNotExist, SuspiciousOperation
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
    position = read(after, order)
    backward = position is not None and position.backward
    rows = ordered(queryset, order, position)
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


@dataclass(frozen=True)
class Position:
    """The row from which a page goes on: its values in the order, and whether the reader goes back."""

    values: Sequence[Any]
    backward: bool


def ordered(
    queryset: QuerySet[Row], order: Sequence[str], position: Position | None, nulls: bool = True
) -> QuerySet[Row]:
    """The rows past the position in the order, or in its reverse where the reader goes back; nulls: whether there may be any.

    The condition stands before the others: of two lower bounds SQLite begins its walk at the first.
    """
    backward = position is not None and position.backward
    rows = queryset.order_by(*(_ordering(queryset.model, name, backward, nulls) for name in order))
    if position is None:
        return rows
    before = len(rows.query.where.children)
    rows = rows.filter(_beyond(queryset.model, order, position, nulls))
    conditions = rows.query.where.children
    conditions[:] = conditions[before:] + conditions[:before]
    return rows


def _field(name: str) -> tuple[str, bool]:
    return name.removeprefix("-"), name.startswith("-")


def _ordering(model: type[Model], name: str, backward: bool, nulls: bool) -> OrderBy:
    """Nulls are named where there are any; an index gives its order only to an order that does not."""
    field, descending = _field(name)
    last: dict[str, bool] = {"nulls_first": True} if backward else {"nulls_last": True}
    return OrderBy(F(field), descending=descending != backward, **last if nulls and _nullable(model, field) else {})


def _nullable(model: type[Model], name: str) -> bool:
    """Whether the column may be null; of another table's or of an annotation one cannot tell."""
    try:
        return bool(model._meta.get_field(name if name != "pk" else model._meta.pk.name).null)  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return True


def _beyond(model: type[Model], order: Sequence[str], position: Position, nulls: bool) -> Q:
    """Rows past the position: equal in the first k fields and past it in the next, for any k; where the first cannot be null, as one range of its index."""
    equal = Q()
    past = []
    for name, value in zip(order, position.values, strict=True):
        field, descending = _field(name)
        nullable, lower = nulls and _nullable(model, field), descending != position.backward
        past.append(equal & _past(field, value, lower, position.backward, nullable))
        equal &= Q(**{f"{field}__isnull": True}) if value is None else Q(**{field: value})
    found = functools.reduce(operator.or_, past)
    first, descending = _field(order[0])
    if len(order) == 1 or (nulls and _nullable(model, first)):
        return found
    return Q(**{f"{first}__{'lte' if descending != position.backward else 'gte'}": position.values[0]}) & found


def _past(field: str, value: Any, lower: bool, backward: bool, nullable: bool) -> Q:
    null = Q(**{f"{field}__isnull": True})
    if value is None:
        return ~null if backward else Q(pk__in=[])
    past = Q(**{f"{field}__{'lt' if lower else 'gt'}": value})
    return past | null if nullable and not backward else past


def _token(row: Model, order: Sequence[str], backward: bool) -> str:
    values = [operator.attrgetter(_field(name)[0].replace("__", "."))(row) for name in order]
    plain = json.loads(json.dumps(values, default=str))
    return signing.dumps([backward, plain], salt=f"{SALT}:{','.join(order)}", compress=True)


def read(token: str | None, order: Sequence[str]) -> Position | None:
    """Raises SuspiciousOperation (400) for a token that was changed or belongs to another order."""
    if not token:
        return None
    try:
        backward, values = signing.loads(token, salt=f"{SALT}:{','.join(order)}")
    except signing.BadSignature as bad:
        raise SuspiciousOperation("a page token that this server did not make") from bad
    return Position(values, backward)
