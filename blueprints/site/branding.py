"""Branding: the theme's colour, and generated covers for courses without an image."""

import re

from flask import Response, abort, current_app, request

import storage
from blueprints.site import bp
from domain.platform import images, settings
from web import cover_art, static_files

DAY = "public, max-age=86400"
YEAR = "public, max-age=31536000, immutable"


@bp.get("/theme.css")
def theme() -> Response:
    """Serve the brand colour as a CSS custom property. The address carries the colour, so it is immutable."""
    color = settings.current().primary_color
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
        abort(404)
    response = Response(f":root{{--brand:{color}}}\n", mimetype="text/css")
    # A process that hasn't reloaded its settings yet must not have the old colour cached at the new address.
    named = request.args.get("v", "").lower() == color.removeprefix("#").lower()
    response.headers["Cache-Control"] = YEAR if named else "no-cache"
    return response


@bp.get("/favicon.ico")
def favicon() -> Response:
    """Serve the shop's logo or our icon, to programs that ask for this address without reading the page."""
    logo = settings.current().logo
    if logo:
        response = storage.publish(images.key_of("logo", logo, "128.png") or abort(404), "image/png")
    else:
        assets: static_files.AssetIndex = current_app.extensions["assets"]
        response = Response(assets.by_name["icons/favicon.ico"].body, mimetype="image/x-icon")
    response.headers["Cache-Control"] = DAY
    return response


@bp.get("/covers/<category>/<slug>.svg")
def cover(category: str, slug: str) -> Response:
    """Serve the generated cover of a course; derived from its slug alone, so it is immutable."""
    response = Response(cover_art.draw(slug[:220], category[:100]), mimetype="image/svg+xml")
    response.headers["Cache-Control"] = YEAR
    return response
