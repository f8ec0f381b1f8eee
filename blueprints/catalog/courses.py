"""Route of the catalogue: full-text search, filters, sorting and paging."""

from dataclasses import replace

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from blueprints.catalog import bp, filters, fragments, page_urls
from domain.catalog import cards
from domain.catalog.cards import CatalogPage
from domain.catalog.index import facets, index_cache
from domain.catalog.index.facets import Selection
from web import hypermedia, visitor
from web.etags import with_etag


@bp.get("/courses")
def courses() -> Response:
    """List the courses that match the query string; unknown filters are ignored."""
    index = index_cache.current()
    selection = facets.read(request.args.to_dict(flat=False), index.facets.values())
    number = page_urls.page_number()
    if "" in request.args.values() and not hypermedia.is_swap():
        # A form without JavaScript sends its empty fields too: redirect to the canonical address.
        return redirect(page_urls.selection_url(selection, number))
    found = cards.browse(index, selection, number)
    if found is None:
        first = page_urls.selection_url(selection)
        return hypermedia.render("catalog/beyond.html", status=404, number=number, first=first)
    if selection.words and number == 1:
        visitor.record_search(selection.text, 0 if found.partly or found.corrected else found.total)
    response = hypermedia.render(
        "catalog/courses.html",
        "catalog/courses.oob.html",
        found=found,
        selection=selection,
        filters=filters.panel(found),
        chips=filters.chips(found),
        sorts=_sorts(selection),
        pages=page_urls.pager(url_for("catalog.courses"), selection.pairs(), number, found.last),
        instead=_instead(found),
        owned=fragments.owned_by_reader([*found.cards, *found.instead]),
        literally=page_urls.selection_url(replace(selection, exact=True)) if found.corrected else None,
        address=page_urls.selection_url(selection, number),
    )
    hypermedia.show_address(response, page_urls.selection_url(selection), typed="q")
    return with_etag(response)


def _sorts(selection: Selection) -> list[tuple[str, str]]:
    return [(value, name) for value, name in facets.SORTS.items() if value != "relevance" or selection.words]


def _instead(found: CatalogPage) -> tuple[str, str] | None:
    """Return the spelling correction of a search and its address, if there is one."""
    if found.meant is None:
        return None
    return found.meant, page_urls.with_page(url_for("catalog.courses"), [("q", found.meant)])
