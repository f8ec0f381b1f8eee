"""Routes to unsubscribe from one kind of mail, or from marketing, by a signed link, without signing in."""

from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from blueprints.site import bp
from domain import InvalidToken
from domain.platform import mail_preferences
from models import db
from web import hypermedia


@bp.record_once
def _let_mail_programs_post(state: BlueprintSetupState) -> None:
    """Exempt one-click unsubscribing (RFC 8058) from CSRF: mail programs have no session, only the token."""
    state.app.extensions["csrf"].exempt(end)


@bp.get("/unsubscribe/<token>")
def unsubscribe(token: str) -> Response:
    """Show a button: link scanners of mail programs open every link and must not unsubscribe anybody."""
    return _answer(token, ended=False)


@bp.post("/unsubscribe/<token>")
def end(token: str) -> Response:
    """Unsubscribe. Answers with a page, not a redirect, as RFC 8058 requires."""
    return _answer(token, ended=True)


def _answer(token: str, ended: bool) -> Response:
    try:
        user, topic = mail_preferences.opened_by(token)
    except InvalidToken as refusal:
        return hypermedia.render("site/unsubscribe_unusable.html", status=410, sentence=refusal.sentence)
    if ended:
        mail_preferences.unsubscribe(user, topic)
        db.session.commit()
    return hypermedia.render(
        "site/unsubscribe.html", ended=ended, topic=mail_preferences.topic_in_words(topic)
    )
