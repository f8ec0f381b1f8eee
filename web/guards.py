"""Guards: every blueprint has exactly one, which says by name who may enter.

A guard is a `before_request` of the whole blueprint; a test proves that no route is without one.
"""

from flask import Blueprint, abort, current_app, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from domain.people import second_factor
from domain.platform import settings
from web import held_posts, hypermedia, reauthentication


def open_to_all(area: Blueprint) -> Blueprint:
    """Guard: anyone; each page decides what it shows to whom."""
    area.door = "open"  # type: ignore[attr-defined]
    return area


def signed_in(area: Blueprint) -> Blueprint:
    """Guard: people with an account; others are asked to sign in and brought back."""
    area.door = "signed_in"  # type: ignore[attr-defined]
    area.before_request(ask_to_sign_in)
    return area


def creators(area: Blueprint) -> Blueprint:
    """Guard: creators and admins; learners are shown how to become a creator."""
    area.door = "creators"  # type: ignore[attr-defined]
    area.before_request(_let_creators_in)
    return area


def admins(area: Blueprint) -> Blueprint:
    """Guard: admins, re-authenticated after the idle timeout; for others the pages don't exist (404)."""
    area.door = "admins"  # type: ignore[attr-defined]
    area.before_request(_let_admins_in)
    return area


def development_only(area: Blueprint) -> Blueprint:
    """Guard: development; in production the pages don't exist (404)."""
    area.door = "development_only"  # type: ignore[attr-defined]
    area.before_request(_hide_in_production)
    return area


def refuse_unreadable(_endpoint: str | None, values: dict[str, object] | None) -> None:
    """Answer 404 for an address with a NUL: PostgreSQL refuses it in a query with an error."""
    if any("\x00" in str(value) for value in (values or {}).values()):
        abort(404)


def ask_to_sign_in() -> Response | None:
    """Ask a visitor to sign in, and return them to the requested page.

    What they posted is kept meanwhile (web/held_posts.py). A swap or script is answered 401, so that the open
    page stays and asks beside what is being typed.
    """
    if current_user.is_authenticated:
        return None
    if hypermedia.stays_on_its_page():
        return hypermedia.refuse(401, "You’re signed out. Sign in to continue.", signed_out=True)
    if request.method not in ("GET", "HEAD"):
        return held_posts.ask_to_sign_in()
    return hypermedia.see_other(url_for("auth.login", next=request.full_path.rstrip("?")))


def _let_creators_in() -> Response | None:
    if (away := ask_to_sign_in()) is not None:
        return away
    if not (current_user.is_creator or current_user.is_admin):
        return _lead_away(url_for("teach.apply"), "Only creators can do that.")
    return _lead_to_second_factor()


def _let_admins_in() -> Response | None:
    if (away := ask_to_sign_in()) is not None:
        return away
    if not current_user.is_admin:
        abort(404)
    if (away := _lead_to_second_factor()) is not None:
        return away
    return reauthentication.challenge() if reauthentication.is_idle() else None


def _lead_to_second_factor() -> Response | None:
    """Ask an admin without a second factor to set one up, where the shop requires it."""
    if not (current_user.is_admin and settings.current().admin_second_factor):
        return None
    if second_factor.is_on(current_user):
        return None
    sentence = "Admins need two-factor authentication here. Set it up to continue."
    if not hypermedia.stays_on_its_page():
        hypermedia.toast(sentence, "info")
    return _lead_away(url_for("account.second_factor_setup"), sentence)


def _lead_away(url: str, sentence: str) -> Response:
    """Redirect to `url`. A post is kept, and an open page gets the refusal as a toast (403)."""
    if hypermedia.stays_on_its_page():
        return hypermedia.refuse(403, sentence)
    kept = held_posts.keep_for_later() if request.method not in ("GET", "HEAD") else None
    return kept or hypermedia.leave(url)


def _hide_in_production() -> None:
    if current_app.config["SETTINGS"].is_production:
        abort(404)
