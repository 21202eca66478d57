"""A job is done once it is committed, and done again where its worker was killed."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from django.db import transaction
from django_q.models import OrmQ

from hamyar_server.core import jobs
from tests.hamyar_server.home import Home

QUEUE = """
from django.core.management import call_command
call_command("migrate", verbosity=0, skip_checks=True)
from hamyar_server.core import jobs
jobs.later("tests.hamyar_server.core.slow_job.run", "{folder}", name="slow")
"""
LEFT = "from django_q.models import OrmQ, Task; print(OrmQ.objects.count(), Task.objects.filter(success=True).count())"


@pytest.mark.django_db
def test_a_job_of_an_act_that_failed_is_never_queued():
    with transaction.atomic():
        jobs.later("math.sqrt", 4, name="root")
        transaction.set_rollback(True)
    assert not OrmQ.objects.exists()
    jobs.later("math.sqrt", 4, name="root")
    assert OrmQ.objects.get().func() == "math.sqrt"


def until(file: Path, text: str, process) -> None:
    for _ in range(900):
        if file.exists() and file.read_text() == text:
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    raise AssertionError(f"{file} did not come")


def survives(home: Home, folder: Path) -> None:
    home.more["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
    home.python(QUEUE.format(folder=folder))
    first = home.start("-m", "hamyar_server.command", "work")
    until(folder / "begun", "x", first)
    first.kill()
    first.communicate()
    (folder / "leave").touch()
    second = home.start("-m", "hamyar_server.command", "work")
    try:
        until(folder / "ended", "x", second)
        assert (folder / "begun").read_text() == "xx"
        for _ in range(20):
            if (left := home.python(LEFT).split()) == ["0", "1"]:
                break
        assert left == ["0", "1"]
    finally:
        second.send_signal(signal.SIGTERM)
        second.communicate()


@pytest.mark.prove
def test_a_job_whose_worker_was_killed_is_done_again_on_sqlite(tmp_path):
    folder = tmp_path / "job"
    folder.mkdir()
    survives(Home(tmp_path / "home"), folder)


@pytest.mark.postgres
def test_a_job_whose_worker_was_killed_is_done_again_on_postgresql(tmp_path, postgres_databases):
    folder = tmp_path / "job"
    folder.mkdir()
    survives(Home(tmp_path / "home", postgres_databases), folder)
