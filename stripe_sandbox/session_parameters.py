"""The parameters that creating a Checkout Session takes."""

from __future__ import annotations

from . import money
from .endpoints import takes
from .parameters import (
    Address,
    Choice,
    Currency,
    Email,
    Flag,
    Group,
    Metadata,
    Rows,
    Statement,
    Text,
    Whole,
)

ENABLED = Group({"enabled": Flag()}, ("enabled",))
PRODUCT = Group(
    {
        "name": Text(),
        "description": Text(),
        "metadata": Metadata(),
        "images": Rows(Address(), 8),
        "tax_code": Text(),
    },
    ("name",),
)
PRICE = Group(
    {
        "currency": Currency(),
        "unit_amount": Whole(0, money.MAXIMUM),
        "product_data": PRODUCT,
        "tax_behavior": Choice("exclusive", "inclusive", "unspecified"),
    },
    ("currency", "unit_amount", "product_data"),
)
LINE = Group(
    {"price_data": PRICE, "quantity": Whole(1, 999_999), "metadata": Metadata()}, ("price_data", "quantity")
)
PAYMENT = Group(
    {
        "description": Text(1000),
        "metadata": Metadata(),
        "receipt_email": Email(),
        "statement_descriptor": Text(22),
        "statement_descriptor_suffix": Statement(),
        "transfer_group": Text(),
        "setup_future_usage": Choice("off_session", "on_session"),
    }
)
CREATE = takes(
    "success_url",
    "line_items",
    mode=Choice("payment"),
    line_items=Rows(LINE),
    customer=Text(),
    customer_email=Email(),
    customer_creation=Choice("always", "if_required"),
    client_reference_id=Text(200),
    metadata=Metadata(),
    success_url=Address(),
    cancel_url=Address(),
    expires_at=Whole(),
    currency=Currency(),
    payment_intent_data=PAYMENT,
    payment_method_collection=Choice("always", "if_required"),
    adaptive_pricing=Group({"enabled": Flag()}),
    allow_promotion_codes=Flag(),
    automatic_tax=ENABLED,
    tax_id_collection=ENABLED,
    customer_update=Group({"address": Choice("auto", "never"), "name": Choice("auto", "never")}),
    saved_payment_method_options=Group(
        {
            "payment_method_save": Choice("disabled", "enabled"),
            "payment_method_remove": Choice("disabled", "enabled"),
        }
    ),
    billing_address_collection=Choice("auto", "required"),
    phone_number_collection=ENABLED,
    invoice_creation=ENABLED,
    locale=Text(10),
    submit_type=Choice("auto", "book", "donate", "pay"),
    ui_mode=Choice("hosted_page"),
    allowed_payment_method_types=Rows(Choice("card", "us_bank_account", "sepa_debit")),
)
