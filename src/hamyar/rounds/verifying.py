"""Is a round still what its manifest says? Hashes first, then the whole round again."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hamyar.errors import Fault, error
from hamyar.rounds.document import load
from hamyar.rounds.running import MANIFEST, run, sha256, versions

PLAIN = ("name", "title", "date", "seed", "round", "rules", "method", "not_ranked", "result_hash")


def verify(directory: str | Path) -> list[Fault]:
    """What differs, each with its file: an input or a result that changed or is missing, a version, or what a second run gives.

    Inputs are looked for where they lay, seen from `directory`. An empty list: every input and every result is as the
    manifest says, and running the round again gives the same. Raises HamyarError HY-R020 without a readable manifest.
    """
    folder = Path(directory)
    manifest = _manifest(folder)
    changed = _inputs(folder, manifest)
    differences = [*changed, *_results(folder, manifest), *_versions(manifest)]
    return differences if changed else [*differences, *_again(folder, manifest)]


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads(folder.joinpath(MANIFEST).read_text("utf-8"))
        if {"inputs", "results", "versions", "where", *PLAIN} <= set(found):
            return dict(found)
    except (OSError, ValueError, TypeError):
        pass
    raise error(
        "HY-R020",
        file=str(folder),
        en="there is no readable manifest.json. Give the folder that `hamyar round run` wrote.",
        fa="در این پوشه manifest.json خوانا نیست. پوشه‌ای را بدهید که «hamyar round run» ساخته است.",
    )


def _inputs(folder: Path, manifest: dict[str, Any]) -> list[Fault]:
    place = folder / manifest["where"]
    own = next(each for each in manifest["inputs"] if each["name"] == "round")
    faults = _compared(place / own["file"], own, "HY-R021", "input", "ورودی")
    if faults:
        return faults
    files = load(place / own["file"]).files()
    rest = [each for each in manifest["inputs"] if each is not own]
    return [
        fault
        for each in rest
        for fault in _compared(files.get(each["name"], place / each["file"]), each, "HY-R021", "input", "ورودی")
    ]


def _results(folder: Path, manifest: dict[str, Any]) -> list[Fault]:
    return [
        fault
        for each in manifest["results"]
        for fault in _compared(folder / each["file"], each, "HY-R022", "result", "نتیجه")
    ]


def _compared(file: Path, stated: dict[str, Any], code: str, en: str, fa: str) -> list[Fault]:
    if not file.is_file():
        return [Fault(code, f"the {en} is missing.", f"{fa} نیست.", file=stated["file"])]
    if sha256(file) == stated["sha256"]:
        return []
    return [
        Fault(
            code,
            f"the {en} is not the one of the manifest.",
            f"{fa} همان نیست که شناسنامه می‌گوید.",
            file=stated["file"],
        )
    ]


def _versions(manifest: dict[str, Any]) -> list[Fault]:
    here, then = versions(), manifest["versions"]
    return [
        Fault(
            "HY-R023",
            f"version {then.get(name)} made the round, {here.get(name)} is here.",
            f"دور با نگارش {then.get(name)} ساخته شده و نگارش کنونی {here.get(name)} است.",
            file=name,
        )
        for name in sorted(here | then)
        if here.get(name) != then.get(name)
    ]


def _again(folder: Path, manifest: dict[str, Any]) -> list[Fault]:
    """Differences between the manifest and a second run."""
    own = next(each for each in manifest["inputs"] if each["name"] == "round")
    with tempfile.TemporaryDirectory(prefix="hamyar-verify-") as place:
        again = run(folder / manifest["where"] / own["file"], Path(place, "round"))
    hashes = {each["file"]: each["sha256"] for each in again["results"]}
    stated = {each["file"]: each["sha256"] for each in manifest["results"]}
    faults = [
        Fault("HY-R024", "a second run gives another result.", "اجرای دوباره نتیجهٔ دیگری می‌دهد.", file=file)
        for file in sorted(hashes | stated)
        if hashes.get(file) != stated.get(file)
    ]
    faults += [
        Fault(
            "HY-R025",
            f"`{key}` is not what the round says. The manifest was changed.",
            f"«{key}» آن نیست که دور می‌گوید. شناسنامه دست خورده است.",
            file=MANIFEST,
            column=key,
        )
        for key in PLAIN
        if again[key] != manifest[key] and not (key == "result_hash" and faults)
    ]
    return faults
