"""Rows of reference tables: whether anything refers to one, and removing one that nothing refers to."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, connection, models, transaction

from hamyar.errors import error


def referred_to(row: models.Model) -> bool:
    """Whether a row of any table points at it, through a key or a relation of many to many."""
    relations: list[Any] = [field for field in row._meta.get_fields(include_hidden=True) if field.auto_created]
    pointing = [each for each in relations if each.one_to_many or each.one_to_one or each.many_to_many]
    return any(each.related_model._base_manager.filter(**{each.field.name: row}).exists() for each in pointing)


def remove(row: models.Model) -> None:
    """Raises HamyarError HY-K050 where something refers to it, were it behind a wall of the database."""
    try:
        with transaction.atomic():
            if referred_to(row):
                raise IntegrityError
            row.delete()
            connection.check_constraints(table_names=[row._meta.db_table])
    except IntegrityError:
        raise error(
            "HY-K050",
            en=f"“{row}” is in use and is not removed. Change its name, or end what refers to it.",
            fa=f"«{row}» در حال استفاده است و حذف نمی‌شود. نام آن را تغییر دهید یا به آنچه به آن اشاره دارد پایان دهید.",
        ) from None
