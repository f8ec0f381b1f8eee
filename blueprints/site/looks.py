"""The shop's colour, and cover art for courses without a picture."""

import re

from flask import Response, abort, request

from blueprints.site import site
from domain.platform import settings
from web import covers

YEAR = "public, max-age=31536000, immutable"


@site.get("/theme.css")
def theme() -> Response:
    """The one colour that the shop chooses, as a custom property. Its address carries the colour."""
    color = settings.current().primary_color
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
        abort(404)
    response = Response(f":root{{--brand:{color}}}\n", mimetype="text/css")
    # A process that doesn't know of a new colour yet must not have the old one kept under the new address.
    named = request.args.get("v", "").lower() == color.removeprefix("#").lower()
    response.headers["Cache-Control"] = YEAR if named else "no-cache"
    return response


@site.get("/covers/<category>/<slug>.svg")
def cover(category: str, slug: str) -> Response:
    """The drawn cover of a course: made from its address alone, so it never changes."""
    response = Response(covers.draw(slug[:220], category[:100]), mimetype="image/svg+xml")
    response.headers["Cache-Control"] = YEAR
    return response
