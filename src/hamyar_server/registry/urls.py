from __future__ import annotations

from django.urls import path

from hamyar_server.registry import import_views

app_name = "registry"
urlpatterns = [
    path("imports/", import_views.listing, name="imports"),
    path("imports/<uuid:pk>/", import_views.detail, name="import"),
    path("imports/<uuid:pk>/accept/", import_views.accept, name="accept-import"),
    path("imports/<uuid:pk>/undo/", import_views.undo, name="undo-import"),
    path("imports/<uuid:pk>/refused.csv", import_views.refused, name="refused-rows"),
]
