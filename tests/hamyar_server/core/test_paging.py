from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from operator import attrgetter

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import SuspiciousOperation
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hamyar_server.core.paging import page

ORDERS = [
    ("-last_login", "username"),
    ("last_login", "-username"),
    ("username",),
    ("is_active", "last_login", "pk"),
    ("-is_active", "username"),
]


@pytest.fixture
def people(db):
    """37 users; a third never signed in, and many signed in at the same moment."""
    seed = random.Random(1405)
    day = datetime(2026, 3, 21, tzinfo=UTC)
    User = get_user_model()
    User.objects.bulk_create(
        User(
            username=f"user-{i:02}",
            last_login=seed.choice([None, *(day + timedelta(days=n, microseconds=n) for n in range(5))]),
            is_active=seed.random() < 0.5,
        )
        for i in range(37)
    )
    return User.objects.all()


def walk(queryset, order, step, token=None):
    """The pages met from the token on, in the direction of the step."""
    pages = [page(queryset, order, token, size=5)]
    while following := getattr(pages[-1], step):
        pages.append(page(queryset, order, following, size=5))
        assert len(pages) < 20, "the walk goes round in circles"
    return pages


def expected(queryset, order):
    """Sorted by Python, from the last field to the first; None at the end."""
    rows = list(queryset)
    for name in reversed(order):
        field = name.removeprefix("-")
        known = [row for row in rows if getattr(row, field) is not None]
        known.sort(key=attrgetter(field), reverse=name.startswith("-"))
        rows = known + [row for row in rows if getattr(row, field) is None]
    return [row.pk for row in rows]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_pages_hold_every_row_once_in_order_and_lead_back(people, order):
    forward = walk(people, order, "next")
    assert [row.pk for found in forward for row in found] == expected(people, order)
    back = walk(people, order, "previous", page(people, order, forward[-2].next, size=5).previous)
    assert [[row.pk for row in found] for found in reversed(back)] == [
        [row.pk for row in found] for found in forward[:-1]
    ]
    assert forward[0].previous is None
    assert back[-1].previous is None


def test_no_page_is_found_by_counting_rows_off(people):
    with CaptureQueriesContext(
        connection,
    ) as asked:
        walk(people, ("-last_login", "username"), "next")
    assert len(asked) == 8
    assert not [query for query in asked if "OFFSET" in query["sql"].upper()]


def test_a_row_that_comes_in_before_moves_nothing(people):
    first = page(people, ("username",), size=5)
    get_user_model().objects.create(username="aaa")
    assert [row.username for row in page(people, ("username",), first.next, size=5)] == [
        f"user-{i:02}" for i in range(5, 10)
    ]


def test_a_token_that_was_changed_or_belongs_elsewhere_is_refused(people):
    token = page(people, ("username",), size=5).next
    for order, wrong in [(("username",), token[:-2] + "xx"), (("username",), "1"), (("-username",), token)]:
        with pytest.raises(SuspiciousOperation):
            page(people, order, wrong, size=5)


def test_an_empty_list_has_one_empty_page(db):
    found = page(get_user_model().objects.none(), ("username",))
    assert (found.rows, found.next, found.previous) == ([], None, None)
