"""Bo's order two days after it was paid: the clock stands there, and no Stripe is asked."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

import jobs
from domain.base import clock
from domain.ledger import checks
from domain.platform import events, settings
from models import (
    EmailMessage,
    Job,
    LessonProgress,
    OrderConsent,
    OrderConsentKind,
    PlatformSettings,
    Refund,
    RefundRequest,
    User,
    Withdrawal,
    db,
)
from tests.cast import START, Cast

PAID = START + timedelta(days=10)


class Desk:
    """The application, and what the tests of refunds look at and do in it."""

    def __init__(self, app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]) -> None:
        self.app, self.cast, self.signed_in = app, cast, signed_in
        self.line = str(cast.purchase.id)
        self.falsified = False  # set by tests that break the books on purpose

    def set(self, **values: Any) -> None:
        """Change settings of the shop."""
        with self.app.app_context():
            shop = db.session.get_one(PlatformSettings, 1)
            for name, value in values.items():
                setattr(shop, name, value)
            db.session.commit()
            settings.forget()

    def change(self, row: Any, **values: Any) -> None:
        """Change columns of a row of the cast."""
        with self.app.app_context():
            found = db.session.get_one(type(row), row.id)
            for name, value in values.items():
                setattr(found, name, value)
            db.session.commit()

    def all(self, table: Any) -> list[Any]:
        """All rows of a table, detached."""
        with self.app.app_context():
            events.flush()
            rows = list(db.session.scalars(db.select(table).order_by(table.id)))
            db.session.expunge_all()
            return rows

    def all_progress(self) -> list[LessonProgress]:
        """What learners have opened, with what is still buffered."""
        with self.app.app_context():
            events.flush()
            return list(db.session.scalars(db.select(LessonProgress)))

    def requests(self) -> list[RefundRequest]:
        return self.all(RefundRequest)

    def refunds(self) -> list[Refund]:
        return self.all(Refund)

    def withdrawals(self) -> list[Withdrawal]:
        return self.all(Withdrawal)

    def mails(self, template: str) -> list[EmailMessage]:
        return [one for one in self.all(EmailMessage) if one.template == template]

    def opens(self, user: User, lesson: Any, at: datetime | None = None, **values: Any) -> None:
        """Let a learner have opened a lesson."""
        with self.app.app_context():
            given = {"started_at": at or clock.now(), **values}
            db.session.add(LessonProgress(user_id=user.id, lesson_id=lesson.id, **given))
            db.session.commit()

    def consents(self, repeated: bool = True) -> None:
        """Let bo have agreed to immediate delivery before paying."""
        with self.app.app_context():
            db.session.add(
                OrderConsent(
                    order_id=self.cast.order.id, kind=OrderConsentKind.DELIVERY, version=1,
                    wording="At once.", given_at=PAID, repeated_at=PAID if repeated else None,
                )
            )  # fmt: skip
            db.session.commit()

    def run(self, kind: str) -> int:
        """Let the worker do the jobs of one kind that are due."""
        with self.app.app_context():
            query = db.select(Job.id).where(Job.kind == kind, Job.run_after <= clock.now())
            ids = list(db.session.scalars(query))
            db.session.rollback()
            return sum(jobs.run(job_id) for job_id in ids)

    def ask(self, browser: FlaskClient, *lines: str, **more: str) -> Any:
        """Post the form of the order's page."""
        given = {
            "lines": list(lines) or [self.line],
            "reason": "changed_mind",
            "words": "Not for me.",
            **more,
        }
        return browser.post("/orders/LN-TEST-0001/refund", data=given)

    def wrong_books(self) -> list[str]:
        with self.app.app_context():
            return [row for check in checks.LIVE_CHECKS.values() for row in check()]


@pytest.fixture
def at_day_two() -> Iterator[Any]:
    with time_machine.travel(PAID + timedelta(days=2), tick=False) as traveller:
        yield traveller


@pytest.fixture
def desk(at_day_two: Any, app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]) -> Iterator[Desk]:
    """The shop two days after bo's order was paid; its books agree in the end."""
    desk = Desk(app, cast, signed_in)
    yield desk
    assert desk.falsified or desk.wrong_books() == []
