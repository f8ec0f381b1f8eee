"""Events about transfers: each brings its payout up to date with the transfer as it is now."""

import uuid

from domain.base import sql
from domain.payouts import settling
from models import Payout, User, db
from payments import StripeTransfer


def apply(found: StripeTransfer) -> bool:
    """Apply a transfer to its payout; False for one that no payout of ours can have."""
    try:
        payout = db.session.get(Payout, uuid.UUID(found.payout_id))
    except ValueError:
        return False
    if payout is None:
        return False
    sql.lock_key(User, payout.creator_id)
    sql.reload(payout)
    return settling.apply(payout, found)
