"""Routes of the link that stops a withdrawal, mailed to the address of its order."""

from werkzeug.wrappers import Response

from blueprints.withdrawals import bp
from domain import InvalidToken
from domain.refunds import declarations
from models import db
from web import hypermedia
from web.actions import Attempt
from web.forms import ButtonForm


@bp.get("/withdraw/stop/<token>")
def stop(token: str) -> Response:
    """Show a button: mail programs open every link, and must not stop anything."""
    return hypermedia.render("withdrawals/stop.html", declared=declarations.opened_by(token), token=token)


@bp.post("/withdraw/stop/<token>")
def end(token: str) -> Response:
    """Stop it, as long as the money isn't on its way."""
    form = ButtonForm()
    if form.validate_on_submit():
        with Attempt(form):
            declarations.stop(token)
    declared = declarations.opened_by(token)
    return hypermedia.render(
        "withdrawals/stop.html", status=422 if form.errors or form.form_errors else 200, declared=declared,
        token=token, form=form,
    )  # fmt: skip


@bp.errorhandler(InvalidToken)
def unusable(refusal: InvalidToken) -> Response:
    """Say why a link isn't valid (410)."""
    db.session.rollback()
    return hypermedia.render("withdrawals/unusable.html", status=410, sentence=refusal.sentence)
