from __future__ import annotations

from django.urls import path

from hamyar_server.core import views

app_name = "core"
urlpatterns = [path("settings/", views.settings, name="settings")]
