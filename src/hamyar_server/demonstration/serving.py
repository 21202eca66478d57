"""The record in a worker that ends with the process that started it, even where that one was killed."""

from __future__ import annotations

import os
import threading
import time

from hamyar_server.wsgi import application

__all__ = ["application"]


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


threading.Thread(target=_follow, args=[os.getppid()], daemon=True).start()
