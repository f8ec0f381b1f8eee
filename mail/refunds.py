"""Mail about requests for refunds, and about declarations of withdrawal.

Needs `order.user`, and each request's purchase.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from domain.base.addresses import url_to
from domain.platform import settings
from mail.composing import compose, greeting
from models import EmailMessage, Order, RefundRequest, RequestDecision, User, Withdrawal


def refund_asked(user: User, order: Order, requests: Sequence[RefundRequest]) -> EmailMessage:
    """Confirm what somebody asked for, with the policy's answer for each line."""
    return compose(
        "refund_asked", user.email, user, waits=_has(requests, RequestDecision.WAITING),
        pays=_has(requests, RequestDecision.APPROVED), **_order(user, order), lines=_lines(requests),
    )  # fmt: skip


def refund_decided(user: User, order: Order, request: RefundRequest) -> EmailMessage:
    """Report a person's decision about one line, with the reason they gave."""
    return compose(
        "refund_decided", user.email, user, key=f"refund-decided:{request.id}",
        title=request.purchase.product_snapshot["title"], note=request.note,
        approved=request.decision == RequestDecision.APPROVED, **_order(user, order),
    )  # fmt: skip


def withdrawal_received(withdrawal: Withdrawal) -> EmailMessage:
    """Acknowledge a declaration with its content and time, to the address it gives; says nothing else.

    It is the same for an order that exists and for one that doesn't.
    """
    return compose(
        "withdrawal_received", withdrawal.email, key=f"withdrawal:{withdrawal.id}", **_declared(withdrawal)
    )


def withdrawal_planned(
    order: Order, withdrawal: Withdrawal, requests: Sequence[RefundRequest], stop: str
) -> EmailMessage:
    """Tell an order's owner that its money goes back, and how to stop that; `stop` is the link's token."""
    return compose(
        "withdrawal_planned", order.user.email, order.user, lines=_lines(requests),
        acts_at=_moment(withdrawal.acts_at or withdrawal.declared_at),
        stop_url=url_to("withdrawals.stop", token=stop), **_order(order.user, order), **_declared(withdrawal),
    )  # fmt: skip


def withdrawal_refused(
    order: Order, withdrawal: Withdrawal, requests: Sequence[RefundRequest]
) -> EmailMessage:
    """Tell an order's owner why nothing could be withdrawn from, line by line."""
    return compose(
        "withdrawal_refused", order.user.email, order.user, lines=_lines(requests),
        **_order(order.user, order), **_declared(withdrawal),
    )  # fmt: skip


def withdrawal_unclear(to: str, withdrawal: Withdrawal) -> EmailMessage:
    """Tell the shop about a declaration that matches no order, or not clearly enough."""
    return compose(
        "withdrawal_unclear", to, list_url=url_to("admin.withdrawals"), **_declared(withdrawal)
    )  # fmt: skip


def _order(user: User, order: Order) -> dict[str, Any]:
    return {
        "name": greeting(user), "number": order.number,
        "order_url": url_to("orders.show", number=order.number),
    }  # fmt: skip


def _lines(requests: Sequence[RefundRequest]) -> list[dict[str, str]]:
    words = {
        RequestDecision.APPROVED: "The money goes back to you.",
        RequestDecision.WAITING: "",
        RequestDecision.REFUSED: "",
        RequestDecision.STOPPED: "",
    }
    return [
        {
            "title": one.purchase.product_snapshot["title"],
            "sentence": " ".join(filter(None, (one.sentence, words[one.decision]))),
        }
        for one in requests
    ]


def _declared(withdrawal: Withdrawal) -> dict[str, Any]:
    return {
        "declared_by": withdrawal.name, "declared_email": withdrawal.email,
        "declared_number": withdrawal.order_number, "declared_items": withdrawal.items,
        "declared_at": _moment(withdrawal.declared_at),
    }  # fmt: skip


def _has(requests: Sequence[RefundRequest], decision: RequestDecision) -> bool:
    return any(one.decision == decision for one in requests)


def _moment(at: datetime) -> str:
    """Format a moment in the shop's zone: “3 December 2026, 14:05:09 CET”."""
    local = at.astimezone(ZoneInfo(settings.current().timezone))
    return f"{local.day} {local:%B %Y, %H:%M:%S %Z}"
