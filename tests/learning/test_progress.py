"""What counts as watched: ranges merge, never shrink, and can't claim more than was possible."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.learning.watched_ranges import (
    FASTEST,
    MOST_RANGES,
    Heartbeat,
    Ranges,
    accept,
    merge,
    since,
    total,
)

DURATION = 600.0
tenths = st.integers(0, 6000).map(lambda n: n / 10)
stretches = st.tuples(tenths, tenths).filter(lambda pair: pair[0] < pair[1])


def watch(*pairs: tuple[float, float]) -> Ranges:
    """The ranges after these stretches, one after another."""
    watched: Ranges = []
    for start, end in pairs:
        watched = merge(watched, Heartbeat(end, start, end), DURATION)
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
    assert total(merge(watched, Heartbeat(400.0, 0.0, 400.0), DURATION)) == 400


def test_the_end_is_cut_to_the_films_length() -> None:
    assert merge([], Heartbeat(600.0, 590.0, 600.4), DURATION) == [[590, 600]]


OPENED = datetime(2026, 1, 1, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return OPENED + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("start", "end", "silence", "fits"),
    [
        (0, 20, 10, True),
        (0, 30, 10, True),
        (0, 31, 10, False),
        (0, 1, 0, False),
        (0, 360, 120, True),
        (0, 361, 120, False),
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
    beat = Heartbeat(end or 0, start, end)
    assert (accept([], None, beat, DURATION, OPENED, after(silence)) is not None) is fits


def test_beats_at_once_share_the_time_that_passed() -> None:
    watched, spent = accept([], None, Heartbeat(30, 0, 30), DURATION, OPENED, after(10)) or ([], None)
    assert (watched, spent) == ([[0, 30]], after(10))
    second = Heartbeat(60, 30, 60)
    assert accept(watched, spent, second, DURATION, OPENED, after(19)) is None
    assert accept(watched, spent, second, DURATION, OPENED, after(20)) == ([[0, 60]], after(20))


def test_crumbs_that_close_gaps_pay_for_them() -> None:
    watched, spent = [], None
    for crumb in range(60):
        beat = Heartbeat(0, crumb / 2, crumb / 2 + 0.01)
        watched, spent = accept(watched, spent, beat, 30, OPENED, after(1)) or (watched, spent)
    assert total(watched) <= 3


beats = st.tuples(
    st.sampled_from(("", "a", "b", "c")),  # the tab it comes from; one has no proof of when it was opened
    st.floats(0, 60), st.floats(0, 60), st.floats(0, 150),
)  # fmt: skip


@given(
    duration=st.floats(0.5, 60),
    opened=st.fixed_dictionaries({tab: st.floats(0, 60) for tab in "abc"}),
    sent=st.lists(beats, max_size=40),
)
def test_nothing_is_watched_faster_than_it_can_be_played(
    duration: float, opened: dict[str, float], sent: list[tuple[str, float, float, float]]
) -> None:
    """Beats of any kind from several tabs: of `duration`, no more than FASTEST times what has passed."""
    watched: Ranges = []
    spent = last = None
    passed = 0.0
    for tab, start, length, pause in sent:
        passed += pause if pause > 60 else pause / 60
        if opened.get(tab, 0) > passed:
            continue
        now = after(passed)
        proof = after(opened[tab]) if tab else None
        begun = since(proof, spent, last, now)
        watched, spent = accept(
            watched, spent, Heartbeat(0, start, start + length), duration, begun, now
        ) or (
            watched,
            spent,
        )
        last = now
        assert total(watched) <= FASTEST * passed + 0.00001
        assert total(watched) <= duration + 0.05  # what is kept is kept in tenths


@given(speed=st.sampled_from((1, 1.5, 2, 3)), late=st.lists(st.floats(0, 109), min_size=1, max_size=30))
def test_who_watches_honestly_loses_nothing(speed: float, late: list[float]) -> None:
    """Reports every ten seconds, in order, each so late that no silence is longer than LONGEST_SILENCE."""
    for proof in (OPENED, None):
        watched: Ranges = []
        spent, last, now, place = None, OPENED, OPENED, 0.0
        for number, delay in enumerate(late, start=1):
            now = max(now, after(0.1 + number * 10 + delay))
            beat = Heartbeat(0, place, place + speed * 10)
            begun = since(proof, spent, last, now)
            watched, spent = accept(watched, spent, beat, 3600, begun, now) or (watched, spent)
            place, last = place + speed * 10, now
        assert total(watched) == place
