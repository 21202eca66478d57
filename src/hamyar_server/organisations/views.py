"""Sign-in and the choice for whom one acts; organisations, agreements, mandates, and who may do what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from hamyar.errors import HamyarError
from hamyar.persian import latin_digits, text_key
from hamyar_server.areas.models import Area
from hamyar_server.core.fields import under
from hamyar_server.core.forms import say
from hamyar_server.core.paging import page
from hamyar_server.organisations import access, actions, granting, mandates, reviews
from hamyar_server.organisations.actors import CHOSEN, actor_required
from hamyar_server.organisations.drawings import gap_map
from hamyar_server.organisations.forms import (
    AgreementForm,
    CapacityForm,
    ContributionForm,
    DoneForm,
    GrantForm,
    MemberForm,
    ReasonForm,
    SignInForm,
)
from hamyar_server.organisations.mandates import Function
from hamyar_server.organisations.models import Agreement, Contribution, Mandate, Membership, Organisation, User


@sensitive_post_parameters("password")
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            if user := actions.sign_in(request=request, **form.cleaned_data):
                return redirect(access.enter(request, user, _next(request)))
            form.add_error(None, _("The user name or the password is wrong."))
        except actions.LockedOutError:
            form.add_error(None, _("Too many wrong passwords. Try again in 15 minutes, or ask your administrator."))
            status = 429
    accounts = demonstrated() if settings.DEMONSTRATION else []
    shown = {"form": form, "accounts": accounts, "next": request.POST.get("next", request.GET.get("next", ""))}
    return render(request, "organisations/sign_in.html", shown | {"openid": settings.OIDC}, status=status)


def demonstrated() -> QuerySet[User]:
    """Accounts that the sign-in page of a demonstration offers: with a membership and a password."""
    members = User.objects.filter(memberships__isnull=False).distinct()
    return members.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).order_by("date_joined")


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else resolve_url(settings.LOGIN_REDIRECT_URL)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    access.forget(request)
    logout(request)
    return redirect("organisations:sign-in")


@login_required
@never_cache
def choose_membership(request: HttpRequest) -> HttpResponse:
    """For whom do you act? Asked where a user has more than one living membership."""
    living = request.user.memberships.living().select_related("organisation__area")
    if request.method == "POST":
        chosen = next((one for one in living if str(one.pk) == request.POST.get("membership")), None)
        if chosen is None:
            raise Http404
        request.session[CHOSEN] = str(chosen.pk)
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "organisations/choose_membership.html", {"memberships": living.order_by("since", "id")})


def done(form: forms.Form, act: Any) -> Any:
    """What the action gave, or None with its refusal beside the fields."""
    try:
        return act(**form.cleaned_data)
    except HamyarError as refusal:
        say(form, refusal)
        return None


@actor_required
def organisations(request: HttpRequest) -> HttpResponse:
    """Organisations that the actor sees, by kind and name."""
    q = request.GET.get("q", "").strip()
    found = reviews.organisations_seen_by(request.actor).select_related("area", "parent")
    if q:
        keys = [(o.pk, text_key(f"{o.name_fa} {o.name_en}")) for o in found]
        found = found.filter(pk__in=[pk for pk, key in keys if text_key(q) in key])
    shown = page(found, ["kind", "name_fa", "id"], request.GET.get("after"), size=50)
    return render(request, "organisations/list.html", {"page": shown, "q": q, "keep": f"q={q}&" if q else ""})


def seen(request: HttpRequest, pk: Any) -> Organisation:
    return get_object_or_404(reviews.organisations_seen_by(request.actor).select_related("area", "parent"), pk=pk)


@actor_required
def organisation(request: HttpRequest, pk: Any) -> HttpResponse:
    """One organisation: its people, what it holds and from whom, what it has granted, what it can bring."""
    found = seen(request, pk)
    held = Mandate.objects.filter(holder=found).select_related("area", "granted_from__holder", "agreement")
    granted = Mandate.objects.living().filter(granted_from__holder=found).select_related("holder", "area")
    manages = may_manage(request, found)
    shown = {
        "organisation": found,
        "parts": found.parts.order_by("kind", "name_fa")[:200],
        "people": found.memberships.living().select_related("user", "deputy_of__user").order_by("since", "id"),
        "held": held.filter(pk__in=Mandate.objects.living()).order_by("function", "path"),
        "past": held.exclude(pk__in=Mandate.objects.living()).order_by("-since", "id")[:50],
        "granted": granted.order_by("holder__name_fa", "holder", "function", "path")[:200],
        "agreements": found.agreements.order_by("-date", "id"),
        "capacities": found.capacities.all(),
        "may_manage": manages,
        "may_grant": found.pk != request.actor.organisation.pk
        and mandates.holds(request.actor, Function.MANAGE_PEOPLE, found.area),
    }
    return render(request, "organisations/organisation.html", shown)


def may_manage(request: HttpRequest, organisation: Organisation) -> bool:
    manages = mandates.holds(request.actor, Function.MANAGE_PEOPLE, organisation.area)
    return manages and granting.answers_to(organisation, request.actor.organisation)


@actor_required
def grant(request: HttpRequest, pk: Any) -> HttpResponse:
    """Give another organisation what the own one holds."""
    holder = seen(request, pk)
    mandates.require_somewhere(request.actor, Function.MANAGE_PEOPLE)
    form = GrantForm(request.POST or None, actor=request.actor, holder=holder)
    if request.method == "POST" and form.is_valid():

        def act(**given: Any) -> Any:
            return granting.grant(by=request.actor, holder=holder, **given)

        if done(form, act):
            messages.success(request, _("Granted. It holds from now on, or from the day that you gave."))
            return redirect("organisations:organisation", holder.pk)
    return render(request, "organisations/grant.html", {"form": form, "holder": holder})


@actor_required
def mandate(request: HttpRequest, pk: Any) -> HttpResponse:
    """One mandate: the chain from which it comes, what hangs on it, and its revocation."""
    found = get_object_or_404(Mandate.objects.select_related("holder", "area", "agreement"), pk=pk)
    seen(request, found.holder_id)
    chain = found.chain()
    above = request.actor.organisation.pk in {step.holder_id for step in chain[:-1]}
    may_revoke = (
        found.revoked_at is None and above and mandates.holds(request.actor, Function.MANAGE_PEOPLE, found.area)
    )
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        ended = granting.revoke(by=request.actor, mandate=found, reason=form.cleaned_data["reason"])
        messages.success(request, _("Revoked, with what was granted from it: %(n)s in all.") % {"n": len(ended)})
        return redirect("organisations:organisation", found.holder_id)
    grants = Mandate.objects.living().filter(granted_from=found).select_related("holder", "area").order_by("path")
    shown = {"mandate": found, "chain": chain, "grants": grants[:200], "may_revoke": may_revoke, "form": form}
    return render(request, "organisations/mandate.html", shown)


@actor_required
def agreements(request: HttpRequest) -> HttpResponse:
    """The agreements of the actor's organisation."""
    found = Agreement.objects.of(request.actor.organisation).prefetch_related("parties")
    shown = page(found, ["-date", "id"], request.GET.get("after"), size=30)
    may_sign = mandates.holds(request.actor, Function.MANAGE_PEOPLE, request.actor.area)
    return render(request, "organisations/agreements.html", {"page": shown, "may_sign": may_sign})


