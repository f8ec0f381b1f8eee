"""Sentences for creators: the reasons why a connected account can’t be paid, and the next steps."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Requirement:
    """A reason by Stripe's code, or a thing that Stripe asks for by its name, with the next step in words."""

    code: str
    sentence: str


ADVICE = {
    "provide_info": "Continue at Stripe and give the information it asks for.",
    "contact_stripe": "Write to Stripe’s support; only Stripe can change this.",
    "no_resolution": "There is nothing you can do at Stripe.",
}
REASONS = {
    "account_gone": "The account at Stripe was closed or disconnected from this site. Connect again.",
    "determining_status": "Stripe is deciding about your account. This usually takes a few minutes.",
    "requirements_past_due": "Stripe needs more information about you. Continue at Stripe.",
    "requirements_pending_verification": "Stripe is checking what you gave it. You need not do anything now.",
    "restricted_other": "Stripe has restricted your account. Write to Stripe’s support to learn why.",
    "rejected_fraud": "Stripe has rejected your account because it suspects fraud. Write to its support.",
    "rejected_incomplete_verification": (
        "Stripe has rejected your account because it could not verify who you are. Write to Stripe’s support."
    ),
    "rejected_listed": (
        "Stripe has rejected your account because of a list of persons it may not pay. Write to its support."
    ),
    "rejected_other": "Stripe has rejected your account. Write to Stripe’s support to learn why.",
    "rejected_platform_fraud": (
        "This site had your account at Stripe rejected because of suspected fraud. Write to this site’s team."
    ),
    "rejected_platform_other": "This site had your account at Stripe rejected. Write to this site’s team.",
    "rejected_platform_terms_of_service": (
        "This site had your account at Stripe rejected because of its terms. Write to this site’s team."
    ),
    "rejected_terms_of_service": (
        "Stripe has rejected your account because of its terms of service. Write to Stripe’s support."
    ),
    "unsupported_business": "Stripe doesn’t pay businesses of your kind.",
    "unsupported_country": "Stripe can’t pay accounts in your country. Connect one in another country.",
    "unsupported_entity_type": "Stripe doesn’t pay this kind of legal entity in your country.",
}
# What Stripe asks for, by the beginnings of its names: those of API v2, then those of v1.
ASKED = (
    ("identity.attestations", "accept Stripe’s terms"),
    ("identity.business_details", "details of your business"),
    ("identity.individual.address", "your address"),
    ("identity.individual.date_of_birth", "your date of birth"),
    ("identity.individual.documents", "a photo of an identity document"),
    ("identity.individual.given_name", "your name"),
    ("identity.individual.surname", "your name"),
    ("identity.individual.id_numbers", "your tax or identity number"),
    ("identity.individual", "more about you"),
    ("defaults.profile", "what you sell"),
    ("payout_methods", "a bank account for your payouts"),
    ("tos_acceptance", "accept Stripe’s terms"),
    ("company", "details of your business"),
    ("business_profile", "what you sell"),
    ("business_type", "whether you are a person or a company"),
    ("external_account", "a bank account for your payouts"),
    ("individual.address", "your address"),
    ("individual.dob", "your date of birth"),
    ("individual.first_name", "your name"),
    ("individual.last_name", "your name"),
    ("individual.id_number", "your tax or identity number"),
    ("individual.verification", "a photo of an identity document"),
    ("individual", "more about you"),
)


def reason(code: str, resolution: str = "") -> Requirement:
    """Say why the account can't be paid; codes that we don't know are said as Stripe names them."""
    known = REASONS.get(code)
    if known is not None:
        return Requirement(code, known)
    named = code.replace("_", " ").replace(".", " ")
    advice = ADVICE.get(resolution, ADVICE["contact_stripe"])
    return Requirement(code, f"Stripe gives the reason “{named}”. {advice}")


def asked_for(name: str, error: str = "") -> Requirement:
    """Say what Stripe asks for; `error` is Stripe's code for what was wrong with an earlier answer."""
    what = next((words for start, words in ASKED if name.startswith(start)), "")
    what = what or f"“{name.rpartition('.')[2].replace('_', ' ')}”"
    if error:
        return Requirement(name, f"Stripe could not accept this: {what} ({error.replace('_', ' ')}).")
    return Requirement(name, f"Stripe asks for this: {what}.")
