"""The page that asks somebody who is signed in to show again that it is them."""

from flask import request
from werkzeug.wrappers import Response

import fresh
import hypermedia
from blueprints.account import account
from blueprints.auth.way_back import wanted


@account.route("/account/prove", methods=["GET", "POST"])
def prove() -> Response:
    """Ask, and go on to what `?next=` names."""
    if request.method == "GET":
        return fresh.page(200)
    return fresh.ask() or hypermedia.see_other(wanted())


@account.get("/account/prove/done")
def proved() -> Response:
    """Where a provider leads back to: the form waits in another tab."""
    return hypermedia.render("account/proved.html", is_fresh=fresh.is_fresh())
