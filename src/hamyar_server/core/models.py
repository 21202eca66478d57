"""The audit: what was done, by whom, on whose behalf. It keeps ids and text and imports no user."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from hamyar_server.core.ids import uuid7


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def of(self, subject: models.Model) -> AuditEventQuerySet:
        """Everything that was done to this, oldest first."""
        return self.filter(subject_kind=subject._meta.label_lower, subject_id=str(subject.pk)).order_by("number")


class AuditEvent(models.Model):
    """One act. Rows are added in the act's own transaction; the database refuses to change or remove them."""

    number = models.BigAutoField(primary_key=True)
    id = models.UUIDField(default=uuid7, editable=False, unique=True)
    at = models.DateTimeField(auto_now_add=True)
    user_id = models.CharField(max_length=40, blank=True)
    user_name = models.CharField(_("who"), max_length=200, blank=True)
    organisation_id = models.CharField(max_length=40, blank=True)
    organisation_name = models.CharField(_("on behalf of"), max_length=200, blank=True)
    action = models.CharField(_("what"), max_length=60)
    subject_kind = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=40)
    area_path = models.CharField(max_length=200, blank=True, db_index=True)
    fields: models.JSONField[Any, Any] = models.JSONField(default=dict)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["subject_kind", "subject_id", "number"])]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_kind} {self.subject_id}"
