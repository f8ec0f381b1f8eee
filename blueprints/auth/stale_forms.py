"""Posts with a stale CSRF token or an ended session: kept, shown again and sent on request."""

import uuid
from typing import cast

from flask import Response, abort, current_app, g, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as BaseResponse

from blueprints.auth import bp
from blueprints.auth.sessions import sign_out
from domain.platform.held_posts import PostedForm
from models import HeldPost, db
from web import csrf, held_posts, hypermedia
from web.next_url import wanted

LET_IN = ("auth.login", "auth.register", "auth.second_step")
# Views without side effects while their form isn't valid: they may be called again with a stale token.
SHOWN_AGAIN = ("auth.login", "auth.register", "auth.forgot_password", "auth.reset_password")


bp.app_template_filter("field_label")(held_posts.label_of)


@bp.errorhandler(CSRFError)
def stale_sign_in(error: CSRFError) -> BaseResponse:
    """Show the sign-in form again with its values; a double submit that has signed in already goes on."""
    if current_user.is_authenticated and request.endpoint in LET_IN:
        return hypermedia.see_other(wanted())
    is_shown_again = request.endpoint in SHOWN_AGAIN and csrf.is_from_here()
    if not is_shown_again or hypermedia.stays_on_its_page():
        return stale_form(error)
    g.form_is_stale = True
    view = current_app.view_functions[request.endpoint or ""]
    return cast(BaseResponse, view(**(request.view_args or {})))


@bp.app_errorhandler(CSRFError)
def stale_form(_error: CSRFError) -> BaseResponse:
    """Answer a form that was rendered before the browser signed in or out.

    A script or swap renews its token and sends again. The same person sees the form again at once; for
    anybody else it is kept until its author signs in.
    """
    if hypermedia.stays_on_its_page():
        refused = hypermedia.refuse(400, "This page is out of date, and nothing was changed. Try again.")
        refused.headers["X-Stale-Form"] = "1"
        return refused
    sent, sender = held_posts.read(), csrf.sender()
    if sent is None or sender is None:
        typed = held_posts.typed_words(sent) if sent else []
        return hypermedia.render("errors/400_stale.html", status=400, typed=typed)
    if current_user.is_anonymous:
        return held_posts.ask_to_sign_in()
    if _may_send(sender):
        return _show(sent)
    return (held_posts.keep(sent) if held_posts.sent_words(sent) else None) or _somebody_elses(None)


@bp.get("/held/<uuid:held_id>")
def held_post(held_id: uuid.UUID) -> BaseResponse:
    """Show a post that was kept when the session ended; only its author's press of the button sends it."""
    if current_user.is_anonymous:
        return hypermedia.see_other(url_for("auth.login", next=request.path))
    row = held_posts.find(held_id)
    if row is None:
        return hypermedia.render("errors/410_held.html", status=410)
    if not _may_send(row.person):
        return _somebody_elses(row)
    return _show(
        PostedForm(row.path, row.page, [(name, text) for name, text in row.fields], row.has_files), row
    )


@bp.post("/held/<uuid:held_id>/throw-away")
def throw_held_away(held_id: uuid.UUID) -> BaseResponse:
    """Discard a kept post."""
    row = _own(held_id)
    page = row.page
    held_posts.drop(held_id)
    hypermedia.toast("Discarded.", "info")
    return hypermedia.see_other(page)


@bp.post("/held/<uuid:held_id>/sign-out")
def change_person(held_id: uuid.UUID) -> BaseResponse:
    """Sign out, so that the author of the kept post can sign in and find it."""
    sign_out()
    db.session.commit()
    return hypermedia.see_other(url_for("auth.login", next=url_for("auth.held_post", held_id=held_id)))


@bp.get("/session/back")
def back() -> BaseResponse:
    """Confirm the sign-in in a second tab; the page that needed it waits in the first."""
    if current_user.is_anonymous:
        return hypermedia.see_other(url_for("auth.login", next=request.path))
    return hypermedia.render("auth/back.html")


@bp.after_app_request
def forget_what_was_sent(response: Response) -> Response:
    """Delete a kept post once its author has sent it and it was accepted."""
    if response.status_code < 400 and (key := held_posts.marker()):
        row = held_posts.find(key)
        if row is not None and _may_send(row.person):
            held_posts.drop(key)
    return response


def _may_send(sender: str) -> bool:
    """Tell whether the reader may see a kept post: their own, or one typed while signed out."""
    return sender in (csrf.NOBODY, csrf.person_mark())


def _own(held_id: uuid.UUID) -> HeldPost:
    row = held_posts.find(held_id)
    if row is None or current_user.is_anonymous or not _may_send(row.person):
        abort(404)
    return row


def _show(sent: PostedForm, row: HeldPost | None = None) -> Response:
    shown = held_posts.typed_words(sent)
    carried = [pair for pair in sent.fields if pair not in shown]
    key = row.id if row else None
    status = 200 if row else 400
    return hypermedia.render(
        "auth/held.html", status=status, sent=sent, shown=shown, carried=carried, key=key
    )


def _somebody_elses(row: HeldPost | None) -> Response:
    return hypermedia.render("auth/held_other.html", status=403, key=row.id if row else None)
