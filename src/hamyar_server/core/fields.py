"""A column for the path of an area, and the rows below one."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q


class PathField(models.CharField):
    """Compared byte by byte on every database, so that a subtree is one range of an index."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 200, **kwargs})

    def db_parameters(self, connection: Any) -> dict[str, Any]:
        found = super().db_parameters(connection)
        return found | {"collation": "C"} if connection.vendor == "postgresql" else found


def under(path: str, column: str = "path") -> Q:
    """Rows at the path and below it, as one range of an index in its order: codes are digits, and “0” follows “/”."""
    return Q(**{f"{column}__gte": path, f"{column}__lt": f"{path}0"})
