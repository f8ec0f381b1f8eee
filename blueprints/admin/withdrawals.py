"""Routes of the declarations of withdrawal: their list, and noting that an unclear one was dealt with."""

import uuid

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from blueprints.admin import bp
from domain.refunds import declaration_list
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me


@bp.get("/withdrawals")
def withdrawals() -> Response:
    """List the declarations, newest first; with `?open=1` those that need a person."""
    behind, unclear = request.args.get("after", ""), request.args.get("open") == "1"
    listing = declaration_list.page(behind, unclear)
    only = "1" if unclear else None
    return hypermedia.render(
        "admin/withdrawals.html",
        listing=listing,
        tabs=[
            ("All", url_for("admin.withdrawals"), not unclear),
            ("Need a person", url_for("admin.withdrawals", open=1), unclear),
        ],
        more=url_for("admin.withdrawals", open=only, after=listing.after) if listing.after else None,
        first=url_for("admin.withdrawals", open=only) if behind else None,
    )


@bp.post("/withdrawals/<uuid:withdrawal_id>/handled")
def handle_withdrawal(withdrawal_id: uuid.UUID) -> Response:
    """Note that an unclear declaration was dealt with."""
    with Attempt() as attempt:
        if declaration_list.handle(withdrawal_id, me()) is None:
            abort(404)
        attempt.say("Noted.")
    return hypermedia.see_other(url_for("admin.withdrawals", open=1))
