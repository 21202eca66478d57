"""Programmes, and which need goes to which of them: dated data, many to many."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from hamyar_server.core.ids import uuid7
from hamyar_server.intake.models import Candidate
from hamyar_server.organisations.models import Organisation
from hamyar_server.registry.models import Need


class Programme(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="programmes")
    name_fa = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)

    class Meta:
        verbose_name, verbose_name_plural = _("programme"), _("programmes")

    def __str__(self) -> str:
        return self.name_fa


class ProgrammeNeedQuerySet(models.QuerySet["ProgrammeNeed"]):
    def in_force(self, day: date) -> ProgrammeNeedQuerySet:
        return self.filter(Q(until=None) | Q(until__gte=day), since__lte=day)


class ProgrammeNeed(models.Model):
    """From a day to a day, this need goes to this programme."""

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="serves")
    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="served_by")
    since = models.DateField()
    until = models.DateField(null=True, blank=True)

    objects = ProgrammeNeedQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("need that a programme serves"), _("needs that programmes serve")
        constraints = [
            models.UniqueConstraint(fields=["programme", "need", "since"], name="one_row_of_programme_need_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.need} → {self.programme}"


class Route(models.Model):
    """An accepted need and the programme that it went to."""

    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="routes")
    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="+")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="routes")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["candidate", "need", "programme"], name="one_route_per_need_and_programme")
        ]

    def __str__(self) -> str:
        return f"{self.candidate}: {self.need} → {self.programme}"
