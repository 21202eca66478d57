"""The app of the registry, and the check that nothing is asked which must never be."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, register
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from hamyar.tables import FORBIDDEN


class RegistryConfig(AppConfig):
    name = "hamyar_server.registry"
    verbose_name = _("People and households")

    def ready(self) -> None:
        register(nothing_forbidden)


def about_people(model: type[Model]) -> bool:
    """A model of the registry, or one that points at a person or a household."""
    pointed = {field.related_model for field in model._meta.fields if field.is_relation}
    ours = {apps.get_model("registry", name) for name in ("Person", "Household")}
    return model._meta.app_label == "registry" or bool(pointed & ours)


def forbidden_columns(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.get_fields() if field.name.casefold() in FORBIDDEN]


def nothing_forbidden(**_options: Any) -> list[CheckMessage]:
    """Ethnicity, religion, politics, nationality and permit are never asked."""
    return [
        Error(f"{model._meta.label} has a column “{name}”, which is never asked of a person", id="hamyar.HY-H000")
        for model in apps.get_models()
        if about_people(model)
        for name in forbidden_columns(model)
    ]
