"""Walks every address of a urlconf and tells what got past the gate.

Nothing here asks the gate itself: what an actor may see is reckoned anew from the grants, and what they were shown is
looked for in the pages.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pyarrow.parquet as pq
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from hamyar_server.areas.models import Area
from hamyar_server.intake.models import Candidate
from hamyar_server.organisations import mandates
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Contribution, Mandate
from hamyar_server.registry.models import Household

PUBLIC = {"core:settings", "organisations:sign-in", "organisations:sign-out"}  # stated: everyone may open these
NOTHING_THERE = {"api:api-root"}  # a name that the framework keeps
PUBLIC |= {"api:openapi-json"} | NOTHING_THERE  # what the interface is; nothing that it gives
OPEN_TO_USERS = {  # whoever signed in chooses here for whom to act, and keeps the own account
    f"organisations:{name}"
    for name in ("choose-membership", "code", "account", "password", "second-factor", "end-session")
}
OURS = ("core", "areas", "organisations", "registry", "intake", "analysis", "programmes")
UNWATCHED = {"AuditEvent", "ImportBatch", "SignInFailure", "SecondFactor", "SignedIn"}  # of no place
PARAMETER = re.compile(r"<(?:\w+:)?(?P<route>\w+)>|\(\?P<(?P<regex>\w+)>(?P<body>[^()]*)\)")
FORM = {
    "version": "1",
    "note": "یادداشت",
    "reason": "دلیل",
    "public_category": "covered",
    "internal_reason": "دلیل درونی",
    "needs": ["school"],
    "letter_number": "1",
    "letter_date": "1403/03/12",
    "functions": ["nominate"],
    "job": "assessor",
    "user_name": "somebody-new",
    "title_fa": "تازه",
    "kind": "assessors",
    "number": "3",
    "promised": "قول",
    "done": "انجام شد",
    "done_on": "1403/03/12",
    "date": "1403/03/12",
    "q": "نام1ی",
    "given": "نو",
    "role": "other",
    "rooms": "9",
    "source": "دست‌کاری",
    "as_of": "1403/03/12",
    "decile": "9",
    "purpose": "sharing",
    "evidence": "برگه",
    "given_on": "1403/03/12",
    "ground": "request",
    "sure": "on",
    "need": "school",
    "since": "1403/03/12",
    "provenance": "declared",
    "ending": "met",
    "on": "1405/09/01",
}


@dataclass(frozen=True)
class Address:
    name: str
    url: str


def addresses(urlconf: Any, objects: dict[str, Sequence[Any]]) -> list[Address]:
    """Every address, its parameters filled with the objects that belong to the word before them in the path.

    Raises LookupError for a parameter of which nobody has said what stands there: add it to `objects`.
    """
    return [
        Address(name, f"/{url}")
        for name, route in routes(get_resolver(urlconf).url_patterns)
        for url in filled(route, objects)
    ]


def routes(patterns: Iterable[Any], before: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = before + str(pattern.pattern).removeprefix("^").removesuffix("$")
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from routes(pattern.url_patterns, route, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}", route


def filled(route: str, objects: dict[str, Sequence[Any]]) -> Iterator[str]:
    values: list[Sequence[Any]] = []
    for found in PARAMETER.finditer(route):
        body = found["body"] or ""
        if re.fullmatch(r"\w+(\|\w+)+", body):  # one of a few words
            values.append(body.split("|"))
            continue
        word = (re.findall(r"(\w[\w-]*)/", route[: found.start()]) or [""])[-1]
        key = word if found["route"] != "file" else "file"
        if key not in objects:
            raise LookupError(f"{route}: the gate's walk does not know what stands behind “{key}/”")
        values.append(objects[key])
    for chosen in product(*values):
        each = iter(chosen)
        yield PARAMETER.sub(lambda _, each=each: str(next(each)), route)


@dataclass(frozen=True)
class Mark:
    """A text by which a row is known on a page. secret: read by those who decide in its area alone; tree: also shown to
    those below, as a name of what they lie in; owner: key of the organisation or membership that alone reads it, wherever."""

    text: str
    path: str
    secret: bool = False
    tree: bool = False
    owner: Any = None


def reach(actor: Actor) -> set[tuple[str, str]]:
    """(function, path of an area) that the actor holds by a living chain of grants, reckoned from the rows one by one."""
    today = timezone.localdate()
    mine = mandates.JOBS.get(actor.membership.job, frozenset())
    found = set()
    for mandate in Mandate.objects.filter(holder=actor.organisation):
        chain = mandate.chain()
        living = all(m.revoked_at is None and m.since <= today and (m.until is None or m.until >= today) for m in chain)
        if living and mandate.function in mine:
            found.add((mandate.function, mandate.area.path))
    return found


def own_grants(actor: Actor) -> set[str]:
    """Keys of what the actor's organisation may end or fulfil wherever it lies: mandates that it holds or gave, itself or through
    others, and promises under its agreements."""
    through = ((mandate, {step.holder_id for step in mandate.chain()}) for mandate in Mandate.objects.all())
    promises = Contribution.objects.filter(agreement__parties=actor.organisation)
    return {f"Mandate {mandate.pk}" for mandate, holders in through if actor.organisation.pk in holders} | {
        f"Contribution {promise.pk}" for promise in promises
    }


def lies_in(path: str, roots: Iterable[str]) -> bool:
    return any(f"{path}/".startswith(f"{root}/") for root in roots)


def may_read(mark: Mark, held: set[tuple[str, str]]) -> bool:
    roots = {path for function, path in held if not mark.secret or function == "decide"}
    return lies_in(mark.path, roots) or (mark.tree and any(lies_in(root, [mark.path]) for root in roots))


def shown(body: str, marks: Iterable[Mark]) -> set[str]:
    """Texts of the marks that stand on the page."""
    return {mark.text for mark in marks if mark.text in body or escape(mark.text) in body}


def rows(outside: set[tuple[str, str]] | None = None) -> dict[str, dict[str, Any]]:
    """Every row of every model of ours; with `outside`, only those whose place lies out of these (function, path)."""
    found: dict[str, dict[str, Any]] = {}
    for model in apps.get_models():
        if model._meta.app_label not in OURS or model.__name__ in UNWATCHED:
            continue
        for row in model._default_manager.all():
            path = path_of(row)
            if outside is None or (path is not None and not lies_in(path, {p for _, p in outside})):
                values = {f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields}
                found[f"{model.__name__} {row.pk}"] = values
    return found


def path_of(row: Any) -> str | None:
    """Where a row lies: by its own path, its area's, or that of what it belongs to."""
    for name in ("path", "area_path"):
        if isinstance(getattr(row, name, None), str):
            return getattr(row, name)
    for name in ("area", "organisation", "candidate", "holder", "result", "household", "person"):
        above = getattr(row, name, None)
        if above is not None and (path := path_of(above)) is not None:
            return path
    return None


