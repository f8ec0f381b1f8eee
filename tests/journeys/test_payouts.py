"""Journey: a creator reads why nothing is paid, says what is missing, is paid, and reads the statement."""

import time
from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import select

from domain.payouts import runs
from models import ConnectAccount, Job, JobState, User, db
from stripe_sandbox import accounts
from tests.accessibility import Window, overflow, tried_with
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in
from tests.payouts.making import fund

Visitor = Callable[..., Page]


@tried_with("js-desk", "no-js-phone")
def test_from_a_hold_to_the_statement(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    page = visitor(**window)
    sign_in(page, cast.ada.email)
    page.goto("/studio/payouts")
    page.get_by_role("link", name="Enter your details").click()
    page.get_by_label("Address").fill("1 Main St")
    page.get_by_label("Town").fill("Dublin")
    page.get_by_label("Country").select_option(label="Ireland")
    page.get_by_label("No: I’m a private person").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("We can only pay you if you agree to this.")).to_be_visible()
    assert overflow(page) == []
    page.get_by_label("I agree to this").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payouts")
    _run(house)
    page.reload()
    expect(page.get_by_text("The Stripe account can’t be paid")).to_be_visible()
    assert overflow(page) == []
    _connect(house, cast.ada)
    _run(house)
    page.reload()
    page.get_by_role("link", name="Statement of", exact=False).first.click()
    expect(page.get_by_role("heading", name="Every line")).to_be_visible()
    expect(page.get_by_text("LN-TEST-0001")).to_be_visible()
    assert overflow(page) == []


def _connect(house: House, user: User) -> None:
    """Have an account at Stripe, as after its onboarding."""
    with house.stripe.engine.store.transaction():
        made = accounts.appear(house.stripe.engine)
        accounts.decide(house.stripe.engine, made["id"], None)
    fund(house.stripe, 100_000)
    with house.app.app_context():
        db.session.add(
            ConnectAccount(creator_id=user.id, stripe_account_id=made["id"], state="active", requirements=[])
        )
        db.session.commit()


def _run(house: House) -> None:
    """Start a run, and wait until the worker has come to everybody."""
    with house.app.app_context():
        runs.start(None)
        db.session.commit()
        waiting = select(Job.id).where(Job.kind == "pay_creator", Job.state != JobState.DONE)
        for _ in range(200):
            if db.session.scalars(waiting).first() is None:
                return
            db.session.rollback()
            time.sleep(0.05)
    raise AssertionError("the worker doesn't pay")
