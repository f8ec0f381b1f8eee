"""Discounts and fees add up to the minor unit, in every currency, whoever bears them."""

import random

import pytest

from domain.base import money
from domain.coupons import amounts
from models import BorneBy, CouponKind
from tests.effort import times

CURRENCIES = ("usd", "eur", "jpy", "kwd", "gbp", "isk")


@pytest.mark.parametrize(
    ("kind", "value", "prices", "currency", "parts"),
    [
        ("percentage", 10, [1900, 995, 0], "usd", [190, 100, 0]),
        ("percentage", 100, [1900, 1], "usd", [1900, 1]),
        ("percentage", 33, [1900], "jpy", [627]),
        ("percentage", 15, [1990], "kwd", [300]),
        ("percentage", 10, [190_000], "isk", [19_000]),
        ("fixed_amount", 1000, [500, 300], "usd", [500, 300]),
        ("fixed_amount", 100, [1, 1, 1], "usd", [1, 1, 1]),
        ("fixed_amount", 100, [200, 200, 200], "usd", [34, 33, 33]),
        ("fixed_amount", 500, [0, 0], "usd", [0, 0]),
        ("fixed_amount", 500, [], "usd", []),
    ],
)
def test_what_is_taken_off(kind: str, value: int, prices: list[int], currency: str, parts: list[int]) -> None:
    assert amounts.take_off(CouponKind(kind), value, prices, currency) == parts


@pytest.mark.parametrize(
    ("borne_by", "price", "discount", "fee"),
    [
        (None, 2000, 0, 600), ("both", 2000, 500, 450), ("creator", 2000, 500, 600),
        ("creator", 2000, 1900, 100), ("creator", 2000, 2000, 0), ("platform", 2000, 500, 100),
        ("platform", 2000, 700, 0), ("platform", 2000, 2000, 0), ("both", 2000, 2000, 0),
    ],
)  # fmt: skip
def test_the_fee_comes_from_whose_discount_it_is(
    borne_by: str | None, price: int, discount: int, fee: int
) -> None:
    assert amounts.fee(price, discount, 30, BorneBy(borne_by) if borne_by else None) == fee


def test_at_random_nothing_is_lost_or_below_zero() -> None:
    dice = random.Random("coupons")
    for _ in range(times(2_000, 100_000)):
        currency = dice.choice(CURRENCIES)
        step = money.step(currency)
        prices = [
            dice.choice((0, dice.randrange(1, 10 ** dice.randrange(1, 7)))) * step
            for _ in range(dice.randrange(1, 9))
        ]
        kind = dice.choice(list(CouponKind))
        most = 100 if kind == CouponKind.PERCENTAGE else 10 ** dice.randrange(1, 8)
        total = sum(prices) + dice.choice((0, 0, dice.randrange(10_000) * step))
        parts = amounts.take_off(kind, dice.randrange(1, most + 1), prices, currency)
        parts = amounts.leave_a_charge(parts, prices, total, currency)
        assert all(0 <= part <= price for part, price in zip(parts, prices, strict=True))
        left = total - sum(parts)
        assert left == 0 or left >= money.least_charge(currency) or sum(parts) == 0
        assert all(part % step == 0 for part in parts)
        percent = dice.randrange(0, 101)
        for price, part in zip(prices, parts, strict=True):
            for borne_by in (None, *BorneBy):
                assert 0 <= amounts.fee(price, part, percent, borne_by) <= price - part
