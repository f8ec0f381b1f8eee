"""Mail to an address that nobody has proved says nothing that a stranger could have typed."""

from collections.abc import Callable

import pytest
from flask import Flask

import mail
from mail.composing import render_with
from models import EmailMessage, User, db, now
from tests.cast import Cast

LURE = "YOU WON at evil.example"

LETTERS: dict[str, Callable[[User, Cast], EmailMessage]] = {
    "verify_email": lambda user, _: mail.verify_email(user.email, "token", "/"),
    "already_registered": lambda user, _: mail.already_registered(user),
    "reset_password": lambda user, _: mail.reset_password(user, "token"),
    "password_changed": lambda user, _: mail.password_changed(user, "token", []),
    "provider_linked": lambda user, _: mail.provider_linked(user, "GitHub", "token"),
    "provider_unlinked": lambda user, _: mail.provider_unlinked(user, "GitHub", "token"),
    "second_factor_on": lambda user, _: mail.second_factor_on(user, "token"),
    "second_factor_off": lambda user, _: mail.second_factor_off(user, False, "token"),
    "recovery_codes_renewed": lambda user, _: mail.recovery_codes_renewed(user, "token"),
    "recovery_code_used": lambda user, _: mail.recovery_code_used(user, 3, "token"),
    "codes_tried": lambda user, _: mail.codes_tried(user, "token"),
    "confirm_new_email": lambda user, _: mail.confirm_new_email(user, "new@example.org", "token"),
    "welcome_to_course": lambda user, cast: mail.welcome_to_course(user, cast.flask_course),
    "notification": lambda user, _: mail.notification(
        user, "sale", "sales", "A title", "Words", "", "", "t", None
    ),
    "account_suspended": lambda user, _: mail.account_suspended(user, "A reason"),
    "still_suspended": lambda user, _: mail.still_suspended(user),
    "account_restored": lambda user, _: mail.account_restored(user),
    "role_changed": lambda user, _: mail.role_changed(user),
    "access_given": lambda user, _: mail.access_given(user, None, None),
}


def words(message: EmailMessage) -> str:
    """All that the reader sees of it."""
    return "\n".join((message.subject, *mail.render_bodies(message)))


@pytest.mark.parametrize("letter", LETTERS)
def test_an_address_that_is_not_proved_is_greeted_without_a_name(app: Flask, cast: Cast, letter: str) -> None:
    with app.test_request_context(method="POST"):
        user = db.session.get_one(User, cast.una.id)
        user.name, user.email_verified_at = LURE, None
        text = words(LETTERS[letter](user, cast))
        assert "YOU WON" not in text
        assert "evil" not in text
        assert "Hi," in text


def test_a_proved_address_is_greeted_by_name(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        user = db.session.get_one(User, cast.una.id)
        user.name, user.email_verified_at = "Una", now()
        assert words(mail.reset_password(user, "token")).count("Hi Una,") == 2


def test_the_address_that_was_left_hears_no_name(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        user = db.session.get_one(User, cast.una.id)
        user.name, user.email_verified_at = LURE, now()
        old, new = mail.email_changed(user, "victim@example.org")
        assert "YOU WON" not in words(old)
        assert "YOU WON" in words(new)


@pytest.mark.parametrize("letter", ["account_suspended", "application_declined", "notification"])
def test_what_somebody_wrote_keeps_its_paragraphs(app: Flask, letter: str) -> None:
    with app.test_request_context(method="POST"):
        said = {
            "reason": "First.\n\nThen.",
            "message": "First.\n\nThen.",
            "name": "Una",
            "teach_url": "/teach",
        }
        more = {"title": "A title", "url": "", "topic": "refunds", "unsubscribe_url": "/"}
        plain, html = render_with(letter, "A subject", said | more)
        assert html.count(">First.</p>") == html.count(">Then.</p>") == 1
        assert "First.\n\nThen." in plain
