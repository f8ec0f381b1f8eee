"""Movements: what Stripe took for a dispute or gave back, booked once each on the lines of the order.

Money moves when Stripe moves it, not when the bank decides. Each line gives its part in proportion to what is
left of it, and its creators of their shares. What a bank demands beyond what is left, and every fee, is the
shop's own loss.
"""

from collections.abc import Sequence

from uuid_utils.compat import uuid7

from domain.base.money import apportion
from domain.disputes.held import Held, held_by
from domain.ledger import entries, portions
from domain.ledger.states import BOUGHT
from domain.platform import alerts
from domain.platform.audit_actions import AuditAction
from models import Dispute, DisputeLine, DisputeMovement, Order, Purchase, db
from payments import DisputeMovement as StripeMovement


def book(dispute: Dispute, order: Order, found: Sequence[StripeMovement]) -> None:
    """Book the movements of `found` that aren't booked yet, oldest first. The order is locked.

    A payment that bought nothing has no lines: its movements are only kept.
    """
    known = {movement.balance_transaction_id for movement in dispute.movements}
    for one in sorted(found, key=lambda movement: movement.created):
        if one.id in known:
            continue
        movement = _row(dispute, one)
        if dispute.payment_intent_id != order.stripe_payment_intent_id:
            continue
        if movement.amount_cents < 0:
            _withdraw(dispute, order, movement)
        else:
            _reinstate(dispute, order, movement)


def _row(dispute: Dispute, one: StripeMovement) -> DisputeMovement:
    # A balance in another currency says which way the money went, but not how much of the order's it is.
    amount = one.amount
    if one.currency != dispute.currency:
        amount = dispute.amount_cents if amount > 0 else -dispute.amount_cents
    movement = DisputeMovement(
        id=uuid7(), dispute_id=dispute.id, balance_transaction_id=one.id, amount_cents=amount,
        fee_cents=one.fee, fee_currency=one.currency, moved_at=one.created, lines=[],
    )  # fmt: skip
    dispute.movements.append(movement)
    db.session.flush()
    return movement


def _withdraw(dispute: Dispute, order: Order, movement: DisputeMovement) -> None:
    bought = [line for line in order.purchases if line.status in BOUGHT]
    chosen = portions.shared_out(bought, -movement.amount_cents)
    for portion in chosen:
        cause = f"dispute:{movement.balance_transaction_id}"
        entries.take_back(portion.purchase, portion.net_cents, cause, movement.moved_at)
        _write(movement, portion.purchase, -portion.net_cents, -portion.tax_cents)
        _count(dispute, portion.purchase, portion.gross_cents, portion.tax_cents)
    beyond = -movement.amount_cents - sum(portion.gross_cents for portion in chosen)
    if beyond:
        alerts.raise_and_stop(
            order, AuditAction.STRIPE_NOTICE,
            "The bank took more for a dispute than was left of this order: the rest is the shop’s loss.",
        )  # fmt: skip
    db.session.flush()


def _reinstate(dispute: Dispute, order: Order, movement: DisputeMovement) -> None:
    """Give back what the dispute holds of each line; of a partial amount, in proportion."""
    lines = {line.id: line for line in order.purchases}
    held = held_by(dispute)
    owners = sorted(held)
    gross = [held[purchase_id].gross_cents for purchase_id in owners]
    parts = apportion(min(movement.amount_cents, sum(gross)), gross)
    causes = [f"dispute:{one.balance_transaction_id}" for one in dispute.movements if one is not movement]
    back = f"dispute:{movement.balance_transaction_id}"
    for purchase_id, cents in zip(owners, parts, strict=True):
        if cents:
            purchase, net, tax = lines[purchase_id], *_part(held[purchase_id], cents)
            entries.return_part(purchase, causes, net, held[purchase_id].net_cents, back, movement.moved_at)
            _write(movement, purchase, net, tax)
            _count(dispute, purchase, -cents, -tax)
    db.session.flush()


def _part(held: Held, gross_cents: int) -> tuple[int, int]:
    """Divide a part of what is held into net and tax."""
    net, tax = apportion(gross_cents, [held.net_cents, held.tax_cents])
    return net, tax


def _write(movement: DisputeMovement, purchase: Purchase, net_cents: int, tax_cents: int) -> None:
    line = DisputeLine(
        id=uuid7(), movement_id=movement.id, purchase_id=purchase.id, net_cents=net_cents,
        tax_cents=tax_cents, gross_cents=net_cents + tax_cents,
    )  # fmt: skip
    movement.lines.append(line)


def _count(dispute: Dispute, purchase: Purchase, gross_cents: int, tax_cents: int) -> None:
    """Count money as gone: held by the bank, or lost for good if the dispute is lost already."""
    if dispute.is_lost:
        purchase.refunded_cents += gross_cents
    else:
        purchase.disputed_cents += gross_cents
    purchase.returned_tax_cents += tax_cents
