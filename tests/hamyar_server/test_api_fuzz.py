"""Whatever is sent to the interface for programmes, in the shape that it describes or another, it answers and never breaks (schemathesis)."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from tests.hamyar_server.registry.conftest import household, register  # noqa: F401 fixtures

EXAMPLES = int(os.environ.get("HAMYAR_SPOILED", "0"))
HERE = "http://testserver"


def walk(client: Any, examples: int) -> dict[str, set[int]]:
    """Each operation of the description → the states it answered with."""
    schema = schemathesis.openapi.from_dict(client.get("/api/openapi.json").json())
    operations = [found.ok() for found in schema.get_all_operations()]
    return {operation.label: states(client, operation, examples) for operation in operations}


def states(client: Any, operation: Any, examples: int) -> set[int]:
    told: set[int] = set()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        sent = requests.Request(**case.as_transport_kwargs(base_url=HERE)).prepare()
        body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
        kind = sent.headers.get("Content-Type", "application/json")
        answer = client.generic(sent.method, sent.path_url, body, kind)
        told.add(answer.status_code)
        assert answer.status_code < 500, (sent.method, sent.url, body)

    with suppress(Unsatisfiable):
        one()
    return told


def test_whatever_is_sent_is_answered(cast, household, signed_in):  # noqa: F811
    told = walk(signed_in(cast.director), EXAMPLES or 8)
    assert len(told) > 8, told
    assert {200, 400} <= set().union(*told.values()), told


@pytest.mark.prove
def test_whatever_is_sent_a_thousand_times_is_answered(cast, household, signed_in):  # noqa: F811
    walk(signed_in(cast.director), EXAMPLES or 1000)
