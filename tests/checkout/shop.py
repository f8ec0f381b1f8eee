"""A shop with a Stripe of its own: what the tests of buying do to it and ask of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

import jobs
from domain.ledger import checks
from models import (
    AccessGrant,
    Course,
    Earning,
    EmailMessage,
    Enrollment,
    Order,
    Purchase,
    PurchaseShare,
    Refund,
    StripeEvent,
    User,
    db,
)
from stripe_sandbox.testing import RunningSandbox


class Shop:
    """The application, its Stripe, and ways to look at both. Webhooks go out only when a test sends them."""

    def __init__(self, app: Flask, stripe: RunningSandbox, signed_in: Callable[[User], FlaskClient]) -> None:
        self.app, self.stripe, self.signed_in = app, stripe, signed_in
        self.falsified = False  # set by tests that break the books on purpose

    def wrong_books(self) -> list[str]:
        """What the ledger check finds."""
        with self.app.app_context():
            return [row for check in checks.LIVE_CHECKS.values() for row in check()]

    def click(self, browser: FlaskClient, course: Course) -> TestResponse:
        """Press "Buy now"."""
        return browser.post("/checkout", data={"product": str(course.id)})

    def open(self, browser: FlaskClient, course: Course) -> str:
        """Press "Buy now" and arrive at Stripe; the id of the session."""
        answer = self.click(browser, course)
        assert answer.status_code == 303, answer.text
        return self.session_in(answer)

    def session_in(self, answer: TestResponse) -> str:
        """The session to whose page an answer leads."""
        address = answer.headers["Location"]
        assert address.startswith(f"{self.stripe.url}/c/pay/cs_test_"), address
        return urlsplit(address).path.rsplit("/", 1)[1]

    def buy(self, browser: FlaskClient, course: Course, how: str = "card") -> str:
        """Go all the way to having paid, without coming back."""
        session_id = self.open(browser, course)
        self.stripe.pay(session_id, how)
        return session_id

    def back(self, browser: FlaskClient, session_id: str) -> TestResponse:
        """Come back from Stripe's page."""
        return browser.get("/checkout/success", query_string={"session_id": session_id})

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """Post to the webhook as Stripe does; the status."""
        return self.app.test_client().post("/stripe/webhook", data=body, headers=headers).status_code

    def work(self) -> int:
        """Let the worker do everything that is due."""
        with self.app.app_context():
            return jobs.run_all()

    def hear(self, *types: str) -> None:
        """Deliver every event so far (of these types) and let the worker handle them."""
        statuses = self.stripe.deliver_all(*types)
        assert set(statuses) <= {204}, statuses
        self.work()

    @contextmanager
    def database(self) -> Iterator[Any]:
        """A session to look with, or to change things with: it is committed at the end."""
        with self.app.app_context():
            yield db.session
            db.session.commit()

    def count(self, table: Any, *conditions: Any) -> int:
        """How many rows there are."""
        with self.app.app_context():
            return db.session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0

    def order(self, session_id: str) -> Order:
        """The order of a session, with its purchases loaded, detached."""
        with self.app.app_context():
            query = select(Order).where(Order.stripe_session_id == session_id)
            lines = db.selectinload(Order.purchases).selectinload(Purchase.shares)
            order = db.session.scalars(query.options(lines)).one()
            db.session.expunge_all()
            return order

    def mails(self, template: str, user: User | None = None) -> list[EmailMessage]:
        """The messages of one kind (to one person), oldest first."""
        with self.app.app_context():
            query = select(EmailMessage).where(EmailMessage.template == template)
            if user is not None:
                query = query.where(EmailMessage.user_id == user.id)
            rows = list(db.session.scalars(query.order_by(EmailMessage.created_at)))
            db.session.expunge_all()
            return rows

    def effects(self, user: User, course: Course) -> dict[str, int]:
        """What having bought consists of, counted: everything 1 after one purchase, 0 before."""
        mine = (Purchase.user_id == user.id, Purchase.product_id == course.id)
        bought = select(Purchase.id).where(*mine)
        shares = select(PurchaseShare.id).where(PurchaseShare.purchase_id.in_(bought))
        return {
            "purchases": self.count(Purchase, *mine, Purchase.status == "completed"),
            "earnings": self.count(Earning, Earning.share_id.in_(shares)),
            "grants": self.count(
                AccessGrant, AccessGrant.user_id == user.id, AccessGrant.course_id == course.id
            ),
            "enrolments": self.count(
                Enrollment, Enrollment.user_id == user.id, Enrollment.course_id == course.id
            ),
            "receipts": len(self.mails("receipt", user)),
        }

    def alerts(self) -> list[EmailMessage]:
        """What whoever runs the shop has been told."""
        return self.mails("order_problem")

    def events(self) -> int:
        """How many events the inbox holds."""
        return self.count(StripeEvent)

    def refunds(self) -> list[Refund]:
        """Our refund rows, detached."""
        with self.app.app_context():
            rows = list(db.session.scalars(select(Refund)))
            db.session.expunge_all()
            return rows

    def creates(self) -> list[Any]:
        """The calls that asked Stripe to open a session."""
        return self.stripe.requests("POST", "/v1/checkout/sessions")


def split_of(purchase: Purchase) -> list[tuple[int, int]]:
    """Fee and creator's amount of each share."""
    return [(share.platform_fee_cents, share.creator_amount_cents) for share in purchase.shares]


ONCE = {"purchases": 1, "earnings": 1, "grants": 1, "enrolments": 1, "receipts": 1}
NOTHING = dict.fromkeys(ONCE, 0)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make the calls in as many threads at the same moment; what each answered or raised."""
    gate = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)

    def run(number: int, call: Callable[[], Any]) -> None:
        gate.wait(5)
        try:
            results[number] = call()
        except Exception as error:  # noqa: BLE001 - the test looks at what came of it
            results[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def query_of(address: str) -> dict[str, list[str]]:
    """The query of an address."""
    return parse_qs(urlsplit(address).query)
