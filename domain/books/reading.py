"""The check against Stripe's books: a page of its movements after the other, each in its own transaction.

Where it stands is in the row of the check, so that it goes on there after an interruption. After the last
page the balance is asked for, and everything that is stored is compared.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from sqlalchemy import select

import jobs
import payments
from domain.base import clock, sql
from domain.books import comparing, matching
from models import BooksCheck, PlatformSettings, db
from payments import Balance, BalanceMovement

PAGE = payments.LONGEST_PAGE
FIRST = datetime(2010, 1, 1, tzinfo=UTC)  # before Stripe
OVERLAP = timedelta(days=1)
ATTEMPTS = 5


@dataclass(frozen=True)
class Section:
    """A page of movements to read: of `[since, until)`, behind the movement `after`."""

    check_id: uuid.UUID
    since: datetime
    until: datetime
    after: str


@dataclass(frozen=True)
class Read:
    """A page as it was read; with the last one what moved since the check began, and the balances then."""

    movements: list[BalanceMovement]
    newer: list[BalanceMovement]
    balances: dict[str, Balance] | None


def begin(after: str = "") -> Section | None:
    """Plan the next page of the open check, or the first one of a new check; None without a key for Stripe.

    `after` only distinguishes the jobs of a check.
    """
    if not payments.is_configured():
        return None
    check = _open() or _start()
    return Section(check.id, check.since, check.until, check.last_read)


def read(section: Section) -> Read:
    """Read a page from Stripe. Raises PaymentUnavailable."""
    rows = list(islice(payments.movements(section.since, section.until, section.after), PAGE))
    if len(rows) == PAGE:
        return Read(rows, [], None)
    return Read(rows, *_balance(section.until))


def end(section: Section, found: Read) -> None:
    """Store a page, unless another worker has; after the last one compare."""
    sql.lock_key(BooksCheck, section.check_id)
    check = db.session.get_one(BooksCheck, section.check_id)
    sql.reload(check)
    if check.finished_at is not None or check.last_read != section.after:
        return
    check.movements += matching.store(found.movements)
    check.pages += 1
    if found.movements:
        check.last_read = found.movements[-1].id
    if found.balances is None:
        key = f"books:{check.id}:{check.last_read}"
        jobs.enqueue("check_books", key=key, after=check.last_read)
        return
    check.movements += matching.store(found.newer)
    check.balances = _beside(comparing.sums(), found.balances)
    check.finished_at = clock.now()
    comparing.compare(check)


def _open() -> BooksCheck | None:
    return db.session.scalar(select(BooksCheck).where(BooksCheck.finished_at.is_(None)))


def _start() -> BooksCheck:
    """Begin a check, one at a time, where the last one ended; the first one reads everything."""
    sql.lock_key(PlatformSettings, 1)
    check = _open()
    if check is None:
        before = comparing.last()
        since = before.until - OVERLAP if before is not None else FIRST
        check = BooksCheck(since=since, until=clock.now())
        db.session.add(check)
        db.session.flush()
    return check


def _balance(until: datetime) -> tuple[list[BalanceMovement], dict[str, Balance]]:
    """Read the balances, and the movements that led to them since `until`.

    Nothing may move between the two, so it is looked at before and after.
    """
    for _ in range(ATTEMPTS):
        newer = _since(until)
        balances = payments.balances()
        if newer == _since(until):
            return newer, balances
    raise payments.PaymentUnavailable("Money moves at Stripe all the time; the balance can’t be compared.")


def _since(moment: datetime) -> list[BalanceMovement]:
    return list(payments.movements(moment, moment + timedelta(days=365)))


def _beside(moved: dict[str, int], balances: dict[str, Balance]) -> dict[str, list[int]]:
    """Put our sums beside Stripe's balances, by currency."""
    at_stripe = {currency: one.available + one.pending for currency, one in balances.items()}
    currencies = sorted({*moved, *at_stripe})
    return {currency: [moved.get(currency, 0), at_stripe.get(currency, 0)] for currency in currencies}
