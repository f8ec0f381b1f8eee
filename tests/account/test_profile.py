"""What a person tells of themselves."""

from typing import Any

import pytest
from flask import Flask

from models import User, db
from tests.auth.mails import SignIn
from tests.cast import Cast

FORM = {
    "name": "Bo Berg",
    "bio": "Learns.\nSlowly.",
    "website": "example.com/bo",
    "github": "https://github.com/bo-berg/",
    "linkedin": "@bo-berg-1a",
    "timezone": "Europe/Berlin",
}


def stored(app: Flask, user: User) -> dict[str, Any]:
    with app.app_context():
        row = db.session.get_one(User, user.id)
        return {name: getattr(row, name) for name in FORM}


def test_a_profile_is_kept_in_tidy_form(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    bo = signed_in(cast.bo)
    assert bo.post("/account", data=FORM).location == "/account"
    assert stored(app, cast.bo) == {
        **FORM, "website": "https://example.com/bo", "github": "bo-berg", "linkedin": "bo-berg-1a",
    }  # fmt: skip
    page = bo.get("/account").text
    assert "Saved." in page
    assert 'value="https://example.com/bo"' in page
    assert '<option selected value="Europe/Berlin">' in page
    bo.post("/account", data={**dict.fromkeys(FORM, ""), "name": "Bo", "timezone": "UTC"})
    assert stored(app, cast.bo) == {
        "name": "Bo", "bio": "", "website": None, "github": None, "linkedin": None, "timezone": "UTC",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "\u200b\u202e"),
        ("name", "x" * 101),
        ("bio", "x" * 2001),
        ("website", "javascript://example.com/%0aalert(1)"),
        ("website", "javascript:alert(1)"),
        ("website", "ftp://example.com"),
        ("website", "https://"),
        ("website", "http://[::1"),
        ("website", "no dots"),
        ("website", "https://example.com/" + "x" * 300),
        ("github", "two words"),
        ("github", "-x-"),
        ("github", "x" * 40),
        ("linkedin", "a"),
        ("linkedin", "<b>"),
        ("timezone", "Mars/Olympus"),
        ("timezone", ""),
        ("timezone", "../../etc/passwd"),
    ],
)
def test_wrong_input_changes_nothing_and_is_kept(
    app: Flask, cast: Cast, signed_in: SignIn, field: str, value: str
) -> None:
    before = stored(app, cast.bo)
    answer = signed_in(cast.bo).post("/account", data={**FORM, field: value})
    assert answer.status_code == 422
    assert "has-error" in answer.text
    assert field == "bio" or "Slowly." in answer.text
    assert stored(app, cast.bo) == before


def test_control_characters_are_dropped(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    signed_in(cast.bo).post(
        "/account", data={**FORM, "name": "B\x00o\x1b[31m", "bio": "a\x00b\r\n\x07c\u202e"}
    )
    kept = stored(app, cast.bo)
    assert (kept["name"], kept["bio"]) == ("Bo[31m", "ab\nc")


def test_roles_are_no_part_of_the_form(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    more = {"role": "admin", "vetted": "y", "access_override": "y", "email": "mo@example.com", "id": "x"}
    assert signed_in(cast.bo).post("/account", data={**FORM, **more}).status_code == 303
    with app.app_context():
        row = db.session.get_one(User, cast.bo.id)
        assert (row.role, row.vetted, row.access_override, row.email) == (
            "learner", False, False, "bo@example.com",
        )  # fmt: skip
