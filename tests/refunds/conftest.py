"""A shop with Stripe beside it, whose books are checked afterwards."""

from tests.checkout.conftest import shop
from tests.checkout.test_races import without_lock

__all__ = ["shop", "without_lock"]
