"""Query parameters of the studio's lists; invalid ones are ignored."""

import uuid

from flask import request

from web.forms import one_line

LONGEST = 100


def text_arg(name: str) -> str:
    """Read a text as one line of at most LONGEST characters."""
    return one_line(request.args.get(name, "")[:LONGEST])


def id_arg(name: str) -> uuid.UUID | None:
    """Read a UUID; None if it is malformed."""
    try:
        return uuid.UUID(request.args.get(name, "")[:36])
    except ValueError:
        return None
