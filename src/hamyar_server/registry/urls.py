from __future__ import annotations

from django.urls import path, re_path

from hamyar_server.registry import audit_views, household_views, import_views, list_views, person_views

app_name = "registry"
urlpatterns = [
    path("imports/", import_views.listing, name="imports"),
    path("imports/<uuid:pk>/", import_views.detail, name="import"),
    path("imports/<uuid:pk>/accept/", import_views.accept, name="accept-import"),
    path("imports/<uuid:pk>/undo/", import_views.undo, name="undo-import"),
    path("imports/<uuid:pk>/refused.csv", import_views.refused, name="refused-rows"),
    path("households/", list_views.households, name="households"),
    path("households/filters/", list_views.save_filter, name="save-filter"),
    path("households/filters/<int:pk>/remove/", list_views.remove_filter, name="remove-filter"),
    re_path(
        r"^households/export/(?P<what>households|persons)/(?P<form>csv|xlsx|parquet|gpkg)/$",
        list_views.export,
        name="export",
    ),
    path("households/new/", household_views.register, name="register"),
    path("households/<uuid:pk>/", household_views.household, name="household"),
    path("households/<uuid:pk>/facts/", household_views.facts, name="facts"),
    path("households/<uuid:pk>/place/", household_views.place, name="place"),
    path("households/<uuid:pk>/head/", household_views.head, name="head"),
    path("households/<uuid:pk>/add/", household_views.add_person, name="add-person"),
    path("households/<uuid:pk>/split/", household_views.split, name="split"),
    path("households/<uuid:pk>/merge/", household_views.merge, name="merge"),
    path("households/<uuid:pk>/cover/", household_views.cover, name="cover"),
    path("households/<uuid:pk>/need/", household_views.need, name="need"),
    path("needs/<int:pk>/close/", household_views.close_need, name="close-need"),
    path("persons/<uuid:pk>/identity/", person_views.identity, name="identity"),
    path("persons/<uuid:pk>/sensitive/", person_views.sensitive, name="sensitive"),
    path("persons/<uuid:pk>/sensitive/new/", person_views.record_sensitive, name="record-sensitive"),
    path("persons/<uuid:pk>/move/", person_views.move, name="move"),
    path("persons/<uuid:pk>/consent/", person_views.consent, name="consent"),
    path("persons/<uuid:pk>/erase/", person_views.erase, name="erase"),
    path("consents/<uuid:pk>/withdraw/", person_views.withdraw, name="withdraw"),
    path("audit/", audit_views.by_area, name="audit"),
    path("audit/households/<uuid:pk>/", audit_views.by_household, name="audit-household"),
    path("audit/persons/<uuid:pk>/", audit_views.by_person, name="audit-person"),
    path("alarms/", audit_views.alarms, name="alarms"),
    path("alarms/<uuid:pk>/seen/", audit_views.see_alarm, name="see-alarm"),
]
