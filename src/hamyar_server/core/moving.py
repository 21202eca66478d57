"""Moves a record from SQLite to PostgreSQL: every table by COPY, then the numbers and the audit's chain are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connections, models, transaction

from hamyar.errors import error
from hamyar_server.core import audit
from hamyar_server.core.bulk import insert
from hamyar_server.core.databases import database
from hamyar_server.core.models import AuditEvent

BATCH = 5000
Progress = Callable[[str, int], object]


def copy_to(record: str, keys: str, progress: Progress) -> audit.Verified:
    """Copy everything to two empty databases, addresses as of DATABASE_URL; the verified audit of the copy.

    The source is locked against writing meanwhile. Raises HamyarError HY-K030 to HY-K032.
    """
    with _aliases({"to": record, "to keys": keys}), transaction.atomic(), transaction.atomic(using="keys"):
        for source, target in (("keys", "to keys"), ("default", "to")):
            call_command("migrate", database=target, verbosity=0, skip_checks=True)
            tables = _tables(source)
            _require_empty(target)
            with transaction.atomic(using=target):
                for model in reversed(tables):
                    if model is not AuditEvent:
                        model._base_manager.using(target).all()._raw_delete(target)
                for model in tables:
                    progress(model._meta.label, _copy(model, source, target))
                _reset_sequences(tables, target)
            _require_same(tables, source, target)
        return _verified()


@contextmanager
def _aliases(addresses: dict[str, str]) -> Iterator[None]:
    wanted = {alias: database(address, Path()) for alias, address in addresses.items()}
    connections.settings.update(connections.configure_settings({"default": {}, **wanted}) | connections.settings)
    try:
        yield
    finally:
        for alias in wanted:
            connections[alias].close()
            del connections.settings[alias]


def _tables(source: str) -> list[type[models.Model]]:
    """Every table of the source, those first that others point at."""
    ours = [
        model
        for model in apps.get_models(include_auto_created=True)
        if (model._meta.app_label == "keys") == (source == "keys") and model._meta.managed and not model._meta.proxy
    ]
    ordered: list[type[models.Model]] = []
    while ours:
        ready = [model for model in ours if not (_pointed(model) - {model}) & set(ours)]
        ordered += ready
        ours = [model for model in ours if model not in ready]
    return ordered


def _pointed(model: type[models.Model]) -> set[type[models.Model]]:
    return {field.related_model for field in model._meta.concrete_fields if field.is_relation}


def _copy(model: type[models.Model], source: str, target: str) -> int:
    """Rows that point at rows of the same table may come in any order: PostgreSQL checks when the transaction ends."""
    columns = [field.name for field in model._meta.concrete_fields]
    attributes = [field.attname for field in model._meta.concrete_fields]
    rows = model._base_manager.using(source).order_by("pk").values_list(*attributes).iterator(chunk_size=BATCH)
    done, some = 0, []
    for row in rows:
        some.append([bytes(value) if isinstance(value, bytes) else value for value in row])
        if len(some) == BATCH:
            insert(model, columns, some, using=target)
            done, some = done + len(some), []
    insert(model, columns, some, using=target)
    return done + len(some)


def _reset_sequences(tables: list[type[models.Model]], target: str) -> None:
    connection = connections[target]
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)


def _require_empty(target: str) -> None:
    model = AuditEvent if target == "to" else apps.get_model("keys", "PersonKey")
    if model._base_manager.using(target).exists():
        raise error(
            "HY-K030",
            en="there is a record in that database already. Give an empty one.",
            fa="در آن پایگاه داده سامانه‌ای هست. پایگاهی خالی بدهید.",
        )


def _require_same(tables: list[type[models.Model]], source: str, target: str) -> None:
    for model in tables:
        here, there = (model._base_manager.using(alias).count() for alias in (source, target))
        if here != there:
            raise error(
                "HY-K031",
                en=f"{model._meta.label}: {here} rows here, {there} there. Copy again to empty databases.",
                fa=f"{model._meta.label}: اینجا {here} ردیف و آنجا {there} ردیف. دوباره به پایگاه‌های خالی کپی کنید.",
            )


def _verified() -> audit.Verified:
    here, there = audit.verify(), audit.verify("to")
    if here != there or there.fault:
        raise error(
            "HY-K032",
            en=f"the audit of the copy is not that of the source: {there.fault or there.head}.",
            fa=f"سابقهٔ عملیات نسخهٔ کپی با اصل یکی نیست: {there.fault or there.head}.",
        )
    return there
