"""The demonstration's organisations and people. They exist in the demonstration's database alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from hamyar_server.areas.models import Area, Kind
from hamyar_server.organisations import actions, granting
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Agreement, Function, Job, Organisation, OrganisationKind, User
from hamyar_server.programmes.actions import open_programme
from hamyar_server.registry.models import Need, NeedKind

CITY, OTHER_CITY = "9701011001", "9703031001"  # the metropolis with margins, and a small city elsewhere
GOVERNED = 10  # districts whose villages have an administration
ADMINISTRATIONS = 4  # in each of them
SINCE = date(2025, 3, 21)  # from when programmes serve needs
BOTH = ("housing", "jobs")  # needs that both programmes serve


@dataclass
class Cast:
    """Organisations by kind in order of area, and actors by name."""

    province: Area
    foundation: Organisation
    cooperation: Organisation
    municipalities: list[Organisation] = field(default_factory=list)
    villages: list[Organisation] = field(default_factory=list)
    actors: dict[str, Actor] = field(default_factory=dict)

    def add(
        self,
        name: str,
        organisation: Organisation,
        job: str,
        fa: str,
        en: str,
        *,
        deputy_of: str = "",
        quiet: bool = False,
    ) -> Actor:
        """A person with a job; the quiet ones hold an office and cannot sign in."""
        user = User(username=name, title_fa=fa, title_en=en)
        user.set_password(None if quiet else f"{name}-hamyar")
        user.save()
        stands_in_for = self.actors[deputy_of].membership if deputy_of else None
        membership = actions.add_member(by=None, user=user, organisation=organisation, job=job, deputy_of=stands_in_for)
        self.actors[name] = Actor(user, membership)
        return self.actors[name]


def gather() -> Cast:
    """Everyone, from the foundation to the village administrations."""
    cast = _headquarters(Area.objects.get(kind=Kind.PROVINCE))
    _municipalities(cast)
    _district_branch(cast)
    _people(cast)
    _mandates(cast)
    return cast


def _headquarters(province: Area) -> Cast:
    kind = OrganisationKind
    foundation = actions.found(
        by=None, kind=kind.FOUNDATION, name_fa="بنیاد نمونه", name_en="Sample Foundation", area=province
    )
    for need_kind, fa, en in (
        (NeedKind.INFRASTRUCTURE, "مؤسسهٔ زیرساخت بنیاد نمونه", "Infrastructure Institute of the Sample Foundation"),
        (NeedKind.SOCIAL, "مؤسسهٔ امور اجتماعی بنیاد نمونه", "Social Institute of the Sample Foundation"),
    ):
        institute = actions.found(
            by=None, kind=kind.PROGRAMME, name_fa=fa, name_en=en, area=province, parent=foundation
        )
        needs = [need for need in Need.objects.all() if need.kind == need_kind or need.code in BOTH]
        open_programme(
            by=None,
            organisation=institute,
            name_fa=PROGRAMMES[need_kind][0],
            name_en=PROGRAMMES[need_kind][1],
            needs=needs,
            since=SINCE,
        )
    cooperation = actions.found(
        by=None,
        kind=kind.COOPERATION,
        name_fa="سازمان همیاری شهرداری‌های استان نمونه",
        name_en="Municipalities' Cooperation Organisation of Sample Province",
        area=province,
    )
    return Cast(province, foundation, cooperation)


PROGRAMMES = {
    NeedKind.INFRASTRUCTURE: ("برنامهٔ محرومیت‌زدایی مناطق", "Places programme"),
    NeedKind.SOCIAL: ("برنامهٔ حمایت از خانوارها", "Households programme"),
}


def _municipalities(cast: Cast) -> None:
    for city in Area.objects.filter(kind=Kind.CITY).order_by("code"):
        made = actions.found(
            by=None,
            kind=OrganisationKind.MUNICIPALITY,
            name_fa=f"شهرداری {city.name}",
            name_en=f"Municipality of {city.name_en}",
            area=city,
            parent=cast.cooperation,
        )
        cast.municipalities.append(made)


def _district_branch(cast: Cast) -> None:
    """A governor's office for each district; in some of them administrations of the largest villages."""
    districts = Area.objects.filter(kind=Kind.DISTRICT).select_related("parent").order_by("code")
    outlying = [district.pk for district in districts if not district.code.endswith("01")][:GOVERNED]
    for district in districts:
        governor = actions.found(
            by=None,
            kind=OrganisationKind.GOVERNOR,
            name_fa=f"بخشداری {district.name} شهرستان {district.parent.name}",
            name_en=f"District Governor's Office of {district.name_en}, {district.parent.name_en}",
            area=district,
        )
        if district.pk in outlying:
            villages = Area.objects.subtree(district).filter(kind=Kind.VILLAGE).order_by("-population", "code")
            cast.villages += [_administration(village, governor) for village in villages[:ADMINISTRATIONS]]


