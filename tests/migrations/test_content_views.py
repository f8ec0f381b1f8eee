"""Views of courses and lessons from before 0019 have the name and the property of today, and go back."""

from typing import Any


def names(empty: Any) -> dict[str, int]:
    rows = empty.ask("SELECT name, count(*) FROM events GROUP BY name")
    return {row[0]: row[1] for row in rows}


def test_views_are_renamed_there_and_back(empty: Any) -> None:
    empty.upgrade("0017")
    empty.fill("0017")
    before = names(empty)
    assert before["course_viewed"] > 0
    assert before["lesson_opened"] > 0
    empty.upgrade("0019")
    after = names(empty)
    assert after.pop("content_view") == before["course_viewed"] + before["lesson_opened"]
    assert after == {name: n for name, n in before.items() if name not in ("course_viewed", "lesson_opened")}
    view = "SELECT CAST(properties AS TEXT), lesson_id IS NULL FROM events WHERE name = 'content_view'"
    assert {tuple(row) for row in empty.ask(view)} == {
        ('{"kind": "course"}', True),
        ('{"kind": "lesson"}', False),
    }
    empty.downgrade("0017")
    assert names(empty) == before
