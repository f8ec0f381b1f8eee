"""Commerce: checkout, orders, Stripe's events, refunds and reconciliation."""
