"""Held posts: a form that arrived signed out or with a stale token is stored and offered again.

Every POST is handled this way; no route has to ask for it.
"""

import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from urllib.parse import quote, urlsplit

import wtforms
from flask import Response, after_this_request, current_app, request, url_for
from flask_login import current_user
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse
from wtforms import HiddenField, PasswordField, SelectField
from wtforms.fields.core import UnboundField

from domain.base import clock, signing
from domain.people import rate_limits
from domain.platform import held_posts
from domain.platform.held_posts import PostedForm
from models import HeldPost, db
from web import csrf, forms, hypermedia

COOKIE = "lectern_held"
NEVER = ("auth", "stripe_hooks", "dev")
SECRET = re.compile(
    r"(^|[_-])(password|passphrase|secret|token|otp|codes?|proof|csrf)([_-]|$)", re.IGNORECASE
)
SAYS_NOTHING = re.compile(r"(|y|yes|no|on|off|true|false|[0-9a-f-]{32,36})", re.IGNORECASE)
MARKER = "held_post"


def ask_to_sign_in() -> BaseResponse:
    """Keep the post of this request, and redirect to sign in and then to the kept post.

    A post too large to keep is shown for copying; a button without fields leads back to its page. Commits.
    """
    sent = read()
    if sent is None or not sent_words(sent):
        return hypermedia.see_other(url_for("auth.login", next=page_of_origin()))
    return keep(sent) or hypermedia.render("errors/400_stale.html", status=400, typed=typed_words(sent))


def keep_for_later() -> BaseResponse | None:
    """Keep the post of this request; return a redirect to it, None where it can't be kept."""
    sent = read()
    return keep(sent) if sent is not None and sent_words(sent) else None


def keep(sent: PostedForm) -> BaseResponse | None:
    """Keep `sent` for the person whose page it was on; return a redirect to where it is shown again.

    None if it is too large, over the limit of its IP address, or has no token of ours. Commits.
    """
    person = csrf.sender()
    if person is None or not sent.may_be_kept:
        return None
    try:
        rate_limits.begin(rate_limits.held_limits(request.remote_addr or ""))
    except rate_limits.TooManyAttempts:
        db.session.rollback()
        return None
    row = held_posts.keep(_token(), person, sent)
    address = url_for("auth.held_post", held_id=row.id)
    db.session.commit()
    if current_user.is_anonymous:
        address = url_for("auth.login", next=address)
    return hypermedia.see_other(address)


def sent_words(sent: PostedForm) -> list[tuple[str, str]]:
    """List the fields a person typed or chose: no ids, no check boxes, no hidden fields."""
    unseen = _unseen()
    return [
        (name, text)
        for name, text in sent.fields
        if name not in unseen and not SAYS_NOTHING.fullmatch(text.strip())
    ]


def typed_words(sent: PostedForm) -> list[tuple[str, str]]:
    """List what `sent_words` does without choices, whose values are words of the program."""
    return [(name, text) for name, text in sent_words(sent) if name not in _choices()]


def read() -> PostedForm | None:
    """Read this request's fields without secrets; None for what is never kept."""
    if request.method != "POST" or request.blueprint in NEVER or not csrf.is_from_here():
        return None
    fields = [
        (name, text)
        for name, texts in request.form.lists()
        for text in texts
        if not _is_secret(name) and name != MARKER
    ]
    has_files = any(file.filename for file in request.files.values())
    return PostedForm(_address(), page_of_origin(), fields, has_files)


def find(held_id: uuid.UUID) -> HeldPost | None:
    """Find the post that this browser has kept under this id."""
    token = request.cookies.get(COOKIE)
    return held_posts.find(token, held_id) if token else None


def offer(person: str) -> str | None:
    """Return the address of a kept post for `person`, who has just signed in; once. Commits."""
    token = request.cookies.get(COOKIE)
    row = held_posts.to_offer(token, person) if token else None
    if row is None:
        return None
    row.offered_at = clock.now()
    address = url_for("auth.held_post", held_id=row.id)
    db.session.commit()
    return address


def marker() -> uuid.UUID | None:
    """Return the id of the kept post that this request submits, if it does."""
    with suppress(HTTPException):  # the body is parsed here for the first time and may be too large
        return request.form.get(MARKER, type=uuid.UUID) if request.method == "POST" else None
    return None


def drop(held_id: uuid.UUID) -> None:
    """Delete the post that this browser has kept under this id. Commits."""
    if token := request.cookies.get(COOKIE):
        held_posts.drop(token, held_id)
        db.session.commit()


def page_of_origin() -> str:
    """Return the path of the page that a form was on, "/" if unknown."""
    if not (request.referrer or "").startswith(request.host_url):
        return "/"
    parts = urlsplit(request.referrer or "")
    path = f"/{parts.path.lstrip('/')}"  # two slashes would be a protocol-relative URL of another site
    return f"{path}?{parts.query}" if parts.query else path


def _address() -> str:
    query = request.query_string.decode("ascii", "replace")
    return quote(request.path) + (f"?{query}" if query else "")


def _token() -> str:
    """Return the random token in this browser's cookie, which is set if missing."""
    token = request.cookies.get(COOKIE) or signing.new_token()

    @after_this_request
    def give(response: Response) -> Response:
        response.set_cookie(
            COOKIE,
            token,
            max_age=held_posts.LIFETIME,
            httponly=True,
            samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )
        return response

    return token


def _is_secret(name: str) -> bool:
    return bool(SECRET.search(name)) or name in _secret_fields()


@cache
def _secret_fields() -> frozenset[str]:
    """List the names of the password fields of all forms."""
    return frozenset(name for name, kind, _label in _fields() if issubclass(kind, PasswordField))


@cache
def _unseen() -> frozenset[str]:
    """List the names of fields that are hidden in every form that has them."""
    return _always(HiddenField)


@cache
def _choices() -> frozenset[str]:
    """List the names of fields that are chosen from a list in every form that has them."""
    return _always(SelectField)


def _always(wanted: type[wtforms.Field]) -> frozenset[str]:
    such = {name for name, kind, _label in _fields() if issubclass(kind, wanted)}
    return frozenset(such - {name for name, kind, _label in _fields() if not issubclass(kind, wanted)})


def label_of(name: str) -> str:
    """Return the label of a posted field if all forms that have it agree, else its name in words."""
    labels = _labels().get(name, set())
    return min(labels) if len(labels) == 1 else re.sub(r"[_-]+", " ", name).capitalize()


@cache
def _labels() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, _kind, label in _fields():
        if label:
            found.setdefault(name, set()).add(label)
    return found


def _fields() -> Iterator[tuple[str, type[wtforms.Field], str]]:
    """Yield name, type and label of the fields of all forms."""
    waiting: list[type] = [forms.Form]
    while waiting:
        form = waiting.pop()
        waiting += form.__subclasses__()
        for name, field in vars(form).items():
            if isinstance(field, UnboundField):
                label = field.args[0] if field.args else field.kwargs.get("label")
                yield field.kwargs.get("name", name), field.field_class, str(label or "")
