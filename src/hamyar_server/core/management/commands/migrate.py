"""Django's `migrate`, for the record and the keys of persons at once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.checks import Tags
from django.core.management.commands.migrate import Command as Migrate


class Command(Migrate):
    requires_system_checks = [Tags.models, Tags.database]  # pages are not opened

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=None)

    def get_check_kwargs(self, options: dict[str, Any]) -> dict[str, Any]:
        return super().get_check_kwargs(options) | {"databases": databases(options)}

    def handle(self, *args: Any, **options: Any) -> None:
        for database in databases(options):
            app = options["app_label"] or ("keys" if database == "keys" else None)  # of others nothing stands there
            chosen = {"database": database, "app_label": app, "run_syncdb": options["run_syncdb"] and not app}
            super().handle(*args, **options | chosen)


def databases(options: dict[str, Any]) -> list[str]:
    """The one that was named, or both; a named app other than `keys` stands in the record alone."""
    if options["database"]:
        return [options["database"]]
    return {None: ["keys", "default"], "keys": ["keys"]}.get(options["app_label"], ["default"])
