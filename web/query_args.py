"""Query parameters of the lists in the account, the studio and the admin area.

A missing or empty filter is the whole list. One that names nothing there is no address of ours: 404, instead
of a list that looks filtered. The catalogue ignores unknown filters: links to it outlive its categories.
"""

import uuid
from enum import StrEnum
from typing import TypeVar

from flask import abort, request

from web.forms import one_line

LONGEST = 100
Choice = TypeVar("Choice", bound=StrEnum)
Default = TypeVar("Default")


def text_arg(name: str) -> str:
    """Read a text as one line of at most LONGEST characters."""
    return one_line(request.args.get(name, "")[:LONGEST])


def id_arg(name: str) -> uuid.UUID | None:
    """Read a UUID; None if it is missing, 404 if it is malformed."""
    asked = request.args.get(name, "")
    try:
        return uuid.UUID(asked) if asked else None
    except ValueError:
        abort(404)


def cursor_arg(name: str) -> uuid.UUID | None:
    """Read the id that a page of a list begins behind; None, for its first page, if it isn't one."""
    try:
        return uuid.UUID(request.args.get(name, ""))
    except ValueError:
        return None


def choice_arg(name: str, choices: type[Choice], default: Default) -> Choice | Default:
    """Read one of `choices`; `default` if it is missing, 404 if it is none of them."""
    asked = request.args.get(name, "")
    if not asked:
        return default
    return choices(asked) if asked in list(choices) else abort(404)