@actor_required
def sign(request: HttpRequest) -> HttpResponse:
    """Keep an agreement."""
    mandates.require(request.actor, Function.MANAGE_PEOPLE, request.actor.area)
    form = AgreementForm(request.POST or None, actor=request.actor)
    if request.method == "POST" and form.is_valid():

        def act(**given: Any) -> Any:
            return granting.sign(by=request.actor, **given)

        if made := done(form, act):
            return redirect("organisations:agreement", made.pk)
    return render(request, "organisations/sign.html", {"form": form})


@actor_required
def agreement(request: HttpRequest, pk: Any) -> HttpResponse:
    """One page: parties, promised and done, mandates under it."""
    found = own_agreement(request, pk)
    may_change = found.is_living and mandates.holds(request.actor, Function.MANAGE_PEOPLE, request.actor.area)
    form = ContributionForm(request.POST or None, agreement=found)
    if request.method == "POST" and form.is_valid():

        def act(**given: Any) -> Any:
            return granting.promise(by=request.actor, agreement=found, **given)

        if done(form, act):
            return redirect("organisations:agreement", found.pk)
    under = found.mandates.select_related("holder", "area").order_by("holder__name_fa", "holder", "function", "path")
    shown = {
        "agreement": found,
        "parties": found.parties.order_by("kind", "name_fa"),
        "contributions": found.contributions.select_related("organisation"),
        "mandates": under.filter(pk__in=Mandate.objects.living())[:300],
        "may_change": may_change,
        "form": form,
    }
    return render(request, "organisations/agreement.html", shown)


def own_agreement(request: HttpRequest, pk: Any) -> Agreement:
    return get_object_or_404(Agreement.objects.of(request.actor.organisation), pk=pk)


