"""Money: every currency has its own decimals, wherever amounts are typed, rounded or shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Refused
from domain.base import money
from domain.coupons import amounts
from stripe_sandbox import money as sandbox_money

CURRENCIES = sorted(sandbox_money.CURRENCIES)


@pytest.mark.parametrize(
    ("cents", "currency", "text"),
    [
        (1900, "USD", "$19.00"),
        (1900, "usd", "$19.00"),
        (0, "EUR", "€0.00"),
        (1900, "JPY", "¥1,900"),
        (1900, "KWD", "KWD\u00a01.900"),
        (-1900, "kwd", "−KWD\u00a01.900"),
        (123456789, "GBP", "£1,234,567.89"),
        (-550, "USD", "−$5.50"),
        (5, "CAD", "CA$0.05"),
        (1500, "CHF", "CHF\u00a015.00"),
        (1500, "HUF", "HUF\u00a015.00"),
        (1500, "UGX", "UGX\u00a015.00"),
        (10**15, "XAF", "FCFA\u00a01,000,000,000,000,000"),
    ],
)
def test_money_follows_its_currency(cents: int, currency: str, text: str) -> None:
    assert money.money(cents, currency) == text


@pytest.mark.parametrize(
    ("cents", "currency", "short", "plain", "typed"),
    [
        (1900, "usd", "$19", "19.00", "19"),
        (1905, "usd", "$19.05", "19.05", "19.05"),
        (1900, "jpy", "¥1,900", "1900", "1900"),
        (100000, "kwd", "KWD\u00a0100", "100.000", "100"),
        (1900, "kwd", "KWD\u00a01.900", "1.900", "1.900"),
    ],
)
def test_short_for_machines_and_for_fields(
    cents: int, currency: str, short: str, plain: str, typed: str
) -> None:
    assert money.short(cents, currency) == short
    assert money.plain(cents, currency) == plain
    assert money.typed(cents, currency) == typed


@pytest.mark.parametrize("currency", CURRENCIES)
def test_the_least_charge_can_be_typed_and_is_taken_by_stripe(currency: str) -> None:
    least = money.least_charge(currency)
    assert least >= sandbox_money.minimum(currency)
    assert money.parse(money.typed(least, currency), currency) == least


@pytest.mark.parametrize(
    ("text", "currency", "cents"),
    [
        ("19", "usd", 1900),
        ("19.5", "usd", 1950),
        ("19,50", "usd", 1950),
        ("$ 19.50", "usd", 1950),
        ("19.50 USD", "usd", 1950),
        ("usd 19", "USD", 1900),
        ("1,900", "usd", 190000),
        ("1,900.50", "usd", 190050),
        ("$19", "cad", 1900),
        ("CA$19", "cad", 1900),
        ("19 €", "eur", 1900),
        ("1900", "jpy", 1900),
        ("¥1,900", "jpy", 1900),
        ("1.9", "kwd", 1900),
        ("1,90", "kwd", 1900),
        ("19.000", "kwd", 19000),
        ("1,900.500", "kwd", 1900500),
        ("1900", "isk", 190000),
    ],
)
def test_an_amount_is_read_as_it_was_meant(text: str, currency: str, cents: int) -> None:
    assert money.parse(text, currency) == cents


@pytest.mark.parametrize(
    ("text", "currency", "said"),
    [
        ("", "usd", "Enter an amount in USD such as 19 or 19.50."),
        ("19.999", "usd", "in USD such as 19 or 19.50"),
        ("€19", "usd", "in USD"),
        ("19F", "chf", "in CHF"),
        ("-1", "usd", "in USD"),
        ("１９", "usd", "in USD"),
        ("1e9", "usd", "in USD"),
        ("9" * 10, "usd", "in USD"),
        ("1.5", "jpy", "Enter an amount in JPY such as 1900."),
        ("1,900", "kwd", "Enter an amount in KWD such as 19 or 19.500."),
        ("1.905", "kwd", "in KWD the third decimal must be 0."),
        ("19.50", "isk", "ISK has no decimals."),
    ],
)
def test_what_is_no_amount_is_refused_in_a_sentence(text: str, currency: str, said: str) -> None:
    with pytest.raises(Refused, match=said.replace(".", r"\.")):
        money.parse(text, currency)


@given(st.integers(0, 99_999_999), st.sampled_from(CURRENCIES))
def test_what_a_field_shows_it_reads_back(number: int, currency: str) -> None:
    cents = number - number % money.step(currency)
    assert money.parse(money.typed(cents, currency), currency) == cents
    assert money.parse(money.plain(cents, currency), currency) == cents


@given(st.integers(0, 99_999_999), st.integers(0, 100), st.sampled_from(CURRENCIES))
def test_a_fee_is_part_of_what_is_paid_and_rounded_half_up(cents: int, percent: int, currency: str) -> None:
    fee = amounts.fee(cents, 0, percent, None)
    assert 0 <= fee <= cents
    assert -50 < fee * 100 - cents * percent <= 50
    assert money.plain(cents, currency).count(".") == bool(money.minor_digits(currency))


def test_the_sandbox_counts_minor_units_alike() -> None:
    assert {code: money.minor_digits(code) for code in CURRENCIES} == {
        code: sandbox_money.decimals(code) for code in CURRENCIES
    }
