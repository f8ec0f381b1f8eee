"""The shop's currency comes from its products, and sizes keep their bounds in US dollars."""

from collections.abc import Callable
from typing import Any

import pytest

OFFERED = "SELECT count(*) FROM products WHERE tier IS NOT NULL"


def before_it(filled_at: Callable[..., Any], currency: str) -> Any:
    """A filled database as it was before, whose products are all in `currency`."""
    place = filled_at("0017", "0026")
    run(place, f"UPDATE products SET currency = '{currency}'")
    return place


def run(place: Any, statement: str) -> None:
    with place.engine.begin() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("currency", ["usd", "eur"])
def test_it_is_that_of_the_products(filled_at: Callable[..., Any], currency: str) -> None:
    place = before_it(filled_at, currency)
    names = place.columns()
    before = place.rows(names)
    place.upgrade("0028")
    assert place.ask("SELECT currency FROM platform_settings") == [(currency,)]
    assert place.rows(names) == before
    place.downgrade("0026")
    assert (place.columns(), place.rows()) == (names, before)


def test_it_is_that_of_most_products(filled_at: Callable[..., Any]) -> None:
    place = before_it(filled_at, "eur")
    last = "(SELECT max(CAST(id AS text)) FROM products)"
    run(place, f"UPDATE products SET currency = 'gbp' WHERE CAST(id AS text) = {last}")
    place.upgrade("0028")
    assert place.ask("SELECT currency FROM platform_settings") == [("eur",)]


def test_prices_that_only_another_currency_has_are_not_lost_on_the_way_back(
    filled_at: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    place = before_it(filled_at, "kwd")
    place.upgrade("0028")
    [(sized,)] = place.ask(OFFERED)
    run(place, "UPDATE products SET price_cents = price_cents * 10 WHERE tier IS NOT NULL")
    kept = place.rows()
    with pytest.raises(SystemExit):
        place.downgrade("0027")
    assert f"{sized} rows of products don't satisfy" in caplog.text
    assert place.revision == "0028"
    assert place.rows() == kept
    with pytest.raises(Exception, match="(?i)check"):
        run(place, "UPDATE products SET currency = 'usd'")
