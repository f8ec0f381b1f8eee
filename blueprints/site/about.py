"""Who runs the shop, and how to reach them."""

from werkzeug.wrappers import Response

from blueprints.site import site
from web import hypermedia


@site.get("/about")
def about() -> Response:
    """What the shop says of itself."""
    return hypermedia.render("site/about.html")


@site.get("/contact")
def contact() -> Response:
    """The address to write to, and where else the shop is found."""
    return hypermedia.render("site/contact.html")
