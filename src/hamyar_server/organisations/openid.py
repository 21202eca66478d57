"""Sign-in by another service over OpenID Connect, where the operator has set one. It makes no user: it finds one by name."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView

from hamyar_server.organisations import access
from hamyar_server.organisations.models import User


class Backend(OIDCAuthenticationBackend):
    def verify_claims(self, claims: dict[str, Any]) -> bool:
        return bool(claims.get(settings.OIDC_NAME_CLAIM))

    def filter_users_by_claims(self, claims: dict[str, Any]) -> QuerySet[User]:
        return User.objects.filter(username=claims[settings.OIDC_NAME_CLAIM], is_active=True)


class Callback(OIDCAuthenticationCallbackView):
    """The service answers here; the second factor is asked for as after a password."""

    user: User

    def login_success(self) -> HttpResponse:
        return redirect(access.enter(self.request, self.user, self.success_url))

    def login_failure(self) -> HttpResponse:
        text = _(
            "The sign-in service knows you, but there is no user of this name here. Ask your administrator to add you."
        )
        messages.error(self.request, text)
        return redirect("organisations:sign-in")
