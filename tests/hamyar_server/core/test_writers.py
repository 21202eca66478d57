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


IN_TURN = """
import random, time
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction
from hamyar_server.core.audit import Entry, record_many, verify
from hamyar_server.core.bulk import in_turn
from hamyar_server.core.models import AuditEvent

User, draw, seen = get_user_model(), random.Random(7), set()

def write(part, turn):
    user = User.objects.create(username=f"{part}")
    time.sleep(draw.random() / 50)
    if part == 13:
        raise KeyError(part)
    turn()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()" if connection.vendor == "postgresql" else "SELECT 1")
        seen.update(cursor.fetchone())
    record_many(None, [Entry("user.made", user)])

call_command("migrate", verbosity=0, skip_checks=True)
stood = []
try:
    for part in in_turn(range(30), write):
        assert User.objects.filter(username=part).exists()
        stood.append(part)
except KeyError:
    pass
names = [int(name) for name in User.objects.order_by("date_joined").values_list("username", flat=True)]
events = [User.objects.get(pk=pk).username for pk in AuditEvent.objects.order_by("number").values_list("subject_id", flat=True)]
left = 0
if connection.vendor == "postgresql":
    with connection.cursor() as cursor:
        for _ in range(50):
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            (left,) = cursor.fetchone()
            if not left:
                break
            time.sleep(0.1)
print(stood[-1], stood == list(range(len(stood))), sorted(names) == stood, [int(one) for one in events] == stood, verify().fault, len(seen), left)
"""


def test_parts_stand_in_their_order_and_none_stands_behind_one_that_failed_on_sqlite(tmp_path):
    assert Home(tmp_path).python(IN_TURN).split() == ["11", "True", "True", "True", "None", "1", "0"]


@pytest.mark.postgres
def test_on_postgresql_two_connections_write_them_and_are_closed(tmp_path, postgres_databases):
    assert Home(tmp_path, postgres_databases).python(IN_TURN).split() == [
        "12",
        "True",
        "True",
        "True",
        "None",
        "2",
        "0",
    ]
