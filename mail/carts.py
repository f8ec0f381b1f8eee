"""Mail about the cart."""

from collections.abc import Sequence

from domain.base.addresses import url_to
from mail.composing import compose, greeting
from mail.registry import Condition
from models import Cart, EmailMessage, User


def cart_reminder(user: User, cart: Cart, titles: Sequence[str], more: int) -> EmailMessage:
    """Remind `user` once of what waits in their cart, if it still does when this is sent.

    `titles` are some of its lines, `more` is how many others there are. Raises Refused without consent.
    """
    return compose(
        "cart_reminder", user.email, user, key=f"cart:{cart.id}:{cart.changed_at:%Y%m%d%H%M%S}",
        condition=Condition("cart_is_waiting", {"since": cart.changed_at.isoformat()}),
        name=greeting(user), titles=list(titles), more=more, url=url_to("cart.index"),
    )  # fmt: skip
