"""A shop with a Stripe of its own, for what only calls and events show."""

from tests.admin.query_counts import queries
from tests.checkout.conftest import shop

__all__ = ["queries", "shop"]
