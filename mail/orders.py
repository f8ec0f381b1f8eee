"""Mail about orders and payments."""

from collections.abc import Sequence
from typing import Any

from domain.base.addresses import at_home, url_to
from domain.platform import last_days
from mail.composing import compose, greeting
from models import EmailMessage, Order, StripeEvent, User


def receipt(
    user: User,
    order: Order,
    landings: Sequence[tuple[str, str]],
    locks: Sequence[str] = (),
    refund: tuple[str, str] | None = None,
    invoice: str = "",
    consents: Sequence[str] = (),
    withdraw: str = "",
) -> EmailMessage:
    """Send the receipt, once: products, amounts and links; needs `order.purchases` and `completed_at`.

    `landings` are the words and paths of the links to which the purchases lead, `locks` what has to be done
    before each of them opens, "" if nothing. `refund` is the sentence about changing one's mind, and the
    path of the page on which to ask. `invoice` is the number of the invoice, whose day is the shop's as well.
    `consents` are the words that the buyer agreed to, which the receipt repeats, and `withdraw` is the path
    of the page on which consumers withdraw, "" where they can't.
    """
    terms, ask = refund or ("", "")
    return compose(
        "receipt", user.email, user, key=f"receipt:{order.id}",
        paid_on=last_days.said_first(order.completed_at or order.created_at), refund_terms=terms,
        refund_url=at_home(ask) if ask else "", invoice=invoice, consents=list(consents),
        withdraw_url=at_home(withdraw) if withdraw else "",
        invoice_url=url_to("orders.document", number=order.number, document=invoice) if invoice else "",
        **_order_facts(user, order, landings, locks),
    )  # fmt: skip


def payment_pending(user: User, order: Order, landings: Sequence[tuple[str, str]]) -> EmailMessage:
    """Report that the payment is being processed and nothing has to be done."""
    return compose("payment_pending", user.email, user, **_order_facts(user, order, landings))


def payment_failed(user: User, order: Order, landings: Sequence[tuple[str, str]]) -> EmailMessage:
    """Report that the bank declined the payment, that nothing was charged, and how to try again."""
    return compose("payment_failed", user.email, user, **_order_facts(user, order, landings))


def order_problem(to: str, order: Order, sentence: str) -> EmailMessage:
    """Report an order that needs an admin, and why."""
    return compose(
        "order_problem", to, number=order.number, problem=sentence, total_cents=order.total_cents,
        currency=order.currency, session=order.stripe_session_id or "",
        order_url=url_to("admin.order", number=order.number),
    )  # fmt: skip


def payment_problem(to: str, event: StripeEvent, payment: str, sentence: str) -> EmailMessage:
    """Report an event of Stripe's about a payment that belongs to no order here."""
    url = url_to("admin.webhook", event_id=event.id)
    return compose("payment_problem", to, payment=payment, problem=sentence, event_url=url)


def _order_facts(
    user: User, order: Order, landings: Sequence[tuple[str, str]], locks: Sequence[str] = ()
) -> dict[str, Any]:
    lines = [
        {
            "title": purchase.product_snapshot["title"],
            "amount_cents": purchase.paid_cents,
            "url": at_home(path),
            "course_url": at_home(path),
            "label": label,
            "lock": lock,
        }
        for purchase, (label, path), lock in zip(
            order.purchases, landings, locks or [""] * len(landings), strict=True
        )
    ]
    return {
        "name": greeting(user),
        "number": order.number,
        "lines": lines,
        "total_cents": order.total_cents,
        "tax_cents": order.tax_cents,
        "currency": order.currency,
        "order_url": url_to("orders.show", number=order.number),
    }
