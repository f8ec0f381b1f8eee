"""Addresses of pages for what is stored or sent: notifications, mail, sitemaps, texts. Pages use `url_for`.

They are built from the routes, so that each address is spelt once, in its blueprint. None depends on a
request: a page and the worker build the same. What is stored is the path, which works on every host.
"""

import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from flask import current_app

# Ends of names that nobody can have on the internet.
RESERVED = ("test", "example", "invalid", "localhost", "local", "internal", "lan", "home")


def path_to(endpoint: str, anchor: str = "", **values: Any) -> str:
    """Build the path of a route, with values that it doesn't take as its query string.

    Raises werkzeug's BuildError for an unknown route or a missing value.
    """
    path = current_app.url_map.bind("localhost").build(endpoint, values)
    return f"{path}#{anchor}" if anchor else path


def url_to(endpoint: str, **values: Any) -> str:
    """Build the address of a route as `path_to` does, with the shop's base URL before it."""
    return at_home(path_to(endpoint, **values))


def at_home(path: str) -> str:
    """Put the shop's base URL before a path."""
    base: str = current_app.config["SETTINGS"].base_url
    return base + path


def for_outsiders(path: str) -> str:
    """Build the address of `path` as `at_home` does, for services that fetch it; "" where none can.

    That needs https and a public name, which a shop that is being tried out doesn't have.
    """
    address = at_home(path)
    parts = urlsplit(address)
    _, dot, zone = (parts.hostname or "").rpartition(".")
    is_public = parts.scheme == "https" and dot and zone not in RESERVED and not zone.isdigit()
    return address if is_public else ""


@cache
def pattern_of(endpoint: str) -> str:
    """Return the path of a route as a format string, for values that need no quoting.

    For addresses built by the dozen, such as a grid's pictures: filling it in takes a tenth of the time.
    """
    rule = next(current_app.url_map.iter_rules(endpoint)).rule
    return re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule)
