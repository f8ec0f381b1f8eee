"""Routes of coupons, for each area that has them: the studio and the admin area."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, NamedTuple

from flask import Blueprint
from werkzeug.wrappers import Response

from web import coupon_pages as pages
from web.coupon_pages import Desk

READ, WRITE, BOTH = ("GET",), ("POST",), ("GET", "POST")
ONE = "/coupons/<uuid:coupon_id>"


class Route(NamedTuple):
    """A route: its path below the area's, the name of its endpoint, its page, and the methods it answers."""

    path: str
    name: str
    page: Callable[Concatenate[Desk, ...], Response]
    methods: tuple[str, ...]


# The list is each area's own: admins choose whose coupons it shows.
ROUTES = (
    Route("/coupons/new", "new_coupon", pages.new_page, BOTH),
    Route(ONE, "coupon", pages.coupon_page, READ),
    Route(f"{ONE}/edit", "edit_coupon", pages.edit_page, BOTH),
    Route(f"{ONE}/stop", "stop_coupon", pages.stop, WRITE),
    Route(f"{ONE}/start", "start_coupon", pages.start, WRITE),
    Route(f"{ONE}/prolong", "prolong_coupon", pages.prolong, WRITE),
    Route(f"{ONE}/duplicate", "duplicate_coupon", pages.duplicate, WRITE),
    Route(f"{ONE}/orders.csv", "coupon_orders", pages.orders_file, READ),
    Route(f"{ONE}/days.csv", "coupon_days", pages.days_file, READ),
    Route(f"{ONE}/codes.csv", "coupon_codes", pages.codes_file, READ),
)


def add_to(area: Blueprint, desk: Callable[[], Desk]) -> None:
    """Add the routes of coupons to `area`; `desk` says, at each request, whose coupons they are."""
    for route in ROUTES:
        area.add_url_rule(route.path, route.name, _view(route.page, desk), methods=route.methods)


def _view(
    page: Callable[Concatenate[Desk, ...], Response], desk: Callable[[], Desk]
) -> Callable[..., Response]:
    @wraps(page)
    def view(**values: object) -> Response:
        return page(desk(), **values)

    return view
