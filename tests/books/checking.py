"""The nightly check, run by hand in a test: some hours later, with every page in its own job."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

import jobs
from domain.base import clock
from models import BooksCheck, BooksFinding, Order, db
from tests.checkout.shop import Shop


class Night:
    """Runs the check as the worker does, and says what it found."""

    def __init__(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop, self._monkeypatch, self._nights = shop, monkeypatch, 0
        with shop.database() as session:  # what the cast bought was never paid at this Stripe
            session.execute(update(Order).values(stripe_payment_intent_id=None))

    def later(self, step: timedelta) -> None:
        """Move the shop's clock."""
        real = clock.now
        self._monkeypatch.setattr(clock, "now", lambda: real() + step)

    def fall(self) -> list[str]:
        """Let five hours pass, and the check run; what is open afterwards."""
        self.later(timedelta(hours=5))
        self._nights += 1
        with self.shop.app.test_request_context(method="POST"):
            jobs.enqueue("check_books", key=f"night:{self._nights}")
            db.session.commit()
        self.shop.work()
        return self.open()

    def open(self) -> list[str]:
        """The open findings, in words."""
        return [row.sentence for row in self.findings() if row.resolved_at is None]

    def findings(self) -> list[BooksFinding]:
        """All findings, detached."""
        return self._rows(BooksFinding, BooksFinding.found_at)

    def checks(self) -> list[BooksCheck]:
        """All checks, oldest first, detached."""
        return self._rows(BooksCheck, BooksCheck.started_at)

    def _rows(self, table: type, order: object) -> list:  # type: ignore[type-arg]
        with self.shop.app.app_context():
            rows = list(db.session.scalars(select(table).order_by(order)))  # type: ignore[arg-type]
            db.session.expunge_all()
            return rows
