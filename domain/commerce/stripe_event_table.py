"""The one table of Stripe's event types: what to retrieve for each, and what to do with it.

An event is only a trigger. Its row retrieves the object in its present state and applies that. When it is
about our money and nothing was changed, the row's notice is raised as an alert: no such event counts as
handled.
"""

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

import jobs
import payments
from domain.commerce import fulfilment, stripe_alerts, stripe_event_types
from domain.commerce.stripe_event_types import NoticeType
from domain.disputes import applying as disputes
from domain.disputes import fraud_warnings
from domain.disputes.applying import FetchedDispute
from domain.ledger.states import SETTLED
from domain.refunds import stripe_refunds
from models import Order, StripeEvent, db
from payments import FraudWarning as StripeWarning
from payments import Session, StripeRefund, StripeTransfer

Found = (
    Session
    | StripeRefund
    | StripeTransfer
    | list[StripeRefund]
    | FetchedDispute
    | StripeWarning
    | dict[str, Any]
    | None
)
NOT_OURS = "No effect here: the refunded payment belongs to no order."
GONE = "Stripe no longer knows what this event is about."


@dataclass(frozen=True)
class EventType:
    """A row of the table.

    `fetch` retrieves the object by its id, without a transaction, None if Stripe doesn't have it; without
    `fetch` the event's own snapshot is looked at. `apply` does what is to be done and returns the remark to
    store with an event that had no effect. `notice` is the alert for money that changed nothing. `harmless`
    says why there is no effect: such an event is only recorded.
    """

    name: str
    apply: Callable[["EventType", StripeEvent, Found], str | None]
    fetch: Callable[[str], Found] | None = None
    notice: NoticeType | None = None
    harmless: str = ""


def _apply_session(row: EventType, event: StripeEvent, found: Found) -> str | None:
    """Bring the order of a Checkout Session up to date; a payment that no order has raises an alert."""
    if not isinstance(found, Session):
        return _tell_of_lost_payment(row, event)
    order = fulfilment.fulfil(found)
    if not found.is_settled or not found.amount_total or _is_booked(order, found):
        return None
    return stripe_alerts.tell_of_payment(event, found)


def _is_booked(order: Order | None, session: Session) -> bool:
    """Tell whether the payment of `session` completed its order, stopped it, or is being refunded."""
    if order is None:
        return False
    settled = order.status in SETTLED
    by_order = order.stripe_session_id == session.id if settled else order.problem is not None
    return by_order or stripe_refunds.has_refund(session.payment_intent)


def _tell_of_lost_payment(row: EventType, event: StripeEvent) -> str | None:
    """Raise an alert about a session or payment that Stripe doesn't have, unless unpaid or booked."""
    about = payments.about_of(event.payload)
    unpaid = about.get("payment_status", "paid") != "paid"
    if row.notice is None or unpaid or _has_settled_order(event.object_id):
        return GONE
    return stripe_alerts.tell_of(event, row.notice, about)


def _has_settled_order(stripe_id: str) -> bool:
    by = or_(Order.stripe_session_id == stripe_id, Order.stripe_payment_intent_id == stripe_id)
    query = select(Order.id).where(by, Order.status.in_(SETTLED))
    return bool(stripe_id) and db.session.scalar(query.limit(1)) is not None


def _apply_refunds(row: EventType, event: StripeEvent, found: Found) -> str | None:
    """Bring our refunds up to date; one that we didn't request, of a payment of ours, raises an alert."""
    assert row.notice is not None  # noqa: S101 - every row of refunds has one
    made = found if isinstance(found, list) else [found] if isinstance(found, StripeRefund) else []
    if not made:
        return _tell_of_lost_refund(row.notice, event)
    strange = [refund for refund in made if not stripe_refunds.apply(refund)]
    ours = [refund for refund in strange if not stripe_refunds.is_foreign(refund)]
    if ours:
        return stripe_alerts.tell_of_refunds(event, ours)
    return NOT_OURS if strange else None


def _tell_of_lost_refund(notice: NoticeType, event: StripeEvent) -> str | None:
    """Raise an alert about a refund that Stripe doesn't have, unless our row says the same as the event."""
    about = payments.about_of(event.payload)
    known = stripe_refunds.status_of(event.object_id)
    booked = (known is not None and known == about.get("status")) or stripe_alerts.sent_back(about)
    return GONE if booked else stripe_alerts.tell_of(event, notice, about)


def _apply_dispute(row: EventType, event: StripeEvent, found: Found) -> str | None:
    """Bring a dispute up to date; one of no order, or that Stripe doesn't have, raises an alert."""
    assert row.notice is not None  # noqa: S101 - every row of disputes has one
    fetched = found if isinstance(found, FetchedDispute) else None
    if fetched and fetched.dispute and disputes.apply(fetched.dispute, fetched.asked_at) is not None:
        return None
    return stripe_alerts.tell_of(event, row.notice, payments.about_of(event.payload))


def _apply_warning(row: EventType, event: StripeEvent, found: Found) -> str | None:
    """Keep an early warning of fraud; one of no order, or that Stripe doesn't have, raises an alert."""
    assert row.notice is not None  # noqa: S101 - every row of warnings has one
    if isinstance(found, StripeWarning) and fraud_warnings.apply(found) is not None:
        return None
    return stripe_alerts.tell_of(event, row.notice, payments.about_of(event.payload))


