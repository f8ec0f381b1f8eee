"""A shop with Stripe beside it, whose books are checked afterwards."""

from tests.admin.query_counts import queries as query_count
from tests.checkout.conftest import shop

__all__ = ["query_count", "shop"]
