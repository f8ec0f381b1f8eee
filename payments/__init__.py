"""Stripe behind our own types: the only importer of `stripe`.

Every call returns a small frozen value or raises one of the exceptions below. None may be made while a
database transaction is open: the network can take the whole timeout.
"""

from payments.checkout import Checkout, Line, Session, expire_session, find_session, open_session, session_of
from payments.client import (
    RETRIES,
    TIMEOUT_SECONDS,
    KeySpent,
    PaymentRefused,
    PaymentUnavailable,
    is_configured,
    is_live,
)
from payments.events import (
    DEEPEST_EVENT,
    MOST_EVENTS,
    MOST_TYPES,
    TOLERANCE_SECONDS,
    Event,
    NotFromStripe,
    RelatedObject,
    about_of,
    events_since,
    find_object,
    read_event,
    related_object,
)
from payments.refunds import StripeRefund, find_refund, refund, refunds_of_charge

__all__ = [
    "Checkout",
    "DEEPEST_EVENT",
    "Event",
    "KeySpent",
    "Line",
    "MOST_EVENTS",
    "MOST_TYPES",
    "NotFromStripe",
    "PaymentRefused",
    "PaymentUnavailable",
    "RETRIES",
    "RelatedObject",
    "Session",
    "StripeRefund",
    "TIMEOUT_SECONDS",
    "TOLERANCE_SECONDS",
    "about_of",
    "events_since",
    "expire_session",
    "find_object",
    "find_refund",
    "find_session",
    "is_configured",
    "is_live",
    "open_session",
    "read_event",
    "refund",
    "related_object",
    "refunds_of_charge",
    "session_of",
]
