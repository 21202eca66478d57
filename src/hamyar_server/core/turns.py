"""Pages of a process are made one after the other: Python computes one at a time, and side by side each would wait for all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

CROWD = 8  # pages that wait, beyond which a process lets connections go, so that they come to another one
PATIENCE = 0.25  # seconds after which a page is made beside one that takes long


class Turns:
    """Whoever came first is first; most: how many at a time; patience: seconds after which one goes on without a turn."""

    def __init__(self, most: int = 1, patience: float = PATIENCE) -> None:
        self.free, self.patience, self.waiting, self.lock = most, patience, deque[Lock](), Lock()

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """A turn for the time of the block, or False where none came within the patience."""
        place = self._stand()
        came = place is None or place.acquire(timeout=self.patience) or self._came_last(place)
        try:
            yield came
        finally:
            if came:
                self._pass_on()

    def _stand(self) -> Lock | None:
        """A place in the queue, held until its turn comes; none where it is one's turn at once."""
        with self.lock:
            if self.free:
                self.free -= 1
                return None
            place = Lock()
            place.acquire()
            self.waiting.append(place)
            return place

    def _came_last(self, place: Lock) -> bool:
        """Leave the queue; whether the turn came at the last moment."""
        with self.lock:
            if place not in self.waiting:
                return True
            self.waiting.remove(place)
            return False

    def _pass_on(self) -> None:
        with self.lock:
            if self.waiting:
                self.waiting.popleft().release()
            else:
                self.free += 1


def in_turn(served: Callable[..., Iterable[bytes]], turns: Turns) -> Callable[..., Iterable[bytes]]:
    """The same WSGI application, whose pages are made in turn. What is posted goes ahead, and so does the rest of an answer that streams.

    The system gives each new connection to a process by chance, where it stays; a crowded process ends it with the page.
    """

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            crowded = [("Connection", "close")] if len(turns.waiting) >= CROWD else []
            return start_response(status, [*headers, *crowded], *more)

        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return served(environ, start_response)
        with turns.taken():
            return served(environ, start)

    return application
