"""Stripe’s books compared with ours: movements, findings and what resolves them; sums and the journal."""
