"""Forms filled in by an adversary: hostile text in every field, bodies of the wrong kind, no token."""

import io
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from domain.people import accounts
from models import Base, Category, Course, CreatorProfile, Lesson, Module, Resource, Review, User, db
from tests import effort
from tests.adversary.hostile import BREAKOUT, HUGE, LONG, SCRIPT, Deal, filled, rules, send, trouble
from tests.cast import PASSWORD, Cast

# Presses of a button do what they say, whatever comes with them; what they do is proved elsewhere.
ONCE_IN = ("/login", "/register", "/login/code")
PRESSED = (
    "/account/security/second-factor/begin",
    "/account/picture/remove", "/studio/uploads/<uuid:upload_id>/cancel",
    "/studio/uploads/<uuid:upload_id>/parts/<int:part_number>", "/studio/uploads/<uuid:upload_id>/finish",
    "/studio/courses/<uuid:course_id>/picture/remove", "/studio/courses/<uuid:course_id>/code/remove/<which>",
    "/studio/courses/<uuid:course_id>/film/retry", "/studio/courses/<uuid:course_id>/film/remove",
    "/studio/courses/<uuid:course_id>/lessons/<uuid:lesson_id>/recording/retry",
    "/studio/courses/<uuid:course_id>/lessons/<uuid:lesson_id>/recording/remove",
    "/account/security/password-link", "/verify-email/resend", "/learn/<course_slug>/<lesson_slug>/complete",
    "/courses/<slug>/review/delete", "/reviews/<uuid:review_id>/helpful",
    "/courses/<slug>/wish", "/wishlist/<uuid:product_id>/notify", "/wishlist/<uuid:product_id>/remove",
    "/cart/items/<uuid:item_id>/remove", "/cart/items/<uuid:item_id>/put-back",
    "/cart/items/<uuid:item_id>/save",
    "/notifications/<uuid:notification_id>/open", "/notifications/<uuid:notification_id>/read",
    "/notifications/read-all", "/account/notifications",
    "/admin/moderation/next", "/admin/moderation/<uuid:item_id>/claim",
    "/admin/moderation/<uuid:item_id>/skip", "/admin/moderation/<uuid:item_id>/feature",
    "/admin/moderation/<uuid:item_id>/vet", "/studio/courses/<uuid:course_id>/publish",
    "/studio/courses/<uuid:course_id>/publish/withdraw",
)  # fmt: skip
SHOWN: dict[type[Base], tuple[str, ...]] = {
    User: ("name", "bio"),
    CreatorProfile: ("headline",),
    Category: ("name", "description"),
    Course: ("title", "summary", "meta_description"),
    Module: ("title", "description"),
    Lesson: ("title", "description"),
    Resource: ("title",),
    Review: ("comment", "reply"),
}
BODIES = (
    ("application/json", b"[1]"),
    ("application/json", b"{"),
    ("application/json", b'{"email": {"a": 1}, "product": 5, "rating": null, "password": ["x"]}'),
    ("application/json", b'"\\ud800"'),
    ("application/x-www-form-urlencoded", b"\xff\xfe=%ED%A0%80&email=%FF&password=%00&product=%00"),
    ("application/x-www-form-urlencoded; charset=utf-7", b"email=+AGE-"),
    ("application/x-www-form-urlencoded", b"&" * 5000),
    ("multipart/form-data", b"--x\r\n\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--"),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n\xff\x00',
    ),
    ("text/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
    ("", b"email=a"),
)


@pytest.fixture(autouse=True)
def _wide_limits(app: Flask) -> Iterator[None]:
    """Slowing down is tested elsewhere; here every request is to reach its form."""
    before = app.config["SETTINGS"]
    wide = {"login_account_limit": 10**6, "login_address_limit": 10**6, "mail_address_limit": 10**6}
    app.config["SETTINGS"] = type(before)(**{**vars(before), **wide})
    yield
    app.config["SETTINGS"] = before


def census(app: Flask) -> dict[str, int]:
    """How many rows every table has, but for those that count tries."""
    with app.app_context():
        tables = [t for t in Base.metadata.sorted_tables if t.name not in ("login_attempts", "user_sessions")]
        return {t.name: db.session.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}


