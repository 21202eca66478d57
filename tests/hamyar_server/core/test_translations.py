from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from babel.messages.pofile import read_po
from django.core.management import CommandError, call_command

from hamyar_server.core.management.commands import translations


@pytest.fixture
def app(tmp_path: Path):
    """An app with one view and one template."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "views.py").write_text(
        "from django.utils.translation import gettext as _, ngettext, pgettext\n"
        '_("Hello")\nngettext("%(n)s place", "%(n)s places", 2)\npgettext("month", "May")\n',
        encoding="utf-8",
    )
    (tmp_path / "templates" / "page.html").write_text(
        '{% translate "Map" %}\n  <p title="{% translate \'Tip\' %}">{% blocktranslate trimmed with n=1 %}\n'
        "    It's {{ n }} of\n    many\n  {% endblocktranslate %}</p>\n",
        encoding="utf-8",
    )
    return SimpleNamespace(path=str(tmp_path), label="rooms")


def translate(app, **changes):
    """Fill the catalogue, then change single translations."""
    catalog = translations.existing(app)
    for message in catalog:
        if message.id:
            message.string = ("%(n)s جا",) if message.pluralizable else f"«{message.id}»".replace("«%", "%")
    for name, string in changes.items():
        catalog[name].string = string
    with translations.po_file(app).open("wb") as file:
        file.write(translations.HEADER)
        translations.write_po(file, catalog, omit_header=True)


def test_messages_of_python_and_templates_are_extracted(app):
    translations.update(app)
    found = {message.id for message in translations.existing(app) if message.id}
    assert found == {"Hello", ("%(n)s place", "%(n)s places"), "May", "Map", "Tip", "It's %(n)s of many"}


def test_what_stands_in_the_core_is_not_asked_again(app):
    Path(app.path, "views.py").write_text('_("Save")\n_("Hello")\n', encoding="utf-8")
    ids = {message.id for message in translations.needed(app)}
    assert "Hello" in ids
    assert "Save" not in ids


def test_a_translated_app_has_no_fault_and_compiles(app):
    translations.update(app)
    translate(app)
    assert list(translations.faults(app)) == []
    translations.compile_catalog(app)
    import gettext

    with translations.po_file(app).with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Hello") == "«Hello»"


def test_a_second_extraction_keeps_translations_and_drops_what_nobody_says(app):
    translations.update(app)
    translate(app, Map="نقشه")
    before = translations.po_file(app).read_bytes()
    translations.update(app)
    assert translations.po_file(app).read_bytes() == before
    Path(app.path, "views.py").write_text("", encoding="utf-8")
    translations.update(app)
    catalog = translations.existing(app)
    assert catalog["Map"].string == "نقشه"
    assert "Hello" not in catalog


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text.replace('msgstr "«Hello»"', 'msgstr ""'), "no Persian for 'Hello'"),
        (lambda text: text.replace('msgid "Hello"', '#, fuzzy\nmsgid "Hello"'), "no Persian for 'Hello'"),
        (lambda text: text + '\nmsgid "Gone"\nmsgstr "رفته"\n', "nobody says 'Gone'"),
        (lambda text: text.replace("«It's %(n)s of many»", "یکی از %(m)s"), "%(n)s"),
    ],
)
def test_every_fault_of_a_catalogue_is_named(app, spoil, said):
    translations.update(app)
    translate(app)
    po = translations.po_file(app)
    po.write_text(spoil(po.read_text(encoding="utf-8")), encoding="utf-8")
    assert any(said in fault for fault in translations.faults(app)), list(translations.faults(app))


@pytest.mark.parametrize(
    ("page", "bare"),
    [
        ("<p>{% translate 'Map' %} · {{ n }} &nbsp;</p>", []),
        ("<p>Where?</p>", [(1, "Where?")]),
        ("<p>\n{{ n }} کجا</p>", [(2, "کجا")]),
        ("{# note #}{% comment %}a{% endcomment %}<!-- b --><style>p { color: red }</style>", []),
        ("{% blocktranslate %}Hello{% endblocktranslate %} more", [(1, "more")]),
        ('<img\n alt="A map">', [(2, "A map")]),
        ("<a title='{{ x }}' href='/x/'>{{ x }}</a>", []),
    ],
)
def test_letters_outside_translation_tags_are_reported(tmp_path, page, bare):
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    assert list(translations.bare_text(path)) == bare


def test_the_command_fails_when_something_is_missing(monkeypatch, app):
    monkeypatch.setattr(translations, "faults", lambda app: ["x: no Persian for 'Hello'"])
    with pytest.raises(CommandError, match="no Persian for 'Hello'"):
        call_command("translations", "check")


def test_every_catalogue_of_the_repository_is_complete():
    call_command("translations", "check")
    for po in Path(translations.__file__).parents[3].rglob("*.po"):
        with po.open("rb") as file:
            assert not [m.id for m in read_po(file) if m.id and ("ي" in str(m.string) or "ك" in str(m.string))], po


def test_one_message_has_one_translation_in_all_apps(app, tmp_path):
    other = SimpleNamespace(path=str(tmp_path / "other"), label="other")
    Path(other.path).mkdir()
    Path(other.path, "views.py").write_text('_("Map")\n', encoding="utf-8")
    for each, persian in ((app, "نقشه"), (other, "نگاره")):
        translations.update(each)
        translate(each, Map=persian)
    (fault,) = translations.said_twice([app, other])
    assert "'Map' is 'نگاره'" in fault
    translate(other, Map="نقشه")
    assert list(translations.said_twice([app, other])) == []
