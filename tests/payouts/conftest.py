"""A Stripe for each test, with money in its balance; the books are checked afterwards."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from domain.ledger import document_checks, payout_checks
from stripe_sandbox.testing import RunningSandbox
from tests.payouts.making import fund
from tests.stripe_spec import stripe_spec

CHECKS = {**payout_checks.CHECKS, **document_checks.CHECKS}


@pytest.fixture
def stripe(app: Flask) -> Iterator[RunningSandbox]:
    """The sandbox that `payments` talks to, inside an application context."""
    with RunningSandbox(spec=stripe_spec()) as running, app.app_context():
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], stripe_api_base=running.url)
        fund(running, 10_000_000)
        yield running
        assert running.violations() == []
        assert [row for name in CHECKS if not name.startswith("completed") for row in CHECKS[name]()] == []
