"""Connected accounts over API v2: JSON bodies, and parts that are shown when asked for."""

from __future__ import annotations

from .. import accounts, links
from ..account_views import INCLUDES, as_v2
from ..endpoints import Call, Endpoint
from ..engine import change_metadata
from ..errors import StripeError
from ..parameters import Address, Choice, Email, Flag, Group, Metadata, Rows, Shape, Text, Whole
from ..store import Body

INCLUDE = Rows(Choice(*INCLUDES))
FIELDS: dict[str, Shape] = {
    "configuration": Group(
        {
            "recipient": Group(
                {
                    "capabilities": Group(
                        {
                            "stripe_balance": Group(
                                {"stripe_transfers": Group({"requested": Flag()}, ("requested",))}
                            )
                        }
                    )
                }
            )
        }
    ),
    "contact_email": Email(),
    "dashboard": Choice("express", "full", "none"),
    "defaults": Group(
        {
            "responsibilities": Group(
                {
                    "fees_collector": Choice(
                        "application", "application_custom", "application_express", "stripe"
                    ),
                    "losses_collector": Choice("application", "stripe"),
                },
                ("fees_collector", "losses_collector"),
            )
        }
    ),
    "display_name": Text(),
    "identity": Group({"country": Text(2), "entity_type": Choice("company", "individual", "non_profit")}),
    "include": INCLUDE,
    "metadata": Metadata(),
}


def create(call: Call) -> Body:
    """`POST /v2/core/accounts`."""
    params = call.params
    recipient = params.get("configuration", {}).get("recipient")
    if recipient is None:
        message = "The sandbox opens accounts with configuration.recipient only."
        raise StripeError(message, param="configuration", before_start=True)
    stated = {
        **params,
        "country": params.get("identity", {}).get("country"),
        "metadata": change_metadata({}, params.get("metadata")),
        "responsibilities": params.get("defaults", {}).get("responsibilities"),
    }
    return as_v2(accounts.open_account(call.sandbox, stated), params.get("include", []))


def retrieve(call: Call) -> Body:
    """`GET /v2/core/accounts/{id}`."""
    return as_v2(accounts.accessible(call.sandbox, call.ids["id"]), call.params.get("include", []))


def update(call: Call) -> Body:
    """`POST /v2/core/accounts/{id}`: e-mail, name and metadata."""
    account = accounts.accessible(call.sandbox, call.ids["id"])
    for name in ("contact_email", "display_name"):
        if name in call.params:
            account[name] = call.params[name]
    if "metadata" in call.params:
        account["metadata"] = change_metadata(account["metadata"], call.params["metadata"])
    call.sandbox.store.save(account)
    accounts.tell(call.sandbox, account, "v2.core.account.updated")
    return as_v2(account, call.params.get("include", []))


def close(call: Call) -> Body:
    """`POST /v2/core/accounts/{id}/close`."""
    account = accounts.accessible(call.sandbox, call.ids["id"])
    named = call.params.get("applied_configurations", [])
    if sorted(named) != sorted(account["applied_configurations"]):
        raise StripeError("All configurations on the account must be named.", param="applied_configurations")
    return as_v2(accounts.close(call.sandbox, account), [])


def index(call: Call) -> Body:
    """`GET /v2/core/accounts`: newest first; the next page is an address."""
    closed = call.params.get("closed", False)
    rows = [row for row in reversed(call.sandbox.store.all(accounts.KIND)) if row["closed"] == closed]
    first, limit = call.params.get("page", 0), call.params.get("limit", 20)
    more = len(rows) > first + limit
    return {
        "data": [as_v2(row, []) for row in rows[first : first + limit]],
        "next_page_url": f"{call.path}?limit={limit}&page={first + limit}" if more else None,
        "previous_page_url": None,
    }


def link(call: Call) -> Body:
    """`POST /v2/core/account_links`."""
    account = accounts.accessible(call.sandbox, call.params["account"])
    case = call.params["use_case"]
    if case["type"] not in case:
        name = f"use_case[{case['type']}]"
        raise StripeError(f"Missing required param: {name}.", code="parameter_missing", param=name)
    urls = case[case["type"]]
    made = links.make(call.sandbox, account, urls["refresh_url"], urls.get("return_url"), call.base_url)
    return {
        "object": "v2.core.account_link",
        "account": account["id"],
        "created": made["created"],
        "expires_at": made["expires_at"],
        "livemode": False,
        "url": made["url"],
        "use_case": {"type": case["type"], case["type"]: urls},
    }


URLS = Group(
    {
        "collection_options": Group({"fields": Text(), "future_requirements": Text()}),
        "refresh_url": Address(),
        "return_url": Address(),
    },
    ("refresh_url",),
)
USE_CASE = Group(
    {
        "account_onboarding": URLS,
        "account_update": URLS,
        "type": Choice("account_onboarding", "account_update"),
    },
    ("type",),
)
APPLIED = Rows(Choice("customer", "merchant", "recipient"))
LIST = Group({"applied_configurations": APPLIED, "closed": Flag(), "limit": Whole(1, 100), "page": Whole()})
ONE = "/v2/core/accounts/<id>"
ENDPOINTS = (
    Endpoint("POST", "/v2/core/accounts", Group(FIELDS), accounts.KIND, create),
    Endpoint("GET", "/v2/core/accounts", LIST, accounts.KIND, index, listed=True),
    Endpoint("GET", ONE, Group({"include": INCLUDE}), accounts.KIND, retrieve),
    Endpoint("POST", ONE, Group(FIELDS), accounts.KIND, update),
    Endpoint("POST", f"{ONE}/close", Group({"applied_configurations": APPLIED}), accounts.KIND, close),
    Endpoint(
        "POST",
        "/v2/core/account_links",
        Group({"account": Text(), "use_case": USE_CASE}, ("account", "use_case")),
        "v2.core.account_link",
        link,
    ),
)
