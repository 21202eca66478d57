"""What must be true before a page is served."""

from __future__ import annotations

import atexit
import gc

from django.core.signals import request_started
from django.db.backends.signals import connection_created

from hamyar_server.core import backups
from hamyar_server.core.databases import leave_replaced, share_memory
from hamyar_server.core.keys import store
from hamyar_server.registry.erasure import finish_erasures


def before_serving() -> None:
    """Memory is shared out, a restore is whole, the keys are there, and nobody who was erased is remembered. Raises HamyarError HY-K001 to K004, K023."""
    connection_created.connect(share_memory)
    request_started.connect(leave_replaced)
    backups.require_whole()
    store.require_sound()
    finish_erasures()
    gc.collect()
    gc.freeze()  # what is loaded by now stays, and need not be looked through for garbage
    atexit.register(gc.unfreeze)
