"""Money asks no product what kind it is: it speaks to the kind (docs/contributing.md)."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MONEY = ("domain/commerce", "domain/cart", "domain/ledger", "domain/payouts", "payments", "mail",
         "blueprints/orders", "blueprints/checkout", "templates/orders", "templates/checkout",
         "templates/mail")  # fmt: skip


# Rooms that ask for products of every kind: their words and addresses come from the kind.
ROOMS = ("domain/commerce", "domain/cart", "blueprints/orders", "blueprints/checkout", "blueprints/wishlist",
         "blueprints/cart", "blueprints/reviews", "templates/orders", "templates/checkout",
         "templates/wishlist", "templates/cart", "templates/mail/cart_reminder",
         "templates/reviews", "templates/mail/receipt", "templates/mail/payment_pending",
         "templates/mail/payment_failed", "domain/community")  # fmt: skip
OF_COURSES = re.compile(
    r"(catalog|learn)\.course['\"]|\b(this|the) course\b|/courses/\{|(join|select)\(Course\b"
)


def test_no_course_is_meant_where_products_are_asked_for() -> None:
    files = [
        path
        for place in ROOMS
        for path in (ROOT / place).rglob("*")
        if path.suffix in (".py", ".html", ".txt")
    ]
    assert len(files) > 50
    assert [
        f"{path.relative_to(ROOT)}: {line}"
        for path in files
        for line in path.read_text().splitlines()
        if OF_COURSES.search(line) and '"""' not in line
    ] == []


def test_no_kind_is_named_where_money_is_moved() -> None:
    files = [
        path
        for place in MONEY
        for path in (ROOT / place).rglob("*")
        if path.suffix in (".py", ".html", ".txt")
    ]
    assert len(files) > 50
    assert [
        str(path) for path in files if "ProductKind" in path.read_text() or "product.kind" in path.read_text()
    ] == []
