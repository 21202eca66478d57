"""Organisations in a tree, and the people who act for them."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hamyar_server.areas.models import Area
from hamyar_server.core.ids import uuid7


class User(AbstractUser):
    """Somebody who signs in; what they may do comes from a membership alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    title_fa = models.CharField(_("title in Persian"), max_length=150, blank=True)
    title_en = models.CharField(_("title in English"), max_length=150, blank=True)

    def __str__(self) -> str:
        return self.title_fa or self.username


class OrganisationKind(models.TextChoices):
    FOUNDATION = "foundation", _("foundation")
    PROGRAMME = "programme", _("programme organisation")
    COOPERATION = "cooperation", _("cooperation organisation")
    MUNICIPALITY = "municipality", _("municipality")
    GOVERNOR = "governor", _("district governor's office")
    VILLAGE = "village", _("village administration")


class Organisation(models.Model):
    """Who acts, in an area and everything below it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20, choices=OrganisationKind)
    name_fa = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="organisations")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "area", "name_fa"], name="one_organisation_of_a_name_and_area"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="no_organisation_is_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name_fa


class Job(models.TextChoices):
    DIRECTOR = "director", _("director")
    OFFICER = "officer", _("officer")
    MAYOR = "mayor", _("mayor")
    GOVERNOR = "governor", _("district governor")
    ADMINISTRATOR = "administrator", _("village administrator")
    ASSESSOR = "assessor", _("assessor")
    STATISTICIAN = "statistician", _("statistician")


class MembershipQuerySet(models.QuerySet["Membership"]):
    def living(self) -> MembershipQuerySet:
        today = timezone.localdate()
        return self.filter(Q(until=None) | Q(until__gte=today), since__lte=today)


class Membership(models.Model):
    """A person's place in an organisation; a deputy is named by the one they stand in for."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="memberships")
    job = models.CharField(max_length=20, choices=Job)
    deputy_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="deputies")
    since = models.DateField(default=timezone.localdate)
    until = models.DateField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "organisation", "job"], name="one_membership_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.user}, {self.organisation}"


class SignInFailure(models.Model):
    """A failed sign-in, kept for as long as it slows the next one down."""

    name = models.CharField(max_length=150, db_index=True)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.name} {self.at}"
