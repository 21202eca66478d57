"""What every test of the record may use: the cast, and a browser of each of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import DjangoDbBlocker

from hamyar_server.organisations.actors import CHOSEN, Actor
from tests.hamyar_server import again
from tests.hamyar_server import cast as of


@pytest.fixture(scope="session")
def made(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> again.Made:
    with django_db_blocker.unblock():
        return again.made_by(lambda: of.build(tmp_path_factory.mktemp("cast")))


@pytest.fixture
def cast(made: again.Made, db: None) -> of.Cast:
    return made.again()


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
