"""The user directory, searched by the prefix of a name or an address."""

from functools import partial

from flask import url_for
from werkzeug.wrappers import Response

from blueprints.admin import after, bp, sorting
from domain.people import directory
from domain.people.directory import PeopleFilter, PeopleSort
from web import hypermedia
from web.query_args import choice_arg, text_arg

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
    """List the users in an order, or those whose name, surname or address begins with `q`."""
    kind = choice_arg("kind", PeopleFilter, PeopleFilter.ALL)
    sort = choice_arg("sort", PeopleSort, PeopleSort.NEWEST)
    text = text_arg("q")
    listing = directory.search(text, kind) if text else directory.page(kind, sort, after())
    address = partial(url_for, "admin.users", kind=kind.value)
    response = hypermedia.render(
        "admin/users.html",
        "admin/_users.html",
        listing=listing,
        kind=kind.value,
        text=text,
        tabs=[
            (name, url_for("admin.users", kind=one.value, q=text or None), one == kind)
            for one, name in KINDS.items()
        ],
        by_name=None if text else sorting.column(address, sort, PeopleSort.NAME),
        by_age=None if text else sorting.column(address, sort, PeopleSort.OLDEST, PeopleSort.NEWEST),
        more=address(sort=sort, after=listing.after) if listing.after and not text else None,
        first=address(sort=sort) if after() else None,
    )
    hypermedia.show_address(response, address(q=text or None), typed="q")
    return response