def _administration(village: Area, governor: Organisation) -> Organisation:
    return actions.found(
        by=None,
        kind=OrganisationKind.VILLAGE,
        name_fa=f"دهیاری {village.name}",
        name_en=f"Village Administration of {village.name_en}",
        area=village,
        parent=governor,
    )


def _people(cast: Cast) -> None:
    city = next(each for each in cast.municipalities if each.area.code == CITY)
    other = next(each for each in cast.municipalities if each.area.code == OTHER_CITY)
    village = cast.villages[0]
    governor = village.parent
    cast.add("director", cast.foundation, Job.DIRECTOR, "مدیر دفتر استانی", "Director of the provincial office")
    cast.add("officer", cast.cooperation, Job.OFFICER, "کارشناس همیاری شهرداری‌ها", "Cooperation officer")
    cast.add("mayor", city, Job.MAYOR, f"شهردار {city.area.name}", f"Mayor of {city.area.name_en}")
    cast.add(
        "assessor", city, Job.ASSESSOR, f"ارزیاب میدانی {city.area.name}", f"Field assessor in {city.area.name_en}"
    )
    cast.add("statistician", cast.foundation, Job.STATISTICIAN, "کارشناس آمار", "Statistician")
    cast.add(
        "deputy",
        city,
        Job.MAYOR,
        f"جانشین شهردار {city.area.name}",
        f"Deputy mayor of {city.area.name_en}",
        deputy_of="mayor",
    )
    cast.add("other-mayor", other, Job.MAYOR, f"شهردار {other.area.name}", f"Mayor of {other.area.name_en}")
    cast.add(
        "village", village, Job.ADMINISTRATOR, f"دهیار {village.area.name}", f"Administrator of {village.area.name_en}"
    )
    cast.add(
        "governor",
        governor,
        Job.GOVERNOR,
        f"بخشدار {governor.area.name}",
        f"Governor of {governor.area.name_en} district",
    )


def _mandates(cast: Cast) -> None:
    """Two agreements of the foundation; under them its representatives, and from those the mayors and villages."""
    director, officer = cast.actors["director"], cast.actors["officer"]
    governors = list(Organisation.objects.filter(kind=OrganisationKind.GOVERNOR).select_related("area"))
    with_cooperation = _signed(director, "1404/12", "تفاهم‌نامهٔ شناسایی جامعهٔ هدف در شهرها", [cast.cooperation])
    with_governors = _signed(director, "1404/13", "تفاهم‌نامهٔ شناسایی جامعهٔ هدف در روستاها", governors)
    for institute in cast.foundation.parts.select_related("area"):
        for functions in ([Function.DELIVER], [Function.SEE_IDENTITIES]):
            _granted(director, institute, functions, "اجرای برنامه‌ها")
    granting.promise(
        by=director, agreement=with_cooperation, organisation=cast.cooperation, promised="یک کارشناس در هر شهرستان"
    )
    granting.promise(
        by=director, agreement=with_cooperation, organisation=cast.foundation, promised="پاسخ به هر معرفی تا سی روز"
    )
    for holder, agreement in [(cast.cooperation, with_cooperation), *((each, with_governors) for each in governors)]:
        _granted(director, holder, [*granting.REPRESENTATIVE, Function.MANAGE_PEOPLE], "نمایندگی بنیاد", agreement)
    for municipality in cast.municipalities:
        _granted(officer, municipality, [Function.NOMINATE, Function.ASSESS], "معرفی و ارزیابی در محدودهٔ شهر")
    for village in cast.villages:
        governor = _head(village.parent)
        _granted(governor, village, [Function.NOMINATE], "معرفی روستا")


def _signed(by: Actor, number: str, title: str, parties: list[Organisation]) -> Agreement:
    return granting.sign(by=by, number=number, date=SINCE, title_fa=title, parties=parties)


def _granted(
    by: Actor, holder: Organisation, functions: list[Function], reason: str, agreement: Agreement | None = None
) -> None:
    given = {"holder": holder, "functions": functions, "area": holder.area, "agreement": agreement}
    granting.grant(by=by, **given, since=SINCE, reason=reason)


def _head(office: Organisation) -> Actor:
    """Whoever governs the district; somebody without a password where the demonstration has nobody."""
    membership = office.memberships.select_related("user").first()
    if membership is None:
        user = User(username=f"governor-{office.area.code}", title_fa=f"بخشدار {office.area.name}")
        user.set_password(None)
        user.save()
        membership = actions.add_member(by=None, user=user, organisation=office, job=Job.GOVERNOR)
    return Actor(membership.user, membership)
