"""Menus: every place leads somewhere, is seen by those it is for, and is marked where one is."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import User
from tests.cast import Cast
from web.navigation import MENUS

SPRITE = Path(__file__).parents[2] / "static" / "icons" / "sprite.svg"
SignIn = Callable[[User], FlaskClient]


def test_every_place_is_an_address_and_has_its_icon(app: Flask) -> None:
    places = [place for groups in MENUS.values() for group in groups for place in group.places]
    icons = set(re.findall(r'id="([^"]+)"', SPRITE.read_text()))
    assert {place.endpoint for place in places} <= set(app.view_functions)
    assert {end for place in places for end in place.also} <= set(app.view_functions)
    assert {place.icon for place in places if place.icon} <= icons
    for name in ("studio", "admin", "tools", "person", "stranger"):
        assert all(place.icon for group in MENUS[name] for place in group.places), name


@pytest.mark.parametrize(
    ("who", "address", "label", "here"),
    [
        ("mo", "/admin", "Admin", "Overview page"),
        ("mo", "/admin/users/{bo}", "Admin", "People true"),
        ("mo", "/admin/media", "Admin", "Jobs true"),
        ("mo", "/admin/settings/look", "Admin", "Settings true"),
        ("ada", "/studio", "Studio", "Overview page"),
        ("ada", "/studio/courses/{course}", "Studio", "Courses true"),
        ("ada", "/studio/courses/{course}", "Pages of this course", "Details page"),
        ("ada", "/studio/courses/{course}/lessons/{lesson}", "Pages of this course", "Curriculum true"),
        ("ada", "/studio/courses/{course}/media", "Pages of this course", "Media page"),
        ("bo", "/account/security", "Account", "Password and devices page"),
    ],
)
def test_one_place_is_the_current_one(
    cast: Cast, signed_in: SignIn, who: str, address: str, label: str, here: str
) -> None:
    ids = {"bo": cast.bo.id, "course": cast.flask_course.id, "lesson": cast.text_lesson.id}
    page = signed_in(getattr(cast, who)).get(address.format(**ids)).text
    menu = next(part for part in page.split("<nav ") if f'aria-label="{label}"' in part.split(">")[0])
    marked = re.findall(r'aria-current="(\w+)">(?:<svg.*?</svg>)?<span>([^<]+)', menu.split("</nav>")[0])
    assert [f"{text} {current}" for current, text in marked] == [here]
    assert f'<span class="sr-only">{label}: </span><span>{here.rpartition(" ")[0]}</span>' in menu


def test_the_header_offers_what_is_for_the_reader(cast: Cast, client: FlaskClient, signed_in: SignIn) -> None:
    def links(browser: FlaskClient) -> set[str]:
        header = browser.get("/about").text.split("<header", 1)[1].split("</header>")[0]
        return set(re.findall(r'href="(/[a-z/]*)"', header))

    assert {"/courses", "/teach", "/register", "/login"} <= links(client)
    learner, creator, admin = (links(signed_in(one)) for one in (cast.bo, cast.ada, cast.mo))
    assert "/notifications" in learner
    assert not {"/studio", "/admin", "/register"} & learner
    assert "/studio" in creator
    assert "/admin" not in creator
    assert {"/studio", "/admin"} <= admin
