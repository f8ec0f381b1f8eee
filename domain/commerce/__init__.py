"""Commerce: checkout, orders, Stripe's events, refunds, reconciliation, and the wishlist."""
