"""From where a request comes, behind a proxy that is trusted and behind one that is not."""

from __future__ import annotations

import pytest

from hamyar_server.core.origin import believing


@pytest.mark.parametrize(
    ("proxies", "address"),
    [
        ("", "127.0.0.1"),
        ("127.0.0.1,::1", "203.0.113.9"),
        ("127.0.0.0/8, 203.0.113.9", "6.6.6.6"),
        ("10.0.0.0/8", "127.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_says_who_asks(proxies, address):
    asked = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6, 203.0.113.9"}
    assert believing(proxies, lambda scope, _start: scope["REMOTE_ADDR"])(asked, None) == address
