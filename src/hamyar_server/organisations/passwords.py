"""How passwords are kept."""

from __future__ import annotations

import threading
from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher

ONE = threading.Lock()


class Argon2(Argon2PasswordHasher):
    """One at a time in a process: each hash takes 100 MB while it is made, and many may sign in at once."""

    def encode(self, *args: Any, **kwargs: Any) -> str:
        with ONE:
            return str(super().encode(*args, **kwargs))

    def verify(self, *args: Any, **kwargs: Any) -> bool:
        with ONE:
            return bool(super().verify(*args, **kwargs))
