"""How passwords are kept."""

from __future__ import annotations

import threading
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher

ONE = threading.Lock()


class Argon2(Argon2PasswordHasher):
    """46 MiB as OWASP asks for, with three passes for its one; one at a time in a process, since many may sign in at once."""

    memory_cost = 47_104  # KiB
    time_cost = 3
    parallelism = 1

    def encode(self, *args: Any, **kwargs: Any) -> str:
        with ONE:
            return str(super().encode(*args, **kwargs))

    def verify(self, *args: Any, **kwargs: Any) -> bool:
        with ONE:
            return bool(super().verify(*args, **kwargs))
