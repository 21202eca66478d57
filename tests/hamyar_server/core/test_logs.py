"""What goes wrong is said to the operator, and no value of a person with it."""

from __future__ import annotations

import io
import logging

import pytest
from django.test import Client

from hamyar_server.core.logs import WithoutValues
from hamyar_server.registry import lists

NUMBER = "0499370899"


@pytest.fixture
def said(monkeypatch) -> io.StringIO:
    (handler,) = (one for one in logging.getLogger("django").handlers if isinstance(one.formatter, WithoutValues))
    written = io.StringIO()
    monkeypatch.setattr(handler, "stream", written)
    return written


def fails(*_args: object, **_named: object) -> None:
    try:
        raise KeyError(NUMBER)
    except KeyError as problem:
        raise ValueError(f"Key (index)=({NUMBER}) already exists") from problem


def test_an_error_of_a_page_stands_in_the_log_without_any_value(cast, signed_in, said, monkeypatch):
    client: Client = signed_in(cast.director)
    client.raise_request_exception = False
    monkeypatch.setattr(lists, "listed", fails)
    assert client.get("/households/").status_code == 500
    log = said.getvalue()
    assert "Internal Server Error: /households/" in log
    assert log.index("builtins.ValueError") < log.index("after:") < log.index("builtins.KeyError")
    assert "in fails" in log
    assert NUMBER not in log


def test_a_page_that_is_not_there_is_no_error(db, client, said):
    assert client.get("/no/such/page/").status_code == 404
    assert said.getvalue() == ""
