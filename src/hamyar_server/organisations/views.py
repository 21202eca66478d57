"""Sign-in, sign-out, and the choice for whom one acts."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from hamyar_server.organisations import actions
from hamyar_server.organisations.actors import CHOSEN
from hamyar_server.organisations.forms import SignInForm
from hamyar_server.organisations.models import User


@sensitive_post_parameters("password")
@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            if user := actions.sign_in(request=request, **form.cleaned_data):
                login(request, user)
                return redirect(_next(request))
            form.add_error(None, _("The user name or the password is wrong."))
        except actions.LockedOutError:
            form.add_error(None, _("Too many wrong passwords. Try again in 15 minutes, or ask your administrator."))
            status = 429
    accounts = demonstrated() if settings.DEMONSTRATION else []
    shown = {"form": form, "accounts": accounts, "next": request.POST.get("next", request.GET.get("next", ""))}
    return render(request, "organisations/sign_in.html", shown, status=status)


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
    logout(request)
    return redirect("organisations:sign-in")


@login_required
@never_cache
def choose_membership(request: HttpRequest) -> HttpResponse:
    """For whom do you act? Asked where a user has more than one living membership."""
    living = request.user.memberships.living().select_related("organisation__area")
    if request.method == "POST":
        chosen = get_object_or_404(living, pk=request.POST.get("membership"))
        request.session[CHOSEN] = str(chosen.pk)
        return redirect(settings.LOGIN_REDIRECT_URL)
    return render(request, "organisations/choose_membership.html", {"memberships": living.order_by("since", "id")})
