"""Stripe behind our own types: the only importer of `stripe`.

Every call returns a small frozen value or raises one of the exceptions below. None may be made while a
database transaction is open: the network can take the whole timeout.
"""

from payments.checkout import (
    Checkout,
    Line,
    UnknownCustomer,
    expire_session,
    find_session,
    open_session,
    session_of,
    statement_suffix,
)
from payments.client import (
    RETRIES,
    TIMEOUT_SECONDS,
    KeyInUse,
    KeySpent,
    PaymentRefused,
    PaymentUnavailable,
    is_configured,
    is_live,
)
from payments.customers import delete_customer, ensure_customer, update_customer
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
from payments.sessions import Address, Session, SessionLine

__all__ = [
    "Address",
    "Checkout",
    "DEEPEST_EVENT",
    "Event",
    "KeyInUse",
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
    "SessionLine",
    "StripeRefund",
    "TIMEOUT_SECONDS",
    "TOLERANCE_SECONDS",
    "UnknownCustomer",
    "about_of",
    "delete_customer",
    "ensure_customer",
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
    "statement_suffix",
    "update_customer",
]
