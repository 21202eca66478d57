from __future__ import annotations

from django.urls import path, re_path
from django.urls.converters import UUIDConverter

from hamyar_server.intake import views

UUID = UUIDConverter.regex
app_name = "intake"
urlpatterns = [
    path("nominations/", views.candidates, name="list"),
    path("nominations/new/", views.nominate, name="nominate"),
    path("nominations/<uuid:pk>/", views.candidate, name="candidate"),
    re_path(rf"^nominations/(?P<pk>{UUID})/(?P<name>verify|return|answer)/$", views.step, name="step"),
]
