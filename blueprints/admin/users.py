"""The user directory, searched by the prefix of a name or an address."""

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.admin import after, bp
from domain.people import directory
from domain.people.directory import PeopleFilter
from web import hypermedia
from web.forms import one_line
from web.query_args import choice_arg

KINDS = {
    PeopleFilter.ALL: "Everyone",
    PeopleFilter.LEARNERS: "Learners",
    PeopleFilter.CREATORS: "Creators",
    PeopleFilter.ADMINS: "Admins",
    PeopleFilter.VETTED: "Trusted",
    PeopleFilter.SUSPENDED: "Suspended",
}


@bp.get("/users")
def users() -> Response:
    """List the users, newest first, or those whose name or address begins with `q`."""
    kind = choice_arg("kind", PeopleFilter, PeopleFilter.ALL)
    text = one_line(request.args.get("q", ""))[:100]
    listing = directory.search(text, kind) if text else directory.newest(kind, after())
    return hypermedia.render(
        "admin/users.html",
        "admin/_users.html",
        listing=listing,
        kind=kind.value,
        text=text,
        tabs=[
            (name, url_for("admin.users", kind=one.value, q=text or None), one == kind)
            for one, name in KINDS.items()
        ],
        more=url_for("admin.users", kind=kind.value, after=listing.after)
        if listing.after and not text
        else None,
        first=url_for("admin.users", kind=kind.value) if after() else None,
    )