PEOPLE = [{"given": "نو", "role": "head"}]


def sent(url: str, posted: dict[str, Any]) -> dict[str, Any]:
    """What the interface takes: everything that any of its writes asks for."""
    area = Area.objects.filter(pk=posted.get("area")).first()
    places = {} if url.endswith("/search") else {"area": area.code if area else "77"}
    return {
        **FORM,
        "q": posted.get("q", FORM["q"]),
        "version": 1,
        "facts": {"rooms": 9},
        "people": PEOPLE,
        "needs": ["road"],
        "decile": None,
        "letter_date": "2024-06-01",
        **places,
    }


def asked(client: Client, url: str, method: str, posted: dict[str, Any]) -> Any:
    if url.startswith("/api/") and method != "get":
        answer = getattr(client, method)(url, sent(url, posted), content_type="application/json")
    else:
        answer = client.post(url, FORM | posted) if method == "post" else client.get(url)
    return answer, text_of(answer.getvalue() if answer.streaming else answer.content)


def text_of(body: bytes) -> str:
    """What a reader of the answer reads: a worksheet and a Parquet file are opened."""
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            body = b"".join(packed.read(name) for name in packed.namelist())
    elif body.startswith(b"PAR1"):
        return str(pq.read_table(io.BytesIO(body)).to_pylist())
    return body.decode("utf-8", errors="replace")


def queried(url: str, posted: dict[str, Any]) -> str:
    """The address with everything that one might ask for in it: a search, an area, a household, an order."""
    area = Area.objects.filter(pk=posted.get("area")).first()
    wanted = {"q": posted.get("q", FORM["q"]), "order": "people"}
    if area:
        wanted["area"] = area.code if url.startswith("/api/") else str(area.pk)
    if url == "/api/persons":  # other addresses stand again on their page, and the household with them
        wanted["household"] = posted.get("household", "")
    return f"{url}?{urlencode({name: value for name, value in wanted.items() if value})}"


