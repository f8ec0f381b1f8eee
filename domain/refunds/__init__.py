"""Refunds: money that goes back to buyers, with what follows for access, earnings and documents."""
