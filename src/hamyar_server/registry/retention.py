"""How long people are kept after their household last changed, by class."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from hamyar_server.core.bulk import slices
from hamyar_server.core.keys import store
from hamyar_server.registry.erasure import BATCH, forget
from hamyar_server.registry.models import Household, Person, Retention

PERIODS = {
    Retention.APPLICANT: timedelta(days=2 * 365),
    Retention.DECLINED: timedelta(days=365),
    Retention.SERVED: timedelta(days=10 * 365),
}


def over() -> Iterator[tuple[str, list[Person]]]:
    """Persons whose time is over, by retention class."""
    for kind, period in PERIODS.items():
        homes = Household.objects.filter(retention=kind, changed_at__lt=timezone.now() - period)
        yield kind, list(Person.objects.filter(household__in=homes, erased_at=None).only("pk"))


def purge() -> dict[str, int]:
    """Erase them for good; how many of each class."""
    done = {}
    for kind, people in over():
        ids = [person.pk for person in people]
        store.destroy(ids)
        for some in slices(ids, BATCH):
            forget(some, None, f"retention: {kind}")
        done[kind] = len(ids)
    return done
