"""Route of the creator page."""

from flask import abort, url_for
from werkzeug.wrappers import Response

from blueprints.catalog import bp, fragments, page_urls
from domain.catalog import cards, creators
from web import hypermedia
from web.etags import with_etag


@bp.get("/creators/<slug>")
def creator(slug: str) -> Response:
    """Show a creator's profile, courses and number of learners."""
    person = creators.find(slug) or abort(404)
    number = page_urls.page_number()
    last = max(1, -(-person.totals.courses // cards.PAGE_SIZE))
    path = url_for("catalog.creator", slug=person.slug)
    if number > last:
        return hypermedia.render("catalog/beyond.html", status=404, number=number, first=path)
    theirs = cards.cards_by(person.id, number)
    return with_etag(
        hypermedia.render(
            "catalog/creator.html",
            person=person,
            cards=theirs,
            owned=fragments.owned_by_reader(theirs),
            pages=page_urls.pager(path, [], number, last),
            address=page_urls.with_page(path, [], number),
        )
    )
