"""Checkout Sessions and their items in their initial state."""

from __future__ import annotations

from typing import Any

from .engine import Sandbox, change_metadata
from .store import Body


def line_item(sandbox: Sandbox, line: Body) -> Body:
    """Build an item with its own price and product, as Stripe does for price_data."""
    data, quantity = line["price_data"], line["quantity"]
    price = inline_price(sandbox, data)
    amount = data["unit_amount"] * quantity
    return {
        "id": sandbox.ids.make("li_"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": data["currency"],
        "description": data["product_data"]["name"],
        "metadata": change_metadata({}, line.get("metadata")),
        "price": price,
        "quantity": quantity,
        "_product": {name: data["product_data"].get(name) for name in ("description", "images")},
        "_taxes": [],
    }


def inline_product(sandbox: Sandbox, named: Body) -> Body:
    """Store the product of a `price_data`; inactive, so that no other session uses it."""
    now = sandbox.now()
    product = {
        "id": sandbox.ids.make("prod_", 14),
        "object": "product",
        "active": False,
        "created": now,
        "default_price": None,
        "description": named.get("description"),
        "images": named.get("images", []),
        "livemode": False,
        "marketing_features": [],
        "metadata": change_metadata({}, named.get("metadata")),
        "name": named["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": named.get("tax_code"),
        "type": "service",
        "unit_label": None,
        "updated": now,
        "url": None,
    }
    return sandbox.store.add(product)


def inline_price(sandbox: Sandbox, data: Body) -> Body:
    """Store the price of a `price_data` with its product; also inactive."""
    product = inline_product(sandbox, data["product_data"])
    price = {
        "id": sandbox.ids.make("price_1"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": sandbox.now(),
        "currency": data["currency"],
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product["id"],
        "recurring": None,
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": data["unit_amount"],
        "unit_amount_decimal": str(data["unit_amount"]),
    }
    return sandbox.store.add(price)


def buyer_details(email: str | None, name: str | None = None) -> Body:
    """Build the `customer_details` of a session."""
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }


def blank_session(id: str, now: int) -> Body:
    """Build a session with all fields unset."""
    unset: dict[str, Any] = dict.fromkeys(
        (
            "after_expiration", "allow_promotion_codes", "billing_address_collection", "cancel_url",
            "client_reference_id", "client_secret", "collected_information", "consent", "consent_collection",
            "currency_conversion", "customer", "customer_account", "customer_creation", "customer_details",
            "customer_email", "invoice", "locale", "origin_context", "payment_intent", "payment_link",
            "payment_method_configuration_details", "permissions", "recovered_from",
            "saved_payment_method_options", "setup_intent", "shipping_address_collection", "shipping_cost",
            "submit_type", "subscription", "wallet_options",
        )
    )  # fmt: skip
    return {
        **unset,
        "id": id,
        "object": "checkout.session",
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "created": now,
        "custom_fields": [],
        "custom_text": dict.fromkeys(
            ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
        ),
        "discounts": [],
        "livemode": False,
        "metadata": {},
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
    }  # fmt: skip