def followed(client: Client, to: str, walk: Sequence[Address]) -> Iterator[str]:
    """What stands where a post leads; where that is a search, also every file of what was found."""
    yield asked(client, to, "get", {})[1]
    if "who=" in to:
        for address in walk:
            if address.name == "registry:export":
                yield asked(client, f"{address.url}?{to.split('?')[1]}", "get", {})[1]


def faults_of_strangers(
    client: Client, walk: Sequence[Address], marks: Sequence[Mark], to: str, free: set[str]
) -> list[str]:
    """What somebody who acts for nobody got: anything but being sent `to` another page, and every text of the record."""
    faults = []
    for address, method in product(walk, ("get", "post")):
        if address.name == "organisations:sign-out":
            continue
        answer, body = asked(client, address.url, method, {})
        stopped = (answer.status_code == 302 and answer.url.startswith(to)) or (
            address.name.startswith("api:") and answer.status_code in (401, 405)
        )
        if address.name not in free and not stopped:
            faults.append(f"{method} {address.name} {address.url} answers {answer.status_code}")
        faults += [f"{method} {address.name} shows “{text}”" for text in shown(body, marks)]
    return faults


def faults_of(
    actor: Actor,
    client: Client,
    walk: Sequence[Address],
    marks: Sequence[Mark],
    posted: dict[str, Any],
    told: defaultdict[str, set[tuple[str, int]]] | None = None,
) -> list[str]:
    """What an actor read or changed beyond the living grants, and where the server failed.

    Each address is asked as it is, with a query, and by a post whose way is followed; told: name → (method, status), to be added to.
    """
    held = reach(actor)
    owners = {actor.organisation.pk, actor.membership.pk}
    hidden = [mark for mark in marks if not (mark.owner in owners if mark.owner else may_read(mark, held))]
    before, faults = rows(outside=held), []
    own = {str(actor.membership.pk), str(actor.membership.deputy_of_id)}  # whoever ends these goes no further
    own |= {str(pk) for pk in actor.user.sessions.values_list("pk", flat=True)}
    for address, method in product(walk, ("get", "query", "post", "patch")):
        if method == "patch" and not address.name.startswith("api:"):
            continue
        if address.name == "organisations:sign-out" or own & set(address.url.split("/")):
            continue
        url = queried(address.url, posted) if method == "query" else address.url
        answer, body = asked(client, url, method.replace("query", "get"), posted)
        if method == "post" and answer.status_code == 302:
            body += "".join(followed(client, answer.url, walk))
        if told is not None:
            told[address.name].add((method, answer.status_code))
        if answer.status_code >= 500:
            faults.append(f"{method} {address.name} {address.url} fails with {answer.status_code}")
        faults += [f"{method} {address.name} {address.url} shows “{text}”" for text in shown(body, hidden)]
    still = client.get("/")
    assert still.status_code == 200, f"the walk ended the session it walked in: {still.headers.get('Location')}"
    after = rows(outside=held)
    returned = own_grants(actor) if any(function == "manage_people" for function, _ in held) else set()
    changed = [key for key in before if after.get(key) != before[key] and key not in returned]
    return faults + [f"changed: {key}" for key in changed]


def marks_of_candidates() -> list[Mark]:
    found = []
    for candidate in Candidate.objects.select_related("area"):
        path = candidate.area.path
        found += [Mark(candidate.reason, path), Mark(candidate.letter_number, path)]
        found += [Mark(candidate.internal_reason, path, secret=True)] if candidate.internal_reason else []
    return found


def marks_of_households() -> list[Mark]:
    """What a page about a household, or a search that finds it, shows: by whom it is covered, from which source, for what."""
    found = []
    for household in Household.objects.all():
        texts = [cover.organisation for cover in household.covers.all()] + [need.note for need in household.needs.all()]
        texts += [household.provenance["area"][2], str(household.pk)]
        texts += [str(pk) for pk in household.people.values_list("pk", flat=True)]
        found += [Mark(text, household.path) for text in texts]
    return found


def marks_of_areas() -> list[Mark]:
    return [Mark(area.name, area.path, tree=True) for area in Area.objects.all()]
