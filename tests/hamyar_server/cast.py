"""A small fictive province and its people, by role: the cast of every test of the record.

77 Sepidar (province)
├── 7701 Mehrdasht (county)
│   ├── 770101 its central district
│   │   ├── 7701012000 Mehrdasht (small city), in it 770101200001 Lower Gardens (city margin)
│   │   └── 7701010001 Balarud (rural district), in it Cheshmeh and Sangchin (villages) and Kohneh (nobody lives there)
│   └── 770102 Upper district, with 7701020001 Kuhsar (rural district), in it Tavus (village)
└── 7702 Nikrud (county), with 7702012000 Nikrud (city of 180,000), in it 770201200001 Station (neighbourhood)
78 Dariabar (another province), where the outsider holds everything
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.utils import timezone

from hamyar_server.areas.models import Area
from hamyar_server.intake.models import Candidate
from hamyar_server.organisations.actions import add_member, found, import_areas
from hamyar_server.organisations.actors import NEED_SECOND_FACTOR, Actor
from hamyar_server.organisations.granting import REPRESENTATIVE, grant, sign
from hamyar_server.organisations.models import (
    Agreement,
    Function,
    Job,
    Membership,
    Organisation,
    OrganisationKind,
    SecondFactor,
    User,
)
from hamyar_server.programmes.actions import open_programme
from hamyar_server.registry.models import Need

K, J = OrganisationKind, Job
LONG_AGO = date(2020, 3, 20)
COLUMNS = "code name kind parent_code population inhabited stratum lat lon name_en".split()
ROWS = """\
77,سپیدار,province,,,,,,,Sepidar
7701,مهردشت,county,77,,,,,,Mehrdasht
770101,مرکزی مهردشت,district,7701,,,,,,Central Mehrdasht
7701012000,مهردشت,city,770101,32000,true,,35.10,59.10,Mehrdasht
770101200001,باغ‌های پایین,neighbourhood,7701012000,4100,true,city_margin,35.11,59.11,Lower Gardens
7701010001,بالارود,rural_district,770101,,,,,,Balarud
7701010001000001,چشمه,village,7701010001,420,true,,35.20,59.20,Cheshmeh
7701010001000002,سنگ‌چین,village,7701010001,180,true,,35.21,59.22,Sangchin
7701010001000003,کهنه,village,7701010001,0,false,,35.22,59.24,Kohneh
770102,بالادست,district,7701,,,,,,Upper
7701020001,کوهسار,rural_district,770102,,,,,,Kuhsar
7701020001000001,طاووس,village,7701020001,260,true,,35.30,59.30,Tavus
7702,نیک‌رود,county,77,,,,,,Nikrud
770201,مرکزی نیک‌رود,district,7702,,,,,,Central Nikrud
7702012000,نیک‌رود,city,770201,180000,true,,35.40,59.40,Nikrud
770201200001,ایستگاه,neighbourhood,7702012000,9000,true,,35.41,59.41,Station
78,دریابار,province,,,,,,,Dariabar
7801,ساحل,county,78,,,,,,Sahel
780101,مرکزی ساحل,district,7801,,,,,,Central Sahel
7801012000,ساحل,city,780101,21000,true,,30.10,51.10,Sahel
"""
AREAS = {
    "province": "77",
    "county": "7701",
    "city": "7701012000",
    "margin": "770101200001",
    "district": "770101",
    "rural_district": "7701010001",
    "village": "7701010001000001",
    "neighbour_village": "7701010001000002",
    "empty_village": "7701010001000003",
    "other_district": "770102",
    "other_village": "7701020001000001",
    "other_county": "7702",
    "other_city": "7702012000",
    "station": "770201200001",
    "elsewhere": "78",
    "elsewhere_city": "7801012000",
}
ORGANISATIONS = {  # name: kind, area, parent, in Persian, in English
    "foundation": (K.FOUNDATION, "province", None, "بنیاد سپیدار", "Sepidar foundation"),
    "infrastructure": (K.PROGRAMME, "province", "foundation", "سازمان عمران", "Infrastructure programme"),
    "social": (K.PROGRAMME, "province", "foundation", "سازمان حمایت", "Social programme"),
    "cooperation": (K.COOPERATION, "province", None, "سازمان همیاری سپیدار", "Sepidar cooperation organisation"),
    "municipality": (K.MUNICIPALITY, "city", "cooperation", "شهرداری مهردشت", "Mehrdasht municipality"),
    "other_municipality": (K.MUNICIPALITY, "other_city", "cooperation", "شهرداری نیک‌رود", "Nikrud municipality"),
    "governor": (K.GOVERNOR, "district", None, "بخشداری مرکزی مهردشت", "Governor of Central Mehrdasht"),
    "other_governor": (K.GOVERNOR, "other_district", None, "بخشداری بالادست", "Governor of Upper"),
    "village_administration": (K.VILLAGE, "village", "governor", "دهیاری چشمه", "Cheshmeh village administration"),
    "other_administration": (
        K.VILLAGE,
        "other_village",
        "other_governor",
        "دهیاری طاووس",
        "Tavus village administration",
    ),
    "elsewhere_foundation": (K.FOUNDATION, "elsewhere", None, "بنیاد دریابار", "Dariabar foundation"),
    "elsewhere_cooperation": (K.COOPERATION, "elsewhere", None, "سازمان همیاری دریابار", "Dariabar cooperation"),
}
PEOPLE = {  # name: organisation, job
    "director": ("foundation", J.DIRECTOR),
    "statistician": ("foundation", J.STATISTICIAN),
    "assessor": ("foundation", J.ASSESSOR),
    "infrastructure_manager": ("infrastructure", J.OFFICER),
    "social_manager": ("social", J.OFFICER),
    "officer": ("cooperation", J.OFFICER),
    "mayor": ("municipality", J.MAYOR),
    "other_mayor": ("other_municipality", J.MAYOR),
    "governor": ("governor", J.GOVERNOR),
    "other_governor": ("other_governor", J.GOVERNOR),
    "administrator": ("village_administration", J.ADMINISTRATOR),
    "other_administrator": ("other_administration", J.ADMINISTRATOR),
    "outsider": ("elsewhere_foundation", J.DIRECTOR),  # holds everything, in another province
}


@dataclass(frozen=True)
class Cast:
    """areas, organisations and actors by the names above; `deputy` stands in for the mayor, `unattached` acts for nobody."""

    areas: dict[str, Area]
    organisations: dict[str, Organisation]
    actors: dict[str, Actor]
    unattached: User

    def __getattr__(self, name: str) -> Actor:
        try:
            return self.__dict__["actors"][name]
        except KeyError:
            raise AttributeError(name) from None


def build(folder: Path) -> Cast:
    """The whole cast, through the record's own actions."""
    areas = _areas(folder / "places.csv")
    organisations: dict[str, Organisation] = {}
    for name, (kind, area, parent, fa, en) in ORGANISATIONS.items():
        organisations[name] = found(
            by=None, kind=kind, name_fa=fa, name_en=en, area=areas[area], parent=organisations.get(parent or "")
        )
    actors = {name: member(name, organisations[where], job) for name, (where, job) in PEOPLE.items()}
    actors["deputy"] = member("deputy", organisations["municipality"], J.MAYOR, deputy_of=actors["mayor"].membership)
    _programmes(organisations)
    _mandates(organisations, actors)
    return Cast(areas, organisations, actors, person("unattached"))


