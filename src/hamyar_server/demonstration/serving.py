"""The record in a worker that ends with the process that started it, even where that one was killed."""

from __future__ import annotations

import os
import threading
import time

from hamyar_server.wsgi import application

__all__ = ["application"]

<<<<<<< HEAD
=======
from hamyar_server.registry.starting import before_serving

before_serving()

>>>>>>> 31f7d75 (The limit of a request's size stands before what is served)

def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


threading.Thread(target=_follow, args=[os.getppid()], daemon=True).start()
