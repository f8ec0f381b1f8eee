"""Signing in, linking and re-authenticating with GitHub or Google (OAuth 2, OpenID Connect)."""

import time

from flask import abort, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.auth import bp, oauth_clients
from blueprints.auth.sessions import let_in
from domain.base.log import log
from domain.people import linked_identities, oauth, second_factor, sessions
from models import db, write_from_here
from web import hypermedia
from web.actions import Attempt
from web.next_url import safe_next, wanted

LINKING_SECONDS = 600


@bp.get("/oauth/<provider>")
def start_oauth(provider: str) -> Response:
    """Redirect to the provider's authorization page."""
    name = oauth_clients.available().get(provider) or abort(404)
    proving = "prove" in request.args
    if current_user.is_authenticated and not (proving or _is_linking()):
        return hypermedia.see_other(wanted())
    session["oauth_next"], session["oauth_proves"] = wanted(), proving
    try:
        return oauth_clients.send_off(provider)
    except oauth_clients.ProviderFailed as failure:
        return _failed(name, failure)


@bp.get("/oauth/<provider>/callback")
def finish_oauth(provider: str) -> Response:
    """Sign in, link or re-authenticate the person whom the provider identifies.

    A GET that writes: the provider redirects browsers here, and `state` proves that this browser began it.
    """
    name = oauth_clients.available().get(provider) or abort(404)
    if request.args.get("error") == "access_denied":
        hypermedia.toast(f"You’re not signed in: you didn’t allow {name} to tell us who you are.", "info")
        return hypermedia.see_other(url_for("auth.login"))
    try:
        identity = oauth_clients.identity(provider)
    except oauth_clients.ProviderFailed as failure:
        return _failed(name, failure)
    page, linking = safe_next(session.pop("oauth_next", "/")), _is_linking()
    proving = session.pop("oauth_proves", False)
    session.pop("linking", None)
    write_from_here()
    if proving and current_user.is_authenticated:
        return _prove_again(name, identity)
    with Attempt(silent=True) as attempt:
        if linking:
            linked_identities.link(identity, current_user)
            attempt.say(f"You can now sign in with {name}.")
        else:
            page = let_in(oauth.sign_in_account(identity), remember=True, page=page)
        return hypermedia.see_other(page)
    return _refused(name, attempt.sentence)


def _prove_again(name: str, identity: linked_identities.ProviderIdentity) -> Response:
    """Accept the provider's answer as a fresh proof, if the identity belongs to the signed-in account."""
    if second_factor.is_on(current_user) or not linked_identities.is_of(identity, current_user):
        return _refused(name, f"This {name} account isn’t linked to your account here.")
    sessions.proved(current_user)
    db.session.commit()
    return hypermedia.see_other(url_for("auth.proved"))


def _refused(name: str, sentence: str) -> Response:
    return hypermedia.render(
        "auth/provider_failed.html", status=403, name=name, sentence=sentence, again=None
    )


def _is_linking() -> bool:
    """Tell whether the person signed in has just proved their password in order to link an identity."""
    asked: dict[str, str] | None = session.get("linking")
    if asked is None or current_user.is_anonymous:
        return False
    return asked["user"] == current_user.id.hex and int(asked["at"]) > time.time() - LINKING_SECONDS


def _failed(name: str, failure: oauth_clients.ProviderFailed) -> Response:
    if failure.stale:
        sentence, status = "This attempt has expired or was started in another browser. Start again.", 400
    else:
        sentence, status = f"{name} isn’t responding properly. Try again, or sign in with your email.", 502
        log.warning("signing in with %s failed: %r", name, failure.__cause__)
    again = request.view_args["provider"] if request.view_args else ""
    return hypermedia.render(
        "auth/provider_failed.html", status=status, name=name, sentence=sentence, again=again
    )
