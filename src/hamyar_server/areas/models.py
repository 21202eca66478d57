"""Places as a tree, from the province down to the village and the neighbourhood."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _

from hamyar.persian import text_key
from hamyar_server.core.fields import PathField, under
from hamyar_server.core.ids import uuid7

SMALL_CITY = 50_000  # persons at the last census, below which a city is small


class Kind(models.TextChoices):
    PROVINCE = "province", _("province")
    COUNTY = "county", _("county")
    DISTRICT = "district", _("district")
    RURAL_DISTRICT = "rural_district", _("rural district")
    CITY = "city", _("city")
    VILLAGE = "village", _("village")
    NEIGHBOURHOOD = "neighbourhood", _("neighbourhood")


PLACES = (Kind.CITY, Kind.VILLAGE, Kind.NEIGHBOURHOOD)  # where people live, and what is put forward


class Stratum(models.TextChoices):
    VILLAGE = "village", _("village")
    SMALL_CITY = "small_city", _("small city")
    CITY_MARGIN = "city_margin", _("city margin")
    OTHER = "other", _("other")


def stratum_of(kind: str, population: int | None, imported: str = "") -> str:
    """village; small city: below 50,000 at the last census or no figure; city margin by an imported attribute only; other.

    imported: what the file says; "other" keeps a city from counting as small (its figures may be a sample of it).
    """
    if kind == Kind.VILLAGE:
        return Stratum.VILLAGE
    if imported in (Stratum.CITY_MARGIN, Stratum.OTHER) and kind in (Kind.CITY, Kind.NEIGHBOURHOOD):
        return imported
    if kind == Kind.CITY and (population is None or population < SMALL_CITY):
        return Stratum.SMALL_CITY
    return Stratum.OTHER


class AreaQuerySet(models.QuerySet["Area"]):
    def subtree(self, area: Area) -> AreaQuerySet:
        """The area and everything below it: one range of the index on path."""
        return self.filter(under(area.path))

    def above(self, area: Area) -> AreaQuerySet:
        """From the root down to the parent."""
        steps = area.path.split("/")
        return self.filter(path__in=["/".join(steps[:i]) for i in range(1, len(steps))]).order_by("depth")

    def by_codes(self, codes: Iterable[str]) -> dict[str, Area]:
        """Areas by the codes that they have or have had; a code of today goes before an old one."""
        wanted = list(codes)
        old = AreaCode.objects.filter(code__in=wanted).select_related("area__parent").order_by("valid_from", "pk")
        known = {each.code: each.area for each in old}
        return known | {area.code: area for area in self.filter(code__in=wanted).select_related("parent")}

    def named(self, text: str) -> AreaQuerySet:
        """Areas whose name begins with the text, in any spelling."""
        return self.filter(key__startswith=text_key(text))


class Area(models.Model):
    """A node of the tree. `path` is the codes from the root down, so that a subtree is one range of an index."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    key = models.CharField(max_length=200, db_index=True, help_text="the name's text key")
    kind = models.CharField(max_length=20, choices=Kind)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    path = PathField(unique=True)
    depth = models.PositiveSmallIntegerField()
    stratum = models.CharField(max_length=20, choices=Stratum)
    inhabited = models.BooleanField(default=True)
    population = models.PositiveIntegerField(null=True, blank=True)
    households = models.PositiveIntegerField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    lon = models.FloatField(null=True, blank=True)
    boundary = models.JSONField(null=True, blank=True, help_text="a GeoJSON geometry")
    provenance = models.CharField(max_length=20, default="census")

    objects = AreaQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["kind", "path"]), models.Index(fields=["parent", "key"])]

    def __str__(self) -> str:
        return self.name

    def contains(self, other: Area) -> bool:
        """Whether the other is this area or lies below it."""
        return other.path == self.path or other.path.startswith(f"{self.path}/")


class AreaCode(models.Model):
    """A code that an area has had, from a day to a day: codes change, areas remain."""

    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="codes")
    code = models.CharField(max_length=20, db_index=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["area", "code", "valid_from"], name="one_code_of_an_area_from_a_day")
        ]

    def __str__(self) -> str:
        return self.code


class ImportBatch(models.Model):
    """One file that was read: what it made, changed and refused, and how to take it back."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    source = models.CharField(max_length=20, help_text="settlements, or boundaries")
    made = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.file_name


class ImportedRow(models.Model):
    """What an area was before a batch touched it; `before` is null where the batch made it."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    area = models.ForeignKey(Area, on_delete=models.CASCADE, related_name="+")
    before = models.JSONField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "area"], name="one_row_per_area_and_batch")]

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.area_id}"
