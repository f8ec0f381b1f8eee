"""What counts as watched: ranges merge, never shrink, and can't claim more than was possible."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.stretches import MOST_RANGES, Beat, Ranges, merge, spend, total

DURATION = 600.0
tenths = st.integers(0, 6000).map(lambda n: n / 10)
stretches = st.tuples(tenths, tenths).filter(lambda pair: pair[0] < pair[1])


def watch(*pairs: tuple[float, float]) -> Ranges:
    """The ranges after these stretches, one after another."""
    watched: Ranges = []
    for start, end in pairs:
        watched = merge(watched, Beat(end, start, end), DURATION)
    return watched


@given(st.lists(stretches, max_size=30))
def test_merged_ranges_are_sorted_apart_and_within_the_film(pairs: list[tuple[float, float]]) -> None:
    watched = watch(*pairs)
    assert all(0 <= start < end <= DURATION for start, end in watched)
    assert all(a[1] < b[0] for a, b in zip(watched, watched[1:], strict=False))


@given(st.lists(stretches, max_size=20), stretches)
def test_another_stretch_never_takes_away(
    pairs: list[tuple[float, float]], more: tuple[float, float]
) -> None:
    before, after = watch(*pairs), watch(*pairs, more)
    assert total(after) >= total(before)
    for start, end in [*before, list(more)]:
        assert any(a <= start and end <= b for a, b in after)


@given(st.lists(stretches, max_size=15))
def test_the_sum_is_what_a_second_by_second_count_says(pairs: list[tuple[float, float]]) -> None:
    tenths_seen = {tenth for a, b in pairs for tenth in range(round(a * 10), round(b * 10))}
    # Gaps of half a second and less are the player's own, and count as seen.
    slack = 0.5 * len(pairs)
    assert len(tenths_seen) / 10 - 0.01 <= total(watch(*pairs)) <= len(tenths_seen) / 10 + slack + 0.01


@given(st.permutations([(0, 10), (20, 30), (5, 22), (40, 41), (300.5, 600)]))
def test_the_order_of_arrival_does_not_matter(pairs: list[tuple[float, float]]) -> None:
    assert watch(*pairs) == [[0, 30], [40, 41], [300.5, 600]]


def test_crumbs_do_not_pile_up() -> None:
    watched = watch(*((n * 2.0, n * 2.0 + 1) for n in range(MOST_RANGES + 50)))
    assert len(watched) == MOST_RANGES
    assert total(merge(watched, Beat(400.0, 0.0, 400.0), DURATION)) == 400


def test_the_end_is_cut_to_the_films_length() -> None:
    assert merge([], Beat(600.0, 590.0, 600.4), DURATION) == [[590, 600]]


@pytest.mark.parametrize(
    ("start", "end", "silence", "fits"),
    [
        (0, 20, 10, True),
        (0, 30, 0, True),
        (0, 31, 0, False),
        (0, 60, 10, True),
        (0, 61, 10, False),
        (0, 390, 120, True),
        (0, 391, 120, False),
        (0, 600, 10_000_000, True),
        (0, 30, -50, False),
        (30, 20, 100, False),
        (20, 20, 100, False),
        (-1, 20, 100, False),
        (590, 601, 100, False),
        (590, 600.3, 100, True),
        (None, 20, 100, False),
        (0, None, 100, False),
    ],
)
def test_a_range_must_fit_the_time_that_passed(
    start: float | None, end: float | None, silence: float, fits: bool
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    until = spend(Beat(end or 0, start, end), DURATION, now - timedelta(seconds=silence), None, now)
    assert (until is not None) is fits


def test_beats_at_once_share_the_time_that_passed() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    first = spend(Beat(30, 0, 30), DURATION, now, None, now)
    assert first == now
    assert spend(Beat(60, 30, 60), DURATION, now, first, now) is None
    assert spend(Beat(60, 30, 60), DURATION, now, first, now + timedelta(seconds=10)) is not None
