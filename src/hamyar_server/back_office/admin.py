"""The reference tables of the back office."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from hamyar_server.back_office.site import ReferenceAdmin, site
from hamyar_server.core.templatetags.hamyar import day, pair
from hamyar_server.organisations import mandates
from hamyar_server.organisations.mandates import Function
from hamyar_server.organisations.models import Organisation
from hamyar_server.programmes import actions as programmes
from hamyar_server.programmes.models import Programme, ProgrammeNeed
from hamyar_server.registry import actions as registry
from hamyar_server.registry.models import Need

NAMES = {"name_fa": _("Name in Persian"), "name_en": _("Name in English")}


def administered(request: HttpRequest, path: str) -> Any:
    """Rows whose path lies where the actor administers."""
    return mandates.inside(request.actor, [Function.ADMINISTER], path)


@admin.register(Need, site=site)
class NeedAdmin(ReferenceAdmin):
    labels = {"code": _("Code"), "kind": _("Kind"), "order": _("Place in lists"), **NAMES}
    list_display = ("named", "code_shown", "kind_named")
    ordering = ("order", "code")

    @admin.display(description=_("Need"))
    def named(self, row: Need) -> str:
        return str(pair(row, "name"))

    @admin.display(description=_("Kind"))
    def kind_named(self, row: Need) -> str:
        return row.get_kind_display()

    @admin.display(description=_("Code"))
    def code_shown(self, row: Need) -> str:
        return row.code

    def get_fields(self, request: HttpRequest, obj: Need | None = None) -> tuple[str, ...]:
        return ("code_shown" if obj else "code", "kind", "name_fa", "name_en", "order")

    def get_readonly_fields(self, request: HttpRequest, obj: Need | None = None) -> tuple[str, ...]:
        return ("code_shown",) if obj else ()

    def add(self, request: HttpRequest, given: dict[str, Any]) -> Need:
        return registry.add_need(by=request.actor, **given)

    def change(self, request: HttpRequest, row: Need, given: dict[str, Any]) -> None:
        registry.change_need(by=request.actor, need=row, changes=given)

    def remove(self, request: HttpRequest, row: Need) -> None:
        registry.remove_need(by=request.actor, need=row)


@admin.register(Programme, site=site)
class ProgrammeAdmin(ReferenceAdmin):
    labels = {"organisation": _("Organisation"), **NAMES}
    list_display = ("named", "organisation_named")
    list_select_related = ("organisation",)

    @admin.display(description=_("Programme"))
    def named(self, row: Programme) -> str:
        return str(pair(row, "name"))

    @admin.display(description=_("Organisation"))
    def organisation_named(self, row: Programme) -> str:
        return str(pair(row.organisation, "name"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Programme]:
        return Programme.objects.filter(administered(request, "organisation__area__path")).order_by("name_fa", "id")

    def choices(self, request: HttpRequest, _name: str) -> QuerySet[Organisation]:
        return Organisation.objects.filter(administered(request, "area__path")).order_by("name_fa", "id")

    def get_readonly_fields(self, request: HttpRequest, obj: Programme | None = None) -> tuple[str, ...]:
        return ("organisation_named",) if obj else ()

    def get_fields(self, request: HttpRequest, obj: Programme | None = None) -> tuple[str, ...]:
        return ("organisation_named" if obj else "organisation", "name_fa", "name_en")

    def may(self, request: HttpRequest, row: Programme) -> bool:
        return mandates.holds(request.actor, Function.ADMINISTER, row.organisation.area)

    def add(self, request: HttpRequest, given: dict[str, Any]) -> Programme:
        return programmes.open_programme(by=request.actor, needs=[], since=timezone.localdate(), **given)

    def change(self, request: HttpRequest, row: Programme, given: dict[str, Any]) -> None:
        programmes.rename_programme(by=request.actor, programme=row, **given)

    def remove(self, request: HttpRequest, row: Programme) -> None:
        programmes.remove_programme(by=request.actor, programme=row)


@admin.register(ProgrammeNeed, site=site)
class ProgrammeNeedAdmin(ReferenceAdmin):
    labels = {"programme": _("Programme"), "need": _("Need"), "since": _("Since"), "until": _("Until")}
    list_display = ("need_named", "programme_named", "since_day", "until_day")
    list_select_related = ("need", "programme")
    ordering = ("need__order", "programme", "-since")

    @admin.display(description=_("Need"))
    def need_named(self, row: ProgrammeNeed) -> str:
        return str(pair(row.need, "name"))

    @admin.display(description=_("Programme"))
    def programme_named(self, row: ProgrammeNeed) -> str:
        return str(pair(row.programme, "name"))

    @admin.display(description=_("Since"))
    def since_day(self, row: ProgrammeNeed) -> str:
        return day(row.since)

    @admin.display(description=_("Until"))
    def until_day(self, row: ProgrammeNeed) -> str:
        return day(row.until)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProgrammeNeed]:
        inside = administered(request, "programme__organisation__area__path")
        return ProgrammeNeed.objects.filter(inside).order_by(*self.ordering)

    def choices(self, request: HttpRequest, name: str) -> QuerySet[Any]:
        inside = Programme.objects.filter(administered(request, "organisation__area__path"))
        return Need.objects.all() if name == "need" else inside.order_by("name_fa", "id")

    def get_readonly_fields(self, request: HttpRequest, obj: ProgrammeNeed | None = None) -> tuple[str, ...]:
        return ("need_named", "programme_named", "since_day") if obj else ()

    def get_fields(self, request: HttpRequest, obj: ProgrammeNeed | None = None) -> tuple[str, ...]:
        return (*self.get_readonly_fields(request, obj), "until") if obj else ("programme", "need", "since")

    def used(self, row: ProgrammeNeed) -> bool:
        return programmes.served(row)

    def may(self, request: HttpRequest, row: ProgrammeNeed) -> bool:
        return mandates.holds(request.actor, Function.ADMINISTER, row.programme.organisation.area)

    def add(self, request: HttpRequest, given: dict[str, Any]) -> ProgrammeNeed:
        return programmes.serve_need(by=request.actor, **given)

    def change(self, request: HttpRequest, row: ProgrammeNeed, given: dict[str, Any]) -> None:
        programmes.end_serving(by=request.actor, serving=row, until=given["until"])

    def remove(self, request: HttpRequest, row: ProgrammeNeed) -> None:
        programmes.remove_serving(by=request.actor, serving=row)
