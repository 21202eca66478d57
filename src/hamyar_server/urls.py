"""Every address of the record."""

from __future__ import annotations

from importlib.util import find_spec

from django.conf import settings
from django.urls import include, path

from hamyar_server.api import api
from hamyar_server.back_office.admin import site

handler400 = "hamyar_server.core.views.bad_request"
handler403 = "hamyar_server.core.views.permission_denied"
handler404 = "hamyar_server.core.views.page_not_found"
handler500 = "hamyar_server.core.views.server_error"

urlpatterns = [
    path("", include(f"hamyar_server.{app}.urls"))
    for app in ("core", "organisations", "registry", "intake", "analysis", "programmes")
    if find_spec(f"hamyar_server.{app}.urls")
]
urlpatterns.append(path("api/", api.urls))
urlpatterns.append(path("back-office/", site.urls))
if settings.OIDC:
    urlpatterns.append(path("openid/", include("mozilla_django_oidc.urls")))
