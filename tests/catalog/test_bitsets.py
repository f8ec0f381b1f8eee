"""Sets of courses as numbers, against plain lists."""

from hypothesis import given
from hypothesis import strategies as st

from domain.catalog.index import bitsets

members = st.sets(st.integers(0, 1500), max_size=200)


@given(members)
def test_places_come_back_in_order(places: set[int]) -> None:
    assert list(bitsets.places(bitsets.from_places(places, 1501))) == sorted(places)


@given(members, st.integers(0, 220), st.integers(1, 30))
def test_a_page_is_a_slice(places: set[int], skip: int, count: int) -> None:
    bits = bitsets.from_places(places, 1501)
    assert bitsets.page(bits, skip, count) == sorted(places)[skip : skip + count]


@given(st.lists(st.integers(0, 6), max_size=300))
def test_each_code_has_its_places(codes: list[int]) -> None:
    sets = bitsets.sets_by_code(codes, 7)
    assert [list(bitsets.places(bits)) for bits in sets] == [
        [place for place, code in enumerate(codes) if code == wanted] for wanted in range(7)
    ]


def test_more_codes_than_a_byte_holds() -> None:
    codes = [number % 600 for number in range(2000)]
    sets = bitsets.sets_by_code(codes, 600)
    assert list(bitsets.places(sets[599])) == [599, 1199, 1799]
    assert sum(bits.bit_count() for bits in sets) == 2000
