"""Whom a reader may open a page of: names of others are text, never a link that is refused."""

from __future__ import annotations

from django import template

from hamyar_server.organisations import reviews
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Organisation

register = template.Library()


@register.filter
def sees(actor: Actor, organisation: Organisation) -> bool:
    return bool(reviews.organisations_seen_by(actor).filter(pk=organisation.pk).exists())
