"""Every page that a link leads to, as four people see it: it fits, speaks one language, is small, and breaks no policy."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, Response

from tests.journeys.conftest import Enter

pytestmark = pytest.mark.browser

LARGEST = 150 * 1024  # bytes of a page, compressed
EACH = 1  # pages of one pattern that are looked at
ENGLISH_WORDS = re.compile(r"[A-Za-z]{2,}")
SEEN = """() => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll('code, pre, .hash, [lang=en], desc, input, textarea').forEach(e => e.remove());
  const spoken = [...document.querySelectorAll('[aria-label], [title], [placeholder], [alt]')].flatMap(
    e => ['aria-label', 'title', 'placeholder', 'alt'].map(a => e.getAttribute(a) || ''));
  return document.title + ' ' + copy.textContent + ' ' + spoken.join(' ');
}"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LINKS = """[...document.querySelectorAll('a[href]:not([download])')].map(a => new URL(a.getAttribute('href'), location)).map(u => u.pathname + u.search)"""
EXTRA = ("/sign-in/", "/settings/", "/search/?q=%D9%85%D9%87", "/nothing/", "/places/?which=nominated")


def pattern(path: str) -> str:
    """An address with its ids, codes and tokens left open; the length of a code tells the kind of a place."""
    path = re.sub(r"after=[^&#]+", "after=*", path)
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "*", path)
    return re.sub(r"\d+", lambda digits: f"<{len(digits[0])}>", path)


def pages(page: Page) -> Iterator[Response]:
    """Breadth first from home; a few of each pattern, no downloads, nothing that changes the language."""
    waiting, seen, counted = ["/", *EXTRA], set[str](), Counter[str]()
    while waiting:
        path = waiting.pop(0)
        kind = pattern(path)
        if path in seen or counted[kind] >= EACH or "language=" in path or re.search(r"\.\w+$", path):
            continue
        seen.add(path)
        counted[kind] += 1
        answer = page.goto(path)
        assert answer is not None
        yield answer
        waiting += page.evaluate(LINKS)


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("director", "fa"),
        ("director", "en"),
        ("mayor", "fa"),
        ("governor", "en"),  # and not the officer, to whom another journey grants and takes back meanwhile
        ("village", "fa"),
    ],
)
def test_every_page_is_whole(enter: Enter, name: str, language: str):
    page = enter(name, language)
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        expected = "404 (Not Found)" in message.text or "403 (Forbidden)" in message.text
        if message.type in ("error", "warning") and not expected:
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    visited = 0
    for answer in pages(page):
        visited += 1
        html = answer.text()
        refused = answer.status in (403, 404) and answer.url.endswith(EXTRA)  # typed, not linked
        if answer.status >= 400 and not refused:
            complaints.append(f"{answer.url}: status {answer.status}")
        if (size := len(gzip.compress(html.encode()))) > LARGEST:
            complaints.append(f"{answer.url}: {size} bytes compressed")
        if inline := re.search(r"<script|<style|\sstyle=|\son\w+=", html):
            complaints.append(f"{answer.url}: {inline[0]} in the page")
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            if (wider := page.evaluate(WIDER)) > 0:
                complaints.append(f"{answer.url}: {wider} px wider than {width}")
        stock = "/back-office/" in answer.url  # Django's own admin, whose Persian has gaps
        if language == "fa" and not stock and (english := ENGLISH_WORDS.findall(page.evaluate(SEEN))):
            complaints.append(f"{answer.url}: English {english[:5]}")
        if page.locator("h1").count() != 1 or page.locator("html").get_attribute("lang") != language:
            complaints.append(f"{answer.url}: one heading and the language are needed")
    assert visited > 12
    assert not complaints, "\n".join(complaints)
