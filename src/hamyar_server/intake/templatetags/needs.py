"""A need by its name in the reader's language."""

from __future__ import annotations

from django import template

from hamyar_server.core.templatetags.hamyar import pair
from hamyar_server.intake.models import Need

register = template.Library()


@register.filter
def need_name(code: str) -> str:
    """The need of that code in the reference table; a code that is not there is itself."""
    found = Need.objects.filter(pk=code).first()
    return str(pair(found, "name")) if found else code
