"""How values are shown: money of every currency, lengths of time, dates in the reader's zone."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from markupsafe import Markup

from domain.base import clock
from web import template_filters


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "0 min"),
        (0, "0 min"),
        (2, "under 1 min"),
        (50, "under 1 min"),
        (59.6, "1 min"),
        (90, "2 min"),
        (3600, "1 h"),
        (4800, "1 h 20 min"),
        (3599, "1 h"),
        (36_060, "10 h 1 min"),
    ],
)
def test_a_length_of_time_is_rounded_to_what_one_plans_with(seconds: float | None, text: str) -> None:
    assert template_filters.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "0:00"), (-3, "0:00"), (4.9, "0:04"), (245, "4:05"), (3845, "1:04:05")],
)
def test_a_position_reads_like_a_player(seconds: float | None, text: str) -> None:
    assert template_filters.timecode(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "kind", "text"),
    [(24, "text", "under 1 min"), (80, "text", "1 min"), (24, "video", "0:24"), (80, "audio", "1:20")],
)
def test_a_text_is_read_in_minutes_and_a_recording_takes_a_timecode(
    seconds: int, kind: str, text: str
) -> None:
    assert template_filters.length_of(seconds, kind) == text


def test_a_count_takes_the_word_that_fits() -> None:
    assert template_filters.plural(1, "lesson") == "1 lesson"
    assert template_filters.plural(0, "lesson") == "0 lessons"
    assert template_filters.plural(1204, "category", "categories") == "1,204 categories"


@pytest.mark.parametrize(
    ("distance", "text"),
    [
        (timedelta(seconds=3), "just now"),
        (timedelta(minutes=1, seconds=5), "1 minute ago"),
        (timedelta(hours=30), "1 day ago"),
        (timedelta(days=22), "3 weeks ago"),
        (timedelta(days=800), "2 years ago"),
        (-timedelta(days=2, hours=1), "in 2 days"),
    ],
)
def test_a_moment_is_told_by_its_distance(app: Flask, distance: timedelta, text: str) -> None:
    with app.test_request_context():
        assert f">{text}</time>" in template_filters.ago(clock.now() - distance)


def test_a_date_carries_the_exact_time_for_people_and_machines(app: Flask) -> None:
    with app.test_request_context():
        html = template_filters.date(datetime(2026, 3, 7, 14, 5, tzinfo=UTC))
    assert 'datetime="2026-03-07T14:05:00Z"' in html
    assert 'title="7 March 2026, 14:05 UTC"' in html
    assert ">7 Mar 2026</time>" in html


def test_a_missing_date_is_a_dash(app: Flask) -> None:
    with app.test_request_context():
        assert "–" in template_filters.date(None)


def test_attributes_are_escaped_and_the_empty_left_out() -> None:
    html = template_filters.attrs(
        {"data_opens": 'a"b', "class_": "x", "disabled": True, "title": None, "hidden": False}
    )
    assert html == Markup(' data-opens="a&#34;b" class="x" disabled')


@pytest.mark.parametrize(("colour", "ink"), [("#0f766e", "#ffffff"), ("#ffd400", "#111111")])
def test_text_on_the_brand_is_readable(colour: str, ink: str) -> None:
    assert template_filters.readable_on(colour) == ink


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b> & no link", "&lt;b&gt; &amp; no link"),
        (
            "See https://a.example/x?q=1&b=2.",
            'See <a href="https://a.example/x?q=1&amp;b=2" rel="nofollow ugc noopener">'
            "https://a.example/x?q=1&amp;b=2</a>.",
        ),
        ("javascript:alert(1) data:text/html,x", "javascript:alert(1) data:text/html,x"),
        ("a\n\nb", "a\n\nb"),
    ],
)
def test_addresses_in_plain_text_are_links_that_recommend_nothing(text: str, shown: str) -> None:
    assert template_filters.linked(text) == shown


def test_an_address_cannot_leave_its_attribute() -> None:
    html = template_filters.linked('https://a.example/"onmouseover="alert(1) <https://a.example/\'><script>')
    assert "<script" not in html
    assert not re.search(r'href="[^"]*"[^>]*on', html)


def test_the_language_of_a_text_says_its_direction() -> None:
    assert template_filters.lang("he") == ' lang="he" dir="rtl"'
    assert template_filters.lang("de-CH") == ' lang="de-CH" dir="ltr"'
    assert template_filters.lang(None) == ""
    assert template_filters.lang('"><b>') == ' lang="&#34;&gt;&lt;b&gt;" dir="ltr"'
