from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from hamyar_server.registry import actions
from hamyar_server.registry.incoming import NewHousehold, NewIdentifier, NewPerson, Origin
from hamyar_server.registry.models import Household
from hamyar_server.registry.names import Name
from tests.hamyar_server.cast import Cast

NATIONAL_ID = "0499370899"  # its check digit is right; nobody's
LISTED = Origin(provenance="declared", source="charity list", as_of=date(2026, 9, 1))
FAMILY = [
    NewPerson(
        Name("سیّد رضا", "حسینی‌نژاد", "محمود"),
        role="head",
        sex="male",
        birth_date=date(1980, 5, 1),
        identifiers=[
            NewIdentifier("identity", NATIONAL_ID),
            NewIdentifier("phone", "۰۹۱۵ ۱۲۳ ۴۵۶۷"),
            NewIdentifier("address", "کوچهٔ سوم، پلاک ۷"),
        ],
    ),
    NewPerson(Name("زهرا", "محمدی"), role="spouse", sex="female", birth_date=date(1985, 1, 1)),
    NewPerson(Name("علی", "حسینی نژاد"), role="child", sex="male", birth_date=date(2012, 1, 1)),
]


@pytest.fixture
def register(cast: Cast) -> Callable[..., Household]:
    """A household of three in the city, registered by the operator; `where` names another area of the cast."""

    def made(where: str = "city", people: Any = FAMILY, **more: Any) -> Household:
        new = NewHousehold(cast.areas[where], people, **more)
        return actions.register_household(by=None, new=new, origin=LISTED)

    return made


@pytest.fixture
def household(register: Callable[..., Household]) -> Household:
    return register(facts={"rooms": 2, "piped_water": False}, decile=2, covered_by="a charity", source_key="h-1")
