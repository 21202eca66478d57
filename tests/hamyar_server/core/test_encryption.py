from __future__ import annotations

import hmac
from unittest import mock
from uuid import RFC_4122, UUID

import pytest
from cryptography.exceptions import InvalidTag
from django.core.exceptions import FieldError
from hypothesis import given, settings
from hypothesis import strategies as st

from hamyar.errors import HamyarError
from hamyar_server.core import encryption
from hamyar_server.core.encryption import Indexes, Sealed, blind_index, bound, seal
from hamyar_server.core.ids import uuid7, uuid7s
from hamyar_server.core.keys import store
from hamyar_server.core.keys.store import DataKey
from hamyar_server.registry.models import Person

KEY, OTHER = DataKey(b"k" * 32), DataKey(b"o" * 32)
ROW, PERSON = uuid7(), uuid7()
PLACE = bound("registry.identifier", "value", ROW, PERSON)


@given(st.text())
def test_what_was_sealed_opens_again(text):
    sealed = seal(KEY, "registry.identifier", "value", ROW, PERSON, text)
    assert KEY.open(sealed, PLACE).decode() == text
    assert len(sealed) == len(text.encode()) + 28


@given(st.text(), st.data())
def test_a_changed_bit_anywhere_is_refused(text, data):
    sealed = bytearray(seal(KEY, "registry.identifier", "value", ROW, PERSON, text))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(InvalidTag):
        KEY.open(bytes(sealed), PLACE)


@given(st.text(), st.data())
def test_what_was_cut_is_refused(text, data):
    sealed = seal(KEY, "registry.identifier", "value", ROW, PERSON, text)
    with pytest.raises((InvalidTag, ValueError)):
        KEY.open(sealed[: data.draw(st.integers(0, len(sealed) - 1))], PLACE)


@pytest.mark.parametrize(
    "elsewhere",
    [
        ("registry.person", "value", ROW, PERSON),
        ("registry.identifier", "name", ROW, PERSON),
        ("registry.identifier", "value", uuid7(), PERSON),
        ("registry.identifier", "value", ROW, uuid7()),
    ],
    ids=["model", "field", "row", "person"],
)
def test_a_value_that_was_moved_elsewhere_does_not_open(elsewhere):
    sealed = seal(KEY, "registry.identifier", "value", ROW, PERSON, "۰۰۱۲۳")
    with pytest.raises(InvalidTag):
        KEY.open(sealed, bound(*elsewhere))
    with pytest.raises(InvalidTag):
        OTHER.open(sealed, PLACE)


def test_the_same_text_is_never_sealed_the_same():
    assert len({bytes(seal(KEY, "m", "f", ROW, PERSON, "same")) for _ in range(1000)}) == 1000


def test_what_was_not_opened_shows_as_dots():
    sealed = seal(KEY, "m", "f", ROW, PERSON, "name")
    assert f"{sealed} {sealed!r} {[sealed]}" == "••• <Sealed> [<Sealed>]"


@pytest.fixture
def people(db):
    return list(store.make([uuid7() for _ in range(3)]))


def test_a_field_takes_text_and_gives_what_only_read_opens(people, django_assert_num_queries):
    Person.objects.bulk_create([Person(pk=one, name=f"متن {i}") for i, one in enumerate(people)])
    rows = list(Person.objects.order_by("pk"))
    assert all(isinstance(row.name, Sealed) and "متن".encode() not in row.name for row in rows)
    with django_assert_num_queries(1, using="keys"):
        assert sorted(encryption.read_many(rows, "name")) == ["متن 0", "متن 1", "متن 2"]
    assert encryption.read(Person.objects.get(pk=people[0]), "name") == "متن 0"
    assert encryption.read_many([], "name") == []
    assert encryption.read(Person(pk=people[0]), "name") is None


def test_rows_whose_values_were_swapped_in_the_database_do_not_open(people):
    a, b = (Person(pk=one, name=str(one)) for one in people[:2])
    a.save(force_insert=True)
    b.save(force_insert=True)
    a.name, b.name = b.name, a.name
    for row in (a, b):
        with pytest.raises(InvalidTag):
            encryption.read(row, "name")


def test_who_was_erased_is_neither_read_nor_written_to(people):
    row = Person(pk=people[0], name="text")
    row.save(force_insert=True)
    store.destroy([people[0]])
    assert encryption.read(row, "name") is None
    row.name = "more"
    with pytest.raises(HamyarError, match="HY-K005"):
        row.save()


def test_nothing_is_found_by_a_sealed_value_and_nothing_else_is_kept_in_it(people):
    with pytest.raises(FieldError, match="sealed"):
        Person.objects.filter(name="text").exists()
    assert not Person.objects.filter(name__isnull=False).exists()
    with pytest.raises(FieldError, match="takes text"):
        Person(pk=people[0], name=b"bytes").save(force_insert=True)


@settings(max_examples=30)
@given(st.text(), st.text())
def test_a_blind_index_is_equal_for_equal_text_of_one_label_alone(tmp_path_factory, a, b):
    with_key(tmp_path_factory)
    assert (blind_index("one", a) == blind_index("one", b)) == (a == b)
    assert blind_index("one", a) != blind_index("two", a)
    assert len(blind_index("one", a)) == 16


def with_key(tmp_path_factory):
    from django.conf import settings as ours

    from hamyar_server.core.keys import masters

    if not masters.exist():
        ours.KEYS_FILE.parent.mkdir(exist_ok=True)
        masters.make()


@given(st.text())
def test_a_blind_index_is_an_hmac_under_a_key_of_its_label(tmp_path_factory, text):
    with_key(tmp_path_factory)
    key = store.current().derived("one")
    assert blind_index("one", text) == hmac.digest(key, text.encode(), "sha256")[:16]


@given(st.lists(st.text(max_size=3)))
def test_a_name_that_is_remembered_has_the_index_it_had(tmp_path_factory, names):
    with_key(tmp_path_factory)
    indexes = Indexes()
    with mock.patch("hamyar_server.core.encryption.REMEMBERED", 2):
        for name in names * 2:
            key = name.strip()
            assert indexes.of_typed("one", name, str.strip) == (blind_index("one", key) if key else None)


def test_many_ids_are_of_version_7_and_each_another():
    made = [UUID(one) for one in uuid7s(1000)]
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
    assert len(set(made)) == 1000
    assert made == sorted(made)
    assert 0 <= (uuid7().int >> 80) - (made[0].int >> 80) < 60_000
