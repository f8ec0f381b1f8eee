"""The EU's right of withdrawal: for which lines of an order it holds, and until when.

Consumers may withdraw within 14 days (directive 2011/83/EU, Art. 9). The right ends early for a line whose
first lesson was opened, if the buyer had consented to that before and the receipt repeated it (Art. 16 m).
A gift is its giver's to withdraw from, and its receiver's to open.
"""

import uuid
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select

from domain.base import clock
from domain.ledger.states import SETTLED
from domain.platform import settings
from domain.refunds import request_facts, requests
from domain.tax.treatment import REVERSE_CHARGE
from models import Order, OrderConsent, OrderConsentKind, Purchase, PurchaseStatus, VatState, db

DAYS = 14
BUSINESS = "This right is for consumers, and you bought as a business, with a VAT ID."


class Right(NamedTuple):
    """The right of withdrawal of one line: until when it holds, or in `ended` why it doesn't, by a rule."""

    line: Purchase
    until: datetime
    rule: str
    ended: str

    @property
    def holds(self) -> bool:
        """Tell whether the line can be withdrawn from."""
        return not self.ended


def is_offered() -> bool:
    """Tell whether the shop's buyers have the right."""
    return settings.current().withdrawal_on


def is_open(order: Order) -> bool:
    """Tell whether the buyer of a paid order can withdraw, unless they have opened what they bought."""
    paid, asks = order.completed_at, is_offered() and bool(order.total_cents) and not is_business(order)
    return asks and paid is not None and clock.now() < ends_at(paid)


def ends_at(paid: datetime) -> datetime:
    """Return the end of the last of the 14 days after the day on which an order was paid, in the shop's zone.

    The day of the contract doesn't count (regulation 1182/71, Art. 3).
    """
    zone = ZoneInfo(settings.current().timezone)
    last = paid.astimezone(zone).date() + timedelta(days=DAYS + 1)
    return datetime.combine(last, time(), zone)


def is_business(order: Order) -> bool:
    """Tell whether `order` was bought by a business: its VAT id was confirmed, or it owes the tax itself."""
    confirmed = (order.billing or {}).get("vat_state") == VatState.CONFIRMED.value
    return confirmed or (order.details or {}).get("tax_sentence") == REVERSE_CHARGE


def lapses_by_opening(order_id: uuid.UUID) -> bool:
    """Tell whether opening a lesson ends the right: the buyer agreed, and the receipt repeated it."""
    repeated = select(OrderConsent.order_id).where(
        OrderConsent.order_id == order_id, OrderConsent.kind == OrderConsentKind.DELIVERY,
        OrderConsent.repeated_at.is_not(None),
    )  # fmt: skip
    return db.session.scalar(repeated) is not None


def rights(order: Order, at: datetime) -> list[Right]:
    """List the rights of the lines of `order`, with its purchases and their shares loaded.

    Empty for an unpaid order and one that cost nothing. Four queries at most, however many lines there are.
    """
    paid = order.completed_at
    if order.status not in SETTLED or paid is None or not order.total_cents:
        return []
    until, lapses, uses = ends_at(paid), lapses_by_opening(order.id), request_facts.uses_of(order)
    found = []
    for line in order.purchases:
        opened = lapses and uses[line.id].opened_at is not None
        rule, ended = _ended(order, line, until, at, opened)
        found.append(Right(line, until, rule, ended))
    return found


def _ended(order: Order, line: Purchase, until: datetime, at: datetime, opened: bool) -> tuple[str, str]:
    """Find the rule by which a line can't be withdrawn from, and its sentence; "holds" and "" if it can."""
    if line.status != PurchaseStatus.COMPLETED or not line.left_cents:
        return "refunded", "This has been refunded, or cost nothing."
    if line.disputed_cents:
        return "disputed", requests.DISPUTED
    if is_business(order):
        return "business", BUSINESS
    if at >= until:
        return "late", f"The {DAYS} days for it are over."
    if opened:
        return "opened", settings.current().withdrawal_ended_text
    return "holds", ""
