"""Households and persons, and what is known of them.

Identities and sensitive values are sealed under the person's key (core.encryption); a list shows masks. Every row about people
carries the area's path, so that a mandate is one range of an index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import reduce
from operator import or_
from typing import Any, Self

from django.db import models
from django.db.models import Case, Q, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hamyar.persian import latin_digits
from hamyar_server.areas.models import Area
from hamyar_server.core.encryption import BlindIndexField, EncryptedTextField, Indexes, read
from hamyar_server.core.fields import PathField, under
from hamyar_server.core.ids import uuid7
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.mandates import Function
from hamyar_server.organisations.models import Organisation
from hamyar_server.registry.names import Name, name_of, readings

WITH_PEOPLE = (
    Function.NOMINATE,
    Function.ASSESS,
    Function.VERIFY,
    Function.DECIDE,
    Function.DELIVER,
    Function.SEE_IDENTITIES,
)


class Provenance(models.TextChoices):
    CENSUS = "census", _("census")
    SURVEY = "survey", _("survey")
    ASSESSED = "assessed", _("assessed")
    DECLARED = "declared", _("declared")
    MODEL = "model", _("model")
    SYNTHETIC = "synthetic", _("synthetic")


class Retention(models.TextChoices):
    """How long a household is kept after it last changed (registry.retention)."""

    APPLICANT = "applicant", _("applied, not yet decided on")
    DECLINED = "declined", _("turned down")
    SERVED = "served", _("served")


class State(models.TextChoices):
    LIVING = "living", _("living")
    MERGED = "merged", _("merged into another")
    CLOSED = "closed", _("without members")


class VisibleQuerySet(models.QuerySet[Any]):
    """Rows about people in a place: the manager of models with a column `path`, or with `path_field` that leads to one."""

    path_field = "path"

    def visible_to(self, actor: Actor, *functions: Function) -> Self:
        """Rows in areas where the actor holds one of the functions; without any, one that works with people."""
        return self.filter(mandates.inside(actor, functions or WITH_PEOPLE, self.path_field))

    def visible_in(self, actor: Actor, area: Area) -> Self:
        """Of what the actor sees, the rows in the area and below it: one range of the index where a mandate covers it whole."""
        if any(f"{area.path}/".startswith(f"{root}/") for root in mandates.paths(actor, WITH_PEOPLE)):
            return self.filter(under(area.path, self.path_field))
        return self.visible_to(actor).filter(under(area.path, self.path_field))


class HouseholdQuerySet(VisibleQuerySet):
    def living(self) -> HouseholdQuerySet:
        return self.filter(state=State.LIVING)

    def covered(self, day: date | None = None) -> HouseholdQuerySet:
        """Those whom another organisation covers on that day."""
        return self.filter(pk__in=Cover.objects.in_force(day or timezone.localdate()).values("household"))


class Household(models.Model):
    """People who live together and share their spending, in one place.

    facts: columns of the contract `household` → value; provenance: the same columns, and those of the row → [provenance, ISO
    date, source]. decile: the newest that is known, with its story in `covers`. version counts changes, so that two people
    cannot change it at once.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="registered_households")
    path = PathField()
    state = models.CharField(max_length=10, choices=State, default=State.LIVING)
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged_from")
    members = models.PositiveSmallIntegerField(default=0)
    decile = models.PositiveSmallIntegerField(null=True, blank=True)
    facts = models.JSONField(default=dict)
    provenance = models.JSONField(default=dict)
    source_key = BlindIndexField(help_text="keyed index of the source and its own key, for imports that come again")
    batch = models.UUIDField(null=True, help_text="the import that brought it in")
    retention = models.CharField(max_length=10, choices=Retention, default=Retention.APPLICANT)
    version = models.PositiveIntegerField(default=1)
    made_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = HouseholdQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source_key"], name="one_household_of_a_source_key"),
            models.CheckConstraint(condition=Q(decile=None) | Q(decile__range=(1, 10)), name="deciles_are_ten"),
        ]
        indexes = [
            models.Index(fields=["state", "path", "id", "decile"], name="households_in_order"),
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="households_of_a_batch"),
            models.Index(fields=["retention", "changed_at"], name="households_by_retention"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def head(self) -> Person | None:
        found = self.memberships.living().filter(role=Role.HEAD).select_related("person").first()
        return found.person if found else None


class Sex(models.TextChoices):
    FEMALE = "female", _("female")
    MALE = "male", _("male")


class PersonQuerySet(VisibleQuerySet):
    def living(self) -> PersonQuerySet:
        """Those in a household; an erased person is in none."""
        return self.filter(erased_at=None, household__isnull=False)

    def named(self, typed: str) -> PersonQuerySet:
        """Those whose name this is, in any spelling: given and family name, or one of them."""
        return reduce(or_, self.read_as(typed), self.none())

    def read_as(self, typed: str) -> list[PersonQuerySet]:
        """Those of each reading of the name apart; each walks one index in the order of place and household."""
        indexes, found = Indexes(), []
        for given, family in readings(typed):
            wanted = Q(given_index=indexes.of("given name", given)) if given else Q()
            found.append(self.filter(wanted & Q(family_index=indexes.of("family name", family)) if family else wanted))
        return found

    def identified(self, typed: str, *kinds: str) -> PersonQuerySet:
        """Those with this number: an identity number, or one of the kinds."""
        indexes = [identifier_index(kind, typed) for kind in kinds or (IdentifierKind.IDENTITY,)]
        return self.filter(pk__in=Identifier.objects.filter(index__in=indexes).values("person"))


class Person(models.Model):
    """Somebody of a household. `name` is sealed; `mask` is what a list shows. After erasure only the id and the moment remain."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    household = models.ForeignKey(Household, null=True, blank=True, on_delete=models.PROTECT, related_name="people")
    path = PathField(blank=True)
    name = EncryptedTextField(person="pk")
    mask = models.CharField(max_length=10, blank=True)
    given_index = BlindIndexField()
    family_index = BlindIndexField()
    sex = models.CharField(max_length=6, choices=Sex, blank=True)
    birth_date = models.DateField(null=True, blank=True)
    died_on = models.DateField(null=True, blank=True)
    provenance = models.JSONField(default=dict)
    source_key = BlindIndexField()
    batch = models.UUIDField(null=True)
    version = models.PositiveIntegerField(default=1)
    made_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source_key"], name="one_person_of_a_source_key")]
        indexes = [
            models.Index(fields=["path", "id"], name="persons_by_place"),
            models.Index(
                fields=["family_index", "path", "household", "erased_at", "given_index"], name="persons_by_family_name"
            ),
            models.Index(fields=["given_index", "path", "household", "erased_at"], name="persons_by_given_name"),
        ]

    def __str__(self) -> str:
        return self.mask or str(self.pk)

    def opened_name(self) -> Name | None:
        """The name in full. Ask `registry.actions.reveal_identity`, which asks the gate and writes the audit."""
        text = read(self, "name")
        return name_of(text) if text else None


class Role(models.TextChoices):
    HEAD = "head", _("head")
    SPOUSE = "spouse", _("spouse")
    CHILD = "child", _("child")
    OTHER = "other", _("other")


class MembershipQuerySet(VisibleQuerySet):
    path_field = "household__path"

    def living(self) -> MembershipQuerySet:
        return self.filter(until=None)


class Membership(models.Model):
    """A person in a household, from a day to a day."""

    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    role = models.CharField(max_length=6, choices=Role, default=Role.OTHER)
    since = models.DateField(default=timezone.localdate)
    until = models.DateField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["household"], condition=Q(role="head", until=None), name="one_living_head_of_a_household"
            ),
            models.UniqueConstraint(  # of a living one 0, of each past one its id, so that one index finds them all
                "person",
                Case(When(until=None, then=0), default="id", output_field=models.BigIntegerField()),
                name="one_living_household_of_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.role}"


class IdentifierKind(models.TextChoices):
    """What a value identifies by. The type of an identity document is no kind: it is sealed inside the value."""

    IDENTITY = "identity", _("identity number")
    PHONE = "phone", _("phone")
    BANK = "bank", _("bank number")
    ADDRESS = "address", _("address")
    POINT = "point", _("point on the map")


class PersonsQuerySet(VisibleQuerySet):
    path_field = "person__path"


class Identifier(models.Model):
    """A value that identifies. `value` is sealed; of an identity number it is “document number”, see `registry.numbers`.

    fault: what is wrong with a national id, which is kept and flagged, never lost.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="identifiers")
    kind = models.CharField(max_length=10, choices=IdentifierKind)
    value = EncryptedTextField()
    mask = models.CharField(max_length=20, blank=True)
    index = BlindIndexField(db_index=True)
    fault = models.CharField(max_length=20, blank=True)
    provenance = models.CharField(max_length=10, choices=Provenance)
    as_of = models.DateField(default=timezone.localdate)

    objects = PersonsQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.kind} {self.mask}"


