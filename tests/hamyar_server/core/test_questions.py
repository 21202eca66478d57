"""Questions that are written once: the same answers as the ORM's own, and nothing that stands still."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hamyar_server.areas.models import Area
from hamyar_server.core.questions import Question
from hamyar_server.organisations.models import Mandate, Membership

pytestmark = pytest.mark.django_db


def test_the_answer_is_the_orms_own_whatever_is_given_and_however_often(cast):
    asks = Question(lambda areas: Area.objects.filter(pk__in=areas).values_list("pk", "name", "parent__name"))
    every = list(Area.objects.values_list("pk", flat=True))
    for some in (every, every[:1], every[:3], every[2:], every[::-1], []):
        ours = Area.objects.filter(pk__in=some).values_list("pk", "name", "parent__name")
        assert sorted(asks(some)) == sorted(ours)
    assert len(asks.written) < 6


def test_rows_come_as_objects_with_what_hangs_on_them(cast):
    asks = Question(lambda pk, day: Membership.objects.living(day).filter(pk=pk).select_related("organisation__area"))
    for actor in (cast.mayor, cast.director, cast.mayor):
        expected = actor.membership, actor.area.name
        with CaptureQueriesContext(connection) as asked:
            (found,) = asks(actor.membership.pk, timezone.localdate())
            assert (found, found.organisation.area.name) == expected
        assert len(asked) == 1
    assert asks(cast.mayor.membership.pk, cast.mayor.membership.since - timedelta(days=1)) == []


def test_what_changed_meanwhile_is_seen(cast):
    asks = Question(lambda holder, day: Mandate.objects.living(day).filter(holder=holder).values_list("pk", flat=True))
    given = cast.mayor.organisation.pk, timezone.localdate()
    before = asks(*given)
    Mandate.objects.filter(pk=before[0]).update(revoked_at=timezone.now())
    assert sorted(asks(*given)) == sorted(before[1:])


@pytest.mark.parametrize(
    "asks",
    [
        lambda pk: Mandate.objects.living().filter(pk=pk),
        lambda pk: Mandate.objects.filter(revoked_at__lte=timezone.now(), pk=pk),
    ],
)
def test_a_day_that_the_query_reads_itself_is_refused(cast, asks):
    with pytest.raises(ValueError, match="stands still"):
        Question(asks)(cast.mayor.membership.pk)


def test_what_the_query_changes_before_it_asks_is_refused(cast):
    with pytest.raises(ValueError, match="as it is"):
        Question(lambda name: Area.objects.filter(name__startswith=name))("محل")
    with pytest.raises(ValueError, match="as it is"):
        Question(lambda name, day: Area.objects.filter(name=name))("محل", date(2026, 1, 1))


def test_only_kinds_that_can_be_told_apart_are_taken(cast):
    with pytest.raises(ValueError, match="int"):
        Question(lambda depth: Area.objects.filter(depth=depth))(1)
