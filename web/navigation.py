"""The navigation: every menu as groups of places. A new page is one line here, and templates show it.

A menu is drawn by `ui.places` (studio, admin, the pages of a course, the account) or by the header.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import request
from flask_login import current_user

UrlFor = Callable[..., str]


def _signed_in() -> bool:
    return bool(current_user.is_authenticated)


def _works_here() -> bool:
    return _signed_in() and (current_user.is_creator or current_user.is_admin)


def _may_apply() -> bool:
    return not _works_here()


def _is_admin() -> bool:
    return _signed_in() and bool(current_user.is_admin)


@dataclass(frozen=True)
class Place:
    """An entry of a menu, at the address of `endpoint`.

    It is the current one on its own page, on every page below it unless it is `alone`, at the endpoints in
    `also`, and where the address has one of the parts in `parts`. It is left out where `shown` says so. Of
    what waits there, no more than `most` are told.
    """

    text: str
    endpoint: str
    icon: str = ""
    alone: bool = False
    also: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    shown: Callable[[], bool] | None = None
    unit: str = "waiting"
    wide: bool = False
    most: int = 9


@dataclass(frozen=True)
class Group:
    """Places under one heading; without one they stand alone."""

    label: str
    places: tuple[Place, ...]


class Entry(NamedTuple):
    """A place as a page shows it: `current` is "page" on its own page, "true" below it, or ""."""

    text: str
    href: str
    icon: str
    current: str
    number: int
    unit: str
    wide: bool
    most: int


MENUS: dict[str, tuple[Group, ...]] = {
    "header": (
        Group(
            "",
            (
                Place("Browse", "catalog.courses", alone=True, wide=True),
                Place("My learning", "learn.my_learning", alone=True, shown=_signed_in),
                Place("Teach", "teach.apply", alone=True, wide=True, shown=_may_apply),
            ),
        ),
    ),
    # Links with an icon and a number beside the account. One that `shown` leaves out takes no room.
    "tools": (
        Group(
            "",
            (
                Place("Notifications", "notifications.index", "bell", shown=_signed_in, unit="unread"),
                Place("Cart", "cart.index", "cart", alone=True, unit="in it", most=99),
            ),
        ),
    ),
    "stranger": (
        Group(
            "", (Place("Browse courses", "catalog.courses", "compass"), Place("Teach", "teach.apply", "pen"))
        ),
        Group("", (Place("Register", "auth.register", "user"), Place("Sign in", "auth.login", "sign-in"))),
    ),
    "person": (
        Group(
            "",
            (
                Place("My learning", "learn.my_learning", "book-open"),
                Place("Browse courses", "catalog.courses", "compass"),
                Place("Wishlist", "wishlist.index", "heart"),
            ),
        ),
        Group(
            "",
            (
                Place("Notifications", "notifications.index", "bell"),
                Place("Orders and receipts", "orders.index", "receipt"),
                Place("Gifts", "my_gifts.index", "gift"),
                Place("Account", "account.profile", "settings"),
            ),
        ),
        Group(
            "",
            (
                Place("Studio", "studio.overview", "pen", shown=_works_here),
                Place("Admin", "admin.index", "shield", shown=_is_admin),
            ),
        ),
    ),
    "account": (
        Group("You", (Place("Profile", "account.profile", alone=True), Place("Email", "account.email"))),
        Group("Buying", (Place("Billing details", "account.billing_details"),)),
        Group("Safety", (Place("Password and devices", "account.security"),)),
        Group("What we send", (Place("Notifications", "account.notifications"),)),
    ),
    "studio": (
        Group("", (Place("Overview", "studio.overview", "home", alone=True),)),
        Group(
            "Teaching",
            (
                Place("Courses", "studio.courses", "book"),
                Place("Bundles", "studio.bundles", "package", also=("studio.bundle_requests",)),
            ),
        ),
        Group(
            "Learners",
            (Place("Students", "studio.student_list", "users"), Place("Reviews", "studio.reviews", "star")),
        ),
        Group(
            "Sales",
            (
                Place("Coupons", "studio.coupons", "tag"),
                Place("Earnings", "studio.earnings", "receipt"),
                Place("Payouts", "studio.payouts", "card"),
            ),
        ),
        Group("You", (Place("Your page", "studio.profile", "user"),)),
    ),
    "course": (
        Group(
            "Content",
            (
                Place("Details", "studio.details", alone=True),
                Place("Curriculum", "studio.curriculum_of", parts=("module_id", "lesson_id")),
                Place("Media", "studio.course_media"),
            ),
        ),
        Group(
            "Sale",
            (
                Place("Pricing", "studio.pricing"),
                Place("Access", "studio.access"),
                Place("Search and sharing", "studio.sharing"),
                Place("Publish", "studio.publish"),
            ),
        ),
        Group("Results", (Place("Analytics", "studio.analytics"),)),
    ),
    "bundle": (
        Group(
            "Content",
            (
                Place("Details", "studio.bundle", alone=True),
                Place("Courses", "studio.bundle_courses"),
            ),
        ),
        Group(
            "Sale",
            (
                Place("Price and access", "studio.bundle_sale"),
                Place("Search and sharing", "studio.bundle_sharing"),
                Place("Publish", "studio.bundle_publish"),
            ),
        ),
        Group("Results", (Place("Analytics", "studio.bundle_analytics"),)),
    ),
    "admin": (
        Group(
            "Today",
            (
                Place("Overview", "admin.index", "home", alone=True),
                Place("Alerts", "admin.alerts", "warning"),
                Place("Moderation", "admin.moderation", "shield"),
            ),
        ),
        Group(
            "Catalogue",
            (
                Place("Categories", "admin.categories", "grid"),
                Place("Expiring courses", "admin.expiring", "clock"),
            ),
        ),
        Group(
            "Sales",
            (
                Place("Analytics", "admin.analytics", "chart"),
                Place("Orders", "admin.orders", "receipt"),
                Place("Withdrawals", "admin.withdrawals", "reply"),
                Place("Disputes", "admin.disputes", "shield"),
                Place("Documents", "admin.documents", "file-text"),
                Place("Payouts", "admin.payouts", "card"),
                Place("Coupons", "admin.coupons", "tag"),
                Place("Tax", "admin.tax_sums", "globe"),
                Place("Books", "admin.books", "book"),
            ),
        ),
        Group("People", (Place("People", "admin.users", "users"), Place("Email", "admin.emails", "mail"))),
        Group(
            "System",
            (
                Place("Webhooks", "admin.webhooks", "link"),
                Place("Jobs", "admin.jobs", "server", also=("admin.media",)),
                Place("Backups", "admin.backups", "package"),
                Place("Audit log", "admin.audit_log", "history"),
                Place("Settings", "admin.shop_settings", "settings"),
            ),
        ),
    ),
}


def menu(
    url_for: UrlFor, name: str, counts: Mapping[str, int] | None = None, **values: Any
) -> list[tuple[str, list[Entry]]]:
    """List the groups of a menu that have places to show: heading and entries.

    `counts` is what waits at an endpoint; `values` are the parts of the addresses, such as a course's id.
    """
    found = []
    for group in MENUS[name]:
        entries = [
            _entry(place, url_for(place.endpoint, **values), (counts or {}).get(place.endpoint, 0))
            for place in group.places
            if place.shown is None or place.shown()
        ]
        if entries:
            found.append((group.label, entries))
    return found


def _entry(place: Place, href: str, count: int) -> Entry:
    return Entry(
        place.text, href, place.icon, _current(place, href), count, place.unit, place.wide, place.most
    )


def _current(place: Place, href: str) -> str:
    here = request.root_path + request.path
    if here == href:
        return "page"
    below = not place.alone and here.startswith(f"{href}/")
    inside = request.endpoint in place.also or any(part in (request.view_args or {}) for part in place.parts)
    return "true" if below or inside else ""
