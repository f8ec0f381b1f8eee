"""Pages that a stranger's browser may show again after asking whether they have changed."""

import hashlib

from flask import Response, request, session


def unless_known(response: Response) -> Response:
    """`response` with an ETag, or 304 without a body when the browser has just that page.

    Pages of people who are signed in carry a token that changes with time; theirs are always sent.
    """
    if not session and response.status_code == 200 and not response.cache_control.no_store:
        digest = hashlib.sha1(response.get_data(), usedforsecurity=False).hexdigest()
        response.set_etag(digest, weak=True)
        if "If-None-Match" in request.headers:
            response.make_conditional(request)
    return response
