"""A fresh CSRF token for a page that stayed open while its person signed in or out elsewhere."""

from flask import Response
from flask_login import current_user
from jinja2.utils import htmlsafe_json_dumps

from blueprints.auth import bp
from web import csrf


@bp.get("/session/token")
def session_token() -> Response:
    """Return the CSRF token of the current session as JSON, and who is signed in.

    `person` is the mark that pages carry in `data-person`, "" for a stranger: a page that belongs to another
    person must not use this token silently.
    """
    known = current_user.is_authenticated
    told = {
        "token": csrf.current(),
        "session": csrf.session_mark(),
        "signed_in": known,
        "person": csrf.person_mark(),
        "name": current_user.name if known else "",
    }
    answer = Response(htmlsafe_json_dumps(told), mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "Cookie"
    return answer
