"""Route of the library: a learner's own courses."""

from flask import abort, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.learn import bp
from domain.learning import library
from web import guards, hypermedia

LAST_PAGE = 10_000


@bp.get("/learn")
def my_learning() -> Response:
    """List the reader's courses: in progress, not begun, completed."""
    if (way_in := guards.ask_to_sign_in()) is not None:
        return way_in
    page = request.args.get("page", "1")
    number = int(page[:9]) if page.isascii() and page.isdigit() else 0
    if not 1 <= number <= LAST_PAGE:
        abort(404)
    shelf = library.load_page(current_user, number)
    if not shelf.courses and shelf.page > 1:
        abort(404)
    return hypermedia.render("learn/library.html", shelf=shelf, pages=_pages(shelf))


def _pages(shelf: library.LibraryPage) -> dict[str, object]:
    """Build the items of the pager; there are few pages, so all addresses are built."""
    last = -(-shelf.total // library.PAGE_SIZE) or 1
    link = {number: url_for("learn.my_learning", page=number) for number in range(1, last + 1)}
    near = [n for n in link if n in (1, last) or abs(n - shelf.page) <= 2]
    return {
        "prev": link.get(shelf.page - 1),
        "next": link.get(shelf.page + 1),
        "items": [(str(n), link[n], n == shelf.page) for n in near],
    }
