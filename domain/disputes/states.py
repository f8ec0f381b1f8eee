"""Stripe's statuses of a dispute: what they mean for us, in sets and in words."""

from typing import NamedTuple

from models import Dispute

INQUIRIES = ("warning_needs_response", "warning_under_review", "warning_closed")
TO_ANSWER = ("needs_response", "warning_needs_response", "appeal_needs_response")
WITH_BANK = ("under_review", "warning_under_review", "appeal_under_review")
APPEALS = ("appeal_needs_response", "appeal_under_review")
CLOSED = ("won", "lost", "warning_closed", "prevented")
KNOWN = frozenset((*TO_ANSWER, *WITH_BANK, *CLOSED))


class StatusWords(NamedTuple):
    """A status as an admin reads it: a badge, its tone, and a sentence about what follows."""

    text: str
    tone: str
    follows: str


_DECIDES = "The bank decides, which can take up to three months. There’s nothing to do meanwhile."
WORDS = {
    "warning_needs_response": StatusWords(
        "Inquiry, answer it", "warn",
        "The bank asks about this payment, and no money has moved. A good answer, or a refund, can prevent a"
        " dispute.",
    ),
    "warning_under_review": StatusWords(
        "Inquiry, answered", "neutral", "The bank is reading your answer. No money has moved."
    ),
    "warning_closed": StatusWords(
        "Inquiry, closed", "good", "The bank has dropped its inquiry. No money has moved."
    ),
    "needs_response": StatusWords(
        "Needs an answer", "bad",
        "The bank has taken the money. Without an answer by the due date, the dispute is lost.",
    ),
    "under_review": StatusWords("With the bank", "neutral", _DECIDES),
    "appeal_needs_response": StatusWords(
        "Appeal, answer it", "bad", "The decision is being appealed. Respond in Stripe’s dashboard."
    ),
    "appeal_under_review": StatusWords("Appeal, with the bank", "neutral", _DECIDES),
    "won": StatusWords(
        "Won", "good", "The bank has decided for you. Stripe returns the money, but not its fee."
    ),
    "lost": StatusWords(
        "Lost", "neutral",
        "The bank has decided for the buyer. What was disputed counts as refunded, with a credit note.",
    ),
    "prevented": StatusWords("Prevented", "good", "The dispute was prevented before it was opened."),
}  # fmt: skip
REASONS = {
    "bank_cannot_process": "The bank couldn’t process the payment",
    "check_returned": "A check was returned",
    "credit_not_processed": "A promised refund didn’t arrive",
    "customer_initiated": "The customer asked their bank",
    "debit_not_authorized": "The debit wasn’t authorised",
    "duplicate": "Charged twice",
    "fraudulent": "The cardholder says they didn’t pay",
    "general": "No particular reason",
    "incorrect_account_details": "Wrong account details",
    "insufficient_funds": "Not enough money in the account",
    "noncompliant": "Against the card network’s rules",
    "product_not_received": "Not received",
    "product_unacceptable": "Not as described",
    "subscription_canceled": "A subscription was cancelled",
    "unrecognized": "The cardholder doesn’t recognise the payment",
}


def words(status: str) -> StatusWords:
    """Say a status; one that this release doesn't know is shown as Stripe writes it."""
    unknown = StatusWords(
        _plain(status), "warn", "Lectern doesn’t know this status yet. See the dispute in Stripe’s dashboard."
    )
    return WORDS.get(status, unknown)


def reason(dispute: Dispute) -> str:
    """Say why the payment is disputed."""
    return REASONS.get(dispute.reason, _plain(dispute.reason))


def is_answerable(dispute: Dispute) -> bool:
    """Tell whether an answer can be written here; appeals need files, which only the dashboard takes."""
    return dispute.status in ("needs_response", "warning_needs_response") and dispute.submit_at is None


def loses(status: str, is_lost: bool) -> bool:
    """Tell whether a dispute in `status` is to be booked as lost; `is_lost` says whether it is now.

    While an appeal runs, and in a status that this release doesn't know, it stays as it is.
    """
    if status in APPEALS or status not in KNOWN:
        return is_lost
    return status == "lost"


def _plain(word: str) -> str:
    return word.replace("_", " ").capitalize()
