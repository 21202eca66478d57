"""What every test of the record may use: the cast, and a browser of each of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from hamyar_server.organisations.actors import CHOSEN, Actor
from tests.hamyar_server import cast as of


@pytest.fixture
def cast(db: None, tmp_path: Path) -> of.Cast:
    return of.build(tmp_path)


@pytest.fixture
def signed_in() -> Callable[[Actor], Client]:
    """A client in which this actor has signed in and chosen for whom they act."""

    def enter(actor: Actor) -> Client:
        client = Client()
        client.force_login(actor.user)
        session = client.session
        session[CHOSEN] = str(actor.membership.pk)
        session.save()
        return client

    return enter
