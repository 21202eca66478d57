"""Translations without gettext's tools: extract into each app's django.po, check that nothing is missing, compile to .mo."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.apps import AppConfig, apps
from django.core.management.base import BaseCommand, CommandError
from django.template.base import DebugLexer, TokenType
from django.utils.translation.template import templatize

KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
HEADER = rb"""msgid ""
msgstr ""
"Language: fa\n"
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=1; plural=0;\n"

"""
UNSEEN = ("script", "style", "code", "pre")
SPOKEN = re.compile(r"\s(?:aria-label|alt|title|placeholder)=(?:\"([^\"{}]*)\"|'([^'{}]*)')")
MARKUP = re.compile(r"<!--.*?-->|<[^>]*>|&\w+;|&#\w+;", re.DOTALL)


class Command(BaseCommand):
    help = "extract, check or compile the translations of every app"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["extract", "check", "compile"])

    def handle(self, *, what: str, **_: object) -> None:
        own = [app for app in apps.get_app_configs() if app.name.startswith("hamyar_server.")]
        if what == "check":
            wrong = [*(line for app in own for line in faults(app)), *said_twice(own)]
            if wrong:
                raise CommandError("\n".join([*wrong, f"{len(wrong)} faults in translations"]))
            return
        for app in own:
            update(app) if what == "extract" else compile_catalog(app)


def po_file(app: AppConfig) -> Path:
    return Path(app.path, "locale", "fa", "LC_MESSAGES", "django.po")


def existing(app: AppConfig) -> Catalog:
    if not po_file(app).exists():
        return Catalog(locale="fa")
    with po_file(app).open("rb") as file:
        return read_po(file, locale="fa")


def sources(app: AppConfig, suffix: str) -> Iterator[Path]:
    return (path for path in sorted(Path(app.path).rglob(f"*{suffix}")) if "migrations" not in path.parts)


def needed(app: AppConfig) -> Catalog:
    """Every message in the app's Python and templates, with the files that hold it; core's own serve every app."""
    catalog = Catalog(locale="fa")
    core = None if app.label == "core" else needed(apps.get_app_config("core"))
    for suffix in (".py", ".html", ".txt"):
        for path in sources(app, suffix):
            for message, context in messages(path):
                if core is None or core.get(message, context) is None:
                    catalog.add(message, context=context, locations=[(path.relative_to(app.path).as_posix(), 0)])
    return catalog


def messages(path: Path) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":  # Django's own rewriting of a template as Python; its indents mean nothing
        text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).split("\n"))
    for _, message, _, context in extract(
        "python", BytesIO(text.encode()), keywords=KEYWORDS, options={"encoding": "utf-8"}
    ):
        yield message, context


def update(app: AppConfig) -> None:
    """New messages enter without a translation, unused ones leave, translations stay."""
    catalog, before = needed(app), existing(app)
    if not len(catalog):
        return
    for message in catalog:
        if message.id and (known := before.get(message.id, message.context)):
            message.string = known.string
    po_file(app).parent.mkdir(parents=True, exist_ok=True)
    with po_file(app).open("wb") as file:
        file.write(HEADER)
        write_po(file, catalog, width=120, omit_header=True, include_lineno=False)


def compile_catalog(app: AppConfig) -> None:
    """Whole at once: another process may be reading it."""
    if po_file(app).exists():
        with NamedTemporaryFile(dir=po_file(app).parent, suffix=".part", delete=False) as file:
            write_mo(file, existing(app))
        Path(file.name).chmod(0o644)
        Path(file.name).replace(po_file(app).with_suffix(".mo"))


def faults(app: AppConfig) -> Iterator[str]:
    """What is missing, unused or untranslated, one line each."""
    catalog, wanted = existing(app), needed(app)
    for message in wanted:
        known = catalog.get(message.id, message.context)
        if message.id and (known is None or not all(strings(known.string)) or known.fuzzy):
            yield f"{po_file(app)}: no Persian for {message.id!r}"
    for message in catalog:
        if message.id and wanted.get(message.id, message.context) is None:
            yield f"{po_file(app)}: nobody says {message.id!r}"
        yield from (f"{po_file(app)}: {message.id!r}: {error}" for error in message.check())
    for path in sources(app, ".html"):
        yield from (f"{path}:{line}: not translated: {text!r}" for line, text in bare_text(path))


def said_twice(own: Iterable[AppConfig]) -> Iterator[str]:
    """Messages that two apps translate in two ways: Django keeps one of them for all."""
    first: dict[tuple[object, str | None], tuple[AppConfig, object]] = {}
    for app in own:
        for message in existing(app):
            known, translation = first.setdefault((message.id, message.context), (app, message.string))
            if message.id and translation != message.string:
                yield f"{po_file(app)}: {message.id!r} is {message.string!r} here and {translation!r} in {po_file(known)}"


def strings(translation: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (translation,) if isinstance(translation, str) else tuple(translation)


def bare_text(path: Path) -> Iterator[tuple[int, str]]:
    """Letters that a reader would see and that no translation tag holds."""
    text = path.read_text(encoding="utf-8")
    if path.name == "500.html":  # says everything twice, since by then nothing works
        return
    shown, inside = [], False
    for token in DebugLexer(text).tokenize():
        if token.token_type is TokenType.BLOCK:
            word = token.contents.split()[0]
            inside = word.startswith(("blocktrans", "comment")) or (
                inside and not word.startswith(("endblocktrans", "endcomment"))
            )
        seen = token.token_type is TokenType.TEXT and not inside
        shown.append(token.contents if seen else re.sub(r"[^\n]", " ", text[slice(*token.position)]))
    page = re.sub(
        rf"<({'|'.join(UNSEEN)})\b.*?</\1>",
        lambda gone: re.sub(r"[^\n]", " ", gone[0]),
        "".join(shown),
        flags=re.DOTALL,
    )
    spoken = "".join(f"\n{a or b}" for a, b in SPOKEN.findall(page))
    for number, line in enumerate((MARKUP.sub(lambda gone: re.sub(r"[^\n]", " ", gone[0]), page)).split("\n"), start=1):
        if re.search(r"[^\W\d_]", line):
            yield number, line.strip()
    for attribute in spoken.split("\n"):
        if re.search(r"[^\W\d_]", attribute):
            yield page[: page.find(attribute)].count("\n") + 1, attribute