def identifier_index(kind: str, typed: str) -> bytes:
    """The blind index of a number as it was typed."""
    return identifier_indexes(kind, [typed], Indexes())[0]


def identifier_indexes(kind: str, typed: Iterable[str], indexes: Indexes) -> list[bytes]:
    return indexes.many(kind, [number_key(kind, one) for one in typed])


def number_key(kind: str, typed: str) -> str:
    """One number written in two ways has one key: digits of any script, spaces and dashes, lost zeros, a phone's country."""
    plain = typed.isascii() and typed.isdigit()
    text = typed if plain else re.sub(r"[\s\-\u200c\u200e\u200f]", "", latin_digits(typed)).upper()
    if kind == IdentifierKind.IDENTITY:
        return text.zfill(10)
    if kind == IdentifierKind.PHONE:
        return text.removeprefix("+").removeprefix("00").removeprefix("98").lstrip("0")
    return text


class Purpose(models.TextChoices):
    ASSESSMENT = "assessment", _("assessment")
    SENSITIVE = "sensitive", _("health and other sensitive matters")
    SHARING = "sharing", _("sharing with partners")


class ConsentQuerySet(PersonsQuerySet):
    def living(self) -> ConsentQuerySet:
        return self.filter(withdrawn_on=None)


class Consent(models.Model):
    """A person, or who may speak for them, agreed to a purpose on a day."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=10, choices=Purpose)
    given_on = models.DateField()
    evidence = models.CharField(
        max_length=200, blank=True, help_text="a signed form and where it lies; a call and its number"
    )
    withdrawn_on = models.DateField(null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "purpose"], condition=Q(withdrawn_on=None), name="one_living_consent_of_a_purpose"
            )
        ]

    def __str__(self) -> str:
        return self.purpose


class Vulnerability(models.Model):
    """Something sensitive about a person: health, disability, prison, addiction. Kind and detail are sealed together.

    The database itself refuses a row without a living consent of the same person for sensitive matters.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="vulnerabilities")
    consent = models.ForeignKey(Consent, on_delete=models.CASCADE, related_name="vulnerabilities")
    value = EncryptedTextField(null=False)
    provenance = models.CharField(max_length=10, choices=Provenance)
    as_of = models.DateField(default=timezone.localdate)

    objects = PersonsQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.pk)


