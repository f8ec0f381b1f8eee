"""The check of VAT ids in the EU's register: a job, because the register may take long or be out of order.

An id is asked about when it is saved, and again each quarter of a year. Until an answer says otherwise, a
confirmed one stays confirmed, and one that waits is taxed.
"""

import uuid
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import and_, or_, select

import jobs
from domain.base import clock, sql
from domain.platform import settings
from domain.tax import countries, vies
from models import BillingDetails, VatState, db

ASKED_AGAIN_AFTER = timedelta(days=90)
OPEN = (VatState.PENDING, VatState.UNAVAILABLE)


class Question(NamedTuple):
    """A question to the register: whose id, the id, and that of the seller who asks, "" without one."""

    user_id: uuid.UUID
    vat_id: str
    requester: str


def enqueue(user_id: uuid.UUID) -> None:
    """Enqueue the check of a person's VAT id."""
    jobs.enqueue("check_vat_id", user_id=str(user_id))


def begin(user_id: str) -> Question | None:
    """Read what to ask; None when there is no id of the EU any more."""
    details = db.session.get(BillingDetails, uuid.UUID(user_id))
    if details is None or not countries.of_vat_id(details.vat_id):
        return None
    sellers = settings.current().seller_vat_id
    return Question(details.user_id, details.vat_id, sellers if countries.of_vat_id(sellers) else "")


def work(question: Question) -> vies.Answer:
    """Ask the register. Raises vies.Unavailable, and the job is retried."""
    return vies.ask(question.vat_id, question.requester)


def end(question: Question, answer: vies.Answer) -> None:
    """Record the answer, unless the id has changed meanwhile."""
    details = _locked(question.user_id)
    if details is None or details.vat_id != question.vat_id:
        return
    details.vat_state = VatState.CONFIRMED if answer.is_valid else VatState.UNCONFIRMED
    details.vat_consultation, details.vat_checked_at = answer.consultation, clock.now()


def fail(_error: str, user_id: str) -> None:
    """Show that the register hasn't answered; the job asks again."""
    details = _locked(uuid.UUID(user_id))
    if details is not None and details.vat_state == VatState.PENDING:
        details.vat_state = VatState.UNAVAILABLE


def ask_again() -> None:
    """Enqueue the checks of ids whose last answer is old, or that have waited for a day."""
    now = clock.now()
    old = and_(
        BillingDetails.vat_state == VatState.CONFIRMED,
        BillingDetails.vat_checked_at < now - ASKED_AGAIN_AFTER,
    )
    waiting = and_(BillingDetails.vat_state.in_(OPEN), BillingDetails.updated_at < now - timedelta(days=1))
    for user_id in db.session.scalars(select(BillingDetails.user_id).where(or_(old, waiting))):
        enqueue(user_id)


def _locked(user_id: uuid.UUID) -> BillingDetails | None:
    return sql.locked(select(BillingDetails).where(BillingDetails.user_id == user_id)).one_or_none()
