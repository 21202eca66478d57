"""The map of where nobody may do something yet."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from hamyar.figures import Classes
from hamyar_server.areas.drawings import area_map
from hamyar_server.areas.models import Area
from hamyar_server.core.fields import under
from hamyar_server.organisations import reviews
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Function

FEW = 3  # counties that are no map: their places are drawn instead
COUNTIES = Classes(
    {
        "without": {"fa": "هیچ‌جا نماینده ندارد", "en": "a mandate nowhere"},
        "partly": {"fa": "بعضی جاها نماینده ندارد", "en": "a mandate in some places"},
        "covered": {"fa": "همه‌جا نماینده دارد", "en": "a mandate everywhere"},
    },
    {"without": "dark", "partly": "dotted", "covered": "plain"},
    {
        "fa": "نقشهٔ شهرستان‌ها: {without} هیچ‌جا نماینده ندارد، {partly} بعضی جاها ندارد، {covered} همه‌جا دارد.",
        "en": "Map of counties: {without} have a mandate nowhere, {partly} in some places, {covered} everywhere.",
    },
)
PLACES = Classes(
    {"without": {"fa": "بدون نماینده", "en": "without a mandate"}, "covered": {"fa": "با نماینده", "en": "with one"}},
    {"without": "dark", "covered": "plain"},
    {
        "fa": "نقشهٔ جاهای دارای سکنه: {without} بدون نماینده، {covered} با نماینده.",
        "en": "Map of inhabited places: {without} without a mandate, {covered} with one.",
    },
)


def gap_map(
    actor: Actor, function: Function, counties: Sequence[reviews.CountyGap], county: Area | None
) -> SafeString | None:
    """The counties that the actor sees, each opening its own; of one county, or where they are few, the places."""
    title = _("Places without a mandate: %s") % function.label
    if county is None and len(counties) >= FEW:
        address = f"{reverse('organisations:gaps')}?function={function}&county="
        return area_map(
            (gap.area for gap in counties),
            {gap.area.code: _kind(gap) for gap in counties if gap.places},
            title=title,
            link=lambda code: address + code,
            classes=COUNTIES,
        )
    places, gaps = reviews.inhabited(actor), reviews.gaps(actor, function)
    if county:
        places, gaps = places.filter(under(county.path)), gaps.filter(under(county.path))
    found, without = list(places), set(gaps.values_list("code", flat=True))
    if len(found) < FEW:
        return None
    return area_map(
        found,
        {area.code: "without" if area.code in without else "covered" for area in found},
        title=title,
        link=lambda code: reverse("organisations:who-may", args=[code]),
        classes=PLACES,
    )


def _kind(gap: reviews.CountyGap) -> str:
    if not gap.without:
        return "covered"
    return "partly" if gap.without < gap.places else "without"
