"""kill -9 in the middle of a rotation and of a backup: nothing is lost, nothing is half."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.hamyar_server.home import SET_UP, Home

pytestmark = pytest.mark.prove
ROUNDS = 6
BEGIN = """
from django.core.management import call_command
call_command("migrate", verbosity=0, skip_checks=True)
from hamyar_server.core.ids import uuid7
from hamyar_server.core.keys import store
store.make([uuid7() for _ in range(20_000)])
"""
FINGERPRINT = """
import hashlib
from hamyar_server.core.keys import store
from hamyar_server.core.keys.models import PersonKey
people = sorted(PersonKey.objects.values_list("person_id", flat=True))
keys = store.opened(people)
print(hashlib.sha256(b"".join(keys[one]._key for one in people)).hexdigest(), store.status())
"""


def killed(home: Home, text: str, seconds: float) -> bool:
    """Whether the process was still at it when it was killed."""
    process = home.start("-c", SET_UP + "print('go', flush=True)\n" + text)
    assert process.stdout is not None
    assert process.stdout.readline() == "go\n"
    time.sleep(seconds)
    late = process.poll() is not None
    process.kill()
    process.communicate()
    return not late


def a_rotation_is_finished(home: Home) -> None:
    draw = random.Random(7)
    home.python(BEGIN)
    before = home.python(FINGERPRINT).split(" ", 1)[0]
    rotate = "from hamyar_server.core.keys import store\nstore.rotate(batch=200)"
    cut = sum(killed(home, rotate, draw.uniform(0.02, 0.6)) for _ in range(ROUNDS))
    assert cut >= 2, "the kills came too late to prove anything"
    assert home.python(FINGERPRINT).split(" ", 1)[0] == before
    home.python(rotate)
    after, status = home.python(FINGERPRINT).split(" ", 1)
    assert after == before
    assert status.count("20000") == 1


def test_a_rotation_is_finished_whenever_it_was_killed_on_sqlite(tmp_path):
    a_rotation_is_finished(Home(tmp_path))


@pytest.mark.postgres
def test_a_rotation_is_finished_whenever_it_was_killed_on_postgresql(tmp_path, postgres_databases):
    a_rotation_is_finished(Home(tmp_path, postgres_databases))


def a_backup_is_whole_or_is_none(home: Home, tmp_path: Path) -> None:
    draw = random.Random(8)
    home.python(BEGIN)
    cut = 0
    for n in range(ROUNDS):
        record, keys = tmp_path / f"record{n}", tmp_path / f"keys{n}"
        back_up = (
            f'from django.core.management import call_command\ncall_command("backup", "{record}", "--keys", "{keys}")'
        )
        cut += killed(home, back_up, draw.uniform(0.02, 1.2))
        for folder in (record, keys):
            if folder.exists():
                home.python(
                    f"from pathlib import Path\nfrom hamyar_server.core import backups\nbackups.require_whole_backup(Path('{folder}'))"
                )
    assert cut >= 2
    home.command("backup", str(tmp_path / "record"), "--keys", str(tmp_path / "keys"))
    before = home.python(FINGERPRINT)
    restore = f'from django.core.management import call_command\ncall_command("restore", "{tmp_path}/record", "--keys", "{tmp_path}/keys", "--replace")'
    for _ in range(3):
        killed(home, restore, draw.uniform(0.02, 0.8))
    home.python(restore)
    assert home.python(FINGERPRINT) == before
    assert not list(home.folder.glob("restoring*"))


def test_a_backup_is_whole_or_is_none_whenever_it_was_killed_on_sqlite(tmp_path):
    a_backup_is_whole_or_is_none(Home(tmp_path / "home"), tmp_path)


@pytest.mark.postgres
def test_a_backup_is_whole_or_is_none_whenever_it_was_killed_on_postgresql(tmp_path, postgres_databases):
    a_backup_is_whole_or_is_none(Home(tmp_path / "home", postgres_databases), tmp_path)