class HouseholdsQuerySet(VisibleQuerySet):
    path_field = "household__path"

    def in_force(self, day: date) -> Self:
        return self.filter(Q(until=None) | Q(until__gte=day), Q(since=None) | Q(since__lte=day))


class NeedKind(models.TextChoices):
    INFRASTRUCTURE = "infrastructure", _("infrastructure")
    SOCIAL = "social", _("social")


class Need(models.Model):
    """What a place or its people may lack; a reference table."""

    code = models.SlugField(primary_key=True, max_length=40)
    kind = models.CharField(max_length=20, choices=NeedKind)
    name_fa = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "intake_need"  # where it began
        verbose_name, verbose_name_plural = _("need"), _("needs")
        ordering = ("order", "code")

    def __str__(self) -> str:
        return self.name_fa


class Ending(models.TextChoices):
    MET = "met", _("it is met")
    WITHDRAWN = "withdrawn", _("it was none, or was recorded by mistake")


class HouseholdNeed(models.Model):
    """What a household lacks, from a day until it ended: met, or withdrawn, with the reason."""

    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="needs")
    need = models.ForeignKey(Need, on_delete=models.PROTECT, related_name="+", db_column="need")
    note = models.CharField(max_length=300, blank=True)
    since = models.DateField(null=True, default=timezone.localdate)
    until = models.DateField(null=True, blank=True)
    ending = models.CharField(max_length=10, choices=Ending, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    provenance = models.CharField(max_length=10, choices=Provenance)
    source = models.CharField(max_length=200, blank=True)

    objects = HouseholdsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["household", "need"], condition=Q(until=None), name="one_open_need_of_a_kind"
            )
        ]
        indexes = [models.Index(fields=["need", "household"], condition=Q(until=None), name="open_needs_by_kind")]

    def __str__(self) -> str:
        return self.need_id


