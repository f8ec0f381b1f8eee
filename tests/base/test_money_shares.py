"""Amounts are divided without losing or making a minor unit."""

import random

import pytest

from domain.base.money import apportion


def test_parts_add_up_and_none_is_a_unit_off() -> None:
    dice = random.Random("largest remainder")
    for _ in range(10_000):
        weights = [dice.choice((0, 1, dice.randrange(1, 100_000))) for _ in range(dice.randrange(1, 9))]
        amount = dice.randrange(0, 10 ** dice.randrange(1, 8))
        parts, total = apportion(amount, weights), sum(weights)
        assert sum(parts) == amount
        assert min(parts) >= 0
        if total:
            exact = [amount * weight / total for weight in weights]
            assert all(abs(part - wanted) < 1 for part, wanted in zip(parts, exact, strict=True))


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (1900, [1900], [1900]),
        (1000, [1, 2], [333, 667]),
        (2, [1, 1, 1], [1, 1, 0]),
        (5, [0, 0], [3, 2]),
        (0, [7, 3], [0, 0]),
    ],
)
def test_the_largest_remainders_are_rounded_up(amount: int, weights: list[int], parts: list[int]) -> None:
    assert apportion(amount, weights) == parts
