"""Organisations in a tree, the people who act for them, and the mandates by which they act."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hamyar_server.areas.models import Area
from hamyar_server.core.fields import PathField, under
from hamyar_server.core.ids import uuid7


class User(AbstractUser):
    """Somebody who signs in; what they may do comes from a membership alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    title_fa = models.CharField(_("title in Persian"), max_length=150, blank=True)
    title_en = models.CharField(_("title in English"), max_length=150, blank=True)
    must_change_password = models.BooleanField(default=False, help_text="it was set by somebody else")

    def __str__(self) -> str:
        return self.title_fa or self.username


class OrganisationKind(models.TextChoices):
    FOUNDATION = "foundation", _("foundation")
    PROGRAMME = "programme", _("programme organisation")
    COOPERATION = "cooperation", _("cooperation organisation")
    MUNICIPALITY = "municipality", _("municipality")
    GOVERNOR = "governor", _("district governor's office")
    VILLAGE = "village", _("village administration")
    FACILITATION = "facilitation", _("facilitation office")
    CHARITY = "charity", _("charity")
    VOLUNTEERS = "volunteers", _("volunteer group")


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def tree(self, root: Organisation) -> OrganisationQuerySet:
        """An organisation and everything below it."""
        found, level = {root.pk}, {root.pk}
        while level:
            level = set(Organisation.objects.filter(parent__in=level).values_list("pk", flat=True)) - found
            found |= level
        return self.filter(pk__in=found)


class Organisation(models.Model):
    """Who acts, in an area and everything below it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20, choices=OrganisationKind)
    name_fa = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts")
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="organisations")

    objects = OrganisationQuerySet.as_manager()

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
    def living(self, day: date | None = None) -> MembershipQuerySet:
        """Those that hold on a day, today by default; a deputy's holds no longer than that of the one they stand in for."""
        day = day or timezone.localdate()
        holds = Q(until=None) | Q(until__gte=day)
        principal = Q(deputy_of=None) | Q(deputy_of__until=None) | Q(deputy_of__until__gte=day)
        return self.filter(holds, principal, since__lte=day)


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
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation", "job"], condition=Q(until=None), name="one_membership_of_a_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.organisation}"


class Function(models.TextChoices):
    NOMINATE = "nominate", _("nominate")
    ASSESS = "assess", _("assess")
    VERIFY = "verify", _("verify")
    DECIDE = "decide", _("decide")
    DELIVER = "deliver", _("deliver")
    SEE_IDENTITIES = "see_identities", _("see identities")
    ANALYSE = "analyse", _("analyse")
    AUDIT = "audit", _("audit")
    ADMINISTER = "administer", _("administer")
    MANAGE_PEOPLE = "manage_people", _("manage people")


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def living(self) -> AgreementQuerySet:
        today = timezone.localdate()
        return self.filter(Q(until=None) | Q(until__gte=today), ended_on=None, date__lte=today)

    def of(self, organisation: Organisation) -> AgreementQuerySet:
        """Those to which the organisation is a party."""
        return self.filter(parties=organisation)


