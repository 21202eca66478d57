"""Many write at once, each with a connection of its own."""

from __future__ import annotations

import pytest

from tests.hamyar_server.home import Home

WRITERS = """
import random, threading
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction
from hamyar_server.core.audit import Entry, record_many, verify
from hamyar_server.core.models import AuditEvent

def write(seed):
    draw = random.Random(seed)
    for _ in range(8):
        try:
            with transaction.atomic():
                user = get_user_model().objects.create(username=f"{seed} {draw.random()}")
                record_many(None, [Entry("user.made", user)] * draw.randint(1, 4))
                if draw.random() < 0.3:
                    raise KeyError
        except KeyError:
            pass
    connection.close()

call_command("migrate", verbosity=0, skip_checks=True)
threads = [threading.Thread(target=write, args=[seed]) for seed in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(get_user_model().objects.count(), AuditEvent.objects.count(), verify().events, verify().fault)
"""


def one_chain(home: Home) -> None:
    made, events, verified, fault = home.python(WRITERS).split(maxsplit=3)
    assert 5 < int(made) <= 24
    assert int(made) <= int(events) == int(verified)
    assert fault.strip() == "None"


def test_writers_at_once_make_one_chain_on_sqlite(tmp_path):
    one_chain(Home(tmp_path))


@pytest.mark.postgres
def test_writers_at_once_make_one_chain_on_postgresql(tmp_path, postgres_databases):
    one_chain(Home(tmp_path, postgres_databases))
