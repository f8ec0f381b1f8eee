"""A fresh token for a page that stayed open while its person signed in or out elsewhere."""

from flask import Response
from flask_login import current_user
from jinja2.utils import htmlsafe_json_dumps

from blueprints.auth import auth
from web import form_tokens


@auth.get("/session/token")
def session_token() -> Response:
    """Say who is signed in on this browser now, with the token that forms need to be sent.

    `person` is the mark that pages carry in `data-person`, "" for a stranger: a page that was somebody else's
    must not take it without a word.
    """
    known = current_user.is_authenticated
    told = {
        "token": form_tokens.current(),
        "signed_in": known,
        "person": form_tokens.person_mark(),
        "name": current_user.name if known else "",
    }
    answer = Response(htmlsafe_json_dumps(told), mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "Cookie"
    return answer
