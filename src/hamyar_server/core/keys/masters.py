"""Master keys: a file of versions, readable by its owner only. They wrap the persons' keys and key the blind indexes."""

from __future__ import annotations

import base64
import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from hamyar.errors import HamyarError, error


@dataclass(frozen=True)
class Masters:
    """current: the version that wraps new keys; wrapping: every version, since old backups need theirs; index: keys blind indexes."""

    current: int
    wrapping: dict[int, bytes]
    index: bytes

    def cipher(self, version: int) -> AESGCM:
        """Raises HamyarError HY-K003 for a version that the file does not hold."""
        if version not in self.wrapping:
            raise error(
                "HY-K003",
                file=str(path()),
                en=f"the key file has no version {version}, under which some persons' keys are wrapped. Put the newest key file back.",
                fa=f"نسخهٔ {version} در پروندهٔ کلیدها نیست، و کلید برخی افراد با آن بسته شده است. تازه‌ترین پروندهٔ کلیدها را بازگردانید.",
            )
        return _cipher(self.wrapping[version])

    def derived(self, label: str) -> bytes:
        """The key of one blind index."""
        return _derived(self.index, label)


@lru_cache(maxsize=16)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


@lru_cache(maxsize=64)
def _derived(master: bytes, label: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"hamyar blind index: {label}".encode()).derive(master)


def path() -> Path:
    return Path(settings.KEYS_FILE)


def exist() -> bool:
    return path().exists()


def masters() -> Masters:
    """As the file now stands, so that a rotation reaches a server that runs. Raises HamyarError HY-K001, HY-K002."""
    try:
        stamp = path().stat()
    except FileNotFoundError:
        raise lost() from None
    return _read(path(), stamp.st_mtime_ns, stamp.st_ino)


def lost() -> HamyarError:
    return error(
        "HY-K001",
        file=str(path()),
        en="the key file is not there, and the record holds persons whose data it locks. Put it back from its own backup; without it their data cannot be read, and nothing may be written.",
        fa="پروندهٔ کلیدها نیست، و در سامانه افرادی هستند که داده‌شان با آن قفل شده است. آن را از پشتیبان خودش بازگردانید؛ بدون آن داده‌ها خواندنی نیست و چیزی نباید نوشته شود.",
    )


@lru_cache(maxsize=4)
def _read(file: Path, _changed: int, _inode: int) -> Masters:
    try:
        kept = json.loads(file.read_text("utf-8"))
        wrapping = {int(version): base64.b64decode(key) for version, key in kept["wrapping"].items()}
        found = Masters(int(kept["current"]), wrapping, base64.b64decode(kept["index"]))
        sound = found.current in wrapping and {len(key) for key in (*wrapping.values(), found.index)} == {32}
    except (ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise error(
            "HY-K002",
            file=str(file),
            en="this is no key file of Hamyar, or it is damaged. Put it back from its own backup.",
            fa="این پرونده، پروندهٔ کلیدهای همیار نیست یا آسیب دیده است. آن را از پشتیبان خودش بازگردانید.",
        )
    return found


def make() -> Masters:
    """The first version, in a home that holds no person yet."""
    _write(Masters(1, {1: secrets.token_bytes(32)}, secrets.token_bytes(32)))
    return masters()


def add_version() -> Masters:
    """A new version, which wraps from now on; older ones stay, since backups of the key store need them."""
    old = masters()
    new = old.current + 1
    _write(Masters(new, {**old.wrapping, new: secrets.token_bytes(32)}, old.index))
    return masters()


def _write(kept: Masters) -> None:
    """In one step: a kill leaves the old file or the new one."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(
        {
            "current": kept.current,
            "wrapping": {str(version): base64.b64encode(key).decode() for version, key in kept.wrapping.items()},
            "index": base64.b64encode(kept.index).decode(),
        }
    )
    new = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    if kept.current == 1:
        _link_once(new, file)
    else:
        new.replace(file)


def _link_once(new: Path, file: Path) -> None:
    """The first file is never written over, whoever comes first."""
    with suppress(FileExistsError):
        os.link(new, file)
    new.unlink()
