"""Error pages in the site's design; no internals are shown."""

from contextlib import suppress

from flask import Flask, Response, current_app, render_template
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from domain.base.log import log
from models import db
from tables.connections import is_unavailable
from web import held_posts, hypermedia, logs, retries

PAGED_ERRORS = (403, 404, 413, 422, 429, 503)


def init_app(app: Flask) -> None:
    """Register the error handlers of `app`, and the second try of its pages."""
    retries.init_app(app)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(SQLAlchemyError, database_error)
    app.register_error_handler(Exception, unexpected_error)


def http_error(error: HTTPException) -> Response | HTTPException:
    """Render the page of an HTTP error; redirects pass through.

    An error while rendering another error page arrives here as well, as a 500 with its cause.
    """
    cause = getattr(error, "original_exception", None)
    if isinstance(cause, SQLAlchemyError):
        return database_error(cause)
    code = error.code or 500
    if code < 400:
        return error
    db.session.rollback()
    response = hypermedia.refuse_with(code) if hypermedia.stays_on_its_page() else _error_page(error, code)
    kept = ("Allow", "Content-Range", "Retry-After")
    response.headers.extend([pair for pair in error.get_headers() if pair[0] in kept])
    return response


def _error_page(error: HTTPException, code: int) -> Response:
    name = str(code) if code in PAGED_ERRORS else ("500" if code >= 500 else "400")
    page = render_template(f"errors/{name}.html", request_id=logs.request_id(), error=error, typed=_typed())
    return Response(page, code, mimetype="text/html")


def database_error(error: SQLAlchemyError) -> Response:
    """Answer 503 when the database is busy or down, so that a retry may succeed.

    A page that has lost its connection is made again first. Other errors are bugs (500).
    """
    if not is_unavailable(error):
        return unexpected_error(error)
    retries.try_again(error)
    db.session.rollback()
    log.exception("database unavailable", exc_info=error, extra={"data": {"id": logs.request_id()}})
    response = _page_without_database("errors/503.html", error, 503)
    response.headers["Retry-After"] = "5"
    return response


def unexpected_error(error: Exception) -> Response:
    """Answer 500 for a bug: logged with its traceback, shown with the request id."""
    db.session.rollback()
    log.exception("unexpected error", exc_info=error, extra={"data": {"id": logs.request_id()}})
    return _page_without_database("errors/500.html", error, 500)


def _page_without_database(page: str, error: Exception, code: int) -> Response:
    """Render an error page as for a visitor: loading the user would query the failed database."""
    current_app.login_manager._update_request_context_with_user()  # type: ignore[attr-defined]
    text = render_template(page, request_id=logs.request_id(), error=error, typed=_typed())
    return Response(text, code, mimetype="text/html")


def _typed() -> list[tuple[str, str]]:
    """Return the words that came with this request, to be copied: Back may show them no more.

    They are shown at every address, so that nobody learns by them whether a page exists.
    """
    with suppress(HTTPException):  # a body that nobody has read so far may be too large
        sent = held_posts.read()
        return held_posts.typed_words(sent) if sent else []
    return []
