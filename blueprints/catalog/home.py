"""Route of the home page."""

from werkzeug.wrappers import Response

from blueprints.catalog import bp, fragments
from domain.catalog import cards
from domain.learning import library
from web import hypermedia, signed_in
from web.etags import with_etag

CONTINUED = 2


@bp.get("/")
def home() -> Response:
    """Show the home page: hero, categories, featured and new courses; to learners first how they continue."""
    user = signed_in.reader()
    going_on = library.load_page(user).going_on[:CONTINUED] if user is not None else []
    page = cards.home()
    owned = fragments.owned_by_reader([*page.featured, *page.newest, *page.best])
    return with_etag(hypermedia.render("catalog/home.html", home=page, going_on=going_on, owned=owned))
