"""Holds: why a creator isn't paid, in words, with what can be done; kept from when to when.

They are decided anew before each payout. A hold that no longer stands is closed with what ended it.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, func, select

from domain.base import clock
from models import BooksFinding, HoldCode, PayoutHold, Purchase, PurchaseShare, db

# These are about the sum: it pays itself out once it has grown.
SUMS = frozenset({HoldCode.NEGATIVE, HoldCode.MINIMUM})
# Stripe's refusals, which stand until the transfer is tried again.
REFUSALS = frozenset({HoldCode.BALANCE, HoldCode.REFUSED, HoldCode.ACCOUNT})
GONE = "No longer applies."


@dataclass(frozen=True)
class Hold:
    """A reason not to pay. `detail` is what is known beyond it, such as Stripe's own words."""

    code: HoldCode
    detail: str = ""


@dataclass(frozen=True)
class HoldWords:
    """The words for a hold: its name, the reason, and the next step for the creator and for the shop.

    `endpoint` is the page where the creator takes the step, `action` the link to it.
    """

    name: str
    reason: str
    step: str
    admin_step: str
    endpoint: str = ""
    action: str = ""


WORDS = {
    HoldCode.NEGATIVE: HoldWords(
        "Negative balance",
        "More was refunded or disputed than you have earned since.",
        "Nothing to do: your next sales make up for it.",
        "Wait for their next sales, or reverse an earlier transfer.",
    ),
    HoldCode.MINIMUM: HoldWords(
        "Below the minimum",
        "The sum is smaller than the least we pay out.",
        "Nothing to do: it’s paid together with your next sales.",
        "Wait for their next sales, or lower the minimum in the settings.",
    ),
    HoldCode.PARTICULARS: HoldWords(
        "Details are missing",
        "We write the documents for your payouts, and don’t know yet what to write there.",
        "Enter your name, your address and whether you charge VAT.",
        "They have to enter their name, address and VAT status in the studio.",
        "studio.payout_particulars",
        "Enter your details",
    ),
    HoldCode.VAT_ID: HoldWords(
        "The VAT id isn’t confirmed",
        "The EU’s register hasn’t confirmed your VAT id.",
        "Check it for typos. If it’s right, ask your tax office whether it’s active for trade within the EU.",
        "They have to correct their VAT id, or wait until the register answers.",
        "studio.payout_particulars",
        "Correct your details",
    ),
    HoldCode.VAT_RATE: HoldWords(
        "The VAT rate is missing",
        "You charge VAT in the country of this site, and the rate isn’t set here yet.",
        "Nothing for you to do: we have to set the rate.",
        "Enter the VAT rate for creators under Settings, Payouts.",
    ),
    HoldCode.ACCOUNT: HoldWords(
        "The Stripe account can’t be paid",
        "Stripe can’t transfer money to you.",
        "Connect an account, or give Stripe what it asks for.",
        "They have to connect an account, or give Stripe what it asks for.",
        "studio.payout_account",
        "Your account at Stripe",
    ),
    HoldCode.SUSPENDED: HoldWords(
        "Account suspended",
        "Your account is suspended.",
        "Write to us about the suspension.",
        "Lift the suspension, or settle the balance otherwise.",
    ),
    HoldCode.DRIFT: HoldWords(
        "Being checked",
        "Our books and Stripe’s don’t agree about you, so we’re looking before we pay.",
        "Nothing for you to do: we’re told, and look into it.",
        "Resolve the findings about them under Books.",
    ),
    HoldCode.BALANCE: HoldWords(
        "The balance was too small",
        "Our balance at Stripe was too small at that moment.",
        "Nothing for you to do: we’ll try again.",
        "Wait until payments become available at Stripe, or top up the balance. Then retry.",
    ),
    HoldCode.REFUSED: HoldWords(
        "Stripe refused the transfer",
        "Stripe refused to transfer the money.",
        "Nothing for you to do at present: we’re told, and look into it.",
        "Read Stripe’s answer, resolve it in Stripe’s dashboard, then retry.",
    ),
}


def blocked_by_drift(creator_id: uuid.UUID) -> str:
    """Say in which way the books disagree with Stripe's about a creator; "" when they agree."""
    return drifting([creator_id]).get(creator_id, "")


def drifting(creator_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Find the creators about whom the books disagree with Stripe's, with the difference in words."""
    concerned = func.coalesce(BooksFinding.creator_id, PurchaseShare.creator_id)
    query = (
        select(concerned, BooksFinding.sentence)
        .outerjoin(Purchase, Purchase.order_id == BooksFinding.order_id)
        .outerjoin(PurchaseShare, PurchaseShare.purchase_id == Purchase.id)
        .where(BooksFinding.resolved_at.is_(None), concerned.in_(creator_ids))
        .order_by(BooksFinding.found_at.desc(), BooksFinding.id.desc())
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def settle(
    creator_id: uuid.UUID, currency: str, standing: Collection[Hold], payout_id: uuid.UUID | None = None
) -> list[PayoutHold]:
    """Keep `standing` as the open holds of a creator: new ones begin, others end. Answers the new ones.

    The creator must be locked. `payout_id` is the payout that Stripe refused.
    """
    now, codes = clock.now(), {hold.code: hold for hold in standing}
    known = {row.code: row for row in db.session.scalars(_open(creator_id, currency))}
    for code, row in known.items():
        if code not in codes:
            row.until, row.resolution = now, GONE
        elif codes[code].detail != row.detail:
            row.detail = codes[code].detail[:500]
    begun = [
        PayoutHold(
            creator_id=creator_id, currency=currency, code=code, detail=hold.detail[:500], since=now,
            payout_id=payout_id if code in REFUSALS else None,
        )
        for code, hold in codes.items()
        if code not in known
    ]  # fmt: skip
    db.session.add_all(begun)
    db.session.flush()
    return begun


def of_creator(creator_id: uuid.UUID) -> list[PayoutHold]:
    """List the open holds of a creator, oldest first."""
    return list(db.session.scalars(_open(creator_id)))


def _open(creator_id: uuid.UUID, currency: str | None = None) -> Select[PayoutHold]:
    query = select(PayoutHold).where(PayoutHold.creator_id == creator_id, PayoutHold.until.is_(None))
    if currency is not None:
        query = query.where(PayoutHold.currency == currency)
    return query.order_by(PayoutHold.since, PayoutHold.id)
