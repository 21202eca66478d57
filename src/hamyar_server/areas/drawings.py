"""Areas on a map, from whatever is known of where they lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from hamyar_server.areas.models import Area, Kind

if TYPE_CHECKING:
    from hamyar.figures import Classes


def area_map(
    areas: Iterable[Area],
    kinds: Mapping[str, str],
    *,
    title: str,
    link: Callable[[str], str],
    classes: Classes | None = None,
) -> SafeString | None:
    """From boundaries; else cells around the points; dots where a point is missing or the places are many; None where nothing can be drawn.

    kinds: code → a kind of `classes`, or a tier; link: the address of a code.
    """
    from hamyar import figures

    by_code = {area.code: area for area in areas}
    points = {code: (area.lon, area.lat) for code, area in by_code.items() if None not in (area.lon, area.lat)}
    said = {"title": title, "language": get_language(), "classes": classes or figures.BY_TIER}
    schematic = any(area.boundary is None for area in by_code.values())
    if schematic and (not points or {area.kind for area in by_code.values()} == {Kind.NEIGHBOURHOOD}):
        return None  # a ring of points around a city shows nothing
    if schematic and (len(points) < len(by_code) or len(points) > figures.MANY):
        drawn = figures.dots(points, kinds, **said)
    else:
        drawn = figures.choropleth(
            figures.schematic_cells(points) if schematic else {code: area.boundary for code, area in by_code.items()},
            kinds,
            schematic=schematic,
            links={code: link(code) for code in by_code},
            names={code: {"fa": area.name, "en": area.name_en or area.name} for code, area in by_code.items()},
            **said,
        )
    return mark_safe(drawn)  # nosec B308 B703  # noqa: S308 SVG that the library made; it escapes names
