"""Nominations of the demonstration, some in every state, so that no list is empty at the first look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from hamyar_server.areas.models import Area
from hamyar_server.demonstration.cast import CITY, Cast
from hamyar_server.intake import actions as intake
from hamyar_server.intake.models import Candidate, State
from hamyar_server.organisations.actors import Actor
from hamyar_server.organisations.models import Job, Organisation
from hamyar_server.programmes import actions as programmes
from hamyar_server.programmes.actions import ACCEPTING
from hamyar_server.registry.models import Need

MUNICIPALITIES = 9  # that have put a place forward


@dataclass(frozen=True)
class Case:
    """What was nominated and how far it came; days: how long ago the letter was written; left: until the answer is due."""

    needs: tuple[str, ...]
    reason: str
    state: str
    days: int
    left: int = 30
    category: str = ""
    inside: str = ""


TOWN = (
    Case(
        ("housing", "clinic"),
        "بیش از نیمی از خانه‌ها در بافت فرسوده است و نزدیک‌ترین درمانگاه شش کیلومتر فاصله دارد.",
        State.NOMINATED,
        4,
    ),
    Case(
        ("livelihood", "medical-costs"),
        "با تعطیلی کارگاه‌های آجرپزی، سرپرست بسیاری از خانوارها از پارسال بیکار است.",
        State.VERIFIED,
        24,
        12,
    ),
    Case(
        ("drinking-water",),
        "در تابستان آب فقط چند ساعت در روز وصل است و مردم آب را با تانکر می‌خرند.",
        State.VERIFIED,
        60,
        -6,
    ),
    Case(
        ("school", "road"),
        "دانش‌آموزان دورهٔ متوسطه برای مدرسه هر روز پانزده کیلومتر در راه خاکی می‌روند.",
        State.ACCEPTED,
        75,
        5,
        "priority",
        "در هر دو فهرست نخست است؛ اعتبار سال جاری کافی است.",
    ),
    Case(
        ("jobs",),
        "جوانان برای کار به شهرستان‌های دیگر می‌روند؛ شهرداری زمین کارگاهی آماده دارد.",
        State.DECLINED,
        80,
        3,
        "no_budget",
        "سقف اعتبار اشتغال پر شده است؛ برای سال آینده دوباره بررسی شود.",
    ),
    Case(("housing",), "در حاشیهٔ جنوبی شهر خانوارهای مهاجر از روستاهای خشک‌شده ساکن شده‌اند.", State.RETURNED, 15),
    Case(
        ("medical-costs", "no-breadwinner"),
        "شمار خانوارهای بدون نان‌آور پس از زلزلهٔ سال گذشته زیاد شده است.",
        State.NOMINATED,
        2,
    ),
    Case(
        ("clinic",),
        "پزشک هفته‌ای یک روز می‌آید و داروخانه‌ای در شهر نیست.",
        State.DECLINED,
        90,
        1,
        "covered",
        "دانشگاه علوم پزشکی ساخت درمانگاه را در دست دارد.",
    ),
    Case(("livelihood", "orphans"), "فهرست خانوارهای نیازمند با معتمدان محل تهیه شده است.", State.VERIFIED, 20, 20),
)
RURAL = (
    Case(("drinking-water", "road"), "قنات روستا خشک شده و راه دسترسی در زمستان بسته می‌شود.", State.VERIFIED, 30, 9),
    Case(("school",), "مدرسه تنها یک اتاق دارد و سقف آن ایمن نیست.", State.NOMINATED, 5),
    Case(("drinking-water",), "آب شرب روستا شور است.", State.ACCEPTED, 85, 2, "urgent", "آزمایش آب، شوری بیش از حد مجاز را نشان داد."),
)  # fmt: skip
NOTE = "شمار خانوارها و نشانی دقیق محله را بنویسید."


def tell(cast: Cast) -> None:
    """Each case with a place of its own, through the same actions as on the pages."""
    verifier, director = cast.actors["officer"], cast.actors["director"]
    elsewhere = [each for each in cast.municipalities if each.area.code != CITY][:: len(cast.municipalities) // 8]
    for number, (case, organisation) in enumerate(zip(TOWN, elsewhere, strict=False)):
        mayor = _mayor(cast, organisation, number)
        advance(case, nominate(case, mayor, organisation.area, number), verifier, director)
    margin = Area.objects.filter(parent__code=CITY).order_by("-population", "code")[1]
    advance(TOWN[-1], nominate(TOWN[-1], cast.actors["mayor"], margin, MUNICIPALITIES), verifier, director)
    for number, (case, organisation) in enumerate(zip(RURAL, cast.villages[1:], strict=False)):
        administrator = cast.add(
            f"village-{number}", organisation, Job.ADMINISTRATOR, f"دهیار {organisation.area.name}",
            f"Administrator of {organisation.area.name_en}", quiet=True,
        )  # fmt: skip
        candidate = nominate(case, administrator, organisation.area, 20 + number)
        advance(case, candidate, cast.actors["governor"], director)


def _mayor(cast: Cast, organisation: Organisation, number: int) -> Actor:
    known = next((actor for actor in cast.actors.values() if actor.organisation == organisation), None)
    return known or cast.add(
        f"mayor-{number}", organisation, Job.MAYOR, f"شهردار {organisation.area.name}",
        f"Mayor of {organisation.area.name_en}", quiet=True,
    )  # fmt: skip


def nominate(case: Case, by: Actor, area: Area, number: int) -> Candidate:
    return intake.nominate(
        by=by,
        area=area,
        needs=list(Need.objects.filter(code__in=case.needs)),
        reason=case.reason,
        letter_number=f"{1405}/{3100 + 37 * number}",
        letter_date=timezone.localdate() - timedelta(days=case.days),
    )


def advance(case: Case, candidate: Candidate, verifier: Actor, director: Actor) -> None:
    """Bring a new nomination to the state of its case."""
    if case.state == State.NOMINATED:
        return
    if case.state == State.RETURNED:
        intake.return_to_nominator(by=verifier, candidate=candidate, version=candidate.version, note=NOTE)
        return
    due = timezone.localdate() + timedelta(days=case.left)
    candidate = intake.verify(by=verifier, candidate=candidate, version=candidate.version, decide_by=due)
    if case.category:
        programmes.decide(
            by=director,
            candidate=candidate,
            version=candidate.version,
            accept=case.category in ACCEPTING,
            public_category=case.category,
            internal_reason=case.inside,
        )
