"""The statement of a payout as the studio and the admin area show it."""

from typing import Any

from flask import abort
from werkzeug.wrappers import Response

from domain.documents import lookups
from domain.payouts import statements
from models import Payout
from web import document_files, payout_words
from web.csv_downloads import csv_of
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


def file_of(payout: Payout) -> Response:
    """Export every line of `payout` as CSV."""
    cells = (payout_words.line_cells(line, payout.currency) for line in statements.every(payout))
    return csv_of(f"statement-{payout.created_at:%Y-%m-%d}", payout_words.LINES_HEAD, cells)


def document_of(payout: Payout) -> Response:
    """Serve the document of `payout`; 404 while there is none."""
    return document_files.send(lookups.of_payout(payout.id) or abort(404))
