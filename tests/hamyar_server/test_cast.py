from __future__ import annotations

import pytest

from hamyar_server.core.models import AuditEvent
from hamyar_server.organisations.models import Organisation


def test_everyone_of_the_cast_sees_the_home_page_of_their_own_area(cast, signed_in):
    for name, actor in cast.actors.items():
        page = signed_in(actor).get("/?")
        assert page.status_code == 200, name
        assert page.context["area"] == actor.area, name


def test_the_cast_was_built_by_actions_alone(cast):
    assert AuditEvent.objects.filter(action="organisation.founded").count() == Organisation.objects.count()
    assert AuditEvent.objects.filter(action="membership.added").count() == len(cast.actors)


def test_a_name_that_is_not_in_the_cast_is_said(cast):
    with pytest.raises(AttributeError, match="minister"):
        cast.minister  # noqa: B018 the access is the test
