"""Connected accounts, to which creators' shares are transferred: open, onboard, look, sign in.

Through Stripe's Accounts v2, or v1 where the setting STRIPE_CONNECT_API says so; both give the same values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from payments.account_reasons import Requirement, asked_for, reason
from payments.client import AccountGone, PaymentRefused, ask, client, current_settings

INCLUDED = ["configuration.recipient", "identity", "requirements"]
# What v1 calls the reasons that v2 names.
V1_REASONS = {
    "requirements.past_due": "requirements_past_due",
    "requirements.pending_verification": "requirements_pending_verification",
    "action_required.requested_capabilities": "requirements_past_due",
    "under_review": "determining_status",
    "listed": "rejected_listed",
    "rejected.fraud": "rejected_fraud",
    "rejected.incomplete_verification": "rejected_incomplete_verification",
    "rejected.listed": "rejected_listed",
    "rejected.other": "rejected_other",
    "rejected.platform_fraud": "rejected_platform_fraud",
    "rejected.platform_other": "rejected_platform_other",
    "rejected.platform_terms_of_service": "rejected_platform_terms_of_service",
    "rejected.terms_of_service": "rejected_terms_of_service",
}


@dataclass(frozen=True)
class ConnectedAccount:
    """A connected account as Stripe has it now.

    `status` says whether it can be paid: active, pending (Stripe is checking), restricted (also rejected) or
    unsupported. `requirements` say why not and what to do, the reasons first. `is_gone`: closed, or our
    access was taken away; a new account is needed.
    """

    id: str
    status: str
    requirements: tuple[Requirement, ...] = ()
    country: str = ""
    is_gone: bool = False
    may_sign_in: bool = False

    @property
    def is_payable(self) -> bool:
        """Tell whether money can be transferred to it."""
        return self.status == "active" and not self.is_gone


def open_account(key: str, email: str, country: str, user_id: str) -> ConnectedAccount:
    """Open an Express account for a creator in `country` (two letters), idempotent by `key`.

    The same key must always come with the same values. Raises PaymentUnavailable, KeySpent, and
    PaymentRefused for a country or address that Stripe doesn't take.
    """
    return _api().open_account(key, email, country, {"user_id": user_id})


def find_account(account_id: str) -> ConnectedAccount:
    """Retrieve an account in its present state, `is_gone` if it can't be. Raises PaymentUnavailable."""
    if not account_id:
        return gone(account_id)
    try:
        return _api().find_account(account_id)
    except PaymentRefused as refusal:
        if isinstance(refusal, AccountGone) or refusal.code in ("resource_missing", "not_found"):
            return gone(account_id)
        raise


def onboarding_link(account_id: str, refresh_url: str, return_url: str) -> str:
    """Make the address where a creator gives Stripe what it asks for; it works once, and for minutes.

    Stripe leads to `refresh_url` when the link was used or is too old, to `return_url` when the creator is
    done or leaves. Raises PaymentUnavailable, AccountGone, PaymentRefused.
    """
    return _api().onboarding_link(account_id, refresh_url, return_url)


def login_link(account_id: str) -> str:
    """Make the address of the account's Express dashboard; works once.

    Raises PaymentUnavailable, AccountGone, and PaymentRefused before onboarding is finished.
    """
    links = client().v1.accounts.login_links
    return str(ask(lambda: links.create(account_id)).url)


def gone(account_id: str) -> ConnectedAccount:
    """Describe an account that can't be reached any more."""
    return ConnectedAccount(account_id, "restricted", (reason("account_gone"),), is_gone=True)


@dataclass(frozen=True)
class ConnectApi:
    """One of Stripe's two APIs for connected accounts."""

    open_account: Callable[[str, str, str, dict[str, str]], ConnectedAccount]
    find_account: Callable[[str], ConnectedAccount]
    onboarding_link: Callable[[str, str, str], str]


def _api() -> ConnectApi:
    return APIS[current_settings().stripe_connect_api]


# Accounts v2


