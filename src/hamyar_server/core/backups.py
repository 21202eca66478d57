"""Backups: the record in one place and the keys of persons in another, each consistent while others write; and the way back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from hamyar.errors import error
from hamyar_server.core.keys import masters, store
from hamyar_server.core.models import FIRST, AuditEvent

MANIFEST = "manifest.json"
ERASED = "erased.txt"
LEFT_OUT = (".sqlite3", ".sqlite3-wal", ".sqlite3-shm", ".lock", ".part", "secret.key")


def back_up(record: Path, keys: Path) -> dict[str, Any]:
    """Write the record and its files to `record`, the keys to `keys`; both new, neither inside the other. The record's manifest.

    The record first: a person who comes in meanwhile is missing from it, while their key is a key too many. What was cut off
    is called `….part` and is no backup. Raises HamyarError HY-K020, HY-K024.
    """
    for place, other in ((record, keys), (keys, record)):
        if place.exists() or place.resolve().is_relative_to(other.resolve()):
            raise error(
                "HY-K020",
                file=str(place),
                en="choose two new folders, neither inside the other: a thief of one must not find both the record and its keys.",
                fa="دو پوشهٔ تازه برگزینید که هیچ‌یک درون دیگری نباشد: نباید با دزدیدن یکی هم سامانه و هم کلیدهایش به دست آید.",
            )
    with _whole(record) as folder:
        kind = _dump("default", folder / "record")
        _copy_files(settings.HOME, folder / "files")
        (folder / ERASED).write_text(_lines(store.erased()))
        kept = _manifest(folder, kind)
    with _whole(keys) as folder:
        kind = _dump("keys", folder / "keys")
        if masters.exist():
            shutil.copy(masters.path(), folder / "keys.json")
        (folder / ERASED).write_text(_lines(store.erased()))
        _manifest(folder, kind)
    return kept


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Made under another name, and renamed when it is whole."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    yield part
    part.rename(folder)


def _dump(alias: str, to: Path) -> str:
    connection = connections[alias]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(to.with_suffix(".sqlite3"))])
    else:
        _postgres(alias, "pg_dump", "--format=custom", "--no-owner", f"--file={to.with_suffix('.dump')}")
    return connection.vendor


def _postgres(alias: str, program: str, *arguments: str) -> None:
    """A program of PostgreSQL on this database; the password goes by the environment, never by the command line."""
    wanted = connections[alias].settings_dict
    where = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    environment = os.environ | {name: str(wanted[key]) for name, key in where.items() if wanted[key]}
    newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda p: int(p.parts[-3]))
    found = shutil.which(program) or (newest and str(newest[-1]))
    if not found:
        raise error(
            "HY-K024",
            en=f"{program} is not installed: install PostgreSQL's client programs.",
            fa=f"برنامهٔ {program} نصب نیست: برنامه‌های کارخواه PostgreSQL را نصب کنید.",
        )
    subprocess.run([found, *arguments], env=environment, check=True)  # noqa: S603  a program of PostgreSQL


def _copy_files(home: Path, to: Path) -> None:
    """Rounds, uploads and the rest of the home; no database, no master key, no key of sessions."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {n for n in names if n.endswith(LEFT_OUT) or (Path(folder) / n).resolve() == masters.path().resolve()}

    shutil.copytree(home, to, ignore=left_out)


def _manifest(folder: Path, vendor: str) -> dict[str, Any]:
    last = AuditEvent.objects.order_by("-number").values_list("number", "hash").first() or (0, FIRST)
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    kept = {
        "at": timezone.now().isoformat(),
        "database": vendor,
        "audit": {"number": last[0], "head": last[1]},
        "sha256": {str(file.relative_to(folder)): _sha256(file) for file in files},
    }
    (folder / MANIFEST).write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return kept


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _lines(persons: Iterable[UUID]) -> str:
    return "".join(f"{person}\n" for person in sorted(persons))


def restore(record: Path, keys: Path, erased: Iterable[Path] = (), replace: bool = False) -> int:
    """Put a backup in the place of this home's databases. How many persons stand on the list of the erased.

    erased: newer lists, kept elsewhere. Every list that is found (here, in both backups, in `erased`) is united, and those keys
    are destroyed again. Until `finished()` nothing is served. Raises HamyarError HY-K021, HY-K022.
    """
    for folder in (record, keys):
        require_whole_backup(folder)
    if _used() and not replace:
        raise error(
            "HY-K022",
            file=str(settings.HOME),
            en="this home holds a record. Restore into a new home, or say --replace.",
            fa="در این مسیر سامانه‌ای هست. در مسیری تازه بازیابی کنید یا ‎--replace‎ را بدهید.",
        )
    listed = _listed([record / ERASED, keys / ERASED, *erased])
    _marker().parent.mkdir(parents=True, exist_ok=True)
    with _marker().open("a") as marker:
        marker.write(_lines(listed))  # a restore that is cut off and run again still knows them
        marker.flush()
        os.fsync(marker.fileno())
    listed |= _listed([_marker()])
    _load("keys", keys / "keys")
    if (keys / "keys.json").exists():
        masters.path().parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(keys / "keys.json", masters.path())
    _load("default", record / "record")
    shutil.copytree(record / "files", settings.HOME, dirs_exist_ok=True)
    store.destroy(sorted(listed))
    return len(listed)


def _marker() -> Path:
    return Path(settings.HOME) / "restoring.part"


def finished() -> None:
    """The restored record may be served."""
    _marker().unlink()


def require_whole() -> None:
    """Pass unless a restore was cut off. Raises HamyarError HY-K023."""
    if _marker().exists():
        raise error(
            "HY-K023",
            file=str(settings.HOME),
            en="a restore was cut off here. Run it again, with --replace; nothing is served before.",
            fa="بازیابی در این مسیر نیمه‌کاره مانده است. آن را با ‎--replace‎ دوباره اجرا کنید؛ پیش از آن چیزی ارائه نمی‌شود.",
        )


def _listed(files: Iterable[Path]) -> set[UUID]:
    try:
        here = store.erased()
    except DatabaseError:
        here = set()
    return here | {UUID(line) for file in files for line in file.read_text().split()}


def _used() -> bool:
    try:
        return AuditEvent.objects.exists()
    except DatabaseError:
        return False


def require_whole_backup(folder: Path) -> None:
    manifest = folder / MANIFEST
    kept = json.loads(manifest.read_text("utf-8")) if manifest.is_file() else {"sha256": {MANIFEST: ""}}
    wrong = [
        name
        for name, digest in kept["sha256"].items()
        if not (folder / name).is_file() or _sha256(folder / name) != digest
    ]
    if wrong:
        raise error(
            "HY-K021",
            file=str(folder / wrong[0]),
            en="this is no whole backup: the file is missing or is not what was written.",
            fa="این پشتیبان کامل نیست: پرونده نیست یا همان نیست که نوشته شده بود.",
        )


def _load(alias: str, dump: Path) -> None:
    """SQLite's file, or PostgreSQL's dump, in the place of what is there."""
    connection = connections[alias]
    connection.close()
    if connection.vendor == "postgresql":
        _postgres(
            alias,
            "pg_restore",
            "--clean",
            "--if-exists",
            "--no-owner",
            "--single-transaction",
            f"--dbname={connection.settings_dict['NAME']}",
            str(dump.with_suffix(".dump")),
        )
        return
    file = Path(connection.settings_dict["NAME"])
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    shutil.copy(dump.with_suffix(".sqlite3"), part)
    for tail in ("-wal", "-shm"):
        file.with_name(file.name + tail).unlink(missing_ok=True)
    part.replace(file)
