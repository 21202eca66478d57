from __future__ import annotations

from django.urls import path

from hamyar_server.analysis import deciles, views

app_name = "analysis"
urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("deciles/", deciles.deciles, name="deciles"),
    path("place/<str:code>/", views.place, name="place"),
    path("rounds/", views.rounds, name="rounds"),
    path("rounds/<uuid:pk>/", views.round_page, name="round"),
    path("rounds/<uuid:pk>/<str:file>", views.download, name="download"),
]