def _open_v2(key: str, email: str, country: str, metadata: dict[str, str]) -> ConnectedAccount:
    transfers = {"stripe_balance": {"stripe_transfers": {"requested": True}}}
    params: Any = {
        "contact_email": email,
        "dashboard": "express",
        "identity": {"country": country},
        "configuration": {"recipient": {"capabilities": transfers}},
        "defaults": {
            "responsibilities": {"fees_collector": "application", "losses_collector": "application"}
        },
        "metadata": metadata,
        "include": INCLUDED,
    }
    accounts = client().v2.core.accounts
    return read_v2(ask(lambda: accounts.create(params, {"idempotency_key": key})))


def _find_v2(account_id: str) -> ConnectedAccount:
    params: Any = {"include": INCLUDED}
    return read_v2(ask(lambda: client().v2.core.accounts.retrieve(account_id, params)))


def _link_v2(account_id: str, refresh_url: str, return_url: str) -> str:
    urls = {"refresh_url": refresh_url, "return_url": return_url}
    params: Any = {
        "account": account_id,
        "use_case": {"type": "account_onboarding", "account_onboarding": urls},
    }
    return str(ask(lambda: client().v2.core.account_links.create(params)).url)


def read_v2(found: Any) -> ConnectedAccount:
    """Convert an account of API v2, retrieved with the parts in INCLUDED."""
    if getattr(found, "closed", False):
        return gone(found.id)
    recipient = found.configuration.recipient if found.configuration else None
    capabilities = recipient.capabilities if recipient else None
    balance = capabilities.stripe_balance if capabilities else None
    transfers = balance.stripe_transfers if balance else None
    status = transfers.status if transfers else "restricted"
    reasons = (
        [reason(detail.code, detail.resolution) for detail in transfers.status_details] if transfers else []
    )
    entries = (found.requirements.entries or []) if found.requirements else []
    asked = [
        asked_for(entry.description, entry.errors[0].code if entry.errors else "")
        for entry in entries
        if entry.awaiting_action_from == "user"
    ]
    country = (found.identity.country or "") if found.identity else ""
    return _account(
        found.id, status, [*reasons, *asked], country, is_onboarded=status in ("active", "pending")
    )


# Accounts v1


def _open_v1(key: str, email: str, country: str, metadata: dict[str, str]) -> ConnectedAccount:
    params: Any = {
        "email": email,
        "country": country,
        "controller": {
            "stripe_dashboard": {"type": "express"},
            "fees": {"payer": "application"},
            "losses": {"payments": "application"},
        },
        "capabilities": {"transfers": {"requested": True}},
        "metadata": metadata,
    }
    return read_v1(ask(lambda: client().v1.accounts.create(params, {"idempotency_key": key})))


def _find_v1(account_id: str) -> ConnectedAccount:
    return read_v1(ask(lambda: client().v1.accounts.retrieve(account_id)))


def _link_v1(account_id: str, refresh_url: str, return_url: str) -> str:
    params: Any = {
        "account": account_id,
        "type": "account_onboarding",
        "refresh_url": refresh_url,
        "return_url": return_url,
    }
    return str(ask(lambda: client().v1.account_links.create(params)).url)


def read_v1(found: Any) -> ConnectedAccount:
    """Convert an account of API v1."""
    if getattr(found, "deleted", False):
        return gone(found.id)
    transfers = getattr(found.capabilities, "transfers", None) or "inactive"
    asked = found.requirements
    code = V1_REASONS.get(asked.disabled_reason, asked.disabled_reason) if asked else None
    status = "active" if transfers == "active" else "pending" if transfers == "pending" else "restricted"
    errors = {error.requirement: error.code for error in (asked.errors or [])} if asked else {}
    due = (asked.currently_due or []) if asked else []
    found_reasons = [reason(code)] if code and status != "active" else []
    requirements = [*found_reasons, *(asked_for(name, errors.get(name, "")) for name in due)]
    return _account(found.id, status, requirements, found.country or "", bool(found.details_submitted))


def _account(
    id: str, status: str, requirements: list[Requirement], country: str, is_onboarded: bool
) -> ConnectedAccount:
    status = "restricted" if status == "rejected" else status
    unique = tuple(dict.fromkeys(requirements))
    return ConnectedAccount(id, status, unique, country.upper(), may_sign_in=is_onboarded)


APIS = {
    "v2": ConnectApi(_open_v2, _find_v2, _link_v2),
    "v1": ConnectApi(_open_v1, _find_v1, _link_v1),
}