class Agreement(models.Model):
    """What organisations have signed: number, date, parties, what each contributes, end. Mandates are granted under it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=50)
    date = models.DateField()
    title_fa = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    parties = models.ManyToManyField(Organisation, related_name="agreements")
    until = models.DateField(null=True, blank=True, help_text="the last day on which it holds")
    ended_on = models.DateField(null=True, blank=True)
    ended_reason = models.TextField(blank=True)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["number", "date"], name="one_agreement_of_a_number_and_date")]
        indexes = [models.Index(fields=["-date", "id"])]

    def __str__(self) -> str:
        return self.number

    @property
    def is_living(self) -> bool:
        today = timezone.localdate()
        return self.ended_on is None and self.date <= today and (self.until is None or self.until >= today)


class Contribution(models.Model):
    """What a party promised under an agreement, and what was done."""

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="contributions")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="contributions")
    promised = models.CharField(max_length=300)
    due = models.DateField(null=True, blank=True)
    done = models.CharField(max_length=300, blank=True)
    done_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ("due", "id")

    def __str__(self) -> str:
        return self.promised


class MandateQuerySet(models.QuerySet["Mandate"]):
    def living(self, day: date | None = None) -> MandateQuerySet:
        """Those that hold on a day, today by default: a mandate never outlives the one it was granted from."""
        day = day or timezone.localdate()
        return self.unended(day).filter(since__lte=day)

    def unended(self, day: date) -> MandateQuerySet:
        """Those that hold on that day or will hold after it."""
        return self.filter(Q(until=None) | Q(until__gte=day), revoked_at=None)

    def covering(self, area: Area) -> MandateQuerySet:
        """Those whose area is this one or lies above it."""
        steps = area.path.split("/")
        return self.filter(path__in=["/".join(steps[: i + 1]) for i in range(len(steps))])

    def inside(self, area: Area) -> MandateQuerySet:
        """Those whose area is this one or lies below it."""
        return self.filter(under(area.path))

    def delegated(self) -> MandateQuerySet:
        """Those that somebody granted, as against what an organisation holds by itself."""
        return self.exclude(granted_from=None)


class Mandate(models.Model):
    """One function that an organisation holds in an area and everything below it, granted by another from what that one holds."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    holder = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="mandates")
    function = models.CharField(max_length=20, choices=Function)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="mandates")
    path = PathField(help_text="the area's path, so that a subtree is one range of an index")
    granted_from = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="grants",
        help_text="empty where the organisation holds the function by itself",
    )
    agreement = models.ForeignKey(Agreement, null=True, blank=True, on_delete=models.PROTECT, related_name="mandates")
    since = models.DateField(default=timezone.localdate)
    until = models.DateField(null=True, blank=True)
    reason = models.TextField(blank=True)
    granted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    revoked_reason = models.TextField(blank=True)

    objects = MandateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(granted_from=F("id")), name="no_mandate_is_its_own_source"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="a_mandate_ends_after_it_begins"
            ),
            models.UniqueConstraint(
                fields=["holder", "function", "area", "granted_from", "since"],
                condition=Q(revoked_at=None),
                name="one_mandate_of_a_kind_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["holder", "function"]), models.Index(fields=["path", "function"])]

    def __str__(self) -> str:
        return f"{self.holder}: {self.function}, {self.area}"

    @property
    def is_living(self) -> bool:
        today = timezone.localdate()
        return self.revoked_at is None and self.since <= today and (self.until is None or self.until >= today)

    def chain(self) -> list[Mandate]:
        """From the one who holds it by itself down to this one."""
        found = [self]
        while found[0].granted_from_id is not None:
            above = Mandate.objects.select_related("holder", "area", "agreement").get(pk=found[0].granted_from_id)
            found.insert(0, above)
        return found


class CapacityKind(models.TextChoices):
    ASSESSORS = "assessors", _("assessors")
    VEHICLES = "vehicles", _("vehicles")
    MACHINERY = "machinery", _("machinery")
    HALLS = "halls", _("halls")
    WAREHOUSES = "warehouses", _("warehouses")


class Capacity(models.Model):
    """What an organisation can bring: how many, of what, as of a day."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="capacities")
    kind = models.CharField(max_length=20, choices=CapacityKind)
    number = models.PositiveIntegerField()
    note = models.CharField(max_length=200, blank=True)
    as_of = models.DateField(default=timezone.localdate)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "kind"], name="one_capacity_of_a_kind")]
        ordering = ("kind",)

    def __str__(self) -> str:
        return f"{self.organisation}: {self.number} {self.kind}"


class SignInFailure(models.Model):
    """A failed sign-in, kept for as long as it slows the next one down."""

    name = models.CharField(max_length=150, db_index=True)
    address = models.GenericIPAddressField(null=True)
    at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.name} {self.at}"


class SecondFactor(models.Model):
    """A user's authenticator: its secret sealed under the server's key, and the codes for the day it is lost."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="second_factor")
    sealed = models.BinaryField()
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0, help_text="of the last code used: none is taken twice")
    recovery: models.JSONField[Any, Any] = models.JSONField(default=list, help_text="hashes of the unused codes")

    def __str__(self) -> str:
        return str(self.user)


class SignedIn(models.Model):
    """A session of a user: when and from where it began."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    session_key = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField(auto_now_add=True)
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.user} {self.at}"

    @property
    def browser(self) -> str:
        """Browser and system as people call them; the first that the agent names, since each names what it imitates after."""
        browsers = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
        systems = {
            "Android": "Android",
            "iPhone": "iOS",
            "iPad": "iOS",
            "Windows": "Windows",
            "Mac OS": "macOS",
            "Linux": "Linux",
        }
        known = [
            next((name for word, name in words.items() if word in self.agent), "") for words in (browsers, systems)
        ]
        return " · ".join(filter(None, known)) or self.agent[:60]
