from __future__ import annotations

from django.urls import path

from hamyar_server.programmes import views

app_name = "programmes"
urlpatterns = [
    path("places/", views.places, name="places"),
    path("nominations/<uuid:pk>/decide/", views.decide, name="decide"),
]
