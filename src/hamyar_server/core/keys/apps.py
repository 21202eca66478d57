"""The app of the key store, and the check that speaks at start, before anything is written."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register


class KeysConfig(AppConfig):
    name = "hamyar_server.core.keys"
    label = "keys"

    def ready(self) -> None:
        register(keys_are_there)


def keys_are_there(**_: Any) -> list[CheckMessage]:
    from hamyar.errors import HamyarError
    from hamyar_server.core.keys import store

    try:
        store.require_sound()
    except HamyarError as lost:
        return [Error(str(lost), id=f"hamyar.{lost.faults[0].code}")]
    return []
