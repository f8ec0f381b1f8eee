"""Creators connect an account at Stripe: the page, the way there and back, and what Stripe says later."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

import jobs
from domain.base import clock
from domain.payouts import connect, connect_sync
from jobs.schedule import SCHEDULE
from models import AuditEntry, ConnectAccount, ConnectEnd, ConnectState, Job, User, db
from payments import ConnectedAccount
from stripe_sandbox.testing import RunningSandbox
from tests.cast import Cast
from tests.stripe_spec import stripe_spec

PAGE = "/studio/payouts/account"


@dataclass
class Desk:
    """A creator's browser with a Stripe beside it."""

    app: Flask
    stripe: RunningSandbox
    browser: FlaskClient
    creator: User

    def connect(self, country: str = "DE") -> str:
        """Choose a country; the link to Stripe that they are led to."""
        answer = self.browser.post(f"{PAGE}/connect", data={"country": country})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def account(self) -> ConnectAccount:
        """The account that they are paid to."""
        with self.app.app_context():
            found = connect.of(db.session.get_one(User, self.creator.id))
            assert found is not None
            db.session.expunge(found)
            return found

    def rows(self) -> list[ConnectAccount]:
        """All their accounts, oldest first."""
        with self.app.app_context():
            return list(db.session.scalars(select(ConnectAccount).order_by(ConnectAccount.created_at)))

    def hear(self) -> None:
        """Deliver every event about accounts, and let the worker do what is due."""
        for told in [*self.stripe.thin_events(), *self.stripe.events("account.application.deauthorized"),
                      *self.stripe.events("account.updated")]:  # fmt: skip
            assert self.stripe.deliver(told["id"]) == [204]
        with self.app.app_context():
            jobs.run_all()


