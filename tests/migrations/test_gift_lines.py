"""The lines of carts that gifts were bought from move from what an order keeps of Stripe to the gifts."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

ITEMS = [uuid.UUID(int=number) for number in (1, 2, 3)]
FOUND = "SELECT id, cart_item_id FROM purchases WHERE is_gift ORDER BY id"
KEPT = "SELECT id, metadata FROM orders ORDER BY id"


def plain(value: Any) -> str:
    return str(value).replace("-", "")


def test_gifts_take_their_lines_over_and_give_them_back(filled_at: Callable[..., Any]) -> None:
    place = filled_at("0017", "0049")
    lines = place.ask("SELECT id, order_id FROM purchases WHERE status = 'completed' ORDER BY id")[:4]
    bought, others = [row[0] for row in lines], [row[1] for row in lines]
    home, guests, again, none = others
    details = {
        # The second line of a cart is left there, and is another product's: it is found by that.
        home: {"gift_items": [ITEMS[0].hex, ITEMS[1].hex], "tax_kind": "own"},
        guests: {"gift_items": [ITEMS[2].hex]},
        again: {"gift_items": [ITEMS[2].hex]},
        none: {"gift_items": [], "tax_kind": "none"},
    }
    products = {row[0]: row[1] for row in place.ask("SELECT id, product_id FROM purchases")}
    with place.engine.begin() as connection:
        run = connection.execute
        run(text("UPDATE purchases SET order_id = :o WHERE id = :p"), {"o": home, "p": bought[1]})
        run(text("UPDATE purchases SET order_id = :o WHERE id = :p"), {"o": guests, "p": bought[2]})
        run(text("UPDATE purchases SET order_id = :o WHERE id = :p"), {"o": again, "p": bought[3]})
        for line in bought:
            run(text("UPDATE purchases SET is_gift = :yes WHERE id = :p"), {"yes": True, "p": line})
        for number, (order, kept) in enumerate(details.items()):
            values = {"m": json.dumps(kept), "at": f"2026-02-0{number + 1} 10:00:00", "o": order}
            run(text("UPDATE orders SET metadata = :m, completed_at = :at WHERE id = :o"), values)
        cart, now = uuid.UUID(int=9), "2026-02-01 10:00:00"
        own = str if connection.dialect.name == "postgresql" else (lambda one: one.hex)
        run(
            text("INSERT INTO carts (id, changed_at, created_at, updated_at) VALUES (:c, :t, :t, :t)"),
            {"c": own(cart), "t": now},
        )
        run(
            text(
                "INSERT INTO cart_items (id, cart_id, product_id, price_cents, recipient_email, created_at,"
                " updated_at) VALUES (:i, :c, :p, 1, 'zoe@example.com', :t, :t)"
            ),
            {"i": own(ITEMS[1]), "c": own(cart), "p": products[bought[0]], "t": now},
        )
    before = place.rows()
    place.upgrade("0050")
    found = {plain(line): plain(item) for line, item in place.ask(FOUND)}
    # One line of a cart was given by two orders: the first of them keeps it.
    assert [found[plain(line)] for line in bought] == [ITEMS[1].hex, ITEMS[0].hex, ITEMS[2].hex, "None"]
    assert [row for row in place.ask(KEPT) if "gift_items" in str(row[1])] == []
    assert place.ask("SELECT count(*) FROM orders") == [(len(before["orders"]),)]
    place.downgrade("0049")
    after = place.rows()
    assert {table for table in before if before[table] != after[table]} == {"orders"}
    back = {plain(row[0]): row[1] for row in place.ask(KEPT)}
    read = {key: json.loads(kept) if isinstance(kept, str) else kept for key, kept in back.items()}
    assert read[plain(home)] == {"tax_kind": "own", "gift_items": [ITEMS[1].hex, ITEMS[0].hex]}
    assert read[plain(guests)] == {"gift_items": [ITEMS[2].hex]}
    assert read[plain(again)] is None
    assert read[plain(none)] == {"tax_kind": "none"}
