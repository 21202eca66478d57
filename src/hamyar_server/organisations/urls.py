from __future__ import annotations

from django.urls import path

from hamyar_server.organisations import views

app_name = "organisations"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("acting-for/", views.choose_membership, name="choose-membership"),
]
