"""Every test of buying has a Stripe of its own, and the books are checked afterwards.

Every word said to it and by it is held to Stripe's schemas.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import User
from stripe_sandbox.testing import RunningSandbox
from tests.checkout.shop import Shop
from tests.stripe_spec import stripe_spec


@pytest.fixture
def shop(app: Flask, signed_in: Callable[[User], FlaskClient]) -> Iterator[Shop]:
    """The application with its Stripe beside it."""

    def receiver(body: bytes, headers: dict[str, str]) -> int:
        return app.test_client().post("/stripe/webhook", data=body, headers=headers).status_code

    with RunningSandbox(receiver=receiver, webhook_secrets=["whsec_tests"], spec=stripe_spec()) as stripe:
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], stripe_api_base=stripe.url)
        shop = Shop(app, stripe, signed_in)
        yield shop
        assert stripe.violations() == []
        assert shop.falsified or shop.wrong_books() == []
