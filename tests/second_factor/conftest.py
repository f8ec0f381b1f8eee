"""A clock that stands still in the middle of 30 seconds, and people with a second factor."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pyotp
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from domain.base import clock
from domain.people import second_factor
from models import User, db
from tests.auth.test_oauth import provider  # noqa: F401 - a fixture
from tests.cast import PASSWORD


@dataclass
class App:
    """The app on somebody's phone, and the recovery codes in their drawer."""

    user: User
    secret: str
    recovery: list[str]

    def code(self, steps: int = 0) -> str:
        """What the app shows now, or `steps` times 30 seconds later."""
        return pyotp.TOTP(self.secret).at(clock.now() + timedelta(seconds=30 * steps))

    def wrong(self) -> str:
        """Six digits that fit at no time near now."""
        shown = {self.code(steps) for steps in range(-3, 4)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444") if code not in shown)

    def log_in(self, client: FlaskClient, path: str = "/login") -> TestResponse:
        """Take the first step of signing in."""
        return client.post(path, data={"email": self.user.email, "password": PASSWORD})


@pytest.fixture
def still() -> Iterator[time_machine.Traveller]:
    """Time that moves only when it is told to."""
    with time_machine.travel(clock.now().timestamp() // 30 * 30 + 15, tick=False) as traveller:
        yield traveller


@pytest.fixture
def set_up(app: Flask, still: time_machine.Traveller) -> Callable[[User], App]:
    """A function that gives somebody a second factor, a few minutes ago."""

    def give(user: User) -> App:
        still.shift(-300)
        with app.app_context():
            row = db.session.get_one(User, user.id)
            second_factor.begin(row)
            secret = second_factor.pending_secret(row) or ""
            codes = second_factor.confirm(row, pyotp.TOTP(secret).at(clock.now()))
            db.session.commit()
        still.shift(300)
        return App(user, secret, codes)

    return give


def is_in(client: FlaskClient) -> bool:
    """Whether somebody is signed in on this browser."""
    return client.get("/account").status_code == 200
