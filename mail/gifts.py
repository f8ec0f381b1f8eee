"""Mail about gifts, in words for people who may never have heard of the shop.

“Gift” is German for poison, so they say “present”. Needs `gift.purchase` with its product, and `gift.sender`.
"""

from typing import Any

from domain.base.addresses import at_home, url_to
from mail.composing import compose, greeting
from models import EmailMessage, Gift, Product, User


def gift_arrived(gift: Gift, sender: str, noun: str, url: str) -> EmailMessage:
    """Send the claim link to the recipient, with the sender's message; `sender` is the name to show."""
    return compose("gift_arrived", gift.recipient, message=gift.message, **_facts(gift, sender, noun, url))


def gift_reminder(gift: Gift, sender: str, noun: str, url: str) -> EmailMessage:
    """Remind the recipient of a gift that they haven't claimed."""
    return compose("gift_reminder", gift.recipient, **_facts(gift, sender, noun, url))


def gift_claimed(user: User, gift: Gift) -> EmailMessage:
    """Tell the giver, or whoever passed it on, that their gift was claimed; not by whom."""
    return compose("gift_claimed", user.email, user, **_state(user, gift))


def gift_unclaimed(gift: Gift) -> EmailMessage:
    """Tell the sender after a year that nobody has claimed their gift, and what they can do."""
    user = gift.sender
    return compose("gift_unclaimed", user.email, user, recipient=gift.recipient, **_state(user, gift))


def gift_ended(user: User, product: Product, path: str) -> EmailMessage:
    """Tell the receiver that their gift has ended, because it was refunded; `path` is the product's page."""
    return compose(
        "gift_ended", user.email, user, name=greeting(user), title=product.title, url=at_home(path)
    )  # fmt: skip


def _facts(gift: Gift, sender: str, noun: str, url: str) -> dict[str, Any]:
    return {"sender": sender, "noun": noun, "title": gift.purchase.product.title, "url": url}


def _state(user: User, gift: Gift) -> dict[str, Any]:
    return {
        "name": greeting(user), "title": gift.purchase.product.title,
        "url": url_to("my_gifts.show", purchase_id=gift.purchase_id),
    }  # fmt: skip
