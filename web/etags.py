"""Conditional requests for public pages: ETag and 304."""

import hashlib

from flask import Response, request, session


def with_etag(response: Response) -> Response:
    """Set a weak ETag, and answer 304 without a body if the browser has this version.

    Pages with a session carry a CSRF token that changes, so they are always sent.
    """
    if not session and response.status_code == 200 and not response.cache_control.no_store:
        digest = hashlib.sha1(response.get_data(), usedforsecurity=False).hexdigest()
        response.set_etag(digest, weak=True)
        if "If-None-Match" in request.headers:
            response.make_conditional(request)
    return response
