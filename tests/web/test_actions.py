"""An action commits once, or is rolled back and says why where the person can act on it."""

import pytest
from flask import Flask, get_flashed_messages
from wtforms import StringField

from domain import Refused
from models import User, db
from tests.cast import Cast
from web.actions import Attempt
from web.forms import Form

TAKEN = Refused("That name is taken.", "name")
FULL = Refused("The list is full.")


class NameForm(Form):
    """A form of one field."""

    name = StringField("Name")


def rename(cast: Cast, refusal: Exception | None = None) -> None:
    db.session.get_one(User, cast.ada.id).name = "Renamed"
    db.session.flush()
    if refusal is not None:
        raise refusal


def stored(cast: Cast) -> str:
    """The name as another connection sees it."""
    db.session.rollback()
    return db.session.get_one(User, cast.ada.id).name


def test_what_was_done_is_committed_and_said(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        with Attempt() as attempt:
            rename(cast)
            attempt.say("Saved.")
        assert attempt.refusal is None
        assert attempt.sentence == ""
        assert get_flashed_messages(with_categories=True) == [("good", "Saved.")]
        assert stored(cast) == "Renamed"


@pytest.mark.parametrize(
    ("refusal", "otherwise", "beside"),
    [(TAKEN, "", "name"), (FULL, "", ""), (FULL, "name", "name"), (TAKEN, "other", "name")],
)
def test_a_refusal_leaves_nothing_and_stands_beside_its_field(
    app: Flask, cast: Cast, refusal: Refused, otherwise: str, beside: str
) -> None:
    with app.test_request_context(method="POST"):
        form = NameForm()
        with Attempt(form, otherwise) as attempt:
            attempt.say("Saved.")
            rename(cast, refusal)
        assert form.errors == {beside: [refusal.sentence]}
        assert attempt.sentence == refusal.sentence
        assert get_flashed_messages() == []
        assert stored(cast) != "Renamed"


def test_a_button_shows_its_refusal_as_a_toast_unless_the_route_does(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        with Attempt():
            rename(cast, FULL)
        with Attempt(silent=True) as silent:
            rename(cast, TAKEN)
        assert silent.refusal is TAKEN
        assert get_flashed_messages(with_categories=True) == [("warn", "The list is full.")]
        assert stored(cast) != "Renamed"


def test_any_other_error_passes(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"), pytest.raises(ZeroDivisionError), Attempt():
        rename(cast, ZeroDivisionError())
