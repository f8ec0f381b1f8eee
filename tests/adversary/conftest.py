"""What the adversary's tests share."""

import logging
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import User
from tests.adversary.hostile import good_words
from tests.cast import Cast
from tests.house.stage import fill


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of log lines would hide the one that matters."""
    log = logging.getLogger("lectern")
    level = log.level
    log.setLevel(logging.ERROR)
    yield
    log.setLevel(level)


@pytest.fixture
def words(app: Flask, cast: Cast) -> dict[str, str]:
    """Good words for every place in an address."""
    return good_words(fill(app, cast))


@pytest.fixture
def bo(cast: Cast, signed_in: Callable[[User], FlaskClient]) -> FlaskClient:
    """A learner who owns a course."""
    return signed_in(cast.bo)
