"""The parties of a document: the shop, which sells in its own name, and the buyer."""

from collections.abc import Mapping
from typing import Any

from domain.documents.snapshots import Party
from domain.platform.settings import ShopSettings
from models import Order, User

LONGEST_LINE = 120
MOST_LINES = 6


def seller(site: ShopSettings) -> Party:
    """Describe the seller by the settings; a shop without particulars goes by its own name."""
    return Party(
        name=site.seller_name or site.name,
        address=_lines(site.seller_address),
        country=site.seller_country,
        vat_id=site.seller_vat_id,
        email=site.contact_email,
    )


def buyer(order: Order, person: User) -> Party:
    """Describe the buyer by the particulars that stand on the order, or by name and address of mail."""
    return described(order.billing or {}, person)


def described(billing: Mapping[str, Any], person: User) -> Party:
    """Describe `person` by particulars with the names of BillingDetails, all of which may be missing."""
    return Party(
        name=billing.get("name") or person.name,
        company=billing.get("company") or "",
        address=_lines(billing.get("address") or ""),
        postal_code=billing.get("postal_code") or "",
        city=billing.get("city") or "",
        country=billing.get("country") or "",
        vat_id=billing.get("vat_id") or "",
        email=person.email,
    )


def _lines(text: str) -> tuple[str, ...]:
    lines = (" ".join(line.split())[:LONGEST_LINE] for line in text.splitlines())
    return tuple(line for line in lines if line)[:MOST_LINES]
