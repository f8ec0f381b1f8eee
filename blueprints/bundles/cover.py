"""Route of the cover that is drawn for a bundle without an image."""

from flask import Response, abort

from blueprints.bundles import bp
from domain.bundles import contents
from web import cover_art

HOUR = "public, max-age=3600"  # courses come and go


@bp.get("/bundles/<slug>/cover.svg")
def cover(slug: str) -> Response:
    """Serve a cover drawn from those of the bundle's first courses."""
    seeds = contents.cover_seeds(slug)
    if seeds is None:
        abort(404)
    response = Response(cover_art.draw_together(seeds), mimetype="image/svg+xml")
    response.headers["Cache-Control"] = HOUR
    return response
