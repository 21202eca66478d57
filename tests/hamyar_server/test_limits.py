"""What comes in has a size, and what goes out runs nothing."""

from __future__ import annotations

import io

import pyarrow as pa
import pytest

from hamyar_server.analysis.exports import harmless
from hamyar_server.core.sizes import limited


@pytest.mark.parametrize(("length", "status"), [("10", "200"), ("", "200"), ("11", "413"), ("-1", "413"), ("x", "413")])
def test_a_body_that_is_too_large_never_reaches_the_disk(length, status):
    said, read = [], []

    def served(environ, start_response):
        read.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return [b""]

    environ = {"CONTENT_LENGTH": length, "wsgi.input": io.BytesIO(b"0123456789")}
    limited(served, largest=10)(environ, lambda line, _headers: said.append(line))
    assert said[0].startswith(status)
    assert bool(read) == (status == "200")


def test_the_record_is_served_behind_that_limit(db):
    from hamyar_server.wsgi import application  # says whether the keys are there, so asks the database

    said = []
    environ = {"CONTENT_LENGTH": str(10**12), "wsgi.input": io.BytesIO()}
    application(environ, lambda line, _headers: said.append(line))
    assert said == ["413 Content Too Large"]


def test_no_text_of_a_table_that_is_given_out_is_a_formula():
    table = pa.table({"name": ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "زاوه", None], "estimate": [-1.0] * 6})
    safe = harmless(table)
    assert safe["name"].to_pylist() == ["'=cmd|' /C calc'!A0", "'+1", "'-1", "'@x", "زاوه", None]
    assert safe["estimate"].to_pylist() == [-1.0] * 6
