from __future__ import annotations

from django.urls import path, re_path

from hamyar_server.intake import views

app_name = "intake"
urlpatterns = [
    path("nominations/", views.candidates, name="list"),
    path("nominations/new/", views.nominate, name="nominate"),
    path("nominations/<uuid:pk>/", views.candidate, name="candidate"),
    re_path(r"^nominations/(?P<pk>[0-9a-f-]{36})/(?P<name>verify|return|answer)/$", views.step, name="step"),
]