@actor_required
def contribution(request: HttpRequest, pk: Any) -> HttpResponse:
    """Say what was done of a promise."""
    own = Contribution.objects.filter(agreement__in=Agreement.objects.of(request.actor.organisation))
    found = get_object_or_404(own.select_related("agreement", "organisation"), pk=pk)
    granting.require_party(request.actor, found.agreement)
    form = DoneForm(request.POST or None, initial={"done": found.done or found.promised})
    if request.method == "POST" and form.is_valid():
        granting.fulfil(by=request.actor, contribution=found, **form.cleaned_data)
        return redirect("organisations:agreement", found.agreement_id)
    return render(request, "organisations/contribution.html", {"form": form, "contribution": found})


@actor_required
def end_agreement(request: HttpRequest, pk: Any) -> HttpResponse:
    """End an agreement, and with it what was granted under it."""
    found = own_agreement(request, pk)
    granting.require_party(request.actor, found)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():

        def act(**given: Any) -> Any:
            return granting.end_agreement(by=request.actor, agreement=found, **given)

        if (ended := done(form, act)) is not None:
            messages.success(request, _("Ended, and with it %(n)s mandates.") % {"n": len(ended)})
            return redirect("organisations:agreement", found.pk)
    living = found.mandates.filter(pk__in=Mandate.objects.living()).count()
    return render(request, "organisations/end_agreement.html", {"form": form, "agreement": found, "living": living})


@actor_required
def person(request: HttpRequest, pk: Any) -> HttpResponse:
    """What a person may do, and why: each with its chain of grants; of somebody else, what they do where the reader manages people."""
    found = get_object_or_404(User, pk=pk)
    living = found.memberships.living().select_related("organisation__area", "deputy_of__user").order_by("since", "id")
    own = found.pk == request.actor.user.pk
    memberships = [each for each in living if own or may_manage(request, each.organisation)]
    if not own and not memberships:
        raise PermissionDenied
    shown = {"person": found, "memberships": memberships, "powers": reviews.powers_of(memberships)}
    return render(request, "organisations/person.html", shown)


@actor_required
def add_member(request: HttpRequest, pk: Any) -> HttpResponse:
    """Give somebody a job in the organisation; who has no user name yet gets one with a password for the first sign-in."""
    found = seen(request, pk)
    granting.require_over(request.actor, found)
    form = MemberForm(request.POST or None)
    if request.method == "POST" and form.is_valid():

        def act(**given: Any) -> Any:
            return actions.engage(by=request.actor, organisation=found, **given)

        if engaged := done(form, act):
            if engaged.password:
                shown = {"organisation": found, "engaged": engaged}
                return render(request, "organisations/first_password.html", shown)
            return redirect("organisations:organisation", found.pk)
    return render(request, "organisations/member.html", {"form": form, "organisation": found})


@actor_required
@require_POST
def end_membership(request: HttpRequest, pk: Any) -> HttpResponse:
    """The person no longer acts for the organisation."""
    found = get_object_or_404(Membership.objects.living().select_related("organisation__area"), pk=pk)
    actions.end_membership(by=request.actor, membership=found)
    messages.success(request, _("Ended: from now on this person no longer acts for the organisation."))
    return redirect("organisations:organisation", found.organisation_id)


@actor_required
def capacity(request: HttpRequest, pk: Any) -> HttpResponse:
    """State what the organisation can bring."""
    found = seen(request, pk)
    granting.require_over(request.actor, found)
    form = CapacityForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        granting.state_capacity(by=request.actor, organisation=found, **form.cleaned_data)
        return redirect("organisations:organisation", found.pk)
    shown = {"form": form, "organisation": found, "capacities": found.capacities.all()}
    return render(request, "organisations/capacity.html", shown)


@actor_required
def who_may(request: HttpRequest, code: str) -> HttpResponse:
    """Who may do what in a place today."""
    visible = Area.objects.filter(mandates.inside(request.actor))
    area = get_object_or_404(visible, code=latin_digits(code))
    return render(request, "organisations/who_may.html", {"area": area, "holdings": reviews.who_may(area)})


@actor_required
def gaps(request: HttpRequest) -> HttpResponse:
    """Inhabited places where nobody may do something yet, by function, by county."""
    wanted = request.GET.get("function", Function.NOMINATE)
    function = Function(wanted) if wanted in Function.values else Function.NOMINATE
    counties = reviews.gaps_by_county(request.actor, function)
    wanted = latin_digits(request.GET.get("county", ""))
    county = next((row.area for row in counties if row.area.code == wanted), None)
    places = reviews.gaps(request.actor, function).select_related("parent")
    if county:
        places = places.filter(under(county.path))
    shown = {
        "function": function,
        "functions": Function,
        "counties": counties,
        "county": county,
        "map": gap_map(request.actor, function, counties, county),
        "page": page(places, ["path"], request.GET.get("after"), size=50),
        "keep": f"function={function}&county={county.code if county else ''}&",
    }
    return render(request, "organisations/gaps.html", shown)
