"""Rounds that were kept, and their results: what the pages show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from hamyar_server.areas.models import Area
from hamyar_server.core.fields import under
from hamyar_server.core.ids import uuid7
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Function


class Kind(models.TextChoices):
    MEASURE = "measure", _("Measure")
    INDEX = "index", _("Area index")


class Tier(models.TextChoices):
    SURELY_IN = "surely_in", _("Surely in")
    UNCERTAIN = "uncertain", _("Uncertain")
    SURELY_OUT = "surely_out", _("Surely out")


class RoundQuerySet(models.QuerySet["Round"]):
    def newest_first(self) -> RoundQuerySet:
        return self.order_by("-date", "-kept_at", "-id")

    def current(self, actor: Actor) -> RoundQuerySet:
        """The newest round of each kind among those that say something to the actor: another province's replaces none."""
        seen = Round.objects.visible_to(actor).filter(kind=OuterRef("kind"))
        return self.filter(pk=Subquery(seen.newest_first().values("pk")[:1]))

    def visible_to(self, actor: Actor) -> RoundQuerySet:
        """Those that say something of a place that the actor sees, or of one in which it lies: its rate is shown there."""
        steps = [path.split("/") for path in mandates.paths(actor, mandates.ANY)]
        above = {"/".join(each[:depth]) for each in steps for depth in range(1, len(each))}
        said = AreaResult.objects.filter(round=OuterRef("pk"))
        return self.filter(Exists(said.visible_to(actor)) | Exists(said.filter(path__in=above)))


class Round(models.Model):
    """A frozen, repeatable run of the library, as its manifest tells it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    title_fa = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    date = models.DateField()
    seed = models.BigIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    area = models.ForeignKey(
        Area, on_delete=models.PROTECT, related_name="rounds", help_text="holds every area of the round"
    )
    manifest = models.JSONField()
    result_hash = models.CharField(max_length=64, unique=True)
    directory = models.CharField(max_length=500, help_text="inside the record's home, or absolute")
    kept_at = models.DateTimeField(auto_now_add=True)
    kept_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = RoundQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["kind", "-date", "-kept_at"])]

    def __str__(self) -> str:
        return self.name

    @property
    def is_index(self) -> bool:
        return self.kind == Kind.INDEX

    @property
    def pictures(self) -> list[dict[str, Any]]:
        """Its inputs that are a picture of something: all but the file of the round itself."""
        return [each for each in self.manifest["inputs"] if "universe" in each]

    @property
    def folder(self) -> Path:
        return Path(settings.HOME, self.directory)


class AreaResultQuerySet(models.QuerySet["AreaResult"]):
    def current(self, actor: Actor) -> AreaResultQuerySet:
        """Results of the newest round of each kind."""
        return self.filter(round__in=Round.objects.current(actor))

    def latest_for(self, areas: models.QuerySet[Area]) -> AreaResultQuerySet:
        """The newest result of each of these areas, of whatever kind it is."""
        newest = AreaResult.objects.filter(area=OuterRef("area")).order_by("-round__date", "-round__kept_at", "-pk")
        return self.filter(area__in=areas, pk=Subquery(newest.values("pk")[:1]))

    def below(self, *paths: str) -> AreaResultQuerySet:
        """Results of the areas at these paths and of everything under them."""
        inside = Q(pk__in=[])
        for path in paths:
            inside |= under(path)
        return self.filter(inside)

    def visible_to(self, actor: Actor, *functions: Function) -> AreaResultQuerySet:
        """What lies where the actor may do one of the functions; any, if none is named."""
        return self.filter(mandates.inside(actor, functions or mandates.ANY))

    def by_tier(self) -> dict[str, int]:
        """Number of areas in each tier, and in all."""
        counted = {row["tier"]: row["n"] for row in self.order_by().values("tier").annotate(n=Count("pk"))}
        return {**{tier: counted.get(tier, 0) for tier in Tier.values}, "total": sum(counted.values())}

    def with_places(self) -> AreaResultQuerySet:
        return self.select_related("area", "area__parent", "round")


class AreaResult(models.Model):
    """What a round says of one area, by rate and by number of people."""

    round = models.ForeignKey(Round, on_delete=models.CASCADE, related_name="results")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="results")
    path = models.CharField(max_length=200, help_text="the area's path, so that a subtree is one range of an index")
    kind = models.CharField(max_length=20, help_text="the area's kind")
    estimate = models.FloatField(null=True)
    se = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    n = models.IntegerField(null=True)
    estimate_kind = models.CharField(max_length=20)
    population = models.BigIntegerField(null=True)
    people = models.FloatField(null=True)
    people_low = models.FloatField(null=True)
    people_high = models.FloatField(null=True)
    p_worst = models.FloatField(null=True)
    tier = models.CharField(max_length=10, choices=Tier)
    rank = models.IntegerField(null=True)
    rank_low = models.IntegerField(null=True)
    rank_high = models.IntegerField(null=True)
    p_worst_people = models.FloatField(null=True)
    tier_people = models.CharField(max_length=10, choices=Tier, blank=True)
    rank_people = models.IntegerField(null=True)
    rank_people_low = models.IntegerField(null=True)
    rank_people_high = models.IntegerField(null=True)
    settling_n = models.IntegerField(null=True)
    reason_fa = models.TextField(blank=True)
    reason_en = models.TextField(blank=True)
    universe = models.CharField(max_length=20)
    provenance = models.CharField(max_length=20)

    objects = AreaResultQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "area"], name="one_result_per_area_and_round")]
        indexes = [
            models.Index(fields=["round", "rank", "id"]),
            models.Index(fields=["round", "rank_people", "id"]),
            models.Index(fields=["round", "path"]),
        ]

    def __str__(self) -> str:
        return f"{self.area}: {self.estimate}"

    @property
    def is_index(self) -> bool:
        return self.estimate_kind == "index"


class IndicatorResult(models.Model):
    """What a round says of one indicator in one area."""

    result = models.ForeignKey(AreaResult, on_delete=models.CASCADE, related_name="profile")
    indicator = models.CharField(max_length=100)
    title_fa = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    dimension = models.CharField(max_length=100, blank=True)
    estimate = models.FloatField(null=True)
    se = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    n = models.IntegerField(null=True)
    contribution = models.FloatField(null=True)
    province_estimate = models.FloatField(null=True)
    universe = models.CharField(max_length=20)
    provenance = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["result", "indicator"], name="one_row_per_indicator")]

    def __str__(self) -> str:
        return self.indicator
