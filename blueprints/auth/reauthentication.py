"""Re-authentication: the page that asks somebody who is signed in to prove again that it is them."""

from flask import request
from werkzeug.wrappers import Response

from blueprints.auth import bp
from web import guards, hypermedia, reauthentication
from web.next_url import wanted


@bp.route("/account/prove", methods=["GET", "POST"])
def prove() -> Response:
    """Ask for the proof, then go on to the page in `?next=`."""
    if (away := guards.ask_to_sign_in()) is not None:
        return away
    if request.method == "GET":
        return reauthentication.page(200)
    return reauthentication.challenge() or hypermedia.see_other(wanted())


@bp.get("/account/prove/done")
def proved() -> Response:
    """Show that the proof through a provider succeeded; the form waits in another tab."""
    if (away := guards.ask_to_sign_in()) is not None:
        return away
    return hypermedia.render("auth/proved.html", is_fresh=reauthentication.is_fresh())
