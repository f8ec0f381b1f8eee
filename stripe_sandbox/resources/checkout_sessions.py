"""Checkout Sessions: amounts are computed and frozen on creation."""

from __future__ import annotations

from .. import money
from ..checkout import expire
from ..endpoints import Call, Endpoint, pages, takes
from ..engine import change_metadata
from ..errors import StripeError, missing_object
from ..expansion import present
from ..listing import cut
from ..parameters import Address, Choice, Currency, Email, Flag, Group, Metadata, Rows, Text, Whole, refused
from ..sessions import blank_session, buyer_details, line_item
from ..settings import DAY
from ..store import Body

SHORTEST, LONGEST = 30 * 60, DAY
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
        "statement_descriptor_suffix": Text(22),
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


def create(call: Call) -> Body:
    """`POST /v1/checkout/sessions`: amounts are frozen here. StripeError for sums Stripe won't charge."""
    params = call.params
    lines = params["line_items"]
    if not lines:
        raise refused("You must specify at least one line item.", "line_items", "parameter_missing")
    currency = one_currency(lines, params.get("currency"))
    email = buyer_email(call)
    items = [line_item(call.sandbox, line) for line in lines]
    total = sum(item["amount_total"] for item in items)
    check_total(total, currency)
    now = call.sandbox.now()
    session = blank_session(call.sandbox.ids.make("cs_test_a1", 56), now)
    session.update(stated(params))
    session["url"] = f"{call.base_url}/c/pay/{session['id']}"
    session["expires_at"] = expiry(params.get("expires_at"), now)
    session["currency"] = currency
    session["amount_subtotal"] = session["amount_total"] = total
    if email:
        session["customer_details"] = buyer_details(email)
    session["_line_items"] = items
    session["_payment"] = params.get("payment_intent_data", {})
    call.sandbox.store.set_timer(session["expires_at"], "expire_session", session["id"])
    return call.sandbox.store.add(session)


def one_currency(lines: list[Body], wanted: str | None) -> str:
    """Return the currency that all lines share; StripeError otherwise."""
    found = {line["price_data"]["currency"] for line in lines} | ({wanted} if wanted else set())
    if len(found) > 1:
        raise StripeError(
            "You cannot combine currencies on a single Checkout Session: found "
            + ", ".join(sorted(found))
            + ".",
            param="line_items",
        )
    return str(found.pop())


def buyer_email(call: Call) -> str | None:
    """Return the email known before the page opens: the customer's, or the given one."""
    params = call.params
    if "customer" not in params:
        return params.get("customer_email")
    for other in ("customer_email", "customer_creation"):
        if other in params:
            message = f"You may only specify one of these parameters: customer, {other}."
            raise refused(message, other, "parameters_exclusive")
    customer = call.sandbox.store.find("customer", params["customer"])
    if customer is None or customer.get("deleted"):
        raise StripeError(
            f"No such customer: '{params['customer']}'", code="resource_missing", param="customer"
        )
    return str(customer["email"]) if customer["email"] else None


def check_total(total: int, currency: str) -> None:
    """Check the total: 0 or within Stripe's limits. StripeError `amount_too_small` or `amount_too_large`."""
    least = money.minimum(currency)
    if 0 < total < least:
        written = money.written(least, currency)
        message = f"The Checkout Session's total amount due must add up to at least {written}."
        raise StripeError(message, code="amount_too_small")
    if total > money.MAXIMUM:
        written = money.written(money.MAXIMUM, currency)
        message = f"The Checkout Session's total amount must be no more than {written}."
        raise StripeError(message, code="amount_too_large")


def expiry(wanted: int | None, now: int) -> int:
    """Compute when the session expires: 30 minutes to 24 hours from now."""
    if wanted is None:
        return now + LONGEST
    if wanted < now + SHORTEST:
        message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise refused(message, "expires_at")
    if wanted > now + LONGEST:
        message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise refused(message, "expires_at")
    return wanted


def stated(params: Body) -> Body:
    """Copy the fields that the session repeats from the request."""
    answer: Body = {}
    for name in (
        "customer", "customer_email", "client_reference_id", "success_url", "cancel_url",
        "allow_promotion_codes",
        "billing_address_collection", "locale", "submit_type", "payment_method_collection",
        "phone_number_collection", "allowed_payment_method_types",
    ):  # fmt: skip
        if name in params:
            answer[name] = params[name]
    answer["metadata"] = change_metadata({}, params.get("metadata"))
    answer["customer_creation"] = (
        None if "customer" in params else params.get("customer_creation", "if_required")
    )
    answer["payment_method_types"] = params.get("allowed_payment_method_types", ["card", "us_bank_account"])
    answer["adaptive_pricing"] = {"enabled": params.get("adaptive_pricing", {}).get("enabled", True)}
    if "tax_id_collection" in params:
        answer["tax_id_collection"] = {**params["tax_id_collection"], "required": "never"}
    if "saved_payment_method_options" in params:
        answer["saved_payment_method_options"] = {
            "allow_redisplay_filters": ["always"],
            **params["saved_payment_method_options"],
        }
    for name in ("automatic_tax", "invoice_creation"):
        if params.get(name, {}).get("enabled"):
            raise refused(f"The sandbox has no {name}.", f"{name}[enabled]")
    return answer


def retrieve(call: Call) -> Body:
    """`GET /v1/checkout/sessions/{id}`."""
    return call.sandbox.get("checkout.session", call.ids["id"], "session")


def update(call: Call) -> Body:
    """`POST /v1/checkout/sessions/{id}`: metadata only; amounts are frozen."""
    session = retrieve(call)
    if "metadata" in call.params:
        session["metadata"] = change_metadata(session["metadata"], call.params["metadata"])
    return call.sandbox.store.save(session)


def end(call: Call) -> Body:
    """`POST /v1/checkout/sessions/{id}/expire`: only while open."""
    session = retrieve(call)
    if session["status"] != "open":
        raise StripeError(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a '
            f"status of `{session['status']}`."
        )
    return expire(call.sandbox, session, call.request)


def index(call: Call) -> Body:
    """`GET /v1/checkout/sessions`."""
    if "customer_details" in call.params:
        call.params["customer_details.email"] = call.params["customer_details"]["email"]
    return call.list(
        "checkout.session", "created", "customer", "payment_intent", "status", "customer_details.email"
    )


def line_items(call: Call) -> Body:
    """`GET /v1/checkout/sessions/{id}/line_items`: in the original order."""
    session = call.sandbox.store.find("checkout.session", call.ids["id"])
    if session is None:
        raise missing_object("checkout.session", call.ids["id"], "session")
    rows, more = cut(session["_line_items"], "item", call.params)
    data = [present(call.sandbox, row, call.tree) for row in rows]
    return {"object": "list", "url": call.path, "has_more": more, "data": data}


ONE = "/v1/checkout/sessions/<id>"
LIST = pages(
    customer=Text(),
    payment_intent=Text(),
    status=Choice("open", "complete", "expired"),
    customer_details=Group({"email": Email()}, ("email",)),
)
ENDPOINTS = (
    Endpoint("POST", "/v1/checkout/sessions", CREATE, "checkout.session", create),
    Endpoint("GET", "/v1/checkout/sessions", LIST, "checkout.session", index, listed=True),
    Endpoint("GET", ONE, takes(), "checkout.session", retrieve),
    Endpoint("POST", ONE, takes(metadata=Metadata()), "checkout.session", update),
    Endpoint("POST", f"{ONE}/expire", takes(), "checkout.session", end),
    Endpoint("GET", f"{ONE}/line_items", pages(dated=False), "item", line_items, listed=True),
)
