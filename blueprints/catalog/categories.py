"""Route of the category page."""

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from blueprints.catalog import bp, fragments, page_urls
from domain.catalog import cards
from domain.catalog.index import facets, index_cache
from web import hypermedia
from web.etags import with_etag

SORTS = ("popular", "newest", "rating")


@bp.get("/categories/<slug>")
def category(slug: str) -> Response:
    """List the courses of a category and its subcategories."""
    index = index_cache.current()
    category = index.categories.get(slug) or abort(404)
    asked = request.args.get("sort", "")
    sort = asked if asked in SORTS else SORTS[0]
    selection = facets.Selection(chosen=(("category", (slug,)),), sort=sort)
    number = page_urls.page_number()
    found = cards.browse(index, selection, number)
    path, pairs = url_for("catalog.category", slug=slug), [] if sort == SORTS[0] else [("sort", sort)]
    if found is None:
        return hypermedia.render("catalog/beyond.html", status=404, number=number, first=path)
    tabs = [
        (facets.SORTS[s], page_urls.with_page(path, [("sort", s)] if s != SORTS[0] else []), s == sort)
        for s in SORTS
    ]
    return with_etag(
        hypermedia.render(
            "catalog/category.html",
            category=category,
            parent=index.categories.get(category.parent or ""),
            below=[s for s in index.categories.values() if s.parent == slug and s.courses],
            found=found,
            owned=fragments.owned_by_reader(found.cards),
            tabs=tabs,
            pages=page_urls.pager(path, pairs, number, found.last),
            address=page_urls.with_page(path, [], number),
        )
    )
