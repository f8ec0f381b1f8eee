"""Views of courses and lessons from before 0019 have the name and the property of today, and go back."""

from collections.abc import Callable
from typing import Any


def names(place: Any) -> dict[str, int]:
    rows = place.ask("SELECT name, count(*) FROM events GROUP BY name")
    return {row[0]: row[1] for row in rows}


def test_views_are_renamed_there_and_back(filled_at: Callable[..., Any]) -> None:
    place = filled_at("0017")
    before = names(place)
    assert before["course_viewed"] > 0
    assert before["lesson_opened"] > 0
    place.upgrade("0019")
    after = names(place)
    assert after.pop("content_view") == before["course_viewed"] + before["lesson_opened"]
    assert after == {name: n for name, n in before.items() if name not in ("course_viewed", "lesson_opened")}
    view = "SELECT CAST(properties AS TEXT), lesson_id IS NULL FROM events WHERE name = 'content_view'"
    assert {tuple(row) for row in place.ask(view)} == {
        ('{"kind": "course"}', True),
        ('{"kind": "lesson"}', False),
    }
    place.downgrade("0017")
    assert names(place) == before