@pytest.fixture(autouse=True)
def _quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of passwords are tried; how long each takes is not what is asked here."""
    monkeypatch.setattr(accounts, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(accounts, "_decoy_hash", "")


def good_forms(words: dict[str, str], cast: Cast) -> dict[str, dict[str, str]]:
    """The forms that take more than a press of a button, by address, filled in as they should be."""
    return {
        "/login": {"email": "nobody@example.com", "password": PASSWORD},
        "/register": {"name": "New", "email": "new@example.com", "password": PASSWORD},
        "/forgot-password": {"email": "bo@example.com"},
        f"/reset-password/{words['reset_token']}": {"password": "short"},
        "/account": {
            "name": "Bo", "bio": "Hello", "website": "https://example.com", "github": "bo",
            "linkedin": "bo-b", "timezone": "Europe/Paris",
        },
        "/account/email": {"email": "bo.new@example.com", "current": "wrong password"},
        "/account/security": {"current": "wrong password", "password": "another good password"},
        "/checkout": {"product": str(cast.free_course.id)},
        "/learn/flask-first-steps/forms-on-film/heartbeat": {
            "position": "12", "start": "2", "end": "12", "state": "playing",
        },
        "/courses/flask-first-steps/review": {"rating": "4", "comment": "Good."},
        f"/reviews/{words['others_review']}/report": {"reason": "spam", "note": "Look."},
        f"/reviews/{words['others_review']}/helpful": {"helpful": "yes"},
        "/courses/flask-first-steps/report": {"reason": "spam", "note": "Look."},
    }  # fmt: skip


SIGNED_OUT = ("/login", "/register", "/forgot-password", "/reset-password")


def test_hostile_text_in_every_field(
    app: Flask, client: FlaskClient, bo: FlaskClient, words: dict[str, str], cast: Cast
) -> None:
    deal = Deal(3)
    found = {
        (address, field, text[:60]): wrong
        for address, good in good_forms(words, cast).items()
        for field in good
        for text in deal.texts()
        if (
            wrong := trouble(
                (client if address.startswith(SIGNED_OUT) else bo).post(address, data={**good, field: text})
            )
        )
    }
    assert found == {}


def test_a_million_characters_are_refused_in_every_field(
    client: FlaskClient, bo: FlaskClient, words: dict[str, str], cast: Cast
) -> None:
    for address, good in good_forms(words, cast).items():
        visitor = client if address.startswith(SIGNED_OUT) else bo
        for field in good:
            for size in (10_000, 1_000_000):
                answer = visitor.post(address, data={**good, field: "a" * size})
                assert trouble(answer) is None, (address, field, size)
                assert answer.status_code in (404, 422) or field in ("helpful", "github"), (address, field)


def test_more_than_a_form_may_hold_is_a_413_page(client: FlaskClient, bo: FlaskClient) -> None:
    for visitor, address in ((client, "/login"), (bo, "/account")):
        for body in ({"name": HUGE}, {f"f{n}": io.BytesIO(b"x") for n in range(1100)}):
            answer = visitor.post(address, data=body)
            assert answer.status_code == 413
            assert "site-header" in answer.text
    answer = client.post("/login", data=b"x" * (17 * 1024 * 1024), content_type="text/plain")
    assert answer.status_code in (413, 422)


@pytest.mark.parametrize("person", ["out", "bo"])
def test_bodies_of_the_wrong_kind(
    app: Flask, client: FlaskClient, bo: FlaskClient, words: dict[str, str], person: str
) -> None:
    visitor, deal = {"out": client, "bo": bo}[person], Deal(2, begin={"out": 0, "bo": 1}[person])
    before = census(app)
    found = {
        (rule.rule, kind, body[:30]): wrong
        for rule in rules(app, "POST")
        if rule.rule not in PRESSED
        for address in filled(rule, words)
        for kind, body in deal.some(BODIES)
        if (wrong := trouble(send(visitor, "POST", address, data=body, content_type=kind)))
    }
    assert found == {}
    assert census(app) == before


def test_files_in_place_of_text(
    app: Flask, client: FlaskClient, bo: FlaskClient, words: dict[str, str], cast: Cast
) -> None:
    before = census(app)
    for address, good in good_forms(words, cast).items():
        if address.endswith("/helpful"):
            continue  # a press, whatever comes with it
        visitor = client if address.startswith(SIGNED_OUT) else bo
        for name in ("f.txt", ""):
            files = {field: (io.BytesIO(b"content"), name) for field in good}
            answer = visitor.post(address, data=files, content_type="multipart/form-data")
            assert trouble(answer) is None, address
            assert answer.status_code in (404, 410, 422, 303), address
    assert census(app) == before


def test_no_form_goes_through_without_its_token(
    app: Flask, client: FlaskClient, bo: FlaskClient, words: dict[str, str], cast: Cast
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    before = census(app)
    good, deal = good_forms(words, cast), Deal()
    for rule in rules(app, "POST"):
        for address in filled(rule, words):
            for visitor in (client, bo):
                for token in (None, *deal.some(("", "forged", LONG, "\u00ff"))):
                    data = good.get(address, {}) | ({} if token is None else {"csrf_token": token})
                    answer = visitor.post(address, data=data)
                    again = visitor is bo and address in ONCE_IN  # a double click
                    signed = address.startswith("/unsubscribe/")  # its address is the token
                    expected = 303 if again else 410 if signed else 400
                    assert answer.status_code == expected, (address, token)
    assert census(app) == before


def test_another_visitors_token_is_refused(app: Flask, cast: Cast) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    mine, theirs = app.test_client(), app.test_client()
    page = theirs.get("/login").text
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    mine.get("/login")
    form = {"email": "bo@example.com", "password": PASSWORD, "csrf_token": token}
    assert mine.post("/login", data=form).status_code == 400
    assert theirs.post("/login", data=form).status_code == 303


def test_what_was_typed_is_still_there(
    client: FlaskClient, bo: FlaskClient, words: dict[str, str], cast: Cast
) -> None:
    typed = BREAKOUT + " {{7*7}} &amp; %s"
    wrong = {
        "/login": {"email": typed, "password": PASSWORD},
        "/register": {"name": typed, "email": typed, "password": "short"},
        "/forgot-password": {"email": typed},
        "/account": {"name": typed, "bio": typed, "website": "javascript:" + typed, "github": "a b" + typed},
        "/account/email": {"email": typed, "current": PASSWORD},
        "/courses/flask-first-steps/review": {"rating": "9", "comment": typed},
        f"/reviews/{words['others_review']}/report": {"reason": "none", "note": typed},
    }
    for address, form in wrong.items():
        visitor = client if address.startswith(SIGNED_OUT) else bo
        answer = visitor.post(address, data=form)
        assert answer.status_code == 422, address
        assert trouble(answer) is None, address
        shown = unescape(answer.text)
        for field, value in form.items():
            if field in ("password", "current"):
                assert value not in answer.text, (address, field)
            elif field not in ("rating", "reason"):
                assert value in shown, (address, field)


@pytest.mark.parametrize("address", ["/login", "/register", "/account", "/courses/flask-first-steps/review"])
def test_forms_filled_in_at_random(
    client: FlaskClient, bo: FlaskClient, words: dict[str, str], cast: Cast, address: str
) -> None:
    good = good_forms(words, cast)[address]
    visitor = client if address in SIGNED_OUT else bo
    texts = st.text(st.characters(codec="utf-8"), max_size=60)
    mails = st.one_of(st.emails(), texts)
    values = {field: mails if field == "email" else texts for field in good}

    @settings(max_examples=effort.times(40, 1000), deadline=None, derandomize=True, database=None)
    @given(st.fixed_dictionaries({}, optional=values))
    def send_form(form: dict[str, Any]) -> None:
        answer = visitor.post(address, data={**good, **form})
        assert trouble(answer) is None

    send_form()


def test_what_people_say_is_escaped_wherever_it_is_shown(
    app: Flask, cast: Cast, words: dict[str, str], signed_in: Callable[[User], FlaskClient]
) -> None:
    said = SCRIPT + BREAKOUT + "{{1234*4321}}</script>"
    with app.app_context():
        for table, names in SHOWN.items():
            for number, row in enumerate(db.session.scalars(select(table)).all()):
                for name in names:
                    setattr(row, name, f"{said}{number}")
        for course in db.session.scalars(select(Course)):
            course.objectives = course.prerequisites = [said]
            course.technology = SCRIPT
        db.session.commit()
    for person in (None, cast.bo, cast.ada, cast.mo):
        visitor = signed_in(person) if person else app.test_client()
        for rule in rules(app, "GET"):
            for address in filled(rule, words):
                answer = visitor.get(address)
                assert trouble(answer) is None, address
                assert str(1234 * 4321).encode() not in answer.get_data(), address  # pictures are no text
