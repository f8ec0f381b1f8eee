"""The doors: every area has exactly one, and says by name who may come in.

A door is a `before_request` of the whole blueprint; a test proves that no route stands outside one.
"""

from flask import Blueprint, abort, current_app, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

import held
import hypermedia


def open_to_all(area: Blueprint) -> Blueprint:
    """Anyone may come in; each page decides for itself what it shows to whom."""
    area.door = "open"  # type: ignore[attr-defined]
    return area


def signed_in(area: Blueprint) -> Blueprint:
    """Only people with an account; others are asked to sign in and brought back."""
    area.door = "signed_in"  # type: ignore[attr-defined]
    area.before_request(ask_to_sign_in)
    return area


def creators(area: Blueprint) -> Blueprint:
    """Only people who teach here and admins; learners are shown how to become a creator."""
    area.door = "creators"  # type: ignore[attr-defined]
    area.before_request(_let_creators_in)
    return area


def admins(area: Blueprint) -> Blueprint:
    """Only the people who run the site; for everybody else with an account the pages don't exist."""
    area.door = "admins"  # type: ignore[attr-defined]
    area.before_request(_let_admins_in)
    return area


def development_only(area: Blueprint) -> Blueprint:
    """Pages for whoever works on Lectern; everywhere else they don't exist."""
    area.door = "development_only"  # type: ignore[attr-defined]
    area.before_request(_hide_in_production)
    return area


def refuse_unreadable(_endpoint: str | None, values: dict[str, object] | None) -> None:
    """No address of ours holds a NUL, and PostgreSQL can't be asked for one."""
    if any("\x00" in str(value) for value in (values or {}).values()):
        abort(404)


def ask_to_sign_in() -> Response | None:
    """Have a stranger sign in and come back to what they asked for.

    What they posted is kept meanwhile (held.py). A page that is already there stays: its script or swap is
    answered 401, and asks beside what is being typed.
    """
    if current_user.is_authenticated:
        return None
    if hypermedia.stays_on_its_page():
        return hypermedia.refuse(401, "You are signed out. Sign in to go on.", signed_out=True)
    if request.method not in ("GET", "HEAD"):
        return held.ask_to_sign_in()
    return hypermedia.see_other(url_for("auth.login", next=request.full_path.rstrip("?")))


def _let_creators_in() -> Response | None:
    if (away := ask_to_sign_in()) is not None:
        return away
    if not (current_user.is_creator or current_user.is_admin):
        return hypermedia.leave(url_for("teach.apply"))
    return None


def _let_admins_in() -> Response | None:
    if (away := ask_to_sign_in()) is not None:
        return away
    if not current_user.is_admin:
        abort(404)
    return None


def _hide_in_production() -> None:
    if current_app.config["SETTINGS"].is_production:
        abort(404)
