"""Views of a connected account: as API v2 and as API v1 show it."""

from __future__ import annotations

from .engine import shown
from .store import Body

# Parts that API v2 shows only to those who ask for them.
PARTS = ("defaults", "future_requirements", "identity", "requirements")
INCLUDES = ("configuration.customer", "configuration.merchant", "configuration.recipient", *PARTS)
# What API v1 calls the things that Stripe asks for.
V1_NAMES = {
    "identity.individual.given_name": "individual.first_name",
    "identity.individual.date_of_birth": "individual.dob.day",
    "identity.individual.address": "individual.address.line1",
    "identity.individual.documents.primary_verification": "individual.verification.document",
    "identity.attestations.terms_of_service.account": "tos_acceptance.date",
    "payout_methods": "external_account",
}
V1_REASONS = {
    "requirements_past_due": "requirements.past_due",
    "requirements_pending_verification": "requirements.pending_verification",
    "determining_status": "under_review",
    "restricted_other": "other",
    "rejected_fraud": "rejected.fraud",
    "rejected_incomplete_verification": "rejected.incomplete_verification",
    "rejected_listed": "rejected.listed",
    "rejected_terms_of_service": "rejected.terms_of_service",
}


def as_v2(account: Body, include: list[str]) -> Body:
    """Show an account as API v2 does: parts that weren't asked for are null."""
    answer = shown(account)
    for part in PARTS:
        if part not in include:
            answer[part] = None
    asked = [name.partition(".")[2] for name in include if name.startswith("configuration.")]
    configuration = answer["configuration"]
    answer["configuration"] = (
        {name: value if name in asked else None for name, value in configuration.items()} if asked else None
    )
    return answer


def as_v1(account: Body) -> Body:
    """Show an account as API v1 does."""
    found = account["configuration"]["recipient"]["capabilities"]["stripe_balance"]["stripe_transfers"]
    active = found["status"] == "active"
    reason = found["status_details"][0]["code"] if found["status_details"] else None
    entries = account["requirements"]["entries"]
    due = [V1_NAMES.get(entry["description"], entry["description"]) for entry in entries]
    errors = [
        {"code": error["code"], "reason": error["description"], "requirement": name}
        for entry, name in zip(entries, due, strict=True)
        for error in entry["errors"]
    ]
    pending = found["status"] == "pending"
    return {
        "id": account["id"],
        "object": "account",
        "business_type": account["identity"]["entity_type"],
        "capabilities": {"transfers": "active" if active else "pending" if pending else "inactive"},
        "charges_enabled": False,
        "controller": {
            "fees": {"payer": "application"},
            "is_controller": True,
            "losses": {"payments": "application"},
            "requirement_collection": "stripe",
            "stripe_dashboard": {"type": account["dashboard"]},
            "type": "application",
        },
        "country": account["identity"]["country"],
        "created": account["_created"],
        "default_currency": "eur",
        "details_submitted": account["_submitted"],
        "email": account["contact_email"],
        "metadata": account["metadata"],
        "payouts_enabled": active,
        "requirements": {
            "alternatives": [],
            "current_deadline": None,
            "currently_due": due,
            "disabled_reason": V1_REASONS.get(reason, "other") if reason else None,
            "errors": errors,
            "eventually_due": due,
            "past_due": due,
            "pending_verification": ["individual.verification.document"] if pending else [],
        },
        "type": "express" if account["dashboard"] == "express" else "none",
    }
