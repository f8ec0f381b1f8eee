"""Mail about disputes, to whoever runs the shop."""

from domain.base.addresses import url_to
from mail.composing import compose
from models import Dispute, EmailMessage, Order


def dispute(
    to: str,
    order: Order,
    dispute: Dispute,
    state: tuple[str, str],
    reason: str,
    due: str,
    key: str | None = None,
) -> EmailMessage:
    """Report the state of a dispute: in a word, and in a sentence about what follows.

    `due` is the end of the time to answer, "" without one. With a `key` it is sent once.
    """
    word, follows = state
    return compose(
        "dispute", to, key=key, number=order.number, state=word, follows=follows, reason=reason, due=due,
        amount_cents=dispute.amount_cents, currency=dispute.currency,
        dispute_url=url_to("admin.dispute", dispute_id=dispute.id),
    )  # fmt: skip
