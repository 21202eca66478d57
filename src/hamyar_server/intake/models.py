"""Candidates: places put forward, verified, decided on."""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hamyar_server.areas.models import Area
from hamyar_server.core.ids import uuid7
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Function, Organisation, OrganisationKind
from hamyar_server.registry.models import Need


class State(models.TextChoices):
    NOMINATED = "nominated", _("awaits verification")
    RETURNED = "returned", _("returned to the nominator")
    VERIFIED = "verified", _("awaits a decision")
    ACCEPTED = "accepted", _("accepted")
    DECLINED = "declined", _("declined")


OPEN = (State.NOMINATED, State.RETURNED, State.VERIFIED)
BRANCH = {
    OrganisationKind.COOPERATION: OrganisationKind.MUNICIPALITY,
    OrganisationKind.GOVERNOR: OrganisationKind.VILLAGE,
}


class PublicCategory(models.TextChoices):
    """The reason that everyone may read; what was weighed inside stands in the internal reason."""

    PRIORITY = "priority", _("among the places of priority")
    URGENT = "urgent", _("an urgent need")
    COVERED = "covered", _("already covered by another organisation")
    NO_BUDGET = "no_budget", _("outside this year's budget")
    LESS_DEPRIVED = "less_deprived", _("other places are more deprived")
    INCOMPLETE = "incomplete", _("not enough evidence yet")


class CandidateQuerySet(models.QuerySet["Candidate"]):
    def visible_to(self, actor: Actor, *functions: Function) -> CandidateQuerySet:
        """Candidates whose place lies where the actor may do one of the functions; any, if none is named."""
        return self.filter(mandates.inside(actor, functions or mandates.ANY, "area__path"))

    def open(self) -> CandidateQuerySet:
        return self.filter(state__in=OPEN)

    def awaiting_decision(self) -> CandidateQuerySet:
        return self.filter(state=State.VERIFIED)

    def waiting_for(self, actor: Actor) -> CandidateQuerySet:
        """Those on which the actor may take the next step: verify of the own branch, answer what was returned, decide."""
        at = partial(mandates.inside, actor, field="area__path")
        branch = Q(nominated_by__kind=BRANCH.get(actor.organisation.kind)) & ~Q(nominator=actor.user.pk)
        own = Q(nominated_by=actor.organisation.pk)
        return self.filter(
            Q(at([Function.VERIFY]), branch, state=State.NOMINATED)
            | Q(at([Function.NOMINATE]), own, state=State.RETURNED)
            | Q(at([Function.DECIDE]), state=State.VERIFIED)
        )

    def past_due(self) -> CandidateQuerySet:
        return self.filter(state=State.VERIFIED, decide_by__lt=timezone.localdate())

    def with_story(self) -> CandidateQuerySet:
        return self.select_related("area__parent", "nominated_by", "verified_by").prefetch_related("needs")


class Candidate(models.Model):
    """A place that an organisation has put forward."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    area = models.ForeignKey(Area, on_delete=models.PROTECT, related_name="candidates")
    channel = models.CharField(max_length=20, default="nomination")
    state = models.CharField(max_length=12, choices=State, default=State.NOMINATED)
    version = models.PositiveIntegerField(
        default=1, help_text="counts changes, so that two people cannot decide at once"
    )
    needs = models.ManyToManyField(Need, related_name="candidates")
    reason = models.TextField()
    letter_number = models.CharField(max_length=50)
    letter_date = models.DateField()
    nominated_by = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="nominations")
    nominator = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    nominated_at = models.DateTimeField(default=timezone.now)
    verified_by = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT, related_name="+")
    verifier = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    verified_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True, help_text="what the verifier wrote to the nominator")
    decide_by = models.DateField(null=True, help_text="the date that binds the foundation")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    public_category = models.CharField(max_length=20, choices=PublicCategory, blank=True)
    internal_reason = models.TextField(blank=True)

    objects = CandidateQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["area", "nominated_by"],
                condition=Q(state__in=OPEN),
                name="one_open_candidate_per_area_and_organisation",
            )
        ]
        indexes = [models.Index(fields=["state", "decide_by", "id"])]

    def __str__(self) -> str:
        return f"{self.area} ({self.state})"

    @property
    def overdue(self) -> bool:
        return self.state == State.VERIFIED and self.decide_by is not None and self.decide_by < timezone.localdate()
