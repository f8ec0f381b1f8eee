"""A Checkout Session in its present state, as small values: its lines, its tax, and how it was paid."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.client import client, listed

# What reading a session needs beside the session itself. Stripe leaves a line's taxes out unless asked.
EXPANSIONS = ("payment_intent.latest_charge", "line_items.data.taxes")


@dataclass(frozen=True)
class SessionLine:
    """A line of a session, in minor units.

    `reference` is our Line's. `amount_subtotal` is quantity times price as sent: with the tax where the price
    includes it. `tax_rate_bp` is in hundredths of a percent, None when Stripe computed no tax; `tax_reason`
    is Stripe's word for the rate, such as "reverse_charge".
    """

    name: str
    quantity: int
    amount_subtotal: int
    amount_tax: int
    amount_total: int
    tax_rate_bp: int | None = None
    tax_reason: str | None = None
    reference: str = ""


@dataclass(frozen=True)
class Address:
    """A billing address as typed on Stripe's page; `country` is a code of two letters."""

    name: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    postal_code: str = ""
    state: str = ""
    country: str = ""


@dataclass(frozen=True)
class Session:
    """A Checkout Session in its present state.

    `status`: open, complete or expired. `payment_status`: paid, unpaid or no_payment_required.
    `payment_intent` and the intent's own status are None until somebody tried to pay. `amount_subtotal` is
    the sum of the lines as sent, `amount_tax` the tax that Stripe computed, `tax_status` how far it got
    (None without Stripe Tax). `method_type` ("card", "sepa_debit"), `method_brand` ("visa"), `method_last4`
    and `card_country` describe what was charged last; `tax_ids` are the buyer's, by kind, such as
    ("eu_vat", "DE123456789").
    """

    id: str
    url: str | None
    status: str
    payment_status: str
    amount_total: int
    currency: str
    livemode: bool
    expires_at: datetime
    payment_intent: str | None
    payment_intent_status: str | None
    metadata: dict[str, str]
    client_reference_id: str | None
    amount_subtotal: int = 0
    amount_tax: int = 0
    tax_status: str | None = None
    lines: tuple[SessionLine, ...] = ()
    customer: str | None = None
    billing: Address = Address()
    tax_ids: tuple[tuple[str, str], ...] = ()
    method_type: str | None = None
    method_brand: str | None = None
    method_last4: str | None = None
    card_country: str | None = None

    @property
    def is_settled(self) -> bool:
        """Tell whether it is paid, or nothing was due."""
        return self.status == "complete" and self.payment_status in ("paid", "no_payment_required")

    @property
    def has_failed(self) -> bool:
        """Tell whether a delayed payment failed: complete, unpaid, and its intent needs another method."""
        dead = self.payment_intent_status in ("requires_payment_method", "canceled")
        return self.status == "complete" and self.payment_status == "unpaid" and dead

    @property
    def billing_country(self) -> str | None:
        """Return the country of the billing address, None if none was asked for."""
        return self.billing.country or None

    @property
    def payment_method(self) -> str | None:
        """Return the word for the method: a card's brand, else its kind, such as "sepa_debit"."""
        return self.method_brand or self.method_type


def read_session(found: Any) -> Session:
    """Convert Stripe's session object. Raises PaymentUnavailable when its further lines can't be read."""
    intent = found.payment_intent
    is_known = intent is not None and not isinstance(intent, str)
    details = found.total_details
    return Session(
        id=found.id,
        url=found.url,
        status=found.status,
        payment_status=found.payment_status,
        amount_total=found.amount_total,
        currency=found.currency,
        livemode=found.livemode,
        expires_at=datetime.fromtimestamp(found.expires_at, UTC),
        payment_intent=_id(intent),
        payment_intent_status=intent.status if is_known else None,
        metadata=found.metadata.to_dict() if found.metadata else {},
        client_reference_id=found.client_reference_id,
        amount_subtotal=found.amount_subtotal,
        amount_tax=details.amount_tax if details else 0,
        tax_status=found.automatic_tax.status if found.automatic_tax.enabled else None,
        lines=tuple(_line(item) for item in _items(found)),
        customer=_id(found.customer),
        **_buyer(found.customer_details),
        **_method(intent.latest_charge if is_known else None),
    )


def _id(found: Any) -> str | None:
    return found if found is None or isinstance(found, str) else str(found.id)


def _items(found: Any) -> list[Any]:
    """Return the items of a session; Stripe sends the first ones with it, and the rest as a list."""
    included = getattr(found, "line_items", None)
    if included is None or not included.has_more:
        return list(included.data) if included else []
    items = client().v1.checkout.sessions.line_items
    params: Any = {"limit": 100, "expand": ["data.taxes"]}
    return listed(lambda: items.list(found.id, params).auto_paging_iter())


def _line(item: Any) -> SessionLine:
    taxes = getattr(item, "taxes", None) or []
    rates = [tax.rate.percentage for tax in taxes]
    metadata = item.metadata.to_dict() if getattr(item, "metadata", None) else {}
    return SessionLine(
        name=item.description or "",
        quantity=item.quantity or 1,
        amount_subtotal=item.amount_subtotal,
        amount_tax=item.amount_tax,
        amount_total=item.amount_total,
        tax_rate_bp=round(sum(rates) * 100) if taxes else None,
        tax_reason=taxes[0].taxability_reason if taxes else None,
        reference=metadata.get("line", ""),
    )


def _buyer(details: Any) -> dict[str, Any]:
    """Read the buyer's address and tax ids, as typed on the page or known of the customer."""
    if details is None:
        return {}
    place = details.address
    parts = ("line1", "line2", "city", "postal_code", "state", "country")
    known = {part: getattr(place, part, None) or "" for part in parts} if place else {}
    tax_ids = tuple((one.type, one.value) for one in details.tax_ids or [] if one.value)
    return {"billing": Address(name=details.name or "", **known), "tax_ids": tax_ids}


def _method(charge: Any) -> dict[str, Any]:
    """Read how a charge was paid. Kinds of method that we don't know have at least their name."""
    details = None if charge is None or isinstance(charge, str) else charge.payment_method_details
    if details is None:
        return {}
    own = getattr(details, details.type, None)
    return {
        "method_type": details.type,
        "method_brand": getattr(own, "brand", None),
        "method_last4": getattr(own, "last4", None),
        "card_country": getattr(own, "country", None),
    }
