from __future__ import annotations

from django.urls import path

from hamyar_server.analysis import views

app_name = "analysis"
urlpatterns = [
    path("", views.home, name="home"),
    path("rounds/", views.rounds, name="rounds"),
]
