"""Rows of every app that carry the path of their area, so that a subtree is one range of an index: they follow it where it moves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.apps import apps
from django.db.models import Case, Field, Model, Value, When

from hamyar_server.areas.models import Area

BATCH = 300


def carriers() -> Iterator[type[Model]]:
    """Models with a copy of an area's path."""
    for model in apps.get_models():
        if model is not Area and any(isinstance(field, Field) and field.name == "path" for field in model._meta.fields):
            yield model


def follow(moves: Mapping[str, str]) -> None:
    """Where areas lay → where they lie now: what carried the one path carries the other."""
    pairs = [(old, new) for old, new in moves.items() if old != new]
    for first in range(0, len(pairs), BATCH):
        some = pairs[first : first + BATCH]
        now = Case(*(When(path=old, then=Value(new)) for old, new in some))
        for model in carriers():
            model._base_manager.filter(path__in=[old for old, _new in some]).update(path=now)
