"""What must be true before a page is served."""

from __future__ import annotations

from django.db.backends.signals import connection_created

from hamyar_server.core import backups
from hamyar_server.core.databases import share_memory
from hamyar_server.core.keys import store
from hamyar_server.registry.erasure import finish_erasures


def before_serving() -> None:
    """Memory is shared out, a restore is whole, the keys are there, and nobody who was erased is remembered. Raises HamyarError HY-K001 to K004, K023."""
    connection_created.connect(share_memory)
    backups.require_whole()
    store.require_sound()
    finish_erasures()
