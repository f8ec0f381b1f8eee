"""A shop with Stripe beside it, whose books are checked, and bo’s order two days after it was paid."""

from tests.checkout.conftest import shop
from tests.checkout.test_races import without_lock
from tests.refunds.desk import at_day_two, desk

__all__ = ["at_day_two", "desk", "shop", "without_lock"]
