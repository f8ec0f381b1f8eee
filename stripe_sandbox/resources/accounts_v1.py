"""Connected accounts over API v1, and the login links that only v1 has."""

from __future__ import annotations

from .. import accounts, links, listing
from ..account_views import as_v1
from ..endpoints import Call, Endpoint, pages, takes
from ..engine import change_metadata
from ..errors import StripeError
from ..parameters import Address, Choice, Email, Flag, Group, Metadata, Shape, Text
from ..store import Body


def create(call: Call) -> Body:
    """`POST /v1/accounts`: Express, by `controller` or the older `type`."""
    params = call.params
    country = params.get("country", call.sandbox.settings.country).upper()
    if country not in accounts.COUNTRIES:
        message = f"{country} is not currently supported by Stripe."
        raise StripeError(message, code="country_unsupported", param="country")
    dashboard = params.get("controller", {}).get("stripe_dashboard", {}).get("type") or params.get("type")
    stated = {
        "country": country,
        "contact_email": params.get("email"),
        "dashboard": dashboard if dashboard in ("express", "full", "none") else "full",
        "metadata": change_metadata({}, params.get("metadata")),
    }
    return as_v1(accounts.open_account(call.sandbox, stated, "v1", call.request))


def retrieve(call: Call) -> Body:
    """`GET /v1/accounts/{id}`."""
    return as_v1(accounts.accessible(call.sandbox, call.ids["id"]))


def update(call: Call) -> Body:
    """`POST /v1/accounts/{id}`: e-mail and metadata."""
    account = accounts.accessible(call.sandbox, call.ids["id"])
    if "email" in call.params:
        account["contact_email"] = call.params["email"]
    if "metadata" in call.params:
        account["metadata"] = change_metadata(account["metadata"], call.params["metadata"])
    call.sandbox.store.save(account)
    call.sandbox.emit("account.updated", as_v1(account), request=call.request, account=account["id"])
    return as_v1(account)


def delete(call: Call) -> Body:
    """`DELETE /v1/accounts/{id}`: only with a balance of 0."""
    account = accounts.close(call.sandbox, accounts.accessible(call.sandbox, call.ids["id"]))
    return {"id": account["id"], "object": "account", "deleted": True}


def index(call: Call) -> Body:
    """`GET /v1/accounts`: without closed ones."""
    if "created" in call.params:
        call.params["_created"] = call.params.pop("created")
    filters = {"closed": 0, **({"_created": call.params["_created"]} if "_created" in call.params else {})}
    page = listing.rows(call.sandbox, accounts.KIND, call.path, call.params, filters)
    return {**page, "data": [as_v1(row) for row in page["data"]]}


def link(call: Call) -> Body:
    """`POST /v1/account_links`."""
    account = accounts.accessible(call.sandbox, call.params["account"])
    for name in ("refresh_url", "return_url"):
        if name not in call.params:
            raise StripeError(f"Missing required param: {name}.", code="parameter_missing", param=name)
    urls = (call.params["refresh_url"], call.params["return_url"])
    made = links.make(call.sandbox, account, *urls, call.base_url)
    created = made["_created"]
    expires = created + links.LIVES_SECONDS
    return {"object": "account_link", "created": created, "expires_at": expires, "url": made["url"]}


def login(call: Call) -> Body:
    """`POST /v1/accounts/{id}/login_links`: Express only, and after onboarding."""
    account = accounts.accessible(call.sandbox, call.ids["id"])
    if account["dashboard"] != "express":
        raise StripeError("Cannot create a login link for an account that is not an Express account.")
    if not account["_submitted"]:
        raise StripeError("Cannot create a login link for an account that has not completed onboarding.")
    url = f"{call.base_url}{links.LOGIN}{account['id']}"
    return {"object": "login_link", "created": call.sandbox.now(), "url": url}


FIELDS: dict[str, Shape] = {
    "business_type": Choice("company", "individual", "non_profit"),
    "capabilities": Group({"transfers": Group({"requested": Flag()})}),
    "email": Email(),
    "metadata": Metadata(),
}
CONTROLLER = Group(
    {
        "fees": Group({"payer": Choice("account", "application")}),
        "losses": Group({"payments": Choice("application", "stripe")}),
        "requirement_collection": Choice("application", "stripe"),
        "stripe_dashboard": Group({"type": Choice("express", "full", "none")}),
    }
)
CREATE = takes(
    **FIELDS, controller=CONTROLLER, country=Text(2), type=Choice("custom", "express", "none", "standard")
)
LINK = takes(
    "account",
    "type",
    account=Text(),
    refresh_url=Address(),
    return_url=Address(),
    type=Choice("account_onboarding", "account_update"),
)
ONE = "/v1/accounts/<id>"
ENDPOINTS = (
    Endpoint("POST", "/v1/accounts", CREATE, "account", create),
    Endpoint("GET", "/v1/accounts", pages(), "account", index, listed=True),
    Endpoint("GET", ONE, takes(), "account", retrieve),
    Endpoint("POST", ONE, takes(**FIELDS), "account", update),
    Endpoint("DELETE", ONE, Group({}), "account", delete),
    Endpoint("POST", "/v1/account_links", LINK, "account_link", link),
    Endpoint("POST", f"{ONE}/login_links", takes(), "login_link", login),
)
