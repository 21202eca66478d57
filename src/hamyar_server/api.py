"""The interface for programmes: the same gate, the same actions, the same masks as the pages; described by /api/openapi.json.

Whoever signed in and chose for whom they act calls it with the session's cookie; a write carries the CSRF token in `X-CSRFToken`.
Every refusal is {code, fa, en}. Lists come in pages: give `next` or `previous` back as `after`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import NinjaAPI, Query, Schema, Status
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.renderers import JSONRenderer
from ninja.security import SessionAuth
from pydantic import Field

import hamyar
from hamyar.errors import HamyarError
from hamyar_server.areas.models import Area
from hamyar_server.core.paging import Page, page
from hamyar_server.intake import actions as intake
from hamyar_server.organisations import mandates, reviews
from hamyar_server.organisations.actors import Actor, lacks_second_factor
from hamyar_server.organisations.mandates import Function
from hamyar_server.organisations.models import Mandate, Organisation
from hamyar_server.registry import actions, lists
from hamyar_server.registry.household_views import CONFLICT, origin
from hamyar_server.registry.incoming import NewHousehold, NewIdentifier, NewPerson
from hamyar_server.registry.list_views import require_people
from hamyar_server.registry.models import Household, Import, Need, Person, Role, Sex
from hamyar_server.registry.names import Name

SIZE = 100


class Acting(SessionAuth):
    """Whoever may open the pages, by the same conditions (`actors.actor_required`)."""

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:  # noqa: ARG002 its caller's
        actor = getattr(request, "actor", None)
        if actor is None or request.user.must_change_password or lacks_second_factor(actor):
            return None
        return actor


class Readable(JSONRenderer):
    """Persian as it is written."""

    json_dumps_params = {"ensure_ascii": False}


api = NinjaAPI(
    title="Hamyar",
    version=hamyar.__version__,
    description=__doc__ or "",
    auth=Acting(),
    renderer=Readable(),
    docs_url=None,
    urls_namespace="api",
)


class Refusal(Schema):
    code: str
    fa: str
    en: str


REFUSED = {400: Refusal, 401: Refusal, 403: Refusal, 404: Refusal, 409: Refusal, 422: Refusal}


def refused(request: HttpRequest, status: int, code: str, fa: str, en: str) -> HttpResponse:
    return api.create_response(request, {"code": code, "fa": fa, "en": en}, status=status)


@api.exception_handler(HamyarError)
def by_the_act(request: HttpRequest, refusal: HamyarError) -> HttpResponse:
    first = refusal.faults[0]
    fa, en = (" ".join(getattr(fault, language) for fault in refusal.faults) for language in ("fa", "en"))
    return refused(request, 409 if first.code == CONFLICT else 422, first.code, fa, en)


@api.exception_handler(AuthenticationError)
def not_signed_in(request: HttpRequest, _: Exception) -> HttpResponse:
    fa = "وارد شوید و بگویید از سوی کدام سازمان عمل می‌کنید."
    return refused(request, 401, "HY-Z001", fa, "Sign in and choose for whom you act.")


@api.exception_handler(PermissionDenied)
def not_allowed(request: HttpRequest, _: Exception) -> HttpResponse:
    fa = "سازمان شما در این محدوده چنین اختیاری ندارد."
    return refused(request, 403, "HY-Z002", fa, "Your organisation has no such mandate there.")


@api.exception_handler(Http404)
def not_found(request: HttpRequest, _: Exception) -> HttpResponse:
    return refused(request, 404, "HY-Z003", "در محدودهٔ شما چنین چیزی نیست.", "Nothing of this kind lies in your area.")


@api.exception_handler(ValidationError)
def not_understood(request: HttpRequest, refusal: ValidationError) -> HttpResponse:
    where = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in refusal.errors)
    return refused(request, 422, "HY-Z004", f"درخواست خوانده نشد: {where}", f"The request cannot be read: {where}")


@api.exception_handler(SuspiciousOperation)
def changed_on_its_way(request: HttpRequest, _: Exception) -> HttpResponse:
    return refused(request, 400, "HY-Z005", "نشانهٔ صفحه درست نیست.", "The token of the page is not one of this server.")


@api.exception_handler(HttpError)
def by_the_framework(request: HttpRequest, refusal: HttpError) -> HttpResponse:
    """A body that is no JSON, or a write without the CSRF token."""
    return refused(
        request, refusal.status_code, "HY-Z006", "درخواست پذیرفته نشد.", f"The request is refused: {refusal}"
    )


class AreaOut(Schema):
    code: str
    name: str
    name_en: str
    kind: str
    parent: str | None
    stratum: str
    population: int | None


class OrganisationOut(Schema):
    id: UUID
    kind: str
    name_fa: str
    name_en: str
    area: str


class MandateOut(Schema):
    id: UUID
    function: str
    area: str
    since: date
    until: date | None


class ImportOut(Schema):
    id: UUID
    file_name: str
    source: str
    state: str
    done: int
    total: int


class PersonOut(Schema):
    """mask: what a list shows of the name."""

    id: UUID
    household: UUID
    mask: str
    sex: str
    birth_date: date | None
    version: int


class HouseholdOut(Schema):
    """provenance: fact → [provenance, date, source]. version: give it back with a change."""

    id: UUID
    area: str
    state: str
    members: int
    decile: int | None
    facts: dict[str, Any]
    provenance: dict[str, list[str]]
    version: int


class HouseholdPage(Schema):
    rows: list[HouseholdOut]
    next: str | None
    previous: str | None


class PersonPage(Schema):
    rows: list[PersonOut]
    next: str | None
    previous: str | None


class AreaPage(Schema):
    rows: list[AreaOut]
    next: str | None
    previous: str | None


class OrganisationPage(Schema):
    rows: list[OrganisationOut]
    next: str | None
    previous: str | None


class ImportPage(Schema):
    rows: list[ImportOut]
    next: str | None
    previous: str | None


class Wanted(Schema):
    area: str = ""
    stratum: str = ""
    decile: int | None = Field(None, ge=1, le=10)
    up_to: int | None = Field(None, ge=1, le=10, description="with it, deciles from `decile`, or from 1, to this one")
    cover: str = Field("", pattern="^(yes|no|)$")
    organisation: str = Field("", max_length=200)
    state: str = Field("living", pattern="^(living|merged|closed)$")


class Sought(Wanted):
    q: str = Field(min_length=1, max_length=100)


class IdentifierIn(Schema):
    kind: str = Field(pattern="^(identity|phone|bank|address|point)$")
    text: str = Field(min_length=1, max_length=300)


class PersonIn(Schema):
    given: str = Field(max_length=100)
    family: str = Field("", max_length=100)
    father: str = Field("", max_length=100)
    role: Role = Role.OTHER
    sex: Sex | None = None
    birth_date: date | None = None
    identifiers: list[IdentifierIn] = Field(default_factory=list, max_length=20)


class HouseholdIn(Schema):
    area: str
    people: list[PersonIn] = Field(min_length=1, max_length=100)
    facts: dict[str, Any] = Field(default_factory=dict)
    decile: int | None = None
    covered_by: str = Field("", max_length=200)


class HouseholdChange(Schema):
    version: int
    facts: dict[str, Any] = Field(default_factory=dict)
    area: str = ""


class NominationIn(Schema):
    area: str
    needs: list[str] = Field(min_length=1, max_length=50)
    reason: str = Field(min_length=1, max_length=2000)
    letter_number: str = Field(min_length=1, max_length=50)
    letter_date: date


class Made(Schema):
    id: UUID


def paged(rows: Any, order: Sequence[str], after: str, out: Any) -> dict[str, Any]:
    return told(page(rows, order, after or None, size=SIZE), out)


def told(found: Page[Any], out: Any) -> dict[str, Any]:
    return {"rows": [out(row) for row in found.rows], "next": found.next, "previous": found.previous}


def area_out(area: Area) -> dict[str, Any]:
    names = ("code", "name", "name_en", "kind", "stratum", "population")
    return {name: getattr(area, name) for name in names} | {"parent": area.parent.code if area.parent else None}


def household_out(row: Household) -> dict[str, Any]:
    names = ("id", "state", "members", "decile", "facts", "provenance", "version")
    return {name: getattr(row, name) for name in names} | {"area": row.area.code}


def person_out(row: Person) -> dict[str, Any]:
    names = ("id", "mask", "sex", "birth_date", "version")
    return {name: getattr(row, name) for name in names} | {"household": row.household_id}


def visible_areas(actor: Actor, *functions: Function) -> Any:
    return Area.objects.filter(mandates.inside(actor, functions or mandates.ANY)).select_related("parent")


def area_of(actor: Actor, code: str) -> Area:
    return get_object_or_404(visible_areas(actor), code=code)


def listed(request: HttpRequest, wanted: Wanted, after: str) -> dict[str, Any]:
    require_people(request.actor)
    given = wanted.dict()
    given["area"] = area_of(request.actor, wanted.area) if wanted.area else None
    base = Household.objects.select_related("area")
    found = lists.listed(request.actor, given, timezone.localdate(), after, SIZE, base).page
    return told(found, household_out)


@api.get("/areas", response={200: AreaPage, **REFUSED})
def areas(request: HttpRequest, after: str = "") -> Any:
    """Areas in which the actor may do something, from above."""
    return paged(visible_areas(request.actor), ["path"], after, area_out)


@api.get("/organisations", response={200: OrganisationPage, **REFUSED})
def organisations(request: HttpRequest, after: str = "") -> Any:
    def out(row: Organisation) -> dict[str, Any]:
        return {name: getattr(row, name) for name in ("id", "kind", "name_fa", "name_en")} | {"area": row.area.code}

    seen = reviews.organisations_seen_by(request.actor).select_related("area")
    return paged(seen, ["name_fa", "id"], after, out)


@api.get("/mandates", response={200: list[MandateOut], **REFUSED})
def own_mandates(request: HttpRequest) -> Any:
    """What the actor may do today, and where."""
    held: Any = mandates.mandates_of(request.actor).select_related("area").order_by("function", "path")

    def out(row: Mandate) -> dict[str, Any]:
        return {name: getattr(row, name) for name in ("id", "function", "since", "until")} | {"area": row.area.code}

    return [out(row) for row in held]


@api.get("/imports", response={200: ImportPage, **REFUSED})
def imports(request: HttpRequest, after: str = "") -> Any:
    mandates.require_somewhere(request.actor, Function.ASSESS)
    return paged(Import.objects.of(request.actor), ["-made_at", "id"], after, lambda row: row)


@api.get("/households", response={200: HouseholdPage, **REFUSED})
def households(request: HttpRequest, wanted: Query[Wanted], after: str = "") -> Any:
    return listed(request, wanted, after)


@api.post("/households/search", response={200: HouseholdPage, **REFUSED})
def search(request: HttpRequest, wanted: Sought, after: str = "") -> Any:
    """By name in any spelling, identity number or telephone; posted, so that it stands in no address."""
    return listed(request, wanted, after)


@api.get("/households/{uuid:pk}", response={200: HouseholdOut, **REFUSED})
def household(request: HttpRequest, pk: UUID) -> Any:
    return household_out(seen_household(request, pk))


def seen_household(request: HttpRequest, pk: UUID) -> Household:
    return get_object_or_404(Household.objects.visible_to(request.actor).select_related("area"), pk=pk)


@api.get("/persons", response={200: PersonPage, **REFUSED})
def persons(request: HttpRequest, household: UUID | None = None, after: str = "") -> Any:
    """Masked; of one household, or all that the actor sees."""
    require_people(request.actor)
    rows = Person.objects.living().visible_to(request.actor)
    return paged(rows.filter(household=household) if household else rows, ["path", "id"], after, person_out)


@api.get("/persons/{uuid:pk}", response={200: PersonOut, **REFUSED})
def person(request: HttpRequest, pk: UUID) -> Any:
    return person_out(get_object_or_404(Person.objects.living().visible_to(request.actor), pk=pk))


@api.post("/households", response={201: HouseholdOut, **REFUSED})
def register(request: HttpRequest, new: HouseholdIn) -> Any:
    """Needs the function assess in the area."""
    people = [
        NewPerson(
            Name(each.given, each.family, each.father), each.role, each.sex or "", each.birth_date,
            [NewIdentifier(number.kind, number.text) for number in each.identifiers],
        )
        for each in new.people
    ]  # fmt: skip
    area = area_of(request.actor, new.area)
    wanted = NewHousehold(area, people, new.facts, new.decile, new.covered_by)
    made = actions.register_household(by=request.actor, new=wanted, origin=origin(request.actor))
    return Status(201, household_out(made))


@api.patch("/households/{uuid:pk}", response={200: HouseholdOut, **REFUSED})
def change(request: HttpRequest, pk: UUID, change: HouseholdChange) -> Any:
    """A fact of null is taken away. 409 where somebody else changed the household since that version."""
    found = seen_household(request, pk)
    area = area_of(request.actor, change.area) if change.area else None
    given = {"household": found, "version": change.version, "facts": change.facts, "area": area}
    return household_out(actions.change_household(by=request.actor, origin=origin(request.actor), **given))


@api.post("/nominations", response={201: Made, **REFUSED})
def nominate(request: HttpRequest, new: NominationIn) -> Any:
    """Put a place forward; needs the function nominate there."""
    area = area_of(request.actor, new.area)
    needs = list(Need.objects.filter(pk__in=new.needs))
    letter = {"letter_number": new.letter_number, "letter_date": new.letter_date}
    made = intake.nominate(by=request.actor, area=area, needs=needs, reason=new.reason, **letter)
    return Status(201, made)
