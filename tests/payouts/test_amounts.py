"""The amount of a payout adds up in every currency, whatever VAT and rests were booked before."""

from hypothesis import given
from hypothesis import strategies as some

from domain.payouts.amounts import Amounts, step

CENTS = some.integers(-10_000_000, 10_000_000)
CURRENCIES = some.sampled_from(["usd", "jpy", "huf", "twd", "kwd", "isk"])


@given(CURRENCIES, CENTS, CENTS, some.integers(-99, 99), some.integers(0, 2700))
def test_nothing_is_lost(currency: str, net: int, vat: int, carry: int, rate: int) -> None:
    found = Amounts(currency, net + vat + carry, vat, carry, rate)
    owed = found.lines_cents + found.added_vat_cents
    assert found.net_cents == net
    assert found.paid_cents + found.rest_cents == owed
    assert found.paid_cents % step(currency) == 0
    assert found.paid_cents >= 0
    if owed >= 0:
        assert 0 <= found.rest_cents < step(currency)


@given(CENTS, CENTS, some.integers(0, 2700))
def test_vat_in_two_payouts_is_that_of_one(first: int, second: int, rate: int) -> None:
    """What a refused payout has added counts: together it is the VAT on the sum."""
    before = Amounts("eur", first, rate_bp=rate)
    added = before.added_vat_cents
    after = Amounts("eur", first + added + second, vat_cents=added, rate_bp=rate)
    assert added + after.added_vat_cents == Amounts("eur", first + second, rate_bp=rate).tax_cents
