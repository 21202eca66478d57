"""The pages of one's own account: password, second factor, sessions; and the reset by whoever manages people."""

from __future__ import annotations

from typing import Any

import segno
from django import forms
from django.contrib import messages
from django.contrib.auth import password_validation
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from hamyar.persian import latin_digits
from hamyar_server.organisations import access
from hamyar_server.organisations.actors import actor_required
from hamyar_server.organisations.models import SignedIn, User


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code of your authenticator, or a recovery code"),
        max_length=20,
        widget=forms.TextInput({"autocomplete": "one-time-code", "dir": "ltr"}),
    )

    def clean_code(self) -> str:
        return latin_digits(self.cleaned_data["code"]).strip().replace(" ", "")


class PasswordForm(forms.Form):
    now = forms.CharField(
        label=gettext_lazy("Password now"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password", "dir": "ltr"}),
    )
    new = forms.CharField(
        label=gettext_lazy("New password"),
        strip=False,
        max_length=200,
        help_text=gettext_lazy("At least ten signs; not one that many people use."),
        widget=forms.PasswordInput({"autocomplete": "new-password", "dir": "ltr"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_now(self) -> str:
        if not self.user.check_password(self.cleaned_data["now"]):
            raise forms.ValidationError(_("The password is wrong."))
        return str(self.cleaned_data["now"])

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        password_validation.validate_password(new, self.user)
        if new == self.cleaned_data.get("now"):
            raise forms.ValidationError(_("Choose another password than the one you have."))
        return new


@never_cache
@sensitive_post_parameters("code")
def code(request: HttpRequest) -> HttpResponse:
    """The second step of signing in."""
    user = access.half_signed_in(request)
    if user is None:
        return redirect("organisations:sign-in")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if wanted := access.answer(request=request, user=user, code=form.cleaned_data["code"]):
            return redirect(wanted)
        form.add_error(
            "code", _("This code is wrong, or too many were. Wait for the next one; after five wrong ones, 15 minutes.")
        )
    return render(request, "organisations/code.html", {"form": form})


@login_required
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """What one's own account holds."""
    factor = getattr(request.user, "second_factor", None)
    shown = {
        "factor": factor if factor and factor.confirmed_at else None,
        "sessions": access.sessions_of(request.user),
        "here": request.session.session_key,
    }
    return render(request, "organisations/account.html", shown)


@login_required
@never_cache
@sensitive_post_parameters("now", "new")
def password(request: HttpRequest) -> HttpResponse:
    form = PasswordForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        access.change_password(request=request, user=request.user, new=form.cleaned_data["new"])
        messages.success(request, _("Changed. Your other sessions have ended."))
        return redirect("organisations:account")
    return render(request, "organisations/password.html", {"form": form})


@login_required
@never_cache
@sensitive_post_parameters("code")
def second_factor(request: HttpRequest) -> HttpResponse:
    """Take a second factor into use: scan, write the first code, keep the recovery codes."""
    if access.has_second_factor(request.user):
        return redirect("organisations:account")
    secret = access.offered(request)
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if codes := access.confirm(user=request.user, secret=secret, code=form.cleaned_data["code"]):
            return render(request, "organisations/recovery_codes.html", {"codes": codes})
        form.add_error(
            "code",
            _("This code is wrong. See that the clock of your phone is right, and write the code that it shows now."),
        )
    drawing = segno.make(access.address_of(request.user, secret), error="m").svg_data_uri(
        scale=5, border=2, dark="#1d2624", light="#fff"
    )
    shown = {"form": form, "drawing": drawing, "secret": secret}
    return render(request, "organisations/second_factor.html", shown)


@login_required
@require_POST
def end_session(request: HttpRequest, pk: Any) -> HttpResponse:
    access.end_session(user=request.user, session=get_object_or_404(SignedIn, pk=pk, user=request.user))
    messages.success(request, _("That session has ended."))
    return redirect("organisations:account")


@actor_required
@never_cache
def reset(request: HttpRequest, pk: Any) -> HttpResponse:
    """A new password for somebody whose people one manages."""
    user = get_object_or_404(User, pk=pk)
    access.require_reset(request.actor, user)
    if request.method == "POST":
        forgotten = request.POST.get("second_factor") == "1"
        password = access.reset(by=request.actor, user=user, second_factor=forgotten)
        return render(request, "organisations/reset_done.html", {"person": user, "password": password})
    return render(request, "organisations/reset.html", {"person": user})
