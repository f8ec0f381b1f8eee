"""VAT of creators: who charges it to the shop, at which rate, and what documents say about it.

The shop pays it on top to creators who are registered in its own country. One who is registered in another
member state charges none: there the shop owes it itself (reverse charge).
"""

from collections.abc import Mapping
from typing import Any

from domain.base import money
from domain.payouts.holds import Hold
from domain.platform.settings import ShopSettings
from domain.tax import countries
from domain.tax.billing import FIELDS
from models import BillingDetails, DocumentKind, HoldCode, PayoutParticulars, VatState, VatStatus

SELF_BILLING = "Self-billing: this document was issued by the recipient of the service, as agreed."
REVERSE_CHARGE = "Reverse charge: the recipient owes the VAT."
NO_VAT = "Without VAT: the creator doesn’t charge any."
WHOLE = 10_000  # basis points
_CHECKING = "It is being checked."


def objections(
    billing: BillingDetails | None, said: PayoutParticulars | None, shop: ShopSettings
) -> list[Hold]:
    """List what is missing for the document of a payout."""
    if said is None or billing is None or not is_complete(billing):
        return [Hold(HoldCode.PARTICULARS)]
    if said.vat_status != VatStatus.REGISTERED:
        return []
    if not billing.vat_id:
        return [Hold(HoldCode.PARTICULARS, "The VAT id is missing.")]
    if countries.is_in_union(billing.country) and billing.vat_state != VatState.CONFIRMED:
        waits = billing.vat_state in (VatState.PENDING, VatState.UNAVAILABLE)
        return [Hold(HoldCode.VAT_ID, _CHECKING if waits else "")]
    if is_domestic(billing, shop) and domestic_rate(shop) is None:
        return [Hold(HoldCode.VAT_RATE)]
    return []


def is_complete(billing: BillingDetails) -> bool:
    """Tell whether name and address are there."""
    return bool((billing.name or billing.company) and billing.address and billing.city and billing.country)


def is_domestic(billing: BillingDetails, shop: ShopSettings) -> bool:
    """Tell whether a creator is at home in the seller's country."""
    return bool(shop.seller_country) and billing.country == shop.seller_country


def domestic_rate(shop: ShopSettings) -> int | None:
    """Return the rate that creators in the seller's country charge, in basis points; None if it isn't set."""
    if shop.payout_vat_bp is not None:
        return shop.payout_vat_bp
    return shop.tax_rates.get(shop.seller_country)


def rate(billing: BillingDetails | None, said: PayoutParticulars | None, shop: ShopSettings) -> int:
    """Return the rate that is paid on top, in basis points; 0 for creators who charge none here."""
    registered = said is not None and said.vat_status == VatStatus.REGISTERED
    if billing is None or not registered or not is_domestic(billing, shop):
        return 0
    return domestic_rate(shop) or 0


def on(net_cents: int, rate_bp: int) -> int:
    """Compute the VAT on `net_cents`, rounded half up.

    >>> on(1330, 1900)
    253
    """
    return (net_cents * rate_bp + WHOLE // 2) // WHOLE


def document_of(particulars: Mapping[str, Any], shop: ShopSettings) -> tuple[DocumentKind, str]:
    """Return the kind of a payout's document and the sentence about its tax, by who is paid."""
    if particulars["vat_status"] != VatStatus.REGISTERED:
        return DocumentKind.SETTLEMENT, NO_VAT
    country, own = particulars["country"], shop.seller_country
    if country != own and countries.is_in_union(country) and countries.is_in_union(own):
        return DocumentKind.SELF_BILLING, f"{SELF_BILLING} {REVERSE_CHARGE}"
    return DocumentKind.SELF_BILLING, SELF_BILLING


def snapshot(billing: BillingDetails | None, said: PayoutParticulars | None) -> dict[str, Any]:
    """Copy a creator's particulars for their payout."""
    assert billing is not None and said is not None  # noqa: S101, PT018 - or there was an objection
    kept = {name: getattr(billing, name) for name in FIELDS}
    return {**kept, "vat_status": said.vat_status.value}


def least(shop: ShopSettings, currency: str) -> int:
    """Return the payout minimum in minor units of `currency`; the setting is in the shop's own."""
    own = currency == shop.currency
    return max(shop.payout_minimum_cents if own else 1, money.step(currency))
