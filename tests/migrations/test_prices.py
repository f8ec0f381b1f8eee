"""Prices of today are carried over as their own history, and prerequisites as advice."""

from typing import Any


def test_a_running_sale_stays_compared_with_the_list_price(empty: Any) -> None:
    empty.upgrade("0017")
    empty.fill("0017")
    empty.upgrade("0034")
    names, before = empty.columns(), empty.rows()
    empty.upgrade("0038")
    (asked,) = empty.ask("SELECT count(*) FROM course_prerequisites WHERE locks_since IS NOT NULL")
    assert asked == (0,)
    lacking = "SELECT count(*) FROM products WHERE id NOT IN (SELECT product_id FROM price_changes)"
    assert empty.ask(lacking) == [(0,)]
    on_sale = "sale_ends_at > CURRENT_TIMESTAMP AND published_at IS NOT NULL"
    compared = empty.ask("SELECT count(*) FROM products WHERE reference_price_cents = price_cents")
    assert compared == empty.ask(f"SELECT count(*) FROM products WHERE {on_sale}")
    assert empty.rows(names) == before
    empty.downgrade("0034")
    assert (empty.columns(), empty.rows()) == (names, before)
