"""The evidence for an answer, from our own records: who bought what, on which terms, and how it was used."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from domain.base.counts import plural
from domain.base.money import money
from domain.catalog import kinds
from domain.disputes import activity
from domain.disputes.activity import stamp
from domain.disputes.evidence_fields import FIELDS, shortened
from domain.documents import lookups, parties, pdf_words
from domain.ledger.states import SETTLED
from domain.platform import settings
from models import (
    AuditEntry,
    Dispute,
    EmailMessage,
    Order,
    OrderConsent,
    Purchase,
    Refund,
    RefundStatus,
    db,
)

OLD_TERMS = "refund_terms: "  # how the audit log writes a change of the refund policy
ARROW = " → "


def collect(dispute: Dispute) -> dict[str, str]:
    """Write the answer's fields from what is stored now; fields about which nothing is known are left out."""
    order = _order(dispute)
    buyer = parties.buyer(order, order.user)
    address = [line for line in pdf_words.party(buyer) if line not in (buyer.name, buyer.email)]
    found = {
        "customer_name": buyer.name,
        "customer_email_address": order.user.email,
        "customer_purchase_ip": activity.purchase_ip(order),
        "billing_address": "\n".join(address),
        "product_description": shortened(_products(order)),
        "service_date": pdf_words.day(order.completed_at) if order.completed_at else "",
        "access_activity_log": shortened(activity.log_of(order)),
        "refund_policy_disclosure": shortened(_policy(order)),
        "refund_refusal_explanation": shortened(_refunds(order)),
        "uncategorized_text": shortened(_more(order)),
    }
    return {name: found[name] for name in FIELDS if found[name]}


def _order(dispute: Dispute) -> Order:
    lines = selectinload(Order.purchases).joinedload(Purchase.product)
    query = select(Order).where(Order.id == dispute.order_id).options(joinedload(Order.user), lines)
    return db.session.scalars(query).one()


def _products(order: Order) -> list[str]:
    """Describe each line, as it was bought, and how it is delivered."""
    said = []
    for line in order.purchases:
        snapshot, noun = line.product_snapshot, kinds.noun(line.product)
        author = f" by {snapshot['creator']}" if snapshot.get("creator") else ""
        said.append(
            f"“{snapshot['title']}”, an online {noun}{author}: {money(line.paid_cents, line.currency)}."
        )
        if snapshot.get("summary"):
            said.append(str(snapshot["summary"]))
        if line.is_gift:
            said.append("Bought as a gift, which is delivered to the person that the buyer named.")
    said.append(
        f"Delivered at once and online: the lessons open on {settings.current().name} for the account that"
        " bought them, without an end."
    )
    return said


def _policy(order: Order) -> list[str]:
    """Say which refund policy was shown on the day of the order, and what the buyer agreed to."""
    said = []
    if terms := _terms_on(order):
        said.append(f"Shown on the product page, before paying, and in the receipt: “{terms}”")
    consents = select(OrderConsent).where(OrderConsent.order_id == order.id).order_by(OrderConsent.kind)
    for one in db.session.scalars(consents):
        said.append(
            f"{stamp(one.given_at)}  The buyer ticked, as a condition of the order: “{one.wording}”"
            f" (version {one.version})"
        )
    return said


def _terms_on(order: Order) -> str:
    """Find the refund policy of that day: as the receipt said it, or as the settings had it then."""
    receipt = select(EmailMessage.data).where(EmailMessage.key == f"receipt:{order.id}")
    sent = db.session.scalar(receipt)
    if sent and sent.get("refund_terms"):
        return str(sent["refund_terms"])
    site = settings.current()
    days = site.refund_window_days
    words = _setting_then(order.completed_at or order.created_at) or site.refund_terms
    return words.replace("{days}", plural(days, "day")) if days else ""


def _setting_then(moment: datetime) -> str:
    """Read the policy from the audit log of its first change after `moment`; "" if there was none."""
    query = (
        select(AuditEntry.note)
        .where(
            AuditEntry.action == "change_setting",
            AuditEntry.at > moment,
            AuditEntry.note.startswith(OLD_TERMS),
        )
        .order_by(AuditEntry.at)
        .limit(1)
    )
    note = db.session.scalar(query) or ""
    return note.removeprefix(OLD_TERMS).partition(ARROW)[0]


def _refunds(order: Order) -> list[str]:
    query = select(Refund).where(Refund.order_id == order.id, Refund.status == RefundStatus.SUCCEEDED)
    return [
        f"{stamp(refund.updated_at)}  {money(refund.amount_cents, refund.currency)} was refunded:"
        f" {refund.reason}"
        for refund in db.session.scalars(query.order_by(Refund.created_at))
    ]


def _more(order: Order) -> list[str]:
    """Say the receipt, the mails about it, and what else the account has paid for."""
    said = [f"Receipt of order {order.number}, {stamp(order.completed_at or order.created_at)}"]
    said += [
        f"  {line.product_snapshot['title']}: {money(line.paid_cents, line.currency)}"
        for line in order.purchases
    ]
    said.append(f"  Total: {money(order.total_cents, order.currency)}")
    numbers = [document.number for document in lookups.of_order(order.id)]
    if numbers:
        said.append(f"  Documents: {', '.join(numbers)}")
    if mails := activity.mails_of(order):
        said += ["", "Emails to the buyer:", *mails]
    if others := _other_orders(order):
        said += ["", f"The same account has paid for {others} without a dispute."]
    return said


def _other_orders(order: Order) -> str:
    disputed = select(Dispute.id).where(Dispute.order_id == Order.id).exists()
    query = select(func.count(Order.id)).where(
        Order.user_id == order.user_id, Order.id != order.id, Order.status.in_(SETTLED), ~disputed
    )
    count = db.session.scalar(query) or 0
    return plural(count, "other order") if count else ""
