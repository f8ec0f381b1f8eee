"""Which way languages are written: our table says what CLDR says, and all of our list are known."""

from babel import Locale, UnknownLocaleError
from babel.localedata import locale_identifiers

from domain.base.languages import direction
from domain.catalog.index import facets


def test_the_table_says_what_cldr_says() -> None:
    told = {tag: Locale.parse(tag).text_direction for tag in locale_identifiers()}
    assert {tag: one for tag, one in told.items() if direction(tag) != one != "ttb"} == {}
    assert set(told.values()) >= {"ltr", "rtl"}


def test_every_language_of_the_list_has_a_direction() -> None:
    rtl = {code for code, _name in facets.languages() if direction(code) == "rtl"}
    assert rtl == {"ar", "fa", "he"}
    for code, _name in facets.languages():
        try:
            assert direction(code) == Locale.parse(code, sep="-").text_direction
        except UnknownLocaleError:
            assert code not in rtl
