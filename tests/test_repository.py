"""What must be true of the repository as a whole."""

from __future__ import annotations

import ast
import hashlib
import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROMISES = ROOT / "docs/explanation/promises.md"


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]


def functions(file: Path) -> set[str]:
    return {
        node.name for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)
    }


def test_every_promise_names_a_test_that_exists() -> None:
    promised = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PROMISES.read_text(encoding="utf-8"))
    assert len(promised) >= 10
    missing = [
        f"{file}::{name}" for file, name in promised if not (ROOT / file).exists() or name not in functions(ROOT / file)
    ]
    assert missing == []


def test_every_promise_stands_in_both_languages() -> None:
    sections = re.split(r"^## ", PROMISES.read_text(encoding="utf-8"), flags=re.M)[1:]
    for section in sections:
        assert re.search(r"[آ-ی]{3}", section), section
        assert re.search(r"[A-Za-z]{3}", section), section
        assert "::test_" in section, f"a promise without a test: {section}"


def test_lock_files_pin_with_hashes_and_name_no_registry() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        pins = re.findall(r"^[\w.\-\[\]]+==\S+", text, flags=re.M)
        assert pins
        assert text.count("--hash=sha256:") >= len(pins)
        assert not re.search(r"https?://|index-url|find-links", text), lock.name


def test_every_dependency_has_its_reason() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    dependencies = [
        line for line in lines if re.match(r'^  "[a-z]', line) and "==" not in line and ":" not in line.split("#")[0]
    ]
    assert len(dependencies) > 15
    assert [line for line in dependencies if "#" not in line and not re.match(r'^  "(fa|en)"', line)] == []


def test_no_path_of_a_machine_is_committed() -> None:
    text_files = [
        f for f in tracked() if f.suffix in {".py", ".md", ".yaml", ".toml", ".html", ".css", ".po", ".lock", ""}
    ]
    found = [
        f.name
        for f in text_files
        if re.search(r"/(home|work|root|Users)/\w+/", f.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


def test_an_error_code_means_one_thing() -> None:
    """One code, one place: the same code raised in two modules would mean two things."""
    places: dict[str, set[str]] = {}
    for file in tracked("src/*.py"):
        for code in re.findall(r'"(HY-[A-Z]\d{3})"', file.read_text(encoding="utf-8")):
            places.setdefault(code, set()).add(str(file.parent if file.parent.name != "hamyar" else file))
    assert places
    assert {code: sorted(files) for code, files in places.items() if len(files) > 1} == {}


def test_vendored_files_match_their_checksums() -> None:
    checksums = tracked("src/*SHA256SUMS")
    assert checksums
    for listing in checksums:
        for line in listing.read_text(encoding="utf-8").splitlines():
            digest, name = line.split(maxsplit=1)
            assert hashlib.sha256((listing.parent / name.strip("* ")).read_bytes()).hexdigest() == digest, name


def test_generated_files_and_databases_are_not_committed() -> None:
    assert [f.name for f in tracked() if f.suffix in {".mo", ".sqlite3", ".parquet", ".pyc", ".duckdb"}] == []


@pytest.mark.parametrize("file", tracked("tests/*.py", "bench/*.py"), ids=lambda file: str(file.relative_to(ROOT)))
def test_what_a_test_or_a_bench_stands_on_is_there(file: Path) -> None:
    """Some are read by another process only, and their imports by no type checker."""
    importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))


@pytest.mark.parametrize("name", ["utils", "helpers", "misc", "common"])
def test_no_module_for_everything(name: str) -> None:
    assert [f for f in tracked("src/*.py") if f.stem == name] == []


def test_a_broken_arrow_is_reported(tmp_path: Path) -> None:
    """`make check` ends in an error when the library imports the record."""
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    shutil.copy(ROOT / ".importlinter", copy)
    (copy / "src/hamyar/persian/broken.py").write_text(
        "import hamyar.tables\nimport hamyar_server.areas\n", encoding="utf-8"
    )
    lint = Path(__import__("sys").executable).parent / "lint-imports"
    done = subprocess.run(
        [str(lint), "--no-cache"],
        cwd=copy,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(copy / "src"), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout
    assert "hamyar.persian" in done.stdout