class Cover(models.Model):
    """What others already do or say of a household: its welfare decile, an organisation that covers it, since when."""

    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="covers")
    decile = models.PositiveSmallIntegerField(null=True, blank=True)
    organisation = models.CharField(max_length=200, blank=True)
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200)
    as_of = models.DateField()

    objects = HouseholdsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decile__range=(1, 10)) | (Q(decile=None) & ~Q(organisation="")),
                name="a_cover_says_something",
            )
        ]
        indexes = [models.Index(fields=["organisation", "household"], name="covers_by_organisation")]

    def __str__(self) -> str:
        return self.organisation or str(self.decile)


class Alarm(models.Model):
    """Somebody saw more identities than their daily budget; another organisation than theirs is told."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    told = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="alarms")
    event = models.BigIntegerField(help_text="number of the audit event")
    count = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.event)


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("uploaded")
    CHECKING = "checking", _("being checked")
    CHECKED = "checked", _("checked: waits for you")
    RUNNING = "running", _("being taken in")
    DONE = "done", _("taken in")
    UNDOING = "undoing", _("being undone")
    UNDONE = "undone", _("undone")
    FAILED = "failed", _("failed")


class ImportQuerySet(models.QuerySet["Import"]):
    def of(self, actor: Actor) -> ImportQuerySet:
        """Those of the actor's organisation."""
        return self.filter(organisation=actor.organisation)


class Import(models.Model):
    """One file of persons: how its columns are read, what it brings, how far it came, and what can be taken back.

    mapping: the file's column → ours. counts: households and persons new, changed, unchanged, refused, suspected. done: households
    taken in, in the order in which they are kept, so that a killed run goes on where it was.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey("organisations.Membership", null=True, on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    heading = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    source = models.CharField(max_length=200)
    provenance = models.CharField(max_length=10, choices=Provenance, default=Provenance.DECLARED)
    as_of = models.DateField(default=timezone.localdate)
    calendar = models.CharField(max_length=10, default="jalali")
    take_suspected = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.UPLOADED)
    counts = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    message = models.TextField(blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ImportQuerySet.as_manager()

    def __str__(self) -> str:
        return self.file_name


class ImportedChange(models.Model):
    """What a household was before an import changed it: facts and cover; whoever was erased since is left alone."""

    batch = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="changes")
    household = models.ForeignKey(Household, on_delete=models.CASCADE, related_name="+")
    before = models.JSONField()
    version = models.PositiveIntegerField(help_text="the household's version after the change")

    objects = HouseholdsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "household"], name="one_change_of_a_household_and_import")
        ]

    def __str__(self) -> str:
        return str(self.household_id)


class SavedFilter(models.Model):
    """A filter of the list of households that somebody uses again; what names a person is not kept."""

    membership = models.ForeignKey("organisations.Membership", on_delete=models.CASCADE, related_name="saved_filters")
    name = models.CharField(max_length=60)
    wanted = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "name"], name="one_filter_of_a_name")]
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
