"""The back office: Django's own admin for reference tables, behind the sign-in, the second factor and the gate of everything else.

What it saves goes through the record's actions, which write the audit; its pages run without a script. A model with personal data
has no place here: `tests/hamyar_server/test_back_office.py` walks what is registered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _

from hamyar.errors import HamyarError
from hamyar_server.core.forms import DayField, text_of
from hamyar_server.core.models import AuditEvent
from hamyar_server.core.references import referred_to
from hamyar_server.core.templatetags.hamyar import pair
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import actor_required
from hamyar_server.organisations.mandates import Function

NOT_HERE = {"login", "logout", "password_change", "password_change_done", "autocomplete", "view_on_site"}


class BackOffice(admin.AdminSite):
    site_header = index_title = site_title = _("Back office")  # type: ignore[assignment]
    enable_nav_sidebar = False
    final_catch_all_view = False

    def has_permission(self, request: HttpRequest) -> bool:
        return request.actor is not None and Function.ADMINISTER in mandates.functions_of(request.actor)

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """Whoever administers somewhere, signed in as for every other page; others are refused, and shown no second sign-in."""
        inner = super().admin_view(view, cacheable)

        @actor_required
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            mandates.require_somewhere(request.actor, Function.ADMINISTER)
            return inner(request, *args, **kwargs)

        return guarded

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [one for one in super().get_urls() if getattr(one, "name", "") not in NOT_HERE]


class NamedField(forms.ModelChoiceField):
    def label_from_instance(self, row: Any) -> str:
        return str(pair(row, "name"))


class ReferenceAdmin(admin.ModelAdmin):
    """Rows of a reference table. Each table says by which actions of the record it is written: `add`, `change`, `remove`.

    labels: name of a column → its label; choices: what a key may point at, by the actor.
    """

    actions = None
    labels: ClassVar[dict[str, Any]] = {}
    media = Media()  # no script

    def used(self, row: models.Model) -> bool:
        """Whether the row must stay."""
        return referred_to(row)

    def may(self, request: HttpRequest, row: Any) -> bool:
        """Whether the actor administers where the row belongs; a row that belongs to all, where they administer anything."""
        return True

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site.has_permission(request) and (obj is None or self.may(request, obj))

    has_view_permission = has_delete_permission = has_change_permission

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Names in the reader's language, days in the reader's calendar."""
        given = {"label": self.labels[db_field.name], "required": not db_field.blank}
        if isinstance(db_field, models.ForeignKey):
            return NamedField(self.choices(request, db_field.name), **given)
        if isinstance(db_field, models.DateField):
            return DayField(max_length=30, **given)
        return super().formfield_for_dbfield(db_field, request, label=given["label"], **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        given = {name: form.cleaned_data[name] for name in form.changed_data} if change else dict(form.cleaned_data)
        if not change:
            obj.pk = self.add(request, given).pk
        elif given:
            self.change(request, self.model._default_manager.get(pk=obj.pk), given)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove(request, obj)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._refusable(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._refusable(request, super().delete_view, *args, **kwargs)

    def _refusable(self, request: HttpRequest, view: Callable[..., HttpResponse], *args: Any, **kwargs: Any) -> Any:
        """What an action refuses is said, and nothing is written."""
        try:
            return view(request, *args, **kwargs)
        except HamyarError as refusal:
            self.message_user(request, text_of(refusal), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The row alone: what is referred to is never removed, and its referrers are not listed, since they may be people."""
        protected = [_("rows that refer to it")] if any(self.used(row) for row in objs) else []
        return [str(row) for row in objs], {}, set(), protected

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """The audit of the row; the log of Django's admin is not kept."""
        row = get_object_or_404(self.get_queryset(request), pk=object_id)
        events = AuditEvent.objects.of(row).order_by("-number")[:50]
        shown = {"title": _("What was done"), "subtitle": row, "opts": self.opts, "events": events}
        request.current_app = self.admin_site.name
        return render(request, "back_office/history.html", self.admin_site.each_context(request) | shown)

    def log_addition(self, *_args: Any) -> None:
        """The action wrote the audit."""

    log_change = log_deletions = log_addition


site = BackOffice()
