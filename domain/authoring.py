"""Writing a course: its details, its price, who may come in, and how it is found."""

from urllib.parse import urlsplit

from flask import current_app

from domain import prose


def rendered(markdown: str) -> str:
    """The HTML of a text as it is stored and shown. Raises Refused for one that is too long to be read."""
    own_host = urlsplit(current_app.config["SETTINGS"].base_url).netloc
    return prose.render(markdown, own_host=own_host).html
