"""Connected accounts: one kind of object, which API v2 and API v1 show each in its own words.

An account can receive transfers while its capability `stripe_balance.stripe_transfers` is active. It is
born without, gets it by onboarding, and Stripe may restrict or reject it later.
"""

from __future__ import annotations

from . import thin_events
from .account_views import as_v1
from .engine import Sandbox
from .errors import StripeError
from .ledger import account_totals
from .store import Body

KIND = "v2.core.account"
CAPABILITY = "stripe_balance.stripe_transfers"
CAPABILITY_CHANGED = "v2.core.account[configuration.recipient].capability_status_updated"
REQUIREMENTS_CHANGED = "v2.core.account[requirements].updated"
# Where Stripe opens accounts; one for any other country stays unsupported.
LISTED = """
    AE AT AU BE BG BR CA CH CY CZ DE DK EE ES FI FR GB GI GR HK HR HU IE IN IT JP LI LT LU LV MT MX MY NL NO
    NZ PL PT RO SE SG SI SK TH US
"""
COUNTRIES = frozenset(LISTED.split())
# What a new recipient is asked for.
ASKED = (
    "identity.individual.given_name",
    "identity.individual.date_of_birth",
    "identity.individual.address",
    "identity.attestations.terms_of_service.account",
    "payout_methods",
)
# What the capability's status is for each reason, and how it can be resolved.
REASONS: dict[str, tuple[str, str]] = {
    "determining_status": ("pending", "no_resolution"),
    "requirements_pending_verification": ("pending", "no_resolution"),
    "requirements_past_due": ("restricted", "provide_info"),
    "restricted_other": ("restricted", "contact_stripe"),
    "rejected_fraud": ("rejected", "contact_stripe"),
    "rejected_incomplete_verification": ("rejected", "contact_stripe"),
    "rejected_listed": ("rejected", "contact_stripe"),
    "rejected_other": ("rejected", "contact_stripe"),
    "rejected_terms_of_service": ("rejected", "contact_stripe"),
    "unsupported_business": ("unsupported", "no_resolution"),
    "unsupported_country": ("unsupported", "no_resolution"),
    "unsupported_entity_type": ("unsupported", "no_resolution"),
}


def open_account(sandbox: Sandbox, stated: Body, api: str = "v2", request: Body | None = None) -> Body:
    """Open an account with everything due. `stated` holds country, contact_email, display_name, dashboard,
    metadata, responsibilities; `api` is who tells of its changes: thin events for v2, snapshots for v1.
    """
    with sandbox.store.transaction():
        account = sandbox.store.add(blank(sandbox, stated, api))
        if api == "v2":
            tell(sandbox, account, "v2.core.account.created")
        if account["identity"]["country"] not in COUNTRIES:
            return decide(sandbox, account["id"], "unsupported_country")
        return decide(sandbox, account["id"], "requirements_past_due", ASKED)


def blank(sandbox: Sandbox, stated: Body, api: str) -> Body:
    """Build an account whose capability is not decided yet."""
    responsibilities = stated.get("responsibilities") or {}
    return {
        "id": sandbox.ids.make("acct_1", 16),
        "object": KIND,
        "applied_configurations": ["recipient"],
        "closed": False,
        "configuration": {
            "customer": None,
            "merchant": None,
            "recipient": {
                "applied": True,
                "capabilities": {"stripe_balance": {"payouts": None, "stripe_transfers": None}},
            },
        },
        "contact_email": stated.get("contact_email"),
        "contact_phone": None,
        "created": thin_events.written(sandbox.now()),
        "dashboard": stated.get("dashboard", "none"),
        "defaults": {
            "currency": None,
            "locales": [],
            "profile": None,
            "responsibilities": {
                "fees_collector": responsibilities.get("fees_collector", "stripe"),
                "losses_collector": responsibilities.get("losses_collector", "stripe"),
                "requirements_collector": "stripe",
            },
        },
        "display_name": stated.get("display_name"),
        "future_requirements": {"alternatives": [], "entries": [], "summary": None},
        "identity": {
            "country": (stated.get("country") or sandbox.settings.country).upper(),
            "entity_type": None,
        },
        "livemode": False,
        "metadata": stated.get("metadata") or {},
        "requirements": None,
        "_api": api,
        "_created": sandbox.now(),
        "_deauthorised": False,
        "_paid_out": {},
        "_submitted": False,
    }


def capability(account: Body) -> Body:
    """Return `{"status", "status_details"}` of the capability to receive transfers."""
    found: Body = account["configuration"]["recipient"]["capabilities"]["stripe_balance"]["stripe_transfers"]
    return found