def _areas(file: Path) -> dict[str, Area]:
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerow(COLUMNS)
        out.write(ROWS)
    assert not import_areas(by=None, path=file).refused
    known = {area.code: area for area in Area.objects.select_related("parent")}
    return {name: known[code] for name, code in AREAS.items()}


def person(name: str) -> User:
    """Somebody who signs in; a test that does so by password sets one, since hashing is slow on purpose."""
    return User.objects.create(username=name, title_fa=f"نقش {name}", title_en=f"the {name.replace('_', ' ')}")


def member(name: str, organisation: Organisation, job: str, deputy_of: Membership | None = None) -> Actor:
    user = person(name)
    membership = add_member(by=None, user=user, organisation=organisation, job=job, deputy_of=deputy_of, since=LONG_AGO)
    if job in NEED_SECOND_FACTOR:
        SecondFactor.objects.create(user=user, sealed=b"", confirmed_at=timezone.now())
    return Actor(user, membership)


def _mandates(organisations: dict[str, Organisation], actors: dict[str, Actor]) -> None:
    """Two agreements of the foundation; from them the cooperation organisation and the governors grant on."""
    director = actors["director"]

    def signed(number: str, *parties: str) -> Agreement:
        others = [organisations[name] for name in parties]
        return sign(by=director, number=number, date=LONG_AGO, title_fa="همکاری در شناسایی", parties=others)

    def give(by: str, holder: str, *functions: Function, under: Agreement | None = None) -> None:
        to = organisations[holder]
        wanted = {"functions": functions, "area": to.area, "agreement": under}
        grant(by=actors[by], holder=to, **wanted, since=LONG_AGO, reason="آزمون")

    for programme in ("infrastructure", "social"):
        give("director", programme, Function.DELIVER)
    cities, villages = signed("1404/12", "cooperation"), signed("1404/13", "governor", "other_governor")
    for holder, agreement in (("cooperation", cities), ("governor", villages), ("other_governor", villages)):
        give("director", holder, *REPRESENTATIVE, Function.MANAGE_PEOPLE, under=agreement)
    for municipality in ("municipality", "other_municipality"):
        give("officer", municipality, Function.NOMINATE, Function.ASSESS)
    give("governor", "village_administration", Function.NOMINATE)
    give("other_governor", "other_administration", Function.NOMINATE)


def _programmes(organisations: dict[str, Organisation]) -> None:
    """Each kind of need goes to the programme of its kind, since long ago."""
    for kind in ("infrastructure", "social"):
        open_programme(
            by=None,
            organisation=organisations[kind],
            name_fa=organisations[kind].name_fa,
            name_en=organisations[kind].name_en,
            needs=list(Need.objects.filter(kind=kind)),
            since=LONG_AGO,
        )


def nomination(by: Actor, area: Area, *needs: str, **changes: object) -> Candidate:
    """A sound nomination by this actor, but for the changes."""
    from hamyar_server.intake.actions import nominate

    wanted = {
        "needs": list(Need.objects.filter(pk__in=needs or ("drinking-water",))),
        "reason": "آب آشامیدنی از سال گذشته با تانکر می‌رسد.",
        "letter_number": "1405/12",
        "letter_date": date(2024, 6, 1),
    }
    return nominate(by=by, area=area, **(wanted | changes))
