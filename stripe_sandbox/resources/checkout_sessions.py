"""Checkout Sessions: amounts are computed and frozen on creation."""

from __future__ import annotations

from .. import money, taxes
from ..checkout import expire
from ..endpoints import Call, Endpoint, pages, takes
from ..engine import change_metadata
from ..errors import StripeError, missing_object
from ..expansion import present
from ..listing import cut
from ..parameters import Choice, Email, Group, Metadata, Text, refused
from ..session_parameters import CREATE
from ..sessions import blank_session, buyer_details, line_item
from ..settings import DAY
from ..store import Body

SHORTEST, LONGEST = 30 * 60, DAY
REPEATED = (
    "customer", "customer_email", "client_reference_id", "success_url", "cancel_url",
    "allow_promotion_codes", "billing_address_collection", "locale", "submit_type",
    "payment_method_collection", "phone_number_collection", "allowed_payment_method_types",
)  # fmt: skip


def create(call: Call) -> Body:
    """`POST /v1/checkout/sessions`: amounts are frozen here. StripeError for sums Stripe won't charge."""
    params = call.params
    lines = params["line_items"]
    if not lines:
        raise refused("You must specify at least one line item.", "line_items", "parameter_missing")
    currency = one_currency(lines, params.get("currency"))
    check_steps(lines, currency)
    customer = customer_of(call)
    check_customer(params, customer)
    items = [line_item(call.sandbox, line) for line in lines]
    now = call.sandbox.now()
    session = blank_session(call.sandbox.ids.make("cs_test_a1", 56), now)
    session.update(stated(params))
    session["url"] = f"{call.base_url}/c/pay/{session['id']}"
    session["expires_at"] = expiry(params.get("expires_at"), now)
    session["currency"] = currency
    session["_line_items"] = items
    session["_payment"] = params.get("payment_intent_data", {})
    session["_customer_update"] = params.get("customer_update", {})
    session["_keep_card"] = False
    taxes.total(session)
    if session["automatic_tax"]["enabled"]:
        taxes.check(items)
        compute_early(call, session, customer)
    check_total(session["amount_total"], currency)
    email = params.get("customer_email") or (customer or {}).get("email")
    if email:
        session["customer_details"] = buyer_details(email)
    call.sandbox.store.set_timer(session["expires_at"], "expire_session", session["id"])
    return call.sandbox.store.add(session)


def compute_early(call: Call, session: Body, customer: Body | None) -> None:
    """Compute the tax at once for a customer whose country is known; otherwise the page asks for it."""
    address = (customer or {}).get("address")
    if address and address["country"]:
        taxes.compute(call.sandbox, session, address["country"], [])


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


def check_steps(lines: list[Body], currency: str) -> None:
    """Check that each price can be charged: a third decimal is 0, and a króna has no hundredths."""
    step = money.step(currency)
    for number, line in enumerate(lines):
        if line["price_data"]["unit_amount"] % step:
            name = f"line_items[{number}][price_data][unit_amount]"
            message = f"Amounts in {currency} must be divisible by {step}."
            raise StripeError(message, code="parameter_invalid_integer", param=name)


def customer_of(call: Call) -> Body | None:
    """Return the customer that the session is for; None if it names none."""
    params = call.params
    if "customer" not in params:
        if "customer_update" in params:
            raise refused("`customer_update` can only be used with `customer`.", "customer_update")
        return None
    for other in ("customer_email", "customer_creation"):
        if other in params:
            message = f"You may only specify one of these parameters: customer, {other}."
            raise refused(message, other, "parameters_exclusive")
    customer = call.sandbox.store.find("customer", params["customer"])
    if customer is None or customer.get("deleted"):
        raise StripeError(
            f"No such customer: '{params['customer']}'", code="resource_missing", param="customer"
        )
    return customer


def check_customer(params: Body, customer: Body | None) -> None:
    """Check that the customer has, or will get, what the session asks of them. StripeError."""
    may = params.get("customer_update", {})
    saves = params.get("saved_payment_method_options", {}).get("payment_method_save") == "enabled"
    if saves and customer is None and params.get("customer_creation") != "always":
        message = "Saving a payment method needs a `customer`, or `customer_creation` to be `always`."
        raise StripeError(message, param="saved_payment_method_options[payment_method_save]")
    if customer is None:
        return
    if params.get("tax_id_collection", {}).get("enabled") and may.get("name") != "auto":
        message = (
            "Tax ID collection requires updating business name on the customer. To enable tax ID collection "
            "for an existing customer, please set `customer_update[name]` to `auto`."
        )
        raise StripeError(message, param="customer_update[name]")
    lives = (customer["address"] or {}).get("country")
    if params.get("automatic_tax", {}).get("enabled") and not lives and may.get("address") != "auto":
        message = (
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid "
            "address to the Customer or set either `customer_update[address]` to 'auto' or "
            "`customer_update[shipping]` to 'auto' to save the address entered in Checkout to the Customer."
        )
        raise StripeError(message, code="customer_tax_location_invalid")


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
    answer: Body = {name: params[name] for name in REPEATED if name in params}
    answer["metadata"] = change_metadata({}, params.get("metadata"))
    answer["customer_creation"] = (
        None if "customer" in params else params.get("customer_creation", "if_required")
    )
    answer["payment_method_types"] = params.get("allowed_payment_method_types", ["card", "us_bank_account"])
    answer["adaptive_pricing"] = {"enabled": params.get("adaptive_pricing", {}).get("enabled", True)}
    if "tax_id_collection" in params:
        answer["tax_id_collection"] = {**params["tax_id_collection"], "required": "never"}
    if "saved_payment_method_options" in params:
        options = params["saved_payment_method_options"]
        answer["saved_payment_method_options"] = {"allow_redisplay_filters": ["always"], **options}
    if params.get("automatic_tax", {}).get("enabled"):
        answer["automatic_tax"] = {
            "enabled": True,
            "liability": {"account": None, "type": "self"},
            "provider": "stripe",
            "status": "requires_location_inputs",
        }
    if params.get("invoice_creation", {}).get("enabled"):
        raise refused("The sandbox has no invoice_creation.", "invoice_creation[enabled]")
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
