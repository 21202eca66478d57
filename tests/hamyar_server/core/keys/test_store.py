from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from hamyar.errors import HamyarError
from hamyar_server.core.ids import uuid7
from hamyar_server.core.keys import masters, store
from hamyar_server.core.keys.apps import keys_are_there
from hamyar_server.core.keys.models import PersonKey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def keys_file(settings, tmp_path) -> Path:
    settings.KEYS_FILE = tmp_path / "keys.json"
    return settings.KEYS_FILE


@pytest.fixture
def people():
    ids = [uuid7() for _ in range(7)]
    return dict(store.make(ids))


def opens(people):
    """Whether what each key sealed before opens with the key that the store gives now."""
    now = store.opened(people)
    return [now[one].open(key.seal(b"text", b"place"), b"place") == b"text" for one, key in people.items()]


def test_the_first_person_makes_the_key_file_for_its_owner_alone(keys_file):
    assert not keys_file.exists()
    store.make([uuid7()])
    assert stat.S_IMODE(keys_file.stat().st_mode) == 0o600
    assert list(keys_file.parent.iterdir()) == [keys_file]


def test_a_key_is_one_persons_and_stays_the_same(people):
    assert opens(people) == [True] * 7
    assert len({key._key for key in people.values()}) == 7


def test_what_is_stored_is_no_key_and_is_bound_to_its_person(people, keys_file):
    rows = list(PersonKey.objects.all())
    assert not any(people[row.person_id]._key in bytes(row.wrapped) for row in rows)
    a, b = rows[:2]
    PersonKey.objects.filter(pk=a.pk).update(wrapped=b.wrapped)
    with pytest.raises(HamyarError, match="HY-K004"):
        store.opened([a.pk])


@pytest.mark.parametrize("spoil", ["remove", "other", "damage", "empty", "older"])
def test_a_lost_key_is_said_and_nothing_is_written(people, keys_file, spoil):
    store.rotate()
    kept = json.loads(keys_file.read_text())
    if spoil == "remove":
        keys_file.unlink()
    elif spoil == "other":
        keys_file.unlink()
        masters.make()
        masters.add_version()
    elif spoil == "damage":
        keys_file.write_text(keys_file.read_text()[:-30])
    elif spoil == "empty":
        keys_file.write_text("[]")
    else:
        keys_file.write_text(json.dumps(kept | {"current": 1, "wrapping": {"1": kept["wrapping"]["1"]}}))
    code = {"remove": "HY-K001", "other": "HY-K004", "older": "HY-K003"}.get(spoil, "HY-K002")
    assert [found.id for found in keys_are_there()] == [f"hamyar.{code}"]
    with pytest.raises(HamyarError, match=code):
        store.opened(people)
    with pytest.raises(CommandError, match=code):
        call_command("keys", "rotate")
    if spoil == "remove":
        with pytest.raises(HamyarError, match=code):
            store.make([uuid7()])
        assert not keys_file.exists()
    assert PersonKey.objects.count() == 7


def test_a_new_home_is_sound():
    assert keys_are_there() == []


def test_rotation_wraps_everything_anew_and_old_versions_stay_for_old_backups(people, capsys):
    before = dict(PersonKey.objects.values_list("person_id", "wrapped"))
    assert store.rotate(batch=3) == 7
    assert store.status() == {"current": 2, "persons": {2: 7}, "erased": 0}
    assert opens(people) == [True] * 7
    keep = masters.masters()
    assert all(store._unwrap(keep, 1, one, wrapped) == people[one]._key for one, wrapped in before.items())


def test_a_rotation_that_was_cut_off_is_finished_not_begun_again(people):
    def cut(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.rotate(cut, batch=3)
    assert store.status()["persons"] == {1: 4, 2: 3}
    assert opens(people) == [True] * 7
    assert store.rotate() == 4
    assert store.status()["persons"] == {2: 7}


def test_a_person_who_is_erased_during_a_rotation_stays_erased(people):
    last = max(people)
    store.rotate(lambda done: store.destroy([last]) if done == 3 else None, batch=3)
    assert last not in store.opened(people)
    assert store.status() == {"current": 2, "persons": {2: 6}, "erased": 1}


def test_destroying_a_key_is_for_good_and_is_remembered(people):
    gone, *rest = people
    store.destroy([gone])
    store.destroy([gone])
    assert set(store.opened(people)) == set(rest)
    assert store.erased() == store.erased(people) == {gone}


def test_the_command_says_versions_and_numbers(people, capsys):
    call_command("keys", "rotate")
    call_command("keys", "status")
    out = capsys.readouterr().out
    assert "wrapped 7" in out
    assert out.count("version 2: 7 persons · 7 نفر") == 2
