"""A shop with gifts, whose books are checked afterwards."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import User
from tests.cast import Cast
from tests.gifts.shop import GiftShop


@pytest.fixture
def gifts(app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]) -> Iterator[GiftShop]:
    """The application with ways to give."""
    shop = GiftShop(app, cast, signed_in)
    yield shop
    assert shop.falsified or shop.wrong_books() == []
