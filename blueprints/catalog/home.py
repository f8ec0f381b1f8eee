"""Route of the home page."""

from werkzeug.wrappers import Response

from blueprints.catalog import bp
from blueprints.catalog.etags import with_etag
from domain.catalog import cards
from web import hypermedia


@bp.get("/")
def home() -> Response:
    """Show the home page: hero, categories, featured and new courses."""
    return with_etag(hypermedia.render("catalog/home.html", home=cards.home()))
