"""The statement of a payout as the studio and the admin area show it."""

from typing import Any

from domain.documents import lookups
from domain.payouts import statements
from models import Payout
from web import payout_words
from web.query_args import text_arg


def shown(payout: Payout) -> dict[str, Any]:
    """Collect what templates/shared/payouts/_statement.html needs."""
    return {
        "payout": payout,
        "lines": statements.page(payout, text_arg("after")),
        "is_first": not text_arg("after"),
        "document": lookups.of_payout(payout.id),
        "statuses": payout_words.STATUSES,
        "kinds": payout_words.KINDS,
        "one_of": payout_words.ONE_OF,
        "bearers": payout_words.BEARERS,
    }
