"""Claim links: signed, without a date of expiry, and invalid once the gift is addressed to somebody else.

Nothing that claims a gift stands in the database, so that nobody who reads it can claim one. Without the keys
that signed them links become invalid; sending the gift again makes a new one.
"""

import uuid
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from domain import InvalidToken
from domain.base import signing
from domain.base.addresses import path_to
from models import Gift

DAMAGED = "This link is incomplete. Open it from the email again."
REPLACED = "This link has been replaced by a newer one, or the present now goes to somebody else."


def token(gift: Gift) -> str:
    """Sign the token that claims `gift` in its present version."""
    return _serializer().dumps([gift.purchase_id.hex, gift.version])


def path(gift: Gift) -> str:
    """Build the path of the page on which `gift` is claimed."""
    return path_to("gifts.claim", token=token(gift))


def read(given: str) -> tuple[uuid.UUID, int]:
    """Read the purchase and the version of a token. Raises InvalidToken for a forged or damaged one."""
    try:
        content: Any = _serializer().loads(given)
        return uuid.UUID(content[0]), int(content[1])
    except (BadData, ValueError, TypeError, LookupError, AttributeError) as error:
        raise InvalidToken(DAMAGED) from error


def _serializer() -> URLSafeSerializer:
    return signing.undated_serializer("lectern.gift")
