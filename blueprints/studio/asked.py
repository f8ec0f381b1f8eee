"""What the lists of the studio are asked for in their addresses; what makes no sense is passed over."""

import uuid

from flask import request

from web.forms import one_line

LONGEST = 100


def words(name: str) -> str:
    """A text, on one line and without an end to it."""
    return one_line(request.args.get(name, "")[:LONGEST])


def id_of(name: str) -> uuid.UUID | None:
    """The id of a row."""
    try:
        return uuid.UUID(request.args.get(name, "")[:36])
    except ValueError:
        return None
