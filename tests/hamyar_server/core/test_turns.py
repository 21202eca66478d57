"""Pages in turn: first come first served, nobody waits for ever, what is posted goes ahead."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import Any

import pytest

from hamyar_server.core.turns import CROWD, Turns, in_turn

LONG = 30.0  # seconds, longer than any test


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_whoever_came_first_is_first() -> None:
    turns, served = Turns(patience=LONG), []

    def come(number: int) -> None:
        with turns.taken() as came:
            assert came
            assert not turns.free
            served.append(number)

    with ThreadPoolExecutor(5) as pool, turns.taken():
        for number in range(5):
            pool.submit(come, number)
            until(lambda number=number: len(turns.waiting) == number + 1)
        assert not served
    assert served == [0, 1, 2, 3, 4]
    assert turns.free == 1


def test_beside_one_that_takes_long_the_next_goes_on_without_a_turn() -> None:
    turns = Turns(patience=0.01)
    with turns.taken() as first:
        with turns.taken() as second:
            assert (first, second) == (True, False)
        assert not turns.waiting
        assert not turns.free
    assert turns.free == 1


def test_a_turn_that_comes_at_the_last_moment_is_passed_on() -> None:
    turns = Turns()
    with turns.taken():
        place = turns._stand()
    assert place
    assert turns._came_last(place)
    turns._pass_on()
    assert turns.free == 1


def test_a_fault_ends_a_turn() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.taken():
        raise ZeroDivisionError
    assert turns.free == 1


def test_what_is_posted_and_what_streams_holds_no_turn() -> None:
    turns = Turns()
    seen: list[tuple[str, int]] = []

    def served(environ: dict[str, Any], _start: Any) -> Iterable[bytes]:
        seen.append((environ["REQUEST_METHOD"], turns.free))
        return (str(turns.free).encode() for _ in range(1))

    application = in_turn(served, turns)
    answers = [list(application({"REQUEST_METHOD": method}, None)) for method in ("GET", "HEAD", "POST")]
    assert seen == [("GET", 0), ("HEAD", 0), ("POST", 1)]
    assert answers == [[b"1"]] * 3


def test_a_page_waits_for_another_and_what_is_posted_does_not() -> None:
    turns, made = Turns(patience=LONG), Event()
    application = in_turn(lambda environ, _: [environ["REQUEST_METHOD"].encode()], turns)
    with ThreadPoolExecutor(1) as pool:
        with turns.taken():
            waits = pool.submit(application, {"REQUEST_METHOD": "GET"}, None)
            waits.add_done_callback(lambda _: made.set())
            until(lambda: len(turns.waiting) == 1)
            assert application({"REQUEST_METHOD": "POST"}, None) == [b"POST"]
            assert not made.is_set()
        assert waits.result(LONG) == [b"GET"]


def test_a_crowded_process_lets_its_connection_go() -> None:
    turns, said = Turns(), []

    def served(_environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "text/html")])
        return []

    application = in_turn(served, turns)
    for waiting in (CROWD - 1, CROWD):
        turns.waiting.extend(Lock() for _ in range(waiting))
        application({"REQUEST_METHOD": "POST"}, lambda _, headers: said.append(dict(headers).get("Connection")))
        taken = turns.waiting.copy()
        for lock in taken:
            lock.acquire()
        application({"REQUEST_METHOD": "GET"}, lambda _, headers: said.append(dict(headers).get("Connection")))
        turns.waiting.clear()
        turns.free = 1
    assert said == [None, None, None, "close"]
