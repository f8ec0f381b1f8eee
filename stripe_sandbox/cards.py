"""Test payment methods by card number, and the outcome of each."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    """A payment method.

    `outcome`: `ok`, `declined` (with Stripe's `decline_code`), `challenge` (3-D Secure first), `debit_ok` or
    `debit_fails` (a bank debit that settles later). `then` is what follows a payment: `disputed`, `inquiry`,
    `not_received`, `warned`, `available` (the money doesn't wait), `refund_waits`, `refund_fails`.
    """

    number: str
    outcome: str
    label: str
    brand: str = "visa"
    country: str = "US"
    code: str = "card_declined"
    decline_code: str | None = None
    message: str = ""
    then: str = ""

    @property
    def is_debit(self) -> bool:
        """Tell whether it is a bank debit rather than a card."""
        return self.outcome.startswith("debit")

    @property
    def last4(self) -> str:
        """Return the last four digits, as receipts show them."""
        return self.number[-4:]


DECLINED = "Your card was declined."
BY_NAME: dict[str, Method] = {
    "card": Method("4242424242424242", "ok", "Card that works"),
    "declined": Method(
        "4000000000000002",
        "declined",
        "Card that is declined",
        decline_code="generic_decline",
        message=DECLINED,
    ),
    "3ds": Method("4000002500003155", "challenge", "Card that asks for 3-D Secure"),
    "later_succeeds": Method("000123456789", "debit_ok", "Bank debit that arrives later"),
    "later_fails": Method("000111111113", "debit_fails", "Bank debit that fails later"),
}
MORE = (
    Method("5555555555554444", "ok", "Mastercard", brand="mastercard"),
    Method("378282246310005", "ok", "American Express", brand="amex"),
    Method("4000056655665556", "ok", "Visa debit"),
    Method("4000002760000016", "ok", "Visa from Germany", country="DE"),
    Method("4000005280000002", "ok", "Visa from the Netherlands", country="NL"),
    Method("4000002500000003", "ok", "Visa from France", country="FR"),
    Method("4000008260000000", "ok", "Visa from the United Kingdom", country="GB"),
    Method("4000007560000009", "ok", "Visa from Switzerland", country="CH"),
    Method("4000003920000003", "ok", "Visa from Japan", country="JP"),
    Method(
        "4000000000009995", "declined", "No funds", decline_code="insufficient_funds",
        message="Your card has insufficient funds.",
    ),
    Method("4000000000000069", "declined", "Expired", code="expired_card", message="Your card has expired."),
    Method(
        "4000000000000127", "declined", "Wrong code", code="incorrect_cvc",
        message="Your card's security code is incorrect.",
    ),
    Method("4000000000003220", "challenge", "3-D Secure 2"),
    Method("4000000000000077", "ok", "Money available at once", then="available"),
    Method("4000000000000259", "ok", "Disputed as fraudulent", then="disputed"),
    Method("4000000000002685", "ok", "Disputed as not received", then="not_received"),
    Method("4000000000001976", "ok", "Inquiry", then="inquiry"),
    Method("4000000000005423", "ok", "Early fraud warning", then="warned"),
    Method("4000000000007726", "ok", "Refunds succeed later", then="refund_waits"),
    Method("4000000000005126", "ok", "Refunds fail later", then="refund_fails"),
)  # fmt: skip
BY_NUMBER: dict[str, Method] = {
    method.number: method for method in (*BY_NAME.values(), *MORE) if not method.is_debit
}


def digits(number: str) -> str:
    """Strip spaces and dashes from a card number."""
    return re.sub(r"[\s-]", "", number)


def luhn(number: str) -> bool:
    """Check the Luhn digit of a card number; False for what is not 12 to 19 digits."""
    if not re.fullmatch(r"[0-9]{12,19}", number):
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def by_number(number: str) -> Method:
    """Return the method of a card number; a real card is declined, as in Stripe's own test mode."""
    message = f"{DECLINED} Your request was in test mode, but used a card that is not a test card."
    unknown = Method(number, "declined", "Unknown", decline_code="test_mode_live_card", message=message)
    return BY_NUMBER.get(number, unknown)
