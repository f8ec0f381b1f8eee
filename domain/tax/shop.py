"""The shop's side of tax: its rules, the particulars of the legal seller, and what buyers consent to.

All three are settings; the caller has locked them (settings.lock), commits, and calls settings.forget.
"""

import re
from typing import Any

from domain import Refused
from domain.platform import settings
from domain.tax import countries, vat_ids
from models import TaxMode, User

# Stripe's rules for what card statements show (https://docs.stripe.com/get-started/account/statement-descriptors).
_SHOWN = re.compile(r"""(?=.*[A-Za-z])[^<>\\'"*]{5,22}""")


def save_seller(admin: User, values: dict[str, Any]) -> list[str]:
    """Set the seller's particulars; answers the names of what changed. Raises Refused with its field."""
    now, country = settings.lock(), values["seller_country"]
    if not country and now.tax_mode != TaxMode.NONE:
        raise Refused("Tax depends on the country. Turn tax off before you clear it.", "seller_country")
    if country and now.tax_mode == TaxMode.OWN and country not in now.tax_rates:
        raise Refused(f"{countries.name(country)} has no rate yet. Add it under Tax first.", "seller_country")
    if values["seller_vat_id"]:
        try:
            values["seller_vat_id"] = vat_ids.normalise(values["seller_vat_id"], country)
        except Refused as refusal:
            raise Refused(refusal.sentence, "seller_vat_id") from refusal
    descriptor = values["statement_descriptor"]
    if descriptor and not (descriptor.isascii() and _SHOWN.fullmatch(descriptor)):
        raise Refused(
            "Use 5 to 22 plain letters, digits and spaces, at least one of them a letter.",
            "statement_descriptor",
        )
    return settings.change(admin, **values)


def save_tax(admin: User, values: dict[str, Any]) -> list[str]:
    """Set mode, rates and sentence; answers the names of what changed. Raises Refused with its field."""
    country = settings.lock().seller_country
    if values["tax_mode"] != TaxMode.NONE and not country:
        raise Refused("Say in which country the shop is, under Seller, before you turn tax on.", "tax_mode")
    if values["tax_mode"] == TaxMode.OWN and country not in values["tax_rates"]:
        raise Refused(f"Enter the rate of {countries.name(country)}, where the shop is.", "tax_rates")
    return settings.change(admin, **values)


def save_consents(admin: User, values: dict[str, Any]) -> list[str]:
    """Set what buyers consent to; each new text raises its version. Answers the names of what changed."""
    now = settings.lock()
    for text, version in (("terms_text", "terms_version"), ("delivery_text", "delivery_version")):
        if values[text] != getattr(now, text):
            values[version] = getattr(now, version) + 1
    return settings.change(admin, **values)
