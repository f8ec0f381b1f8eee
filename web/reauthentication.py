"""Re-authentication (fresh proof) before sensitive actions, so that a stolen session can't do them.

  @bp.post("/users/<uuid:user_id>/role")
  @fresh
  def change_role(…)

A POST from a device without a proof in the last MINUTES is answered by a page that asks for a code, the
password or the provider, and carries all that was posted: its button sends the same form again, with the
proof. Admins are asked on every page of the admin area after the idle timeout.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import ParamSpec

from flask import Response, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

import mail
from domain import Refused
from domain.base import clock
from domain.people import accounts, linked_identities, mail_tokens, rate_limits, second_factor, sessions
from domain.platform import settings
from models import User, db
from web import hypermedia

MINUTES = 15
FIELD = "fresh_proof"
LONGEST_PROOF = 1024
NOT_PROVED = "Sign in there first, then come back to this page."
SEEN = "seen"
SEEN_EVERY = 60
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
P = ParamSpec("P")


def fresh(view: Callable[P, BaseResponse]) -> Callable[P, BaseResponse]:
    """Require a proof of the last MINUTES for POSTs to `view`; a GET needs none."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> BaseResponse:
        away = challenge() if request.method not in SAFE_METHODS and not is_fresh() else None
        return away if away is not None else view(*args, **kwargs)

    guarded.asks_for_proof = True  # type: ignore[attr-defined]
    return guarded


def fresh_page(view: Callable[P, BaseResponse]) -> Callable[P, BaseResponse]:
    """Require a proof for GETs too: for pages and downloads with data that must not be stolen."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> BaseResponse:
        away = None if is_fresh() else challenge()
        return away if away is not None else view(*args, **kwargs)

    guarded.asks_for_proof = True  # type: ignore[attr-defined]
    return guarded


def is_fresh() -> bool:
    """Tell whether this device has a proof of the last MINUTES."""
    at = current_user.device_proved_at
    return at is not None and clock.now() - at < timedelta(minutes=MINUTES)


def is_idle() -> bool:
    """Tell whether this device of an admin has exceeded the idle timeout.

    The last click is stored in the signed session cookie, so no page has to write a row; once idle, only a
    proof resets it, never a later click.
    """
    last = max(_proved_second(), _seen_second())
    return clock.now().timestamp() - last > settings.current().admin_idle_minutes * 60


def touch_activity() -> None:
    """Store the time of a click of an admin, unless the device is idle already."""
    now_second = int(clock.now().timestamp())
    if now_second - _seen_second() >= SEEN_EVERY and not is_idle():
        session[SEEN] = now_second


def challenge() -> BaseResponse | None:
    """Return the page that asks for the proof; None once this request carries a valid one.

    A GET is redirected to a page of its own and back.
    """
    if request.method in SAFE_METHODS:
        return hypermedia.leave(url_for("auth.prove", next=request.full_path.rstrip("?")))
    if FIELD not in request.form:
        return page(403)
    try:
        prove(request.form[FIELD])
    except Refused as refusal:
        return page(422, refusal.sentence)
    except rate_limits.TooManyAttempts as refusal:
        db.session.rollback()
        minutes = -(-refusal.seconds // 60)
        return page(
            429, f"Too many attempts. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again."
        )
    return None


def page(status: int, wrong: str | None = None) -> Response:
    """Render the form for the proof, carrying what was posted; for a swap it replaces the whole page."""
    response = hypermedia.render(
        "auth/prove.html",
        status=200 if hypermedia.is_swap() else status,
        wrong=wrong,
        method=_method(),
        providers=_providers(),
        action=request.full_path.rstrip("?"),
        field=FIELD,
        held=[(k, v) for k, v in request.form.items(multi=True) if k not in (FIELD, "csrf_token")],
        loses_files=any(file.filename for file in request.files.values()),
    )
    response.headers["Cache-Control"] = "no-store"
    return hypermedia.take_over(response)


def prove(typed: str) -> None:
    """Check `typed`, the code of a second factor or else the password, and record the proof.

    Ends the transaction. An account with neither proves itself through its provider in another tab. Raises
    Refused, rate_limits.TooManyAttempts.
    """
    method = _method()
    if len(typed) > LONGEST_PROOF:
        raise Refused("That’s too long.")
    if method == "code":
        prove_code(current_user, typed)
    elif method == "password":
        prove_password(typed, FIELD)
    elif not is_fresh() or (current_user.is_admin and is_idle()):
        raise Refused(NOT_PROVED)
    sessions.proved(current_user)
    db.session.commit()


def prove_code(user: User, code: str) -> None:
    """Check a second-factor code of `user`; they are warned by mail when the attempts are used up.

    Throttled. Raises Refused, rate_limits.TooManyAttempts.
    """
    attempt = rate_limits.begin(rate_limits.code_limits(user.id, request.remote_addr or ""))
    db.session.commit()
    rate_limits.refuse_excess(attempt)
    if not second_factor.accept(user, code):
        db.session.rollback()
        if rate_limits.was_last(attempt):
            mail.codes_tried(user, mail_tokens.make(mail_tokens.Purpose.NOT_ME, user))
            db.session.commit()
        raise second_factor.WRONG
    rate_limits.succeeded(attempt)


def prove_password(password: str, field: str) -> None:
    """Check the account's password; a refusal names `field`. Throttled per account.

    Ends the transaction, so that none is open during the slow hash.
    Raises Refused, rate_limits.TooManyAttempts.
    """
    email = current_user.email
    attempt = rate_limits.begin(rate_limits.proof_limits(current_user.id))
    db.session.commit()
    rate_limits.refuse_excess(attempt)
    lock = accounts.lock_of(email)
    db.session.rollback()
    if not lock.opens_with(password):
        raise Refused("That isn’t your current password.", field)
    rate_limits.succeeded(attempt)


def _providers() -> dict[str, str]:
    """List the providers that this person can prove themselves with: linked, and still configured."""
    linked = {row.provider for row in linked_identities.list_identities(current_user)}
    return {key: name for key, name in linked_identities.available().items() if key in linked}


def _method() -> str:
    """Return the way in which this person proves themselves: "code", "password" or "provider"."""
    if second_factor.is_on(current_user):
        return "code"
    return "password" if current_user.password_hash else "provider"


def _proved_second() -> float:
    at: datetime | None = current_user.device_proved_at
    return at.timestamp() if at is not None else 0


def _seen_second() -> int:
    seen = session.get(SEEN)
    return seen if isinstance(seen, int) else 0
