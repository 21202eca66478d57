"""The audit: what was done, by whom, on whose behalf. It keeps ids and text and imports no user."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hamyar_server.core.encryption import EncryptedTextField
from hamyar_server.core.fields import PathField, under
from hamyar_server.core.ids import uuid7

FIRST = "0" * 64  # what stands before the first event


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def of(self, subject: models.Model) -> AuditEventQuerySet:
        """Everything that was done to this, oldest first."""
        return self.filter(subject_kind=subject._meta.label_lower, subject_id=str(subject.pk)).order_by("number")

    def about(self, *, person: UUID | None = None, household: UUID | None = None, batch: UUID | None = None) -> Any:
        """Everything that concerns this person or household, oldest first; of each thing that was done to the batch which
        brought them in, piece by piece, the first."""
        wanted = Q()
        if person:
            wanted |= Q(person_id=person)
        if household:
            wanted |= Q(household_id=household)
        if batch:
            done = AuditEvent.objects.filter(subject_id=str(batch)).values("action").order_by()
            wanted |= Q(number__in=done.annotate(first=models.Min("number")).values("first"))
        return self.filter(wanted).order_by("number") if wanted else self.none()

    def under(self, path: str) -> AuditEventQuerySet:
        return self.filter(under(path, "area_path"))


class AuditEvent(models.Model):
    """One act. Rows are added in the act's own transaction; the database refuses to change or remove them.

    number: 1, 2, 3 … without a gap. hash: SHA-256 over everything else in the row and over `previous`, the hash of the event
    before. sealed: values of the person, under the person's own key, so that erasing the person erases them here too; digest:
    of the same values, under the same key.
    """

    number = models.BigIntegerField(primary_key=True)
    id = models.UUIDField(default=uuid7, editable=False, unique=True)
    at = models.DateTimeField()
    user_id = models.CharField(max_length=40, blank=True)
    user_name = models.CharField(_("who"), max_length=200, blank=True)
    organisation_id = models.CharField(max_length=40, blank=True)
    organisation_name = models.CharField(_("on behalf of"), max_length=200, blank=True)
    membership_id = models.CharField(max_length=40, blank=True)
    deputy_of = models.CharField(max_length=200, blank=True, help_text="whom the acting deputy stands in for")
    origin = models.CharField(_("from where"), max_length=45, blank=True, help_text="the network address")
    action = models.CharField(_("what"), max_length=60)
    subject_kind = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=40)
    person_id = models.UUIDField(null=True)
    household_id = models.UUIDField(null=True)
    area_path = PathField(blank=True)
    fields: models.JSONField[Any, Any] = models.JSONField(default=dict)
    changed: models.JSONField[Any, Any] = models.JSONField(_("which fields"), default=list)
    sealed = EncryptedTextField()
    digest = models.BinaryField(null=True)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "number"]),
            models.Index(
                fields=["person_id", "number"], condition=Q(person_id__isnull=False), name="audit_of_a_person"
            ),
            models.Index(
                fields=["household_id", "number"], condition=Q(household_id__isnull=False), name="audit_of_a_household"
            ),
            models.Index(fields=["area_path", "number"], name="audit_of_an_area"),
            models.Index(fields=["user_id", "number"], name="audit_of_a_user"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject_kind} {self.subject_id}"

    def computed_hash(self) -> str:
        return event_hash({name: getattr(self, name) for name in HASHED})


HASHED = (
    *(
        "number",
        "id",
        "at",
        "user_id",
        "user_name",
        "organisation_id",
        "organisation_name",
        "membership_id",
        "deputy_of",
    ),
    *("origin", "action", "subject_kind", "subject_id", "person_id", "household_id", "area_path", "fields", "changed"),
    *("sealed", "digest", "previous"),
)  # never changed: older events were hashed over these


def event_hash(values: dict[str, Any]) -> str:
    """SHA-256 over the values as JSON with sorted names; times in UTC, bytes in hexadecimal."""
    plain = {name: _plain(value) for name, value in values.items()}
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, UUID) else value
