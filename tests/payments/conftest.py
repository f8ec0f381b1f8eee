"""A Stripe per test, with the application that talks to it; every word is held to Stripe's schemas."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from stripe_sandbox.testing import RunningSandbox
from tests.stripe_spec import stripe_spec


@pytest.fixture
def stripe(app: Flask) -> Iterator[RunningSandbox]:
    """The sandbox that `payments` talks to, inside an application context."""
    with RunningSandbox(spec=stripe_spec()) as running, app.app_context():
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], stripe_api_base=running.url)
        yield running
        assert running.violations() == []
