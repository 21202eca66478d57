from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from hamyar_server.core.keys import store
from hamyar_server.core.models import AuditEvent
from hamyar_server.registry.models import Household, Person, Retention
from hamyar_server.registry.retention import PERIODS


@pytest.mark.parametrize("kind", Retention.values)
def test_who_was_kept_long_enough_is_erased_and_nobody_else(register, kind, capsys):
    old, young = register(), register()
    for home, beyond in ((old, 1), (young, -1)):
        then = timezone.now() - PERIODS[kind] - timedelta(days=beyond)
        Household.objects.filter(pk=home.pk).update(retention=kind, changed_at=then)
    call_command("purge", "--dry-run")
    assert f"{kind}: 3 persons" in capsys.readouterr().out
    assert not store.erased()
    call_command("purge")
    assert Person.objects.living().count() == 3
    assert set(Person.objects.living()) == set(young.people.all())
    assert len(store.erased()) == 3
    assert AuditEvent.objects.filter(action="person.erased", fields__ground=f"retention: {kind}").count() == 3
