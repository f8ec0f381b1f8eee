"""Answers to the bank: collected, edited as a draft that Stripe keeps too, and sent once.

Stripe is called by a job. Each change of the draft is a version, whose number is part of the idempotency key:
an attempt that is repeated says the same. Before an answer is sent, Stripe is asked whether it was sent
already, since that is final and keys are forgotten after a day.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

import jobs
import payments
from domain import Refused
from domain.base import clock, sql
from domain.disputes import applying, evidence, evidence_fields, states
from domain.disputes.applying import FetchedDispute
from domain.ledger import order_lock
from domain.platform import alerts, audit
from domain.platform.audit_actions import AuditAction
from models import Dispute, Order, User, db

LONGEST_REFUSAL = 500
CLOSED = "This dispute can’t be answered here any more."
SENT = "The answer has been sent. Banks take only one."
REFUSALS = {
    "dispute_evidence_page_limit_exceeded": (
        "The answer has more pages than the bank takes. Shorten its texts."
    )
}


@dataclass(frozen=True)
class Answer:
    """An answer to save at Stripe, or to send to the bank (`submit`)."""

    dispute_id: uuid.UUID
    stripe_dispute_id: str
    version: int
    texts: dict[str, str]
    submit: bool

    @property
    def key(self) -> str:
        """Return the idempotency key of this version."""
        return f"evidence:{self.dispute_id.hex}:{self.version}:{'send' if self.submit else 'save'}"


@dataclass(frozen=True)
class Refusal:
    """Stripe's refusal of an answer, in a sentence."""

    sentence: str


def collect(dispute: Dispute, admin: User) -> None:
    """Replace the draft by what our records say now. Raises Refused when it can't be answered any more."""
    _lock_answerable(dispute)
    _write(dispute, evidence.collect(dispute))
    dispute.collected_at = clock.now()
    audit.record(admin, AuditAction.COLLECT_EVIDENCE, _order(dispute))


def save(dispute: Dispute, given: Mapping[str, str], admin: User) -> None:
    """Save the draft, here and at Stripe. Idempotent. Raises Refused."""
    _lock_answerable(dispute)
    texts = evidence_fields.cleaned(given)
    if texts != dispute.evidence:
        _write(dispute, texts)
        audit.record(admin, AuditAction.SAVE_EVIDENCE, _order(dispute))


def send(dispute: Dispute, version: str, admin: User) -> None:
    """Send the draft to the bank, for good; `version` is the one that was read.

    Raises Refused when there is none, when it was changed meanwhile, or when it's too late.
    """
    sql.lock(dispute)
    if sentence := refusal(dispute):
        raise Refused(sentence)
    if version != str(dispute.evidence_version):
        raise Refused("The answer was changed meanwhile. Read it again before you send it.")
    dispute.submit_at, dispute.refusal = clock.now(), ""
    audit.record(admin, AuditAction.SEND_EVIDENCE, _order(dispute))
    _enqueue(dispute, "send")


def refusal(dispute: Dispute) -> str | None:
    """Say in a sentence why the answer can't be sent now; None if it can."""
    if dispute.submit_at is not None:
        return SENT
    if not states.is_answerable(dispute):
        return CLOSED
    if dispute.due_by is not None and dispute.due_by <= clock.now():
        return "The time to answer is over."
    return None if dispute.evidence else "There’s nothing to send yet. Collect the evidence first."


def locked(dispute_id: uuid.UUID) -> Dispute | None:
    """Lock a dispute, so that two who edit its answer wait for each other; None for an unknown one."""
    return sql.locked(select(Dispute).where(Dispute.id == dispute_id)).one_or_none()


def begin(dispute_id: str) -> Answer | None:
    """Plan the call for the present draft; None when Stripe has it."""
    dispute = db.session.get(Dispute, uuid.UUID(dispute_id))
    if dispute is None or dispute.submitted_at is not None:
        return None
    submit = dispute.submit_at is not None
    if not submit and dispute.saved_version == dispute.evidence_version:
        return None
    # An empty text takes back what an earlier version said.
    texts = {name: dispute.evidence.get(name, "") for name in evidence_fields.FIELDS}
    return Answer(dispute.id, dispute.stripe_dispute_id, dispute.evidence_version, texts, submit)


def call(answer: Answer) -> FetchedDispute | Refusal:
    """Save or send the answer at Stripe. Raises PaymentUnavailable."""
    if answer.submit:
        found = applying.fetch(answer.stripe_dispute_id)
        if found.dispute is not None and found.dispute.submission_count:
            return found
    asked_at = clock.now()
    try:
        saved = payments.save_evidence(
            answer.stripe_dispute_id, answer.texts, answer.key, submit=answer.submit
        )
    except payments.PaymentRefused as refusal:
        return Refusal(REFUSALS.get(refusal.code or "", str(refusal)))
    return FetchedDispute(asked_at, saved)


def end(answer: Answer, found: FetchedDispute | Refusal) -> None:
    """Store what Stripe said; a refused answer can be changed and sent again."""
    if isinstance(found, FetchedDispute):
        if found.dispute is not None:
            applying.apply(found.dispute, found.asked_at)
        dispute = db.session.get_one(Dispute, answer.dispute_id)
        dispute.saved_version = max(dispute.saved_version, answer.version)
        dispute.refusal = ""
        return
    order_lock.lock(db.session.get_one(Dispute, answer.dispute_id).order_id)
    dispute = db.session.get_one(Dispute, answer.dispute_id)
    sql.lock(dispute)
    if dispute.submitted_at is None:
        _refuse(dispute, found.sentence, answer.submit)


def _refuse(dispute: Dispute, sentence: str, submit: bool) -> None:
    dispute.refusal = sentence[:LONGEST_REFUSAL]
    if submit:
        dispute.submit_at = None
        problem = f"Stripe refused the answer to a dispute: {sentence}"[: alerts.MOST_OF_PROBLEM]
        alerts.raise_and_stop(_order(dispute), AuditAction.EVIDENCE_REFUSED, problem)


def _lock_answerable(dispute: Dispute) -> None:
    sql.lock(dispute)
    if dispute.submit_at is not None:
        raise Refused(SENT)
    if not states.is_answerable(dispute):
        raise Refused(CLOSED)


def _write(dispute: Dispute, texts: Mapping[str, str]) -> None:
    dispute.evidence = dict(texts)
    dispute.evidence_version += 1
    dispute.refusal = ""
    db.session.flush()
    _enqueue(dispute, "save")


def _enqueue(dispute: Dispute, what: str) -> None:
    key = f"answer:{dispute.id}:{dispute.evidence_version}:{what}:{_stamp(dispute.submit_at)}"
    jobs.enqueue("answer_dispute", key=key, dispute_id=str(dispute.id))


def _stamp(moment: datetime | None) -> int:
    return int(moment.timestamp() * 1000) if moment else 0


def _order(dispute: Dispute) -> Any:
    return db.session.get_one(Order, dispute.order_id)
