"""What somebody looks for: a name or a number, which stands readable in no address, history or log."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.exceptions import SuspiciousOperation

from hamyar_server.core.keys import masters
from hamyar_server.organisations.actors import Actor

NONCE = 12  # bytes


def _cipher() -> AESGCM:
    return AESGCM(masters.masters().derived("search"))


def hidden(by: Actor, text: str) -> str:
    """The text as an address may carry it, for this membership alone."""
    nonce = secrets.token_bytes(NONCE)
    return urlsafe_b64encode(nonce + _cipher().encrypt(nonce, text.encode(), by.membership.pk.bytes)).decode()


def opened(by: Actor, token: str) -> str:
    """Raises SuspiciousOperation (400) for a token that was changed, or made for somebody else."""
    try:
        sealed = urlsafe_b64decode(token)
        return _cipher().decrypt(sealed[:NONCE], sealed[NONCE:], by.membership.pk.bytes).decode()
    except (ValueError, InvalidTag) as bad:
        raise SuspiciousOperation("a search that this server did not make for this membership") from bad
