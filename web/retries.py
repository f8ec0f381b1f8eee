"""A page whose database connection was lost is made again, once, from the beginning.

It has written nothing, so nothing happens twice. What posts isn't tried again: it may have been committed.
"""

from collections.abc import Iterable
from typing import Any

from flask import Flask, request
from sqlalchemy.exc import DBAPIError

from domain.base.log import log
from tables.connections import is_page
from web import logs

TRIED = "lectern.tried_again"


class TryAgain(BaseException):
    """The request is to be made again. No Exception, so that it passes the error handlers."""


def init_app(app: Flask) -> None:
    """Make requests of `app` again that raise TryAgain: each with a session and a context of its own."""
    answer = app.wsgi_app

    def try_twice(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            return answer(environ, start_response)
        except TryAgain:
            return answer(environ, start_response)

    app.wsgi_app = try_twice  # type: ignore[method-assign]


def try_again(error: BaseException) -> None:
    """Raise TryAgain if `error` is the first lost connection of a request that only reads."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    if lost and is_page() and TRIED not in request.environ:
        request.environ[TRIED] = True
        log.warning("connection lost, trying again", extra={"data": {"id": logs.request_id()}})
        raise TryAgain
