"""Routes of the about and contact pages."""

from werkzeug.wrappers import Response

from blueprints.site import bp
from web import hypermedia


@bp.get("/about")
def about() -> Response:
    """Show the shop's about text."""
    return hypermedia.render("site/about.html")


@bp.get("/contact")
def contact() -> Response:
    """Show the contact address and social links."""
    return hypermedia.render("site/contact.html")