@pytest.fixture(params=["v2", "v1"])
def desk(
    request: pytest.FixtureRequest, app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> Iterator[Desk]:
    """Through each of Stripe's APIs."""

    def receiver(body: bytes, headers: dict[str, str]) -> int:
        return app.test_client().post("/stripe/webhook", data=body, headers=headers).status_code

    with RunningSandbox(receiver=receiver, webhook_secrets=["whsec_tests"], spec=stripe_spec()) as stripe:
        app.config["SETTINGS"] = replace(
            app.config["SETTINGS"], stripe_api_base=stripe.url, stripe_connect_api=request.param
        )
        yield Desk(app, stripe, signed_in(cast.ada), cast.ada)
        assert stripe.violations() == []


def test_a_creator_connects_and_comes_back(desk: Desk) -> None:
    assert "Connect with Stripe" in desk.browser.get(PAGE).text
    link = desk.connect()
    assert link.startswith(f"{desk.stripe.url}/setup/c/")
    assert desk.account().state == ConnectState.RESTRICTED
    page = desk.browser.get(PAGE).text
    assert "Not ready" in page
    assert "Stripe needs more information about you" in page
    back = desk.stripe.onboard(link)
    assert urlsplit(back).path == f"{PAGE}/back"
    assert desk.browser.get(urlsplit(back).path).headers["Location"] == PAGE
    page = desk.browser.get(PAGE).text
    assert "You can be paid" in page
    dashboard = desk.browser.post(f"{PAGE}/dashboard")
    assert dashboard.headers["Location"].startswith(f"{desk.stripe.url}/express/")
    assert (desk.account().country, desk.account().is_payable) == ("DE", True)


def test_a_used_link_leads_back_to_a_new_one(desk: Desk) -> None:
    link = desk.connect()
    desk.stripe.onboard(link, "leave")
    again = urlsplit(desk.stripe.onboard(link)).path
    assert again == f"{PAGE}/again"
    fresh = desk.browser.get(again).headers["Location"]
    assert fresh != link
    desk.stripe.onboard(fresh, "pending")
    desk.browser.get(f"{PAGE}/back")
    assert desk.account().state == ConnectState.PENDING
    assert "Stripe is checking" in desk.browser.get(PAGE).text
    assert desk.browser.post(f"{PAGE}/onboarding").headers["Location"].startswith(desk.stripe.url)


def test_an_event_only_has_the_account_looked_at(desk: Desk) -> None:
    desk.connect()
    account = desk.account()
    desk.stripe.enable(account.stripe_account_id)
    desk.hear()
    assert desk.account().state == ConnectState.ACTIVE
    reason = "rejected_fraud"
    desk.stripe.reject(account.stripe_account_id, reason)
    desk.hear()
    found = desk.account()
    assert (found.state, found.requirements[0]["code"]) == (ConnectState.RESTRICTED, reason)
    assert "suspects fraud" in found.reason
    assert found.reason in desk.browser.get(PAGE).text


def test_a_lost_event_costs_a_night(desk: Desk) -> None:
    desk.connect()
    desk.stripe.enable(desk.account().stripe_account_id)
    assert any(entry.kind == "look_at_accounts" for entry in SCHEDULE)
    with desk.app.app_context():
        for _ in range(2):
            connect_sync.look_at_all()
        db.session.commit()
        assert len(list(db.session.scalars(select(Job).where(Job.kind == "look_at_account")))) == 1
        jobs.run_all()
    assert desk.account().state == ConnectState.ACTIVE


def test_an_account_disconnected_at_stripe_is_kept_as_history(desk: Desk) -> None:
    desk.stripe.onboard(desk.connect())
    first = desk.account().stripe_account_id
    desk.stripe.deauthorise(first)
    assert "no longer gives us access" in desk.browser.post(f"{PAGE}/dashboard", follow_redirects=True).text
    desk.hear()
    assert [(row.ended, row.is_payable) for row in desk.rows()] == [(ConnectEnd.GONE, False)]
    page = desk.browser.get(PAGE).text
    assert "closed or disconnected at Stripe" in page
    desk.connect()
    assert desk.account().stripe_account_id != first
    with desk.app.app_context():
        assert db.session.scalar(select(AuditEntry).where(AuditEntry.action == "lose_account")) is not None


def test_another_country_is_another_account(desk: Desk) -> None:
    first = urlsplit(desk.connect("DE")).path
    again = desk.browser.post(f"{PAGE}/connect", data={"country": "DE"})
    assert (again.status_code, "in this country already" in again.text) == (422, True)
    second = urlsplit(desk.connect("FR")).path
    assert first != second
    assert [(row.country, row.ended) for row in desk.rows()] == [("DE", ConnectEnd.REPLACED), ("FR", None)]
    assert "you opened another one" in desk.browser.get(PAGE).text


def test_disconnecting_is_asked_and_kept(desk: Desk) -> None:
    assert desk.browser.get(f"{PAGE}/disconnect").headers["Location"] == PAGE
    desk.connect()
    assert "what you earn stays in your balance" in desk.browser.get(f"{PAGE}/disconnect").text
    assert desk.browser.post(f"{PAGE}/disconnect").status_code == 303
    assert desk.rows()[0].ended == ConnectEnd.DISCONNECTED
    assert "There is no account" in desk.browser.post(f"{PAGE}/disconnect", follow_redirects=True).text
    assert "There is no account" in desk.browser.post(f"{PAGE}/onboarding", follow_redirects=True).text
    for name in ("again", "back"):
        assert desk.browser.get(f"{PAGE}/{name}").headers["Location"] == PAGE


@pytest.mark.parametrize(
    ("country", "sentence"),
    [("", "Choose the country"), ("KP", "Stripe can’t pay anybody in North Korea"), ("XX", "")],
)
def test_a_country_that_stripe_does_not_reach_is_said_before(desk: Desk, country: str, sentence: str) -> None:
    answer = desk.browser.post(f"{PAGE}/connect", data={"country": country})
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert (desk.stripe.all("v2.core.account"), desk.rows()) == ([], [])


@pytest.mark.parametrize("fault", ["execute_then_drop", "execute_then_500"])
def test_an_answer_that_was_lost_opens_no_second_account(desk: Desk, fault: str) -> None:
    desk.stripe.fault(fault, "POST /v?/*accounts", times=3, remember=False)
    answer = desk.browser.post(f"{PAGE}/connect", data={"country": "DE"})
    assert (answer.status_code, "Stripe doesn’t answer" in answer.text) == (422, True)
    assert desk.rows() == []
    desk.connect()
    assert [row["id"] for row in desk.stripe.all("v2.core.account")] == [desk.account().stripe_account_id]


def test_stripe_may_be_down(desk: Desk) -> None:
    desk.connect()
    desk.stripe.fault("503", "*/*", times=50)
    assert "doesn’t answer" in desk.browser.post(f"{PAGE}/onboarding", follow_redirects=True).text
    assert "doesn’t answer" in desk.browser.get(f"{PAGE}/back", follow_redirects=True).text
    assert "doesn’t answer" in desk.browser.get(f"{PAGE}/again", follow_redirects=True).text


def test_an_older_answer_never_replaces_a_newer_one(desk: Desk) -> None:
    desk.connect()
    account, now = desk.account(), clock.now() + timedelta(minutes=1)
    id, country = account.stripe_account_id, account.country
    with desk.app.app_context():
        connect.record(ConnectedAccount(id, "active", country=country), now)
        connect.record(ConnectedAccount(id, "restricted", country=country), now - timedelta(seconds=1))
        assert connect.record(ConnectedAccount("acct_other", "active"), now) is None
        db.session.commit()
    assert desk.account().state == ConnectState.ACTIVE


def test_two_tabs_keep_one_account(desk: Desk) -> None:
    with desk.app.test_request_context(method="POST"):
        creator = db.session.get_one(User, desk.creator.id)
        plans = [connect.plan_opening(creator, "DE") for _ in range(2)]
        found = [connect.open_at_stripe(plan) for plan in plans]
        rows = [
            connect.adopt(creator, plan, one, clock.now()) for plan, one in zip(plans, found, strict=True)
        ]
        db.session.commit()
        assert rows[0] is rows[1]
    assert len(desk.rows()) == 1


def test_nobody_sees_or_changes_the_account_of_another(
    desk: Desk, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> None:
    desk.connect()
    other = signed_in(cast.nia)
    assert "Not ready" not in other.get(PAGE).text
    other.post(f"{PAGE}/disconnect")
    assert desk.account().closed_at is None


def test_the_page_takes_few_queries_however_often_they_moved(desk: Desk) -> None:
    with desk.app.app_context():
        for number in range(30):
            ended = {"closed_at": clock.now(), "ended": ConnectEnd.REPLACED}
            db.session.add(
                ConnectAccount(
                    creator_id=desk.creator.id, stripe_account_id=f"acct_{number}", country="DE", **ended
                )
            )
        db.session.commit()
    desk.connect()
    asked: list[str] = []
    with desk.app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    page = desk.browser.get(PAGE).text
    assert page.count("you opened another one") == connect.MOST_EARLIER
    assert 0 < len(asked) <= 6
