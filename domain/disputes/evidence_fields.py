"""The fields of an answer to the bank, by Stripe's names, and Stripe's limits for them.

Only texts: Stripe takes them without an upload. Lengths are counted as Stripe's own servers count them, in
UTF-16 units.
"""

from collections.abc import Mapping
from typing import NamedTuple

from domain import Refused
from domain.base import text

LONGEST = 20_000


class EvidenceField(NamedTuple):
    """A field: its label, what belongs into it, the most characters, and the height of its box."""

    label: str
    hint: str
    most: int = LONGEST
    rows: int = 6


FIELDS: dict[str, EvidenceField] = {
    "customer_name": EvidenceField("Buyer’s name", "", 500, 1),
    "customer_email_address": EvidenceField("Buyer’s email", "", 500, 1),
    "customer_purchase_ip": EvidenceField("IP address of the purchase", "", 45, 1),
    "billing_address": EvidenceField("Billing address", "", 2000, 3),
    "product_description": EvidenceField("What was bought", "What it is, and how it’s delivered."),
    "service_date": EvidenceField("Day of delivery", "The day access was given.", 100, 1),
    "access_activity_log": EvidenceField(
        "Use of what was bought", "Sign-ins, lessons opened and watched, with their times.", rows=12
    ),
    "refund_policy_disclosure": EvidenceField(
        "Refund policy", "What the buyer was shown, and agreed to, before they paid."
    ),
    "refund_refusal_explanation": EvidenceField(
        "Why there’s no refund", "Leave it empty if they never asked for one.", rows=3
    ),
    "uncategorized_text": EvidenceField(
        "Anything else", "Receipt, emails we sent, other orders of the same account.", rows=12
    ),
}


def length(value: str) -> int:
    """Count the UTF-16 units of `value`.

    >>> length("é🎓")
    3
    """
    return len(value.encode("utf-16-le")) // 2


def shortened(lines: list[str], most: int = LONGEST) -> str:
    """Join lines to a text of at most `most` units; the middle of a longer one is left out, and says so."""
    whole = "\n".join(lines)
    kept = len(lines)
    while length(whole) > most and kept > 2:
        kept = kept * 9 // 10
        first = kept // 2
        left_out = f"… {len(lines) - kept} more lines …"
        whole = "\n".join([*lines[:first], left_out, *lines[len(lines) - (kept - first) :]])
    return whole


def cleaned(given: Mapping[str, str]) -> dict[str, str]:
    """Normalise the texts of an answer; empty ones are left out. Raises Refused for one that is too long."""
    found = {}
    for name, field in FIELDS.items():
        value = text.paragraphs(given.get(name) or "")
        if length(value) > field.most:
            raise Refused(f"Use at most {field.most:,} characters.", name)
        if value:
            found[name] = value
    return found
