"""What was sold and credited before purchases had shares is carried over: shares, keys, owners."""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from tests.migrations.stage import named, scripts

FOUND = (
    "SELECT p.id, p.user_id, p.owner_id, s.creator_id, s.course_id, s.list_cents, s.amount_cents,"
    " s.platform_fee_cents, s.creator_amount_cents FROM purchases p"
    " LEFT JOIN purchase_shares s ON s.purchase_id = p.id ORDER BY p.id"
)
BEFORE = (
    "SELECT p.id, p.user_id, p.user_id, (SELECT e.creator_id FROM earnings e WHERE e.purchase_id = p.id),"
    " p.product_id, p.price_cents, p.amount_cents, p.platform_fee_cents, p.creator_amount_cents"
    " FROM purchases p ORDER BY p.id"
)
BACK = (
    "INSERT INTO earnings (id, creator_id, purchase_id, product_id, amount_cents, currency, status,"
    " available_at, created_at) SELECT :id, creator_id, purchase_id, product_id, :cents, currency, status,"
    " available_at, created_at FROM earnings WHERE id = :of"
)


def test_shares_come_from_earnings_and_go_back(filled_at: Callable[..., Any]) -> None:
    before_them = scripts().get_revision(named("purchase_shares")).down_revision
    place = filled_at("0017", before_them)
    earnings = place.ask("SELECT id, purchase_id, product_id, creator_id FROM earnings ORDER BY id")
    first, other = earnings[0], next(row for row in earnings if row[3] != earnings[0][3])
    with place.engine.begin() as connection:
        for number, cents in ((1, -100), (2, 5)):
            key = uuid.UUID(int=(1 << 128) - number)
            connection.execute(
                text(BACK),
                {
                    "id": str(key) if connection.dialect.name == "postgresql" else key.hex,
                    "cents": cents,
                    "of": first[0],
                },
            )
        # The course went to somebody else since.
        connection.execute(
            text("UPDATE products SET creator_id = :creator WHERE id = :id"),
            {"creator": other[3], "id": first[2]},
        )
    before = place.ask(
        BEFORE.replace("e.purchase_id = p.id)", "e.purchase_id = p.id AND e.amount_cents > 5)")
    )
    names = {table: place.columns()[table] for table in ("purchases", "earnings")}
    whole = place.rows(names)
    place.upgrade(named("keys_of_earnings"))
    assert place.ask(FOUND) == before
    keys = {str(row[0]).replace("-", ""): row[1] for row in place.ask("SELECT id, key FROM earnings")}
    sold = {str(row[0]).replace("-", ""): str(row[1]).replace("-", "") for row in earnings}
    assert {id_: keys.pop(id_) for id_ in sold} == {id_: f"sale:{purchase}" for id_, purchase in sold.items()}
    assert sorted(keys.values()) == [f"undo:{'f' * 31}e", f"undo:{'f' * 32}"]
    place.downgrade(before_them)
    assert place.rows(names) == whole
