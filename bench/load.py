"""Users at once: each signs in by password, then asks for page after page without a pause."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

Page = tuple[str, str, dict[str, str]]  # what it is; address; a form that is posted, or none


@dataclass
class Browser:
    """One connection that is kept, and the cookies that were set."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    connection: http.client.HTTPConnection | None = None

    def ask(self, address: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, text, and where it leads."""
        self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if form is not None:
            body = urlencode(form | {"csrfmiddlewaretoken": self.cookies.get("csrftoken", "")})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request("GET" if body is None else "POST", address, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer.status, text, answer.headers.get("Location", "")

    def sign_in(self, name: str, password: str) -> None:
        _, page, _ = self.ask("/sign-in/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page[:500]
        status, page, _ = self.ask("/sign-in/", {"name": name, "password": password, "next": "/households/"})
        assert status == 302, (status, page[:2000])


def load(
    port: int, users: Sequence[tuple[str, Callable[[], Iterator[Page]]]], password: str, warm: float, seconds: float
) -> dict[str, list[float]]:
    """Seconds of each page by what it is, after the time to warm up. A page that is not as it should be raises."""
    found: dict[str, list[float]] = {}
    wrong: list[str] = []
    begin = threading.Barrier(len(users))

    def user(name: str, pages: Callable[[], Iterator[Page]]) -> None:
        browser = Browser(port)
        try:
            browser.sign_in(name, password)
            begin.wait()
            start = time.perf_counter()
            for what, address, form in pages():
                asked = time.perf_counter()
                status, text, leads = browser.ask(address, form or None)
                if status == 302:
                    status, text, _ = browser.ask(leads)
                now = time.perf_counter()
                if status != 200 or "</html>" not in text:
                    wrong.append(f"{name} {what}: {status} {text[:300]}")
                    return
                if asked - start > warm:
                    found.setdefault(what, []).append(now - asked)
                if now - start > warm + seconds:
                    return
        except Exception as error:
            wrong.append(f"{name}: {error!r}")
            begin.abort()
            raise

    threads = [threading.Thread(target=user, args=each) for each in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    return found
