"""Which database holds which table: the keys of persons stand apart from everything else."""

from __future__ import annotations

from typing import Any

from django.db import models


class KeysRouter:
    def db_for_read(self, model: type[models.Model], **_: Any) -> str:
        return "keys" if model._meta.app_label == "keys" else "default"

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **_: Any) -> bool:
        return db.endswith("keys") == (app_label == "keys")
