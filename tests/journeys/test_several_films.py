"""Several videos chosen at once become lessons in order, and the editor plays each."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.accessibility import every_way
from tests.cast import Cast
from tests.journeys import films
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in

NAMES = ("10 - Last.mp4", "2_Then_the_second.mp4", "01 First.mp4")


def test_videos_chosen_at_once_become_lessons_in_order(
    house: House, visitor: Callable[..., Page], cast: Cast, tmp_path: Path
) -> None:
    for name in NAMES:
        films.shoot(tmp_path / name, seconds=1)
    page = visitor()
    sign_in(page, "nia@example.com")
    page.goto(f"/studio/courses/{cast.draft_course.id}/curriculum")
    page.get_by_role("link", name="Add several videos").click()
    assert not every_way(page)
    page.get_by_label("Videos").set_input_files([tmp_path / name for name in NAMES])
    page.wait_for_url("**/curriculum")
    lessons = page.locator(".plan-lesson .plan-name > a")
    expect(lessons).to_contain_text(["First", "Then the second", "Last"])
    page.get_by_role("link", name="First", exact=True).click()
    player = page.get_by_label("Recording: 01 First.mp4")
    expect(player).to_be_visible(timeout=30_000)
    assert player.evaluate("film => Boolean(film.poster)")
    assert not every_way(page)
