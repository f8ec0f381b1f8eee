"""Route of the library: a learner's own courses."""

from flask import abort, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.learn import bp
from domain.commerce import orders
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
    library_page = library.load_page(current_user, number)
    if not library_page.courses and library_page.page > 1:
        abort(404)
    return hypermedia.render(
        "learn/library.html", library=library_page, pages=_pages(library_page),
        on_their_way=orders.on_their_way(current_user) if number == 1 else [],
    )  # fmt: skip


def _pages(library_page: library.LibraryPage) -> dict[str, object]:
    """Build the items of the pager; there are few pages, so all addresses are built."""
    last = -(-library_page.total // library.PAGE_SIZE) or 1
    link = {number: url_for("learn.my_learning", page=number) for number in range(1, last + 1)}
    near = [n for n in link if n in (1, last) or abs(n - library_page.page) <= 2]
    return {
        "prev": link.get(library_page.page - 1),
        "next": link.get(library_page.page + 1),
        "items": [(str(n), link[n], n == library_page.page) for n in near],
    }