def decide(
    sandbox: Sandbox, account_id: str, reason: str | None, due: tuple[str, ...] = (), error: str | None = None
) -> Body:
    """Set whether an account may receive transfers; returns the account.

    `reason` is a key of REASONS, None for an active capability. `due` names what Stripe asks for, `error`
    what is wrong with it in Stripe's code. Raises StripeError for an unknown reason or account.
    """
    if reason is not None and reason not in REASONS:
        raise StripeError(f"No reason {reason!r}; there is: {', '.join(REASONS)}.")
    with sandbox.store.transaction():
        account = sandbox.get(KIND, account_id)
        status, resolution = REASONS[reason] if reason else ("active", "")
        details = [{"code": reason, "resolution": resolution}] if reason else []
        balance = account["configuration"]["recipient"]["capabilities"]["stripe_balance"]
        balance["stripe_transfers"] = {"status": status, "status_details": details}
        balance["payouts"] = {"status": status, "status_details": details}
        account["requirements"] = requirements(due, error)
        account["_submitted"] = account["_submitted"] or status in ("active", "pending")
        sandbox.store.save(account)
        changed(sandbox, account)
        return account


def requirements(due: tuple[str, ...], error: str | None) -> Body:
    """Build what Stripe asks of an account, each thing restricting its transfers."""
    deadline = {"status": "past_due"}
    impact = {"capability": CAPABILITY, "configuration": "recipient", "deadline": deadline}
    wrong = [{"code": error, "description": "Stripe could not accept this."}] if error else []
    entries = [
        {
            "awaiting_action_from": "user",
            "description": name,
            "errors": wrong,
            "impact": {"restricts_capabilities": [impact]},
            "minimum_deadline": deadline,
            "reference": None,
            "requested_reasons": [{"code": "routine_verification" if error else "routine_onboarding"}],
        }
        for name in due
    ]
    summary = {"minimum_deadline": {"status": "past_due", "time": None}} if due else None
    return {"alternatives": [], "entries": entries, "summary": summary}


def submit(sandbox: Sandbox, account_id: str, at_once: bool = True) -> Body:
    """Answer everything that onboarding asks; Stripe decides `at_once`, or keeps the account pending."""
    account = sandbox.get(KIND, account_id)
    if capability(account)["status"] in ("rejected", "unsupported"):
        raise StripeError(f"Account {account_id} is {capability(account)['status']}.")
    return decide(sandbox, account_id, None if at_once else "requirements_pending_verification")


def appear(sandbox: Sandbox) -> Body:
    """Let an account that the shop doesn't know appear, and lose its capability; returns the account."""
    stated = {"contact_email": "creator@example.com", "dashboard": "express", "country": "DE"}
    return open_account(sandbox, stated)


def deauthorise(sandbox: Sandbox, account_id: str) -> Body:
    """Let the creator disconnect at Stripe: our key has no access to the account any more."""
    with sandbox.store.transaction():
        account = sandbox.get(KIND, account_id)
        account["_deauthorised"] = True
        sandbox.store.save(account)
        application: Body = {"id": "ca_sandbox", "object": "application", "name": sandbox.settings.business}
        sandbox.emit("account.application.deauthorized", application, account=account_id)
        return account


def close(sandbox: Sandbox, account: Body) -> Body:
    """Close an account for good. Raises StripeError while money is in it."""
    if any(free or due for free, due in account_totals(sandbox, account).values()):
        raise StripeError("You cannot close an account that has a balance.")
    account["closed"] = True
    account["applied_configurations"] = []
    sandbox.store.save(account)
    if account["_api"] == "v2":
        tell(sandbox, account, "v2.core.account.closed")
    return account


def pay_out(sandbox: Sandbox, account_id: str) -> Body:
    """Let the account's money go to its bank; returns what went, per currency in minor units."""
    with sandbox.store.transaction():
        account = sandbox.get(KIND, account_id)
        went = {code: free for code, (free, _) in account_totals(sandbox, account).items() if free > 0}
        for code, amount in went.items():
            account["_paid_out"][code] = account["_paid_out"].get(code, 0) + amount
        sandbox.store.save(account)
        return went


def changed(sandbox: Sandbox, account: Body) -> None:
    """Tell of a changed capability and changed requirements."""
    if account["_api"] == "v1":
        sandbox.emit("account.updated", as_v1(account), account=account["id"])
        return
    tell(sandbox, account, CAPABILITY_CHANGED)
    tell(sandbox, account, REQUIREMENTS_CHANGED)


def tell(sandbox: Sandbox, account: Body, type: str) -> Body:
    """Emit a thin event about an account."""
    place = f"/v2/core/accounts/{account['id']}"
    return thin_events.notify(sandbox, type, place, account, account["id"])


def accessible(sandbox: Sandbox, account_id: str) -> Body:
    """Return an account; a 404 StripeError for an unknown one, 403 once it took our access away."""
    account = sandbox.store.find(KIND, account_id)
    if account is None:
        raise StripeError(
            f"No such account: '{account_id}'", status=404, code="resource_missing", param="account"
        )
    if account["_deauthorised"]:
        raise no_access(account_id)
    return account


def no_access(account_id: str) -> StripeError:
    """Build the 403 for an account that isn't, or is no longer, connected."""
    message = (
        f"The provided key does not have access to account '{account_id}' (or that account does not exist). "
        "Application access may have been revoked."
    )
    return StripeError(message, status=403, code="account_invalid")