def _tell(row: EventType, event: StripeEvent, found: Found) -> str | None:
    """Raise the row's alert about the object, as retrieved or as the event's snapshot has it."""
    assert row.notice is not None  # noqa: S101 - every row that tells has one
    about = found if isinstance(found, dict) else payments.about_of(event.payload)
    if _is_through_payment(row, about):
        return None
    if row.notice is stripe_event_types.UNKNOWN and not _is_money(row.name, about):
        return None
    if row.notice is stripe_event_types.OVERDRAWN and not stripe_alerts.is_overdrawn(about):
        return None
    return stripe_alerts.tell_of(event, row.notice, about)


def _apply_transfer(row: EventType, event: StripeEvent, found: Found) -> str | None:
    """Bring the payout of a transfer up to date; a transfer that no payout has raises the row's alert."""
    if isinstance(found, StripeTransfer) and _verb("payouts.transfer_events.apply")(found):
        return None
    return _tell(row, event, None)


def _verb(path: str) -> Callable[..., Any]:
    """Find "module.function" below domain/, of a subject that commerce may not import."""
    module, name = path.rsplit(".", 1)
    verb: Callable[..., Any] = getattr(importlib.import_module(f"domain.{module}"), name)
    return verb


def _look_at_account(_row: EventType, event: StripeEvent, _found: Found) -> str | None:
    """Have the connected account looked at: the event only says that something about it changed."""
    about = payments.about_of(event.payload)
    account = event.payload.get("account") or about.get("account") or event.object_id
    if not isinstance(account, str) or not account.startswith("acct_"):
        return GONE
    jobs.enqueue("look_at_account", key=f"look:{event.id}", account_id=account)
    return None


def _not_asked(_object_id: str) -> Found:
    return None


def _nothing(_row: EventType, _event: StripeEvent, _found: Found) -> str | None:
    return None


def _rows() -> Iterable[EventType]:
    paid, sent_back = stripe_event_types.UNASKED, stripe_event_types.SENT_BACK
    for name in ("completed", "async_payment_succeeded"):
        yield EventType(f"checkout.session.{name}", _apply_session, payments.find_session, paid)
    for name in ("async_payment_failed", "expired"):
        yield EventType(f"checkout.session.{name}", _apply_session, payments.find_session)
    yield EventType("payment_intent.succeeded", _apply_session, payments.session_of, paid)
    for name in ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"):
        yield EventType(name, _apply_refunds, payments.find_refund, sent_back)
    yield EventType(
        "charge.refunded", _apply_refunds, payments.refunds_of_charge, stripe_event_types.SENT_BACK_OF
    )
    for name in stripe_event_types.ACCOUNTS:
        yield EventType(name, _look_at_account, _not_asked)
    for names, notice in (
        (("created", "updated", "funds_withdrawn"), stripe_event_types.DISPUTED),
        (("closed", "funds_reinstated"), stripe_event_types.DECIDED),
    ):
        for name in names:
            yield EventType(f"charge.dispute.{name}", _apply_dispute, disputes.fetch, notice)
    for name in ("created", "updated"):
        yield EventType(
            f"radar.early_fraud_warning.{name}", _apply_warning, fraud_warnings.fetch,
            stripe_event_types.WARNED,
        )  # fmt: skip
    for name, notice in stripe_event_types.TOLD.items():
        yield EventType(name, _tell, notice=notice)
    for name in ("transfer.created", "transfer.reversed", "transfer.updated"):
        notice = stripe_event_types.TOLD.get(name, stripe_event_types.TOLD["transfer.created"])
        yield EventType(name, _apply_transfer, payments.find_transfer, notice)
    for name, why in stripe_event_types.HARMLESS.items():
        yield EventType(name, _nothing, harmless=why)


def _family(type: str) -> str:
    """Return the family of a type: its first word, two in API v2 ("v2.core")."""
    return ".".join(type.split(".")[: 2 if type.startswith("v2.") else 1])


TABLE: dict[str, EventType] = {row.name: row for row in _rows()}
# The types to list: all that have an effect and that API v1 knows.
FOLLOWED = tuple(row.name for row in TABLE.values() if not row.harmless and not row.name.startswith("v2."))
# The charge of a PaymentIntent is covered by the event of the PaymentIntent.
_THROUGH_PAYMENT = ("charge.succeeded", "charge.captured")
_ABOUT_MONEY = (
    row for row in TABLE.values() if not row.harmless and row.name not in stripe_event_types.ACCOUNTS
)
_MONEY = {_family(row.name) for row in _ABOUT_MONEY}


def row_of(type: str) -> EventType:
    """Return the row of a type, its family's, or one that raises an alert if the object looks like money."""
    name = stripe_event_types.plain(type)
    unknown = EventType(name, _tell, notice=stripe_event_types.UNKNOWN)
    return TABLE.get(name) or TABLE.get(f"{_family(name)}.*") or unknown


def matters(event: payments.Event) -> bool:
    """Tell whether an event is applied or may raise an alert; a snapshot of an unknown type decides that."""
    row = row_of(event.type)
    if row.harmless or event.is_thin:
        return not row.harmless
    if _is_through_payment(row, event.about):
        return False
    return row.notice is not stripe_event_types.UNKNOWN or _is_money(row.name, event.about)


def _is_through_payment(row: EventType, about: dict[str, Any]) -> bool:
    """Tell whether the charge `about` belongs to a PaymentIntent, whose own event is applied."""
    return row.name in _THROUGH_PAYMENT and isinstance(about.get("payment_intent"), str)


def _is_money(type: str, about: dict[str, Any]) -> bool:
    named = ("currency" in about) or any(str(name).startswith("amount") for name in about)
    return named or _family(type) in _MONEY
