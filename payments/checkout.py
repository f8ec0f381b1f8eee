"""Checkout Sessions: create, retrieve, expire."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from domain.base.log import log
from payments.client import PaymentRefused, PaymentUnavailable, ask, client, listed
from payments.sessions import EXPANSIONS, Session, read_session

SUFFIX_LENGTH = 22
# What Stripe takes about a product; longer texts are cut.
NAME_LENGTH, DESCRIPTION_LENGTH, IMAGE_LENGTH = 250, 500, 2048


class UnknownCustomer(PaymentRefused):  # noqa: N818 - a state of the world, not a fault of the caller
    """Stripe doesn't have the customer any more: another has to be made."""


@dataclass(frozen=True)
class Line:
    """A line of a Checkout Session; `amount` is in whole minor units.

    `tax_behavior` is "inclusive" or "exclusive", which Stripe Tax needs. `description` is plain text, `image`
    an address that Stripe can fetch; "" for none. `reference` is ours, and comes back with SessionLine.
    """

    title: str
    amount: int
    tax_behavior: str = ""
    description: str = ""
    image: str = ""
    reference: str = ""


@dataclass(frozen=True)
class Checkout:
    """The parameters of a Checkout Session: its lines, and the return addresses.

    `key` is the idempotency key; the same key must always come with the same values. `success_url` holds the
    literal {CHECKOUT_SESSION_ID}. With a `customer`, the page knows their address, and their saved cards if
    `save_card`: the buyer ticks on the page whether a card is kept. `collect_address` requires a billing
    address, `automatic_tax` lets Stripe compute the tax, `tax_id_collection` asks for a VAT id.
    `statement_descriptor` follows the account's prefix on the buyer's bank statement; `locale` is the page's
    language, "" for the browser's.
    """

    key: str
    order_id: str
    number: str
    lines: tuple[Line, ...]
    currency: str
    email: str
    success_url: str
    cancel_url: str
    customer: str = ""
    collect_address: bool = False
    automatic_tax: bool = False
    tax_id_collection: bool = False
    save_card: bool = False
    statement_descriptor: str = ""
    locale: str = ""


def open_session(checkout: Checkout) -> Session:
    """Create the Checkout Session for `checkout`, or get the one created with its idempotency key before.

    Raises PaymentUnavailable, PaymentRefused, UnknownCustomer, KeySpent.
    """
    sessions = client().v1.checkout.sessions
    options: Any = {"idempotency_key": checkout.key}
    try:
        return read_session(ask(lambda: sessions.create(_parameters(checkout), options)))
    except PaymentRefused as refusal:
        if refusal.code == "resource_missing" and refusal.param == "customer":
            raise UnknownCustomer(str(refusal), refusal.code, refusal.param) from refusal
        raise


def _parameters(checkout: Checkout) -> Any:
    """Build the request. Stripe mails no receipt: ours is the document, so no `receipt_email` is given."""
    reference = {"order_id": checkout.order_id, "order_number": checkout.number}
    payment: dict[str, Any] = {"description": f"Order {checkout.number}", "metadata": reference}
    if suffix := statement_suffix(checkout.statement_descriptor):
        payment["statement_descriptor_suffix"] = suffix
    params: dict[str, Any] = {
        "mode": "payment",
        "line_items": [_line_item(line, checkout.currency) for line in checkout.lines],
        "client_reference_id": checkout.order_id,
        "metadata": reference,
        "payment_intent_data": payment,
        "adaptive_pricing": {"enabled": False},
        "success_url": checkout.success_url,
        "cancel_url": checkout.cancel_url,
        "expand": list(EXPANSIONS),
        **_buyer(checkout),
    }
    if checkout.collect_address:
        params["billing_address_collection"] = "required"
    for name in ("automatic_tax", "tax_id_collection"):
        if getattr(checkout, name):
            params[name] = {"enabled": True}
    return {**params, **({"locale": checkout.locale} if checkout.locale else {})}


def _buyer(checkout: Checkout) -> dict[str, Any]:
    """Build who pays. What they type is kept with their customer where tax depends on it."""
    if not checkout.customer:
        return {"customer_email": checkout.email}
    params: dict[str, Any] = {"customer": checkout.customer}
    if checkout.collect_address or checkout.automatic_tax or checkout.tax_id_collection:
        params["customer_update"] = {"address": "auto"}
    if checkout.tax_id_collection:
        params["customer_update"]["name"] = "auto"
    if checkout.save_card:
        params["saved_payment_method_options"] = {
            "payment_method_save": "enabled",
            "payment_method_remove": "enabled",
        }
    return params


def _line_item(line: Line, currency: str) -> dict[str, Any]:
    product: dict[str, Any] = {"name": _cut(line.title, NAME_LENGTH)}
    if line.description:
        product["description"] = _cut(line.description, DESCRIPTION_LENGTH)
    if line.image and len(line.image) <= IMAGE_LENGTH:
        product["images"] = [line.image]
    price = {"currency": currency, "unit_amount": line.amount, "product_data": product}
    if line.tax_behavior:
        price["tax_behavior"] = line.tax_behavior
    item: dict[str, Any] = {"price_data": price, "quantity": 1}
    return {**item, "metadata": {"line": line.reference}} if line.reference else item


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def statement_suffix(text: str) -> str:
    """Reduce a text to what Stripe takes after the account's prefix: Latin letters, digits, few signs.

    "" when no letter is left, without which Stripe refuses it.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^A-Za-z0-9 .,&+\-/]", "", plain)
    suffix = " ".join(kept.split())[:SUFFIX_LENGTH].strip()
    return suffix if re.search("[A-Za-z]", suffix) else ""


def find_session(session_id: str) -> Session | None:
    """Retrieve a session in its present state; None for an unknown id. Raises PaymentUnavailable."""
    if not session_id:
        return None
    sessions = client().v1.checkout.sessions
    params: Any = {"expand": list(EXPANSIONS)}
    try:
        return read_session(ask(lambda: sessions.retrieve(session_id, params)))
    except PaymentRefused as refusal:
        if refusal.code == "resource_missing":
            return None
        raise PaymentUnavailable(str(refusal)) from refusal


def session_of(payment_intent: str) -> Session | None:
    """Find the session of a payment intent; None if there was none. Raises PaymentUnavailable."""
    sessions = client().v1.checkout.sessions
    expand = [f"data.{name}" for name in EXPANSIONS]
    params: Any = {"payment_intent": payment_intent, "limit": 1, "expand": expand}
    found = listed(lambda: sessions.list(params).data) if payment_intent else []
    return read_session(found[0]) if found else None


def expire_session(session_id: str) -> Session | None:
    """Expire the session and return its true state: it may have been paid a moment before.

    Raises PaymentUnavailable.
    """
    try:
        ask(lambda: client().v1.checkout.sessions.expire(session_id))
    except PaymentRefused as refusal:
        log.info("session %s was not expired: %s", session_id, refusal)
    return find_session(session_id)
