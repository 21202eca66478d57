from __future__ import annotations

from django.urls import path

from hamyar_server.organisations import accounts, views

app_name = "organisations"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("acting-for/", views.choose_membership, name="choose-membership"),
    path("sign-in/code/", accounts.code, name="code"),
    path("account/", accounts.account, name="account"),
    path("account/password/", accounts.password, name="password"),
    path("account/second-factor/", accounts.second_factor, name="second-factor"),
    path("account/sessions/<uuid:pk>/end/", accounts.end_session, name="end-session"),
    path("people/<uuid:pk>/reset/", accounts.reset, name="reset"),
    path("organisations/", views.organisations, name="list"),
    path("organisations/<uuid:pk>/", views.organisation, name="organisation"),
    path("organisations/<uuid:pk>/grant/", views.grant, name="grant"),
    path("organisations/<uuid:pk>/people/add/", views.add_member, name="add-member"),
    path("organisations/<uuid:pk>/capacity/", views.capacity, name="capacity"),
    path("memberships/<uuid:pk>/end/", views.end_membership, name="end-membership"),
    path("mandates/<uuid:pk>/", views.mandate, name="mandate"),
    path("agreements/", views.agreements, name="agreements"),
    path("agreements/new/", views.sign, name="sign"),
    path("agreements/<uuid:pk>/", views.agreement, name="agreement"),
    path("agreements/<uuid:pk>/end/", views.end_agreement, name="end-agreement"),
    path("contributions/<int:pk>/", views.contribution, name="contribution"),
    path("people/<uuid:pk>/", views.person, name="person"),
    path("places/<str:code>/mandates/", views.who_may, name="who-may"),
    path("gaps/", views.gaps, name="gaps"),
]
