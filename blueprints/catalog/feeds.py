"""Routes for programs: sitemap.xml, the Atom feed of new courses and robots.txt."""

import re

from flask import Response, abort, current_app, request

from blueprints.catalog import bp
from domain.catalog import sitemap

# XML 1.0, section 2.2: characters that no escape can carry.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
AN_HOUR = "public, max-age=3600"


@bp.get("/sitemap.xml")
def sitemap_xml() -> Response:
    """Serve the sitemap; beyond 50,000 addresses, the protocol's limit, an index of `?file=` parts."""
    files = sitemap.sitemap_files()
    asked = request.args.get("file", "")
    if not asked and files > 1:
        return _xml("catalog/sitemap_index.xml", files=range(1, files + 1))
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    if not 1 <= number <= files:
        abort(404)
    return _xml("catalog/sitemap.xml", places=sitemap.addresses(number))


@bp.get("/feed.xml")
def feed() -> Response:
    """Serve the newest courses as Atom (RFC 4287)."""
    response = _xml("catalog/feed.xml", entries=sitemap.feed())
    response.mimetype = "application/atom+xml"
    return response


@bp.get("/robots.txt")
def robots() -> Response:
    """Serve robots.txt: personal pages and combinations of filters aren't crawled."""
    response = Response(_for_anyone("catalog/robots.txt"), mimetype="text/plain")
    response.headers["Cache-Control"] = AN_HOUR
    return response


def _xml(template: str, **context: object) -> Response:
    text = _NOT_XML.sub("", _for_anyone(template, **context))
    response = Response(text, mimetype="application/xml")
    response.headers["Cache-Control"] = AN_HOUR
    return response


def _for_anyone(template: str, **context: object) -> str:
    """Render without the request's context: shared caches keep these answers, so no cookie may be set."""
    return current_app.jinja_env.get_template(template).render(**context)
