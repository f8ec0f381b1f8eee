"""The course editor filled in by an adversary: hostile text in every field, files in place of text."""

import io
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import User
from tests.adversary.hostile import ALL, Deal, trouble
from tests.cast import Cast
from tests.studio.editor import Desk, details

PAGES = ("", "/pricing", "/access", "/sharing")


@pytest.fixture
def ada(app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]) -> Desk:
    return Desk(app, signed_in(cast.ada), cast.flask_course)


def good(desk: Desk, cast: Cast) -> dict[str, dict[str, str]]:
    """Every form of the editor by its page, filled in as it should be."""
    forms: dict[str, dict[str, str]] = {
        "": details(cast, cast.flask_course),
        "/pricing": {"tier": "standard", "price": "19", "sale_price": "15", "sale_ends": "2099-01-01T00:00"},
        "/access": {"visibility": "public", "sequential": "y"},
        "/sharing": {"meta_title": "Flask", "meta_description": "Steps."},
    }
    days = [part.split('"')[0] for part in desk.get("/access").split('name="days_')[1:]]
    forms["/access"] |= {f"days_{name}": "0" for name in days}
    return {page: {**form, "was": desk.was(page)[0]} for page, form in forms.items()}


@pytest.mark.parametrize("page", PAGES)
def test_hostile_text_in_every_field(ada: Desk, cast: Cast, page: str) -> None:
    form, deal = good(ada, cast)[page], Deal()
    found = {
        (field, text[:40]): wrong
        for field in form
        for text in deal.texts()
        if (wrong := sent(ada, page, {**form, field: text}))
    }
    assert found == {}


def sent(desk: Desk, page: str, form: dict[str, str]) -> str | None:
    """What is wrong with the answer to `form` and, when it was taken, with the page that shows it."""
    answer = desk.browser.post(desk.home + page, data=form)
    wrong = trouble(answer)
    return trouble(desk.browser.get(desk.home + page)) if answer.status_code == 303 and not wrong else wrong


@pytest.mark.parametrize("page", PAGES)
def test_files_in_place_of_text(ada: Desk, cast: Cast, page: str) -> None:
    form = good(ada, cast)[page]
    for name in ("f.txt", ""):
        files = {field: (io.BytesIO(b"content"), name) for field in form}
        answer = ada.browser.post(ada.home + page, data=files, content_type="multipart/form-data")
        assert trouble(answer) is None
        assert answer.status_code in (303, 422)


def test_hostile_words_in_the_list(ada: Desk) -> None:
    deal = Deal()
    for text in ALL:
        for name in ("q", *deal.some(("status", "older", "newer"))):
            answer = ada.browser.get("/studio/courses", query_string={name: text})
            assert trouble(answer) is None, (name, text)
        assert trouble(ada.browser.get(ada.home, query_string={"find": text})) is None, text
        swap = {"HX-Request": "true"}
        assert trouble(ada.browser.get("/studio/tags", query_string={"tags": text}, headers=swap)) is None, (
            text
        )
        assert trouble(ada.browser.post("/studio/preview-markdown", data={"text": text})) is None, text
        assert trouble(ada.browser.post(f"{ada.home}/required", data={"course": text})) is None, text


def test_a_course_begun_with_hostile_text(ada: Desk, cast: Cast) -> None:
    for text in ALL:
        for form in ({"title": text, "category": str(cast.web.id)}, {"title": "A", "category": text}):
            answer = ada.browser.post("/studio/courses/new", data=form)
            assert trouble(answer) is None, text
            if answer.status_code == 303:
                assert trouble(ada.browser.get(answer.location)) is None, text
